"""The only door to the books: nobody else writes holdings or journal lines.

Licenses move only in opened books, and opening them locks them, in one fixed order. Whoever opens all the books that
an act needs in one call can neither oversell nor deadlock; the database's constraints are the last judge.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Account, User
from licenses.counting import seller_of
from licenses.models import Holding, JournalEntry, JournalLine, Product
from licenses.numbers import next_number, series_of
from licensing_portal.foundation.errors import Problem, Refusal
from licensing_portal.foundation.quantities import LARGEST_QUANTITY, field_name

Kind = JournalEntry.Kind
State = JournalLine.State
Quantities = Mapping[Product, int]

# Where a kind takes licenses from and where it puts them; what is named nowhere here is available before and after.
TAKEN_FROM = {Kind.RETIREMENT: State.DEPLOYED}
PUT_INTO = {Kind.DEPLOYMENT: State.DEPLOYED}


class NothingEntered(Refusal):
    """No quantity is above zero."""


class InsufficientLicenses(Refusal):
    """The giver has fewer licenses than asked for where they are taken from; says how many, for every product that falls short."""


def open_books(owners: Collection[Account], products: Collection[Product]) -> "Books":
    """Lock the holdings of these products of all these owners and return the only object that can move them (B3, B7).

    Holdings that are missing are made. One call per transaction, for all owners and products that it will touch:
    every flow then locks in the same order, (account, product), and no two can wait for each other.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Books are opened inside the transaction that moves licenses.")
    pen = _pen_of_this_database()
    holdings = pen.open(owners, {product.pk for product in products})
    return Books({(holding.account_id, holding.product_id): holding for holding in holdings}, pen)


@dataclass
class Books:
    """Locked holdings, by (account, product). Lives as long as the transaction that opened it."""

    _holdings: dict[tuple[int, int], Holding]
    _pen: "Pen"

    def post(
        self,
        kind: JournalEntry.Kind,
        quantities: Quantities,
        *,
        giver: Account,
        receiver: Account,
        posted_by: User,
        acting_as: Account,
        reference: str = "",
        note: str = "",
        reverses: JournalEntry | None = None,
    ) -> JournalEntry:
        """Move these quantities of licenses and write the entry that tells of it (B1, B4). Its lines are at hand, with their products.

        A deployment takes them from the owner's available to the same owner's deployed licenses, a retirement takes them
        back; every other kind takes them from the giver's available to the receiver's. All products move or none. A recall
        and a reversal name the entry that they take back, whose giver and receiver are theirs the other way round; how much
        remains of it is for the flow to ask under the lock of these books, and for the database's wall to keep.

        Raises NothingEntered and, naming every product that falls short, InsufficientLicenses.
        """
        quantities = {product: quantity for product, quantity in quantities.items() if quantity}
        self._check(kind, quantities, giver, is_elsewhere=giver != acting_as)
        entry = JournalEntry(
            kind=kind,
            posted_at=timezone.now(),
            giver=giver,
            receiver=receiver,
            posted_by=posted_by,
            acting_as=acting_as,
            reference=reference,
            note=note,
            reverses=reverses,
        )
        lines = []
        for product, quantity in sorted(quantities.items(), key=lambda item: item[0].code):
            gives, receives = self._holdings[giver.pk, product.pk], self._holdings[receiver.pk, product.pk]
            lines.append(_line(entry, gives, product, TAKEN_FROM.get(kind, State.AVAILABLE), -quantity))
            lines.append(_line(entry, receives, product, PUT_INTO.get(kind, State.AVAILABLE), quantity))
        self._pen.write(entry, lines, self._added(lines, sold_by=seller_of(entry)))
        entry.lines_at_hand = lines
        return entry

    def _added(self, lines: list[JournalLine], *, sold_by: Account | None) -> "Added":
        """What the lines add to the numbers of the holdings."""
        added: Added = {}
        for line in lines:
            numbers = added.setdefault(self._holdings[line.account_id, line.product_id].pk, {"available": 0, "deployed": 0, "sold": 0})
            numbers[line.state] += line.quantity
            if sold_by and line.account_id == sold_by.pk:
                numbers["sold"] -= line.quantity
        return added

    def _check(self, kind: JournalEntry.Kind, quantities: Quantities, giver: Account, *, is_elsewhere: bool) -> None:
        if not quantities:
            raise NothingEntered("Enter a Qty for at least one product")
        # What was put on a deployment in many steps comes back in one, however much it is: nobody types that number.
        largest = math.inf if kind == Kind.RETIREMENT else LARGEST_QUANTITY
        if any(not 0 < quantity <= largest for quantity in quantities.values()):
            raise ValueError("A quantity is from 0 to 1,000,000; forms have to see to that.")
        if giver.is_publisher:
            return
        short = [
            Problem(shortage(holding, elsewhere=giver if is_elsewhere else None), field=field_name(product.code))
            for product, quantity in sorted(quantities.items(), key=lambda item: item[0].code)
            if getattr(holding := self._holdings[giver.pk, product.pk], TAKEN_FROM.get(kind, State.AVAILABLE)) < quantity
        ]
        if short:
            raise InsufficientLicenses.of(short)


