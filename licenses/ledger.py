"""The only door to the books: nobody else writes holdings or journal lines.

Licenses move only in opened books, and opening them locks them, in one fixed order. Whoever opens all the books that
an act needs in one call can neither oversell nor deadlock; the database's constraints are the last judge.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Account, User
from licenses.counting import seller_of
from licenses.models import Holding, JournalEntry, JournalLine, Product
from licenses.numbers import next_number
from licensing_portal.foundation.errors import Problem, Refusal
from licensing_portal.foundation.quantities import LARGEST_QUANTITY, field_name
from licensing_portal.foundation.templatetags.portal import number

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
    owner_ids, product_ids = {owner.pk for owner in owners}, {product.pk for product in products}
    _make_missing_holdings(owners, product_ids)
    # The lock stops two people who press at once from both being told that the last license is theirs.
    locked = (
        Holding.objects.select_for_update(no_key=True).filter(account__in=owner_ids, product__in=product_ids).order_by("account_id", "product_id")
    )
    return Books({(holding.account_id, holding.product_id): holding for holding in locked})


def _make_missing_holdings(owners: Collection[Account], products: Collection[int]) -> None:
    by_id = {owner.pk: owner for owner in owners}
    wanted = {(owner, product) for owner in by_id for product in products}
    present = set(Holding.objects.filter(account__in=by_id, product__in=products).values_list("account_id", "product_id"))
    # In the same order as the locks: two first sales of the same products would otherwise wait for each other.
    Holding.objects.bulk_create(
        [Holding(account_id=owner, product_id=product, is_source=by_id[owner].is_publisher) for owner, product in sorted(wanted - present)],
        ignore_conflicts=True,
    )


@dataclass
class Books:
    """Locked holdings, by (account, product). Lives as long as the transaction that opened it."""

    _holdings: dict[tuple[int, int], Holding]

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
        """Move these quantities of licenses and write the entry that tells of it (B1, B4).

        A deployment takes them from the owner's available to the same owner's deployed licenses, a retirement takes them
        back; every other kind takes them from the giver's available to the receiver's. All products move or none. A recall
        and a reversal name the entry that they take back, whose giver and receiver are theirs the other way round; how much
        remains of it is for the flow to ask under the lock of these books, and for the database's wall to keep.

        Raises NothingEntered and, naming every product that falls short, InsufficientLicenses.
        """
        quantities = {product: quantity for product, quantity in quantities.items() if quantity}
        self._check(kind, quantities, giver, is_elsewhere=giver != acting_as)
        moment = timezone.now()
        entry = JournalEntry.objects.create(
            number=next_number(kind, moment),
            kind=kind,
            posted_at=moment,
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
            lines.append(_line(entry, gives, TAKEN_FROM.get(kind, State.AVAILABLE), -quantity))
            lines.append(_line(entry, receives, PUT_INTO.get(kind, State.AVAILABLE), quantity))
        JournalLine.objects.bulk_create(lines)
        self._write(lines, sold_by=seller_of(entry))
        return entry

    def _write(self, lines: list[JournalLine], *, sold_by: Account | None) -> None:
        """Add the lines to the holdings, in one statement.

        By what is added and not by the new number: even if a lock were missing, the constraints would see the truth.
        """
        added: dict[str, dict[int, int]] = {"available": {}, "deployed": {}, "sold": {}}
        for line in lines:
            holding = self._holdings[line.account_id, line.product_id]
            added[line.state][holding.pk] = line.quantity
            if sold_by and line.account_id == sold_by.pk:
                added["sold"][holding.pk] = -line.quantity
        touched = {pk for by_holding in added.values() for pk in by_holding}
        Holding.objects.filter(pk__in=touched).update(
            **{
                name: F(name) + Case(*[When(pk=pk, then=Value(n)) for pk, n in by_holding.items()], default=Value(0))
                for name, by_holding in added.items()
                if by_holding
            }
        )

    def _check(self, kind: JournalEntry.Kind, quantities: Quantities, giver: Account, *, is_elsewhere: bool) -> None:
        if not quantities:
            raise NothingEntered(gettext("Enter a Qty for at least one product"))
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
    if elsewhere:
        words = (
            gettext("%(available)s available, %(deployed)s deployed in %(account)s")
            if holding.deployed
            else gettext("%(available)s available in %(account)s")
        )
    else:
        words = gettext("%(available)s available, %(deployed)s deployed") if holding.deployed else gettext("%(available)s available")
    return words % {"available": number(holding.available), "deployed": number(holding.deployed), "account": elsewhere}


def _line(entry: JournalEntry, holding: Holding, state: JournalLine.State, quantity: int) -> JournalLine:
    """Change one number of a locked holding and write the line that says so."""
    balance = getattr(holding, state) + quantity
    setattr(holding, state, balance)
    return JournalLine(entry=entry, account_id=holding.account_id, product_id=holding.product_id, state=state, quantity=quantity, balance=balance)
