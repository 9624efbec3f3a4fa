"""The letters about deployments, one function each, named after the letter."""

from deployments.models import Deployment
from licenses.models import JournalEntry
from licenses.notices import about_entry
from licensing_portal.foundation.models import Notice


def deployment_sold(deployment: Deployment, sale: JournalEntry) -> Notice:
    """Tell the owner, in one letter, of the deployment that was made for it and of the sale that this was (C5)."""
    return about_entry("deployments/emails/deployment_sold", sale, to=sale.receiver, sender=sale.giver, reply_to=sale.giver, deployment=deployment)


def deployment_retired(deployment: Deployment, entry: JournalEntry) -> Notice:
    """Tell the owner that its reseller, or the publisher, retired its deployment and why (C7)."""
    retired_by = entry.acting_as
    return about_entry(
        "deployments/emails/deployment_retired",
        entry,
        to=deployment.owner,
        sender=retired_by,
        reply_to=retired_by if retired_by.is_reseller else None,
        deployment=deployment,
    )
