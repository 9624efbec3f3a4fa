"""What one may read of deployments (A9): one's own, and of those made for endusers the name, owner and given licenses."""

from django.db.models import Q, QuerySet

from accounts.models import Account
from deployments.models import Deployment


def deployments_visible_to(account: Account) -> QuerySet[Deployment]:
    """What the account owns or made."""
    return Deployment.objects.filter(Q(owner=account) | Q(made_by=account)).select_related("owner", "made_by")


def mentions(text: str, *, is_for_endusers: bool) -> Q:
    """What of a deployment a search may look at: of one's own name and host, of those made for endusers name and owner."""
    places = ("name", "owner__username", "owner__company") if is_for_endusers else ("name", "host_name")
    return Q(*((f"{place}__icontains", text) for place in places), _connector=Q.OR)


def deployments_mentioning(account: Account, text: str) -> QuerySet[Deployment]:
    """The deployments that the account may see and that mention `text`, the newest first."""
    own = Q(owner=account) & mentions(text, is_for_endusers=False)
    given = ~Q(owner=account) & mentions(text, is_for_endusers=True)
    return deployments_visible_to(account).filter(own | given).order_by("-pk")


def deployments_made_for(enduser: Account, *, reseller: Account) -> QuerySet[Deployment]:
    """What a reseller made for one of its endusers, the newest first."""
    return deployments_visible_to(reseller).filter(owner=enduser, made_by=reseller).order_by("-pk")


def is_out_of_date(number: str, serial: int) -> bool | None:
    """Whether a license file of this serial was overtaken: by a newer one of the deployment with this number, or because that was retired.

    One word for both, as whoever holds the file need not be one who may see the deployment (A9). None if there is no such deployment.
    """
    deployment = Deployment.objects.filter(entries__entry__number=number).first()
    return deployment.serial > serial or deployment.is_retired if deployment else None
