"""What can still be taken back of a sale: one answer for the pages that offer it and, under the lock, for the flow that does it (C10, B7).

The right of the person is decided in `accounts/permissions.py`; here it is about the sale, its age, and what is left at its owner.
A reseller learns how many it can take back, and never where the others are (A9).
"""

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Account
from licenses.counting import remains_of
from licenses.extensions import objection_to_recall
from licenses.models import Holding, JournalEntry, Product
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.templatetags.portal import number


class NotYourSale(Refusal):
    """The account did not sell this, or its owner is not one of its endusers any more (C10)."""


class TooLateToRecall(Refusal):
    """The recall window is over (C10)."""


class NothingToRecall(Refusal):
    """All of the sale came back, or its owner has none of it available any more (C10)."""


class MoreThanCanBeRecalled(Refusal):
    """More was asked for than the owner still has available of the sale; says how many, for every product that falls short."""


def recall_ends_at(sale: JournalEntry) -> datetime:
    """The last moment at which a sale can be recalled."""
    return sale.posted_at + settings.RECALL_WINDOW


def recallable(sale: JournalEntry) -> dict[Product, int]:
    """How many of each product can be taken back, by code: what remains of the sale, as far as its owner has it available."""
    lines = sale.lines.filter(quantity__gt=0).select_related("product").order_by("product__code")
    products = [line.product for line in lines]
    available = dict(Holding.objects.filter(account=sale.receiver_id, product__in=products).values_list("product", "available"))
    remains = remains_of(sale)
    return {product: min(remains[product.pk], available[product.pk]) for product in products}


def can_be_recalled(quantity: int) -> str:
    """Say what is possible (B6), and no more than that."""
    return gettext("%(number)s can be recalled") % {"number": number(quantity)}


def refusal_to_recall(sale: JournalEntry, account: Account, possible: dict[Product, int]) -> Refusal | None:
    """Say why the account can't recall the sale, of which so much would be `possible`; None where it can (C10)."""
    if refusal := _refusal_to_a_stranger(sale, account):
        return refusal
    if timezone.now() > recall_ends_at(sale):
        return TooLateToRecall(gettext("The %(days)s days in which you could recall this sale are over.") % {"days": settings.RECALL_WINDOW.days})
    if refusal := objection_to_recall(sale):
        return refusal
    return None if any(possible.values()) else _nothing_to_recall(sale)


def _refusal_to_a_stranger(sale: JournalEntry, account: Account) -> Refusal | None:
    if sale.kind != JournalEntry.Kind.SALE or sale.giver_id != account.pk:
        return NotYourSale(gettext("This can’t be recalled: it is not a sale of yours."))
    if sale.receiver.reseller_id != account.pk:
        return NotYourSale(gettext("This sale can’t be recalled: %(receiver)s is not one of your endusers any more.") % {"receiver": sale.receiver})
    return None


def _nothing_to_recall(sale: JournalEntry) -> Refusal:
    if not any(remains_of(sale).values()):
        return NothingToRecall(gettext("All licenses of this sale came back already."))
    return NothingToRecall(gettext("Nothing can be recalled: %(receiver)s has no licenses of this sale available.") % {"receiver": sale.receiver})
