"""The proof of the books (B4): what `check_ledger` checks, as queries that work on the whole journal at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q, Sum, Window

from licenses.models import Holding, JournalEntry, JournalLine

State = JournalLine.State
Kind = JournalEntry.Kind

SOLD = Q(entry__kind=Kind.SALE, entry__giver=F("account"))  # the lines that take from a seller, whose sum is what it has sold

Fault = tuple[int, str]  # the primary key of the entry that is off, and what is wrong with it


@contextmanager
def snapshot() -> Iterator[None]:
    """Read the books as they are at one moment, however many queries that takes and whatever is posted meanwhile.

    Else a sale between two queries would be in the holdings and not in the lines that were summed before. On SQLite, which
    has one writer at a time, a transaction is such a moment.
    """
    if connection.in_atomic_block:
        raise transaction.TransactionManagementError("A snapshot is a transaction of its own: it can't begin in one that has read already.")
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def faults() -> Iterator[str]:
    """Yield a sentence for everything that is wrong in the books; nothing, if they are proven. To be read in a snapshot.

    What is wrong in entries comes first, in the order in which they were posted: the first one named is the first that
    is off, and whatever else is wrong may follow from it.
    """
    in_entries = [*_empty_entries(), *_unbalanced_entries(), *_wrong_balances()]
    yield from (sentence for _, sentence in sorted(in_entries, key=lambda fault: fault[0]))
    yield from _wrong_holdings()
    yield from _unaccounted_licenses()


def _empty_entries() -> Iterator[Fault]:
    for pk, number in JournalEntry.objects.filter(lines=None).values_list("pk", "number"):
        yield pk, f"{number}: has no lines"


def _unbalanced_entries() -> Iterator[Fault]:
    sums = (
        JournalLine.objects.values("entry", "entry__number", "product__code")
        .annotate(off=Sum("quantity"))
        .exclude(off=0)
        .order_by("entry", "product__code")
    )
    for line in sums:
        yield line["entry"], f"{line['entry__number']}: its lines of {line['product__code']} sum to {line['off']:+}, not to zero"


def _wrong_balances() -> Iterator[Fault]:
    """Each line must say what its holding was after it: the sum of all lines of this account, product and state up to it."""
    running = Window(Sum("quantity"), partition_by=[F("account"), F("product"), F("state")], order_by="id")
    lines = JournalLine.objects.annotate(running=running).exclude(balance=F("running")).order_by("id")
    for line in lines.values("entry", "entry__number", "account__username", "product__code", "state", "balance", "running"):
        had = f"{line['account__username']} then had {line['balance']} {line['product__code']} {line['state']}"
        yield line["entry"], f"{line['entry__number']}: says that {had}; its lines sum to {line['running']}"


def _wrong_holdings() -> Iterator[str]:
    """Each holding must equal the sums of its lines, holdings without lines included."""
    summed: dict[tuple[int, int], Any] = {
        (row["account"], row["product"]): row
        for row in JournalLine.objects.values("account", "product").annotate(
            available=Sum("quantity", filter=Q(state=State.AVAILABLE), default=0),
            deployed=Sum("quantity", filter=Q(state=State.DEPLOYED), default=0),
            sold=-Sum("quantity", filter=SOLD, default=0),
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


def counts() -> dict[str, int]:
    """How much was looked at, for the closing line of the proof."""
    return JournalLine.objects.aggregate(lines=Count("pk"), entries=Count("entry", distinct=True)) | Holding.objects.aggregate(holdings=Count("pk"))
