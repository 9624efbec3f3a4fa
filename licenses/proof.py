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
from django.db.models.functions import Coalesce, Lag

from licenses.counting import SOLD
from licenses.models import Holding, JournalEntry, JournalLine, Product

State = JournalLine.State

Fault = tuple[int, str]  # the primary key of the entry that is off, and what is wrong with it

HOLDING = Holding._meta.db_table  # noqa: SLF001 - Django documents _meta
IN_A_HOLDING = [F("account"), F("product"), F("state")]

SETTINGS = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    # It holds no locks, and tells what it has found between two queries: longer than a request may be idle.
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    # All holdings are summed at once: with the little that a request's query may have, that would go through the disk.
    "SET LOCAL work_mem = '64MB'",
    # To compile these few long queries takes longer than it saves.
    "SET LOCAL jit = off",
)


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
                for setting in SETTINGS:
                    cursor.execute(setting)
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
    has_lines = Exists(JournalLine.objects.filter(entry=OuterRef("pk")))
    for pk, number in _entries(since).filter(~has_lines).order_by("pk").values_list("pk", "number"):
        yield pk, f"{number}: has no lines"


def _unbalanced_entries(since: Mark | None) -> Iterator[Fault]:
    # All lines of an entry, for the mark may lie between them.
    lines = JournalLine.objects.filter(entry__in=_lines(since).values("entry")) if since else JournalLine.objects.all()
    # Named afterwards: to sum without a name, an index is all that is read (lines_of_an_entry).
    sums = list(lines.order_by().values_list("entry", "product").annotate(off=Sum("quantity")).exclude(off=0))
    numbers = dict(JournalEntry.objects.filter(pk__in={entry for entry, *_ in sums}).values_list("pk", "number"))
    codes = dict(Product.objects.filter(pk__in={product for _, product, _ in sums}).values_list("pk", "code"))
    for entry, code, off in sorted((entry, codes[product], off) for entry, product, off in sums):
        yield entry, f"{numbers[entry]}: its lines of {code} sum to {off:+}, not to zero"


def _wrong_balances(since: Mark | None) -> Iterator[Fault]:
    """Each line must say what its holding was after it: the sum of all lines of this account, product and state up to it."""
    running: Any = Window(Sum("quantity"), partition_by=IN_A_HOLDING, order_by="id")
    if since:
        running += _last_balance(OuterRef("state"), JournalLine.objects.filter(pk__lte=since.line))
        looked_at = _lines(since)
    else:
        looked_at = _lines_of_broken_chains()
    lines = looked_at.annotate(running=running).exclude(balance=F("running")).order_by("id")
    for line in lines.values("entry", "entry__number", "account__username", "product__code", "state", "balance", "running"):
        had = f"{line['account__username']} then had {line['balance']} {line['product__code']} {line['state']}"
        yield line["entry"], f"{line['entry__number']}: says that {had}; its lines sum to {line['running']}"


def _lines_of_broken_chains() -> QuerySet[JournalLine]:
    """All lines of the holdings in which some line does not count on from the one before it.

    Where each does, each balance is the sum of all lines up to it, and nothing has to be summed: an index has what is compared
    (journal_of_a_holding), in the order in which it is.
    """
    before = Window(Lag("balance", default=0), partition_by=IN_A_HOLDING, order_by="id")
    broken = JournalLine.objects.annotate(before=before).exclude(balance=F("before") + F("quantity"))
    holdings = set(broken.values_list("account", "product"))
    return JournalLine.objects.filter(account__in={account for account, _ in holdings}, product__in={product for _, product in holdings})


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
    sums, of_states = _sums_of(JournalLine.objects.all()).query.sql_with_params()
    sold = JournalLine.objects.filter(SOLD).order_by().values_list("account", "product").annotate(sold=-Sum("quantity"))
    sales, of_kinds = sold.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_holdings_that_are_off(sums, sales), [*of_states, *of_kinds])
        found = cursor.fetchall()
    summed = {pk: dict(zip(("available", "deployed", "sold"), numbers, strict=True)) for pk, _, _, *numbers in found if pk}
    for holding in _named(Holding.objects.filter(pk__in=summed)):
        yield from _differences(holding, summed[holding.pk])
    yield from _without_holding((account, product) for pk, account, product, *_ in found if not pk)


