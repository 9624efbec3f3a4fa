"""The letters about deployments, one function each, named after the letter."""

from deployments.models import Deployment
from licenses.models import JournalEntry
from licenses.notices import about_entry
from licensing_portal.foundation.models import Notice


def deployment_sold(deployment: Deployment, sale: JournalEntry) -> Notice:
    """Tell the owner, in one letter, of the deployment that was made for it and of the sale that this was (C5)."""
    return about_entry("deployments/emails/deployment_sold", sale, to=sale.receiver, sender=sale.giver, reply_to=sale.giver, deployment=deployment)
