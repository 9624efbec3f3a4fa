"""The rows of the account's summary, journal and sales, as they are exported (C12)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.db.models import QuerySet

from accounts.models import Account
from licenses.models import Holding, JournalLine
from licenses.presentation import other_of
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


# What a row of the history is made of, read as values: objects of models would take most of the time.
OF_A_LINE = [
    "pk", "entry__number", "entry__posted_at", "entry__kind", "product__code", "product__name", "state", "quantity", "balance",
    "entry__giver__username", "entry__receiver__username", "entry__posted_by__username", "entry__acting_as__username",
    "entry__reference", "entry__note",
]  # fmt: skip


def history_rows(lines: Lines, account: Account) -> Iterator[list[Cell]]:
    """The header, and the lines in the order given, read in chunks, so that a million of them need no more memory than a thousand."""
    values = lines.values_list(*OF_A_LINE).iterator(chunk_size=2000)
    return chain([[*HISTORY_HEADER]], (history_row(of_a_line, account) for of_a_line in values))


def history_row(of_a_line: tuple[Any, ...], account: Account) -> list[Cell]:
    """The row of a line, of the values that `OF_A_LINE` names."""
    _, number, at, kind, code, name, state, quantity, balance, giver, receiver, by, acting_as, reference, note = of_a_line
    other = other_of(giver, receiver, account.username)
    return [number, _in_utc(at), kind, code, name, state, quantity, balance, other, by, acting_as, reference, note]


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