def _holdings_that_are_off(sums: str, sales: str) -> str:
    """Write the query that compares holdings with these two: in the database, so that of those that are right none is read from it.

    What was sold is summed by itself, as it takes the entries as well, and all else is in an index (journal_of_a_holding), in the order in
    which it is summed.
    """
    return f"""
WITH summed (account_id, product_id, available, deployed) AS ({sums}), sales (account_id, product_id, sold) AS ({sales})
SELECT holding.id, holding.account_id, holding.product_id, coalesce(summed.available, 0), coalesce(summed.deployed, 0), coalesce(sales.sold, 0)
    FROM {HOLDING} holding
    LEFT JOIN summed ON summed.account_id = holding.account_id AND summed.product_id = holding.product_id
    LEFT JOIN sales ON sales.account_id = holding.account_id AND sales.product_id = holding.product_id
    WHERE holding.available <> coalesce(summed.available, 0) OR holding.deployed <> coalesce(summed.deployed, 0)
        OR holding.sold <> coalesce(sales.sold, 0)
UNION ALL
SELECT NULL, account_id, product_id, 0, 0, 0 FROM summed
    WHERE NOT EXISTS (SELECT 1 FROM {HOLDING} holding WHERE holding.account_id = summed.account_id AND holding.product_id = summed.product_id)
"""  # noqa: S608 # nosec B608 - our own names, and two queries of Django's


def _wrong_holdings_since(mark: Mark) -> Iterator[str]:
    """Each holding that was touched must equal what its last line before the mark said and the sum of those after it."""
    summed, old = _by_holding(_lines(mark)), JournalLine.objects.filter(pk__lte=mark.line)
    is_touched = Exists(_lines(mark).filter(account=OuterRef("account"), product=OuterRef("product")))
    before = {"available_before": _last_balance(State.AVAILABLE, old), "deployed_before": _last_balance(State.DEPLOYED, old)}
    for holding in _named(Holding.objects.filter(is_touched).annotate(**before)):
        row = summed.pop((holding.account_id, holding.product_id))
        yield from _differences(holding, {name: getattr(holding, f"{name}_before") + row[name] for name in ("available", "deployed")})
    yield from _wrong_sold_since(mark)
    yield from _without_holding(summed)


def _wrong_sold_since(mark: Mark) -> Iterator[str]:
    """Up to the mark each holding, touched or not, must have sold what it had sold when the books were proven up to there."""
    by_then = sold_up_to(mark.line)
    off = {pk: by_then.get(pk, 0) - mark.sold.get(pk, 0) for pk in {*by_then, *mark.sold}}
    for holding in _named(Holding.objects.filter(pk__in=[pk for pk, more in off.items() if more])):
        yield from _differences(holding, {"sold": holding.sold - off[holding.pk]})


def _named(holdings: QuerySet[Holding]) -> QuerySet[Holding]:
    return holdings.select_related("account", "product").order_by("account__username", "product__code")


def _sums_of(lines: QuerySet[JournalLine]) -> QuerySet[JournalLine, Any]:
    """The sums of these lines by account and product."""
    available, deployed = (Sum("quantity", filter=Q(state=state), default=0) for state in (State.AVAILABLE, State.DEPLOYED))
    return lines.order_by().values("account", "product").annotate(available=available, deployed=deployed)


def _by_holding(lines: QuerySet[JournalLine]) -> dict[tuple[int, int], dict[str, Any]]:
    return {(row["account"], row["product"]): row for row in _sums_of(lines)}


def _differences(holding: Holding, summed: Mapping[str, int]) -> Iterator[str]:
    for name, number in summed.items():
        if getattr(holding, name) != number:
            yield f"{holding}: holds {getattr(holding, name)} {name}; its lines sum to {number}"


def _without_holding(summed: Iterable[tuple[int, int]]) -> Iterator[str]:
    for account, product in sorted(summed):
        yield f"account {account}, product {product}: has lines but no holding"


def _last_balance(state: Any, lines: QuerySet[JournalLine]) -> Coalesce:
    """What the last of these lines of the same account and product says of this state; 0 if there is none."""
    same = lines.filter(account=OuterRef("account"), product=OuterRef("product"), state=state)
    return Coalesce(Subquery(same.order_by("-pk").values("balance")[:1]), 0)


def sold_up_to(line: int) -> dict[int, int]:
    """What each holding (by its primary key) that had sold anything up to a line had sold: what it has, less what later lines say."""
    later = JournalLine.objects.filter(SOLD, pk__gt=line).order_by().values_list("account", "product").annotate(taken=Sum("quantity"))
    taken = {(account, product): quantity for account, product, quantity in later}
    of_sellers = ~Q(sold=0) | Q(account__in={account for account, _ in taken}, product__in={product for _, product in taken})
    holdings = Holding.objects.filter(of_sellers if taken else ~Q(sold=0)).values_list("pk", "account", "product", "sold")
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
