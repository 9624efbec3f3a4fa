"""The proof of the books (B4): what `check_ledger` checks, as queries that work on the whole journal at once.

Or on what was posted since an earlier proof, which takes as long as there is news. Such a proof believes the earlier one, so it
can't see what was changed in older entries and lines meanwhile, nor an entry that was slipped in among them under a number that
was left free; nor a holding that was falsified to the advantage of another one, if nothing was posted for either. The database
refuses all three (0004_walls.py), and a full proof sees them.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Window
from django.db.models.functions import Coalesce

from licenses.counting import SOLD
from licenses.models import Holding, JournalEntry, JournalLine

State = JournalLine.State

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
                # It holds no locks, and compares a hundred thousand holdings between two queries: longer than a request may be idle.
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


@dataclass(frozen=True)
class Mark:
    """Up to where the books are proven: the last entry and line, and what each holding (by its primary key) had sold by then.

    Nothing may be committed later with a lower number than these.
    """

    entry: int
    line: int
    sold: Mapping[int, int]


def faults(since: Mark | None = None) -> Iterator[str]:
    """Yield a sentence for everything that is wrong in the books; nothing, if they are proven. To be read in a snapshot.

    With a mark, only what was posted after it is looked at, and the holdings that it touched.

    What is wrong in entries comes first, in the order in which they were posted: the first one named is the first that
    is off, and whatever else is wrong may follow from it.
    """
    in_entries = [*_empty_entries(since), *_unbalanced_entries(since), *_wrong_balances(since), *_taken_back_too_often(since)]
    yield from (sentence for _, sentence in sorted(in_entries, key=lambda fault: fault[0]))
    yield from _wrong_holdings_since(since) if since else _wrong_holdings()
    yield from _unaccounted_licenses()


def _entries(since: Mark | None) -> QuerySet[JournalEntry]:
    return JournalEntry.objects.filter(pk__gt=since.entry) if since else JournalEntry.objects.all()


def _lines(since: Mark | None) -> QuerySet[JournalLine]:
    return JournalLine.objects.filter(pk__gt=since.line) if since else JournalLine.objects.all()


def _empty_entries(since: Mark | None) -> Iterator[Fault]:
    for pk, number in _entries(since).filter(lines=None).values_list("pk", "number"):
        yield pk, f"{number}: has no lines"


def _unbalanced_entries(since: Mark | None) -> Iterator[Fault]:
    # All lines of an entry, for the mark may lie between them.
    lines = JournalLine.objects.filter(entry__in=_lines(since).values("entry")) if since else JournalLine.objects.all()
    sums = lines.values("entry", "entry__number", "product__code").annotate(off=Sum("quantity")).exclude(off=0).order_by("entry", "product__code")
    for line in sums:
        yield line["entry"], f"{line['entry__number']}: its lines of {line['product__code']} sum to {line['off']:+}, not to zero"


def _wrong_balances(since: Mark | None) -> Iterator[Fault]:
    """Each line must say what its holding was after it: the sum of all lines of this account, product and state up to it."""
    running: Any = Window(Sum("quantity"), partition_by=[F("account"), F("product"), F("state")], order_by="id")
    if since:
        running += _last_balance(OuterRef("state"), JournalLine.objects.filter(pk__lte=since.line))
    lines = _lines(since).annotate(running=running).exclude(balance=F("running")).order_by("id")
    for line in lines.values("entry", "entry__number", "account__username", "product__code", "state", "balance", "running"):
        had = f"{line['account__username']} then had {line['balance']} {line['product__code']} {line['state']}"
        yield line["entry"], f"{line['entry__number']}: says that {had}; its lines sum to {line['running']}"


def _taken_back_too_often(since: Mark | None) -> Iterator[Fault]:
    """No more may come back of an entry than it moved; what was reversed of a recall has not come back (C10, C11)."""
    moved = JournalLine.objects.filter(quantity__gt=0)
    touched = _entries(since).exclude(reverses=None).values("reverses")
    by_product = moved.filter(entry__reverses__in=touched).values("entry__reverses", "entry__reverses__number", "product", "product__code")
    same = moved.filter(product=OuterRef("product")).order_by()
    went = same.filter(entry=OuterRef("entry__reverses")).values("entry").annotate(total=Sum("quantity")).values("total")
    of_recalls = same.filter(entry__reverses__reverses=OuterRef("entry__reverses")).values("entry__reverses__reverses")
    again = of_recalls.annotate(total=Sum("quantity")).values("total")
    back = by_product.annotate(came=Sum("quantity") - Coalesce(Subquery(again), 0), went=Coalesce(Subquery(went), 0), last=Max("entry")).filter(
        came__gt=F("went")
    )
    for row in back.order_by("last", "product__code"):
        yield row["last"], f"{row['entry__reverses__number']}: {row['came']} {row['product__code']} came back of it, and it moved {row['went']}"


def _wrong_holdings() -> Iterator[str]:
    """Each holding must equal the sums of its lines, holdings without lines included."""
    summed = _sums_of(JournalLine.objects.all(), sold=-Sum("quantity", filter=SOLD, default=0))
    for holding in Holding.objects.select_related("account", "product").order_by("account__username", "product__code"):
        row = summed.pop((holding.account_id, holding.product_id), {})
        yield from _differences(holding, {name: row.get(name, 0) for name in ("available", "deployed", "sold")})
    yield from _without_holding(summed)


def _wrong_holdings_since(mark: Mark) -> Iterator[str]:
    """Each holding that was touched must equal what its last line before the mark said and the sum of those after it."""
    summed, old = _sums_of(_lines(mark)), JournalLine.objects.filter(pk__lte=mark.line)
    is_touched = Exists(_lines(mark).filter(account=OuterRef("account"), product=OuterRef("product")))
    before = {"available_before": _last_balance(State.AVAILABLE, old), "deployed_before": _last_balance(State.DEPLOYED, old)}
    touched = Holding.objects.filter(is_touched).annotate(**before)
    for holding in touched.select_related("account", "product").order_by("account__username", "product__code"):
        row = summed.pop((holding.account_id, holding.product_id))
        yield from _differences(holding, {name: getattr(holding, f"{name}_before") + row[name] for name in ("available", "deployed")})
    yield from _wrong_sold_since(mark)
    yield from _without_holding(summed)


def _wrong_sold_since(mark: Mark) -> Iterator[str]:
    """Up to the mark each holding, touched or not, must have sold what it had sold when the books were proven up to there."""
    by_then = sold_up_to(mark.line)
    off = {pk: by_then.get(pk, 0) - mark.sold.get(pk, 0) for pk in {*by_then, *mark.sold}}
    wrong = Holding.objects.filter(pk__in=[pk for pk, more in off.items() if more])
    for holding in wrong.select_related("account", "product").order_by("account__username", "product__code"):
        yield from _differences(holding, {"sold": holding.sold - off[holding.pk]})


def _sums_of(lines: QuerySet[JournalLine], **more: Any) -> dict[tuple[int, int], Any]:
    """The sums of these lines by account and product."""
    available, deployed = (Sum("quantity", filter=Q(state=state), default=0) for state in (State.AVAILABLE, State.DEPLOYED))
    rows = lines.values("account", "product").annotate(available=available, deployed=deployed, **more).order_by("account", "product")
    return {(row["account"], row["product"]): row for row in rows}


def _differences(holding: Holding, summed: Mapping[str, int]) -> Iterator[str]:
    for name, number in summed.items():
        if getattr(holding, name) != number:
            yield f"{holding}: holds {getattr(holding, name)} {name}; its lines sum to {number}"


def _without_holding(summed: Iterable[tuple[int, int]]) -> Iterator[str]:
    for account, product in summed:
        yield f"account {account}, product {product}: has lines but no holding"


def _last_balance(state: Any, lines: QuerySet[JournalLine]) -> Coalesce:
    """What the last of these lines of the same account and product says of this state; 0 if there is none."""
    same = lines.filter(account=OuterRef("account"), product=OuterRef("product"), state=state)
    return Coalesce(Subquery(same.order_by("-pk").values("balance")[:1]), 0)


def sold_up_to(line: int) -> dict[int, int]:
    """What each holding (by its primary key) that had sold anything up to a line had sold: what it has, less what later lines say."""
    later = JournalLine.objects.filter(SOLD, pk__gt=line).values_list("account", "product").annotate(taken=Sum("quantity"))
    taken = {(account, product): quantity for account, product, quantity in later}
    holdings = Holding.objects.values_list("pk", "account", "product", "sold")
    by_then = {pk: sold + taken.get((account, product), 0) for pk, account, product, sold in holdings}
    return {pk: sold for pk, sold in by_then.items() if sold}


def _unaccounted_licenses() -> Iterator[str]:
    """Per product, issued = available + deployed over all accounts; with the publisher counted, all sums to zero."""
    totals = Holding.objects.values("product__code").annotate(off=Sum(F("available") + F("deployed"))).exclude(off=0).order_by("product__code")
    for total in totals:
        yield f"{total['product__code']}: {total['off']:+} licenses more than were issued"


def counts(since: Mark | None = None) -> dict[str, int]:
    """How much was looked at: entries, lines and holdings."""
    if not since:
        return {"entries": JournalEntry.objects.count(), "lines": JournalLine.objects.count(), "holdings": Holding.objects.count()}
    new = _lines(since)
    counted = new.aggregate(lines=Count("pk"), entries=Count("entry", distinct=True))
    return counted | {"holdings": new.values("account", "product").distinct().count()}
