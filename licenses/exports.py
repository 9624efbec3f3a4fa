"""The rows of the account's summary and of its journal, as they are exported (C12)."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import chain

from django.db.models import QuerySet

from accounts.models import Account
from licenses.models import Holding, JournalLine
from licenses.presentation import other_account
from licensing_portal.foundation.tables import MOST_ROWS_AT_ONCE, Cell

SUMMARY_HEADER = ["Code", "Product", "Purchased", "Sold", "Deployed", "Available"]
HISTORY_HEADER = [
    "Number", "Time", "Kind", "Code", "Product", "State", "Quantity", "Balance", "Other account", "By", "Acting as", "Reference", "Note",
]  # fmt: skip

Lines = QuerySet[JournalLine]


def summary_rows(holdings: Iterable[Holding]) -> Iterator[list[Cell]]:
    yield [*SUMMARY_HEADER]
    for holding in holdings:
        yield [holding.product.code, holding.product.name, holding.purchased, holding.sold, holding.deployed, holding.available]


def history_rows(lines: Lines, account: Account) -> Iterator[list[Cell]]:
    """The header, and the lines in the order given, read in chunks, so that a million of them need no more memory than a thousand."""
    return chain([[*HISTORY_HEADER]], (history_row(line, account) for line in lines.iterator(chunk_size=2000)))


def history_row(line: JournalLine, account: Account) -> list[Cell]:
    entry = line.entry
    return [
        entry.number,
        entry.posted_at.astimezone(UTC).isoformat(timespec="seconds"),
        entry.kind,
        line.product.code,
        line.product.name,
        line.state,
        line.quantity,
        line.balance,
        other_account(entry, account),
        entry.posted_by.username,
        entry.acting_as.username,
        entry.reference,
        entry.note,
    ]


def are_too_many(lines: Lines) -> bool:
    """Whether an XLSX of these lines takes longer than one waits for, and is made as a job (C12)."""
    return lines.order_by()[: MOST_ROWS_AT_ONCE + 1].count() > MOST_ROWS_AT_ONCE
