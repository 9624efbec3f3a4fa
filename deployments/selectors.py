"""What one may read of deployments (A9): one's own, and of those made for endusers the name, owner and given licenses."""

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Account
from deployments.models import Deployment, DeploymentEntry, DeploymentLine
from licenses.models import JournalLine


def deployments_of(owner: Account) -> QuerySet[Deployment]:
    """What the account owns, the last changed first."""
    return (
        Deployment.objects.filter(owner=owner)
        .select_related("owner", "made_by")
        .prefetch_related(Prefetch("lines", DeploymentLine.objects.select_related("product")))
        .order_by("-changed_at", "-pk")
    )


def deployments_made_for_endusers(reseller: Account) -> QuerySet[Deployment]:
    """What a reseller made for its endusers, the newest first. What the owners did later is not the reseller's to see."""
    return (
        Deployment.objects.filter(made_by=reseller)
        .exclude(owner=reseller)
        .select_related("owner", "made_by")
        .prefetch_related(
            Prefetch("entries", DeploymentEntry.objects.select_related("sale")),
            Prefetch("entries__sale__lines", JournalLine.objects.select_related("product")),
        )
        .order_by("-pk")
    )


def deployments_visible_to(account: Account) -> QuerySet[Deployment]:
    """What the account owns or made."""
    return Deployment.objects.filter(Q(owner=account) | Q(made_by=account)).select_related("owner", "made_by")
