"""The account's summary, journal and sales as CSV (C12): streamed, UTF-8, plain digits, and safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from accounts.models import Account
from licenses.models import Holding, JournalLine
from licenses.presentation import other_account
from licenses.sold import SoldRow

Cell = str | int

SUMMARY_HEADER = ["Code", "Product", "Purchased", "Sold", "Deployed", "Available"]
HISTORY_HEADER = [
    "Number", "Time", "Kind", "Code", "Product", "State", "Quantity", "Balance", "Other account", "By", "Acting as", "Reference", "Note",
]  # fmt: skip
SOLD_HEADER = [
    "Number", "Time", "Owner", "Company", "Code", "Product", "Quantity", "Taken back",
    "By", "Acting as", "Reference", "Email", "Email sent", "Email error",
]  # fmt: skip

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    """A file that gives back each line that is written to it, so that the rows can be streamed."""

    def write(self, line: str) -> str:
        return line


def formula_safe(cell: Cell) -> Cell:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_STARTS_A_FORMULA) else cell


def csv_response(name: str, rows: Iterable[Iterable[Cell]]) -> StreamingHttpResponse:
    """Stream rows as a CSV file of that name."""
    writer = csv.writer(_Echo())
    lines = (writer.writerow([formula_safe(cell) for cell in row]) for row in rows)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def summary_rows(holdings: Iterable[Holding]) -> Iterator[list[Cell]]:
    yield [*SUMMARY_HEADER]
    for holding in holdings:
        yield [holding.product.code, holding.product.name, holding.purchased, holding.sold, holding.deployed, holding.available]


def history_rows(lines: QuerySet[JournalLine], account: Account) -> Iterator[list[Cell]]:
    """The lines in the order given, read in chunks, so that a million of them need no more memory than a thousand."""
    yield [*HISTORY_HEADER]
    for line in lines.iterator(chunk_size=2000):
        entry = line.entry
        yield [
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


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