def shortage(holding: Holding, *, elsewhere: Account | None = None) -> str:
    """Say what is possible: "44 available" (B6), and where the rest is, for deployed licenses can't move (C3).

    `elsewhere` is the account of the holding, where it is another than the one acted for.
    """
    deployed = f", {holding.deployed:,} deployed" if holding.deployed else ""
    place = f" in {elsewhere}" if elsewhere else ""
    return f"{holding.available:,} available{deployed}{place}"


def _line(entry: JournalEntry, holding: Holding, product: Product, state: JournalLine.State, quantity: int) -> JournalLine:
    """Change one number of a locked holding and write the line that says so."""
    balance = getattr(holding, state) + quantity
    setattr(holding, state, balance)
    return JournalLine(entry=entry, account_id=holding.account_id, product=product, state=state, quantity=quantity, balance=balance)


# ── How the books are opened and written: two pens that do the same ──

Added = dict[int, dict[str, int]]  # what is added to which number of which holding, by its primary key


class Pen(Protocol):
    """What of a database's own kind there is to opening and writing the books."""

    def open(self, owners: Collection[Account], products: Collection[int]) -> Iterable[Holding]:
        """Make the holdings that are missing, then lock all of them, both in the order (account, product)."""

    def write(self, entry: JournalEntry, lines: list[JournalLine], added: Added) -> None:
        """Number the entry, and write it, its lines, and the new numbers of the holdings.

        By what is added and not by the new number: even if a lock were missing, the constraints would see the truth.
        """


class ByStatements:
    """Statement by statement, as one reads it: SQLite's way, and what the other is compared with."""

    def open(self, owners: Collection[Account], products: Collection[int]) -> Iterable[Holding]:
        self._make_missing_holdings(owners, products)
        # The lock stops two people who press at once from both being told that the last license is theirs.
        locked = Holding.objects.select_for_update(no_key=True).filter(account__in=[owner.pk for owner in owners], product__in=products)
        return locked.order_by("account_id", "product_id")

    def _make_missing_holdings(self, owners: Collection[Account], products: Collection[int]) -> None:
        by_id = {owner.pk: owner for owner in owners}
        wanted = {(owner, product) for owner in by_id for product in products}
        present = set(Holding.objects.filter(account__in=by_id, product__in=products).values_list("account_id", "product_id"))
        # In the same order as the locks: two first sales of the same products would otherwise wait for each other.
        Holding.objects.bulk_create(
            [Holding(account_id=owner, product_id=product, is_source=by_id[owner].is_publisher) for owner, product in sorted(wanted - present)],
            ignore_conflicts=True,
        )

    def write(self, entry: JournalEntry, lines: list[JournalLine], added: Added) -> None:
        entry.number = next_number(entry.kind, entry.posted_at)
        entry.save(force_insert=True)
        JournalLine.objects.bulk_create(lines)
        for pk, numbers in sorted(added.items()):
            Holding.objects.filter(pk=pk).update(**{name: F(name) + number for name, number in numbers.items()})


class ByFunctions:
    """By a function of PostgreSQL each, in one call: what the statements cost beside their work, above, is most of the time of a sale."""

    OPEN = "SELECT id, account_id, product_id, is_source, available, deployed, sold FROM open_books(%s::bigint[], %s::bigint[])"

    def open(self, owners: Collection[Account], products: Collection[int]) -> Iterable[Holding]:
        with connection.cursor() as cursor:
            cursor.execute(self.OPEN, [[owner.pk for owner in owners], list(products)])
            names = [column.name for column in cursor.description]
            return [Holding(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]

    def write(self, entry: JournalEntry, lines: list[JournalLine], added: Added) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT its_id, its_number, its_lines FROM post_entry("
                "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
                "%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])",
                [
                    *(series_of(entry.kind, entry.posted_at), str(entry.kind), entry.posted_at, entry.giver_id, entry.receiver_id),
                    *(entry.posted_by_id, entry.acting_as_id, entry.reference, entry.note, entry.reverses_id),
                    *([line.account_id for line in lines], [line.product_id for line in lines], [str(line.state) for line in lines]),
                    *([line.quantity for line in lines], [line.balance for line in lines]),
                    *(list(added), *([numbers[name] for numbers in added.values()] for name in ("available", "deployed", "sold"))),
                ],
            )
            entry.pk, entry.number, keys = cursor.fetchone()
        for line, pk in zip(lines, keys, strict=True):
            line.pk, line.entry = pk, entry
        for row in (entry, *lines):
            row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - Django documents it


def _pen_of_this_database() -> Pen:
    return ByFunctions() if connection.vendor == "postgresql" else ByStatements()
