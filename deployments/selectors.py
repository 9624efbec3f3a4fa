"""What one may read of deployments (A9): one's own, and of those made for endusers the name, owner and given licenses."""

from django.db.models import Q, QuerySet

from accounts.models import Account
from deployments.models import Deployment


def deployments_visible_to(account: Account) -> QuerySet[Deployment]:
    """What the account owns or made."""
    return Deployment.objects.filter(Q(owner=account) | Q(made_by=account)).select_related("owner", "made_by")


def deployments_made_for(enduser: Account, *, reseller: Account) -> QuerySet[Deployment]:
    """What a reseller made for one of its endusers, the newest first."""
    return deployments_visible_to(reseller).filter(owner=enduser, made_by=reseller).order_by("-pk")
