"""The letters about deployments, one function each, named after the letter."""

from deployments.models import Deployment
from licenses.models import JournalEntry
from licenses.notices import entry_context
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice


def deployment_sold(deployment: Deployment, sale: JournalEntry) -> Notice:
    """Tell the owner, in one letter, of the deployment that was made for it and of the sale that this was (C5)."""
    return notices.queue(
        "deployments/emails/deployment_sold",
        event=sale.number,
        account=sale.receiver.username,
        address=sale.receiver.email,
        sender=sale.giver.company,
        reply_to=sale.giver.email,
        context=entry_context(sale) | {"deployment": deployment},
    )
