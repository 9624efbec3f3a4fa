"""The letters about deployments, one function each, named after the letter."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Account
from deployments.models import Deployment
from licenses.models import JournalEntry
from licenses.notices import about_entry
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notice_kinds import Group, NoticeKind, register

# How a list of notices names these letters: after their templates (kind_in_words).
LETTERS = (gettext_noop("Deployment added"), gettext_noop("Deployment retired"), gettext_noop("Deployment sold"))

DEPLOYMENT_SOLD = register(
    NoticeKind(
        "deployments/emails/deployment_sold",
        Group.DEPLOYMENTS,
        _("A deployment made for you"),
        _("Your reseller sold you licenses on a new deployment."),
        has_copies=True,
        only_of=Account.Kind.ENDUSER,
    )
)
DEPLOYMENT_ADDED = register(
    NoticeKind(
        "deployments/emails/deployment_added",
        Group.DEPLOYMENTS,
        _("Your own new deployments"),
        _("Somebody who acts for your account added a deployment of yours."),
        is_optional=True,
        is_on_by_default=False,
        has_copies=True,
    )
)
DEPLOYMENT_RETIRED = register(
    NoticeKind(
        "deployments/emails/deployment_retired",
        Group.DEPLOYMENTS,
        _("A deployment of yours retired by others"),
        _("Somebody else who may retire it did, and its licenses are available again."),
        has_copies=True,
    )
)


def deployment_sold(deployment: Deployment, sale: JournalEntry) -> list[Notice]:
    """Tell the owner, in one letter, of the deployment that was made for it and of the sale that this was (C5)."""
    return about_entry(DEPLOYMENT_SOLD, sale, to=sale.receiver, sender=sale.giver, reply_to=sale.giver, deployment=deployment)


def deployment_added(deployment: Deployment, entry: JournalEntry) -> list[Notice]:
    """Tell an account that wants to know of a deployment of its own, which is no sale (C5)."""
    return about_entry(DEPLOYMENT_ADDED, entry, to=deployment.owner, deployment=deployment)


def deployment_retired(deployment: Deployment, entry: JournalEntry) -> list[Notice]:
    """Tell the owner that its reseller, or the publisher, retired its deployment and why (C7)."""
    retired_by = entry.acting_as
    return about_entry(
        DEPLOYMENT_RETIRED,
        entry,
        to=deployment.owner,
        sender=retired_by,
        reply_to=retired_by if retired_by.is_reseller else None,
        deployment=deployment,
    )
