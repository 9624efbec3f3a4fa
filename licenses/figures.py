"""How many licenses were issued, sold and deployed, by month and product, without reading the whole journal at each look.

The journal only grows, and what was committed stays. So every proof of the books keeps what there was up to a line below which
nothing comes any more (`LedgerProof.settled_line`), counted on from the proof before it. Added at each look is what was posted
after that line: a day of the journal, where the books are proven every night.

What came back later is not taken off: a sale of March stays a sale of March.
"""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth

from licenses.models import JournalEntry, JournalLine, LedgerProof

Kind = JournalEntry.Kind
Figures = Counter[tuple[date, str, int]]  # licenses, by the first day of a month (UTC), kind and product (its primary key)

COUNTED = (Kind.ISSUE, Kind.SALE, Kind.DEPLOYMENT)
MONTHS = 12  # this one, and those before it


def months_up_to(now: datetime) -> list[date]:
    """The first days of the months that are counted, the oldest first."""
    this = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(this - MONTHS + 1, this + 1)]


def figures_up_to(now: datetime) -> Figures:
    """What was issued, sold and deployed in these months, up to this moment."""
    known = _best_known()
    lines = JournalLine.objects.filter(pk__gt=known.settled_line) if known else JournalLine.objects.all()
    return _within(now, _read(known)) + _count(lines, now)


def counted_up_to(line: int, now: datetime, *, afresh: bool) -> list[list[Any]]:
    """What a proof keeps: the figures up to a line, counted on from what is known already or, `afresh`, all of them."""
    known = None if afresh else _best_known()
    if known and known.settled_line > line:  # where the numbers of transactions began anew: after a restore
        known = None
    lines = JournalLine.objects.filter(pk__lte=line, pk__gt=known.settled_line if known else 0)
    figures = _within(now, _read(known)) + _count(lines, now)
    return [[f"{month:%Y-%m}", kind, product, quantity] for (month, kind, product), quantity in sorted(figures.items())]


def _best_known() -> LedgerProof | None:
    """The proof that counted furthest; proofs of versions before this one have not counted."""
    return LedgerProof.objects.filter(moved__isnull=False).only("settled_line", "moved").order_by("-settled_line", "-pk").first()


def _read(known: LedgerProof | None) -> Figures:
    rows: list[Any] = (known.moved or []) if known else []
    return Counter({(date.fromisoformat(f"{month}-01"), kind, product): quantity for month, kind, product, quantity in rows})


def _within(now: datetime, figures: Figures) -> Figures:
    months = set(months_up_to(now))
    return Counter({key: quantity for key, quantity in figures.items() if key[0] in months})


def _count(lines: QuerySet[JournalLine], now: datetime) -> Figures:
    """Count these lines, in one query. Each product of an entry has one line that adds: that is how many it moved."""
    begin = datetime.combine(months_up_to(now)[0], datetime.min.time(), UTC)
    added = lines.filter(quantity__gt=0, entry__kind__in=COUNTED, entry__posted_at__gte=begin)
    month = TruncMonth("entry__posted_at", tzinfo=UTC)
    rows = added.order_by().values_list(month, "entry__kind", "product").annotate(total=Sum("quantity"))
    return Counter({(moment.date(), kind, product): total for moment, kind, product, total in rows})
