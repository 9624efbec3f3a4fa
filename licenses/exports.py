"""The rows of the account's summary, journal and sales, as they are exported (C12)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain

from django.db.models import QuerySet

from accounts.models import Account
from licenses.models import Holding, JournalLine
from licenses.presentation import other_account
from licenses.sold import SoldRow
from licensing_portal.foundation.tables import MOST_ROWS_AT_ONCE, Cell

SUMMARY_HEADER = ["Code", "Product", "Purchased", "Sold", "Deployed", "Available"]
HISTORY_HEADER = [
    "Number", "Time", "Kind", "Code", "Product", "State", "Quantity", "Balance", "Other account", "By", "Acting as", "Reference", "Note",
]  # fmt: skip
SOLD_HEADER = [
    "Number", "Time", "Owner", "Company", "Code", "Product", "Quantity", "Taken back",
    "By", "Acting as", "Reference", "Email", "Email sent", "Email error",
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
        _in_utc(entry.posted_at),
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


def sold_rows(sold: Iterable[SoldRow]) -> Iterator[list[Cell]]:
    """The sales in the order given, a row for each product of each."""
    yield [*SOLD_HEADER]
    for row in sold:
        sale, notice = row.sale, row.notice
        for line in row.lines:
            yield [
                sale.number,
                _in_utc(sale.posted_at),
                sale.receiver.username,
                sale.receiver.company,
                line.product.code,
                line.product.name,
                line.quantity,
                line.taken_back,
                sale.posted_by.username,
                sale.acting_as.username,
                sale.reference,
                notice.fate if notice else "",
                _in_utc(notice.sent_at) if notice and notice.sent_at else "",
                notice.last_error if notice else "",
            ]


def are_too_many(lines: Lines) -> bool:
    """Whether an XLSX of these lines takes longer than one waits for, and is made as a job (C12)."""
    return lines.order_by()[: MOST_ROWS_AT_ONCE + 1].count() > MOST_ROWS_AT_ONCE


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
