"""The books of a database that has none yet, written a few hundred entries at a time: for load_big, and for nobody else.

The ledger locks, because others write at the same moment. Here nobody else does: the numbers of all holdings are in memory, each
batch is one transaction, and every constraint and trigger of the journal stands and judges it. `check_ledger` proves the rest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from licenses.models import Holding, JournalEntry, JournalLine
from licenses.numbers import LETTERS
from licensing_portal.foundation.rows_in_bulk import copy_rows, fresh_keys, numbers_of

Kind = JournalEntry.Kind
State = JournalLine.State


class BooksInUse(Exception):
    """There are entries in the journal."""


class Short(Exception):
    """The giver has fewer than are taken."""


@dataclass(slots=True)
class Numbers:
    """A holding, as it is after the last entry."""

    pk: int
    available: int = 0
    deployed: int = 0
    sold: int = 0


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry: its primary key and its number, and what it moved, by the product's primary key."""

    pk: int
    number: str
    giver: int
    receiver: int
    quantities: Mapping[int, int]
    posted_at: datetime


@dataclass
class BulkBooks:
    """What is posted is written by `write`, all or nothing. Accounts, users and products are named by their primary keys."""

    publisher: int
    holdings: dict[tuple[int, int], Numbers] = field(default_factory=dict)
    lines_written: int = 0

    def __post_init__(self) -> None:
        """Raises BooksInUse."""
        if JournalEntry.objects.exists() or Holding.objects.exists():
            raise BooksInUse
        self._keys = {model: fresh_keys(model) for model in (Holding, JournalEntry, JournalLine)}
        self._series: dict[str, Iterator[int]] = {}
        self._entries: list[tuple[object, ...]] = []
        self._lines: list[tuple[object, ...]] = []
        self._touched: set[tuple[int, int]] = set()
        self._made: set[tuple[int, int]] = set()

    @property
    def entries_to_write(self) -> int:
        return len(self._entries)

    @property
    def lines(self) -> int:
        """How many there are, written or not."""
        return self.lines_written + len(self._lines)

    def available(self, account: int, product: int) -> int:
        """How many licenses an account has available."""
        found = self.holdings.get((account, product))
        return found.available if found else 0

    def enter(
        self,
        kind: JournalEntry.Kind,
        quantities: Mapping[int, int],
        *,
        giver: int,
        receiver: int,
        posted_by: int,
        acting_as: int,
        posted_at: datetime,
        reference: str = "",
        note: str = "",
        reverses: int | None = None,
    ) -> Posted:
        """Make an entry as `ledger.Books.post` does (B1): products in the order given, each taken from the giver and given to the receiver.

        Raises Short.
        """
        taken_from = State.DEPLOYED if kind == Kind.RETIREMENT else State.AVAILABLE
        put_into = State.DEPLOYED if kind == Kind.DEPLOYMENT else State.AVAILABLE
        if giver != self.publisher and any(getattr(self._holding(giver, product), taken_from) < n for product, n in quantities.items()):
            raise Short
        entry = Posted(next(self._keys[JournalEntry]), self._number(kind, posted_at), giver, receiver, quantities, posted_at)
        self._entries.append((entry.pk, entry.number, kind, posted_at, giver, receiver, posted_by, acting_as, reference, note, reverses))
        for product, quantity in quantities.items():
            self._move(entry.pk, giver, product, taken_from, -quantity)
            self._move(entry.pk, receiver, product, put_into, quantity)
        self._count_as_sold(kind, entry)
        return entry

    def write(self) -> None:
        """Write what was posted since the last time, in the transaction that is open or in one of its own."""
        with transaction.atomic():
            made = [(key, self.holdings[key]) for key in sorted(self._made)]
            copy_rows(
                Holding,
                ("id", "account", "product", "is_source", "available", "deployed", "sold"),
                [(is_.pk, *key, key[0] == self.publisher, is_.available, is_.deployed, is_.sold) for key, is_ in made],
            )
            entries = ("id", "number", "kind", "posted_at", "giver", "receiver", "posted_by", "acting_as", "reference", "note", "reverses")
            copy_rows(JournalEntry, entries, self._entries)
            copy_rows(JournalLine, ("id", "entry", "account", "product", "state", "quantity", "balance"), self._lines)
            self._update([self.holdings[key] for key in sorted(self._touched - self._made)])
        self.lines_written += len(self._lines)
        for batch in (self._entries, self._lines, self._touched, self._made):
            batch.clear()

    def _update(self, changed: list[Numbers]) -> None:
        columns = [[getattr(holding, name) for holding in changed] for name in ("pk", "available", "deployed", "sold")]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE licenses_holding holding SET available = now_is.available, deployed = now_is.deployed, sold = now_is.sold"
                " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS now_is (id, available, deployed, sold)"
                " WHERE holding.id = now_is.id",
                columns,
            )

    def _holding(self, account: int, product: int) -> Numbers:
        key = (account, product)
        if key not in self.holdings:
            self.holdings[key] = Numbers(next(self._keys[Holding]))
            self._made.add(key)
        return self.holdings[key]

    def _move(self, entry: int, account: int, product: int, state: JournalLine.State, quantity: int) -> None:
        holding = self._holding(account, product)
        balance = getattr(holding, state) + quantity
        setattr(holding, state, balance)
        self._touched.add((account, product))
        self._lines.append((next(self._keys[JournalLine]), entry, account, product, state, quantity, balance))

    def _count_as_sold(self, kind: JournalEntry.Kind, entry: Posted) -> None:
        if kind not in (Kind.SALE, Kind.RECALL):
            return
        seller, sign = (entry.giver, 1) if kind == Kind.SALE else (entry.receiver, -1)
        for product, quantity in entry.quantities.items():
            self._holding(seller, product).sold += sign * quantity

    def _number(self, kind: JournalEntry.Kind, moment: datetime) -> str:
        letter, year = LETTERS[kind], moment.year
        series = f"{letter.lower()}_{year}"
        if series not in self._series:
            self._series[series] = numbers_of("SELECT next_entry_number(%s) FROM generate_series(1, %s)", series)
        return f"{letter}-{year}-{next(self._series[series]):06}"
