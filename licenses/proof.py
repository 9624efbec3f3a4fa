"""The proof of the books (B4): what `check_ledger` checks, as queries that work on the whole journal at once."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Case, Count, F, Q, Sum, Value, When, Window
from django.db.models.functions import Coalesce

from licenses.models import Holding, JournalEntry, JournalLine

State = JournalLine.State
Kind = JournalEntry.Kind


def faults() -> Iterator[str]:
    """Yield a sentence for everything that is wrong in the books; nothing, if they are proven.

    Entries are named in the order in which they were posted, so the first one named is the first that is off.
    """
    yield from _empty_entries()
    yield from _unbalanced_entries()
    yield from _wrong_balances()
    yield from _wrong_holdings()
    yield from _unaccounted_licenses()


def _empty_entries() -> Iterator[str]:
    for number in JournalEntry.objects.filter(lines=None).order_by("pk").values_list("number", flat=True):
        yield f"{number}: has no lines"


def _unbalanced_entries() -> Iterator[str]:
    sums = JournalLine.objects.values("entry__number", "product__code").annotate(off=Sum("quantity")).exclude(off=0).order_by("entry_id")
    for line in sums:
        yield f"{line['entry__number']}: its lines of {line['product__code']} sum to {line['off']:+}, not to zero"


def _wrong_balances() -> Iterator[str]:
    """Each line must say what its holding was after it: the sum of all lines of this account, product and state up to it."""
    running = Window(Sum("quantity"), partition_by=[F("account"), F("product"), F("state")], order_by="id")
    lines = JournalLine.objects.annotate(running=running).exclude(balance=F("running")).order_by("entry_id", "id")
    for line in lines.values("entry__number", "account__username", "product__code", "state", "balance", "running"):
        yield (
            f"{line['entry__number']}: says that {line['account__username']} then had {line['balance']} {line['product__code']}"
            f" {line['state']}; its lines sum to {line['running']}"
        )


def _wrong_holdings() -> Iterator[str]:
    """Each holding must equal the sums of its lines, holdings without lines included."""
    summed: dict[tuple[int, int], Any] = {
        (row["account"], row["product"]): row
        for row in JournalLine.objects.values("account", "product").annotate(
            available=_sum(Q(state=State.AVAILABLE)),
            deployed=_sum(Q(state=State.DEPLOYED)),
            sold=-_sum(Q(state=State.AVAILABLE, entry__kind=Kind.SALE, entry__giver=F("account"))),
        )
    }
    for holding in Holding.objects.select_related("account", "product").order_by("account__username", "product__code"):
        row = summed.pop((holding.account_id, holding.product_id), {})
        for name in ("available", "deployed", "sold"):
            if getattr(holding, name) != row.get(name, 0):
                yield f"{holding}: holds {getattr(holding, name)} {name}; its lines sum to {row.get(name, 0)}"
    for account, product in summed:
        yield f"account {account}, product {product}: has lines but no holding"


def _unaccounted_licenses() -> Iterator[str]:
    """Per product, issued = available + deployed over all accounts; with the publisher counted, all sums to zero."""
    totals = Holding.objects.values("product__code").annotate(off=Sum(F("available") + F("deployed"))).exclude(off=0).order_by("product__code")
    for total in totals:
        yield f"{total['product__code']}: {total['off']:+} licenses more than were issued"


def _sum(condition: Q) -> Coalesce:
    return Coalesce(Sum(Case(When(condition, then=F("quantity")), default=Value(0))), 0)


def counts() -> dict[str, int]:
    """How much was looked at, for the closing line of the proof."""
    return JournalLine.objects.aggregate(lines=Count("pk"), entries=Count("entry", distinct=True)) | Holding.objects.aggregate(holdings=Count("pk"))
