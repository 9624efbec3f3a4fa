"""Numbers of journal entries: one letter, the UTC year and six digits, as in `S-2026-000004` (B1)."""

from datetime import datetime

from django.db import connection
from django.db.models import F

from licenses.models import JournalEntry, NumberSeries

Kind = JournalEntry.Kind

LETTERS = {
    Kind.ISSUE: "P",
    Kind.SALE: "S",
    Kind.DEPLOYMENT: "D",
    Kind.TRANSFER: "T",
    Kind.RECALL: "R",
    Kind.RETIREMENT: "R",
    Kind.ADJUSTMENT: "R",
    Kind.REVERSAL: "R",
}


def series_of(kind: str, moment: datetime) -> str:
    """Name the series that the numbers of such entries count on in: `S-2026`."""
    return f"{LETTERS[JournalEntry.Kind(kind)]}-{moment.year}"


def next_number(kind: str, moment: datetime) -> str:
    """Return a number that no other entry has or will have. A transaction that is rolled back leaves a gap."""
    series = series_of(kind, moment)
    return f"{series}-{_next_in_series(series.lower().replace('-', '_')):06}"


def _next_in_series(name: str) -> int:
    """Count on. On PostgreSQL by a sequence, which nobody waits for: a counter row would queue all sales of all resellers."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT next_entry_number(%s)", [name])
            (number,) = cursor.fetchone()
            return int(number)
    NumberSeries.objects.get_or_create(name=name)
    NumberSeries.objects.filter(name=name).update(last=F("last") + 1)
    return NumberSeries.objects.values_list("last", flat=True).get(name=name)
