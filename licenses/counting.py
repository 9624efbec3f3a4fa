"""How entries count beyond their own lines: what they do to `sold`, and what remains of one once part of it came back.

Sold is "out by sales, less what came back of those by recall or reversal" (rules.md §2): a reversal of a sale takes from it
like a recall, and a reversal of a recall gives back to it.
"""

from collections.abc import Collection
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Account
from licenses.models import JournalEntry, JournalLine

Kind = JournalEntry.Kind

# The lines of a seller that say what it sold; their sum, with the sign turned round, is what it has sold.
SOLD = (
    Q(entry__kind=Kind.SALE, entry__giver=F("account"))
    | Q(entry__kind=Kind.RECALL, entry__receiver=F("account"))
    | Q(entry__kind=Kind.REVERSAL, entry__reverses__kind=Kind.SALE, entry__receiver=F("account"))
    | Q(entry__kind=Kind.REVERSAL, entry__reverses__kind=Kind.RECALL, entry__giver=F("account"))
)


def _or_its_reversal(*kinds: str) -> Q:
    return Q(entry__kind__in=kinds) | Q(entry__kind=Kind.REVERSAL, entry__reverses__kind__in=kinds)


OF_SALES = _or_its_reversal(Kind.SALE, Kind.RECALL)  # the lines of both sides


def seller_of(entry: JournalEntry) -> Account | None:
    """The account whose `sold` an entry changes, by as much as its available the other way round; None if it is about no sale."""
    match entry.kind:
        case Kind.SALE:
            return entry.giver
        case Kind.RECALL:
            return entry.receiver
        case Kind.REVERSAL:
            return seller_of(entry.reverses) if entry.reverses else None
    return None


def remains_of(entry: JournalEntry) -> dict[int, int]:
    """How many licenses of each product (by its primary key) an entry moved, less those that came back.

    What was reversed of a recall has not come back. So a sale can be recalled and reversed until nothing remains of it, and a
    recall reversed until nothing remains of that.
    """
    lines = JournalLine.objects.filter(quantity__gt=0).order_by().values_list("product")
    went = lines.filter(entry=entry).annotate(total=Sum("quantity"))
    came = lines.filter(entry__reverses=entry).annotate(total=-Sum("quantity"))
    went_again = lines.filter(entry__reverses__reverses=entry).annotate(total=Sum("quantity"))
    remains: dict[int, int] = {}
    for product, quantity in went.union(came, went_again, all=True):
        remains[product] = remains.get(product, 0) + quantity
    return remains


def came_back() -> Any:
    """An expression for a query of entries: how many licenses of each came back by now, over all products."""
    return _total_of("entry__reverses") - _total_of("entry__reverses__reverses")


def came_back_by_product(entries: Collection[int]) -> dict[tuple[int, int], int]:
    """How many licenses of each of these entries came back by now, by entry and product (their primary keys); in one query."""
    lines = JournalLine.objects.filter(quantity__gt=0).order_by()
    came = lines.filter(entry__reverses__in=entries).values_list("entry__reverses", "product").annotate(total=Sum("quantity"))
    went_again = lines.filter(entry__reverses__reverses__in=entries).values_list("entry__reverses__reverses", "product")
    totals: dict[tuple[int, int], int] = {}
    for entry, product, quantity in came.union(went_again.annotate(total=-Sum("quantity")), all=True):
        totals[entry, product] = totals.get((entry, product), 0) + quantity
    return totals


def _total_of(way: str) -> Coalesce:
    lines = JournalLine.objects.filter(**{way: OuterRef("pk")}, quantity__gt=0).order_by().values(way)
    return Coalesce(Subquery(lines.annotate(total=Sum("quantity")).values("total")), 0)
