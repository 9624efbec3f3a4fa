"""Moves in opposite directions lock in one order, so nobody waits for each other (ledger.open_books)."""

import threading

import pytest
from django.db import OperationalError, transaction

from licenses.models import Holding
from licenses.services import sell_licenses
from licensing_portal.foundation import flows
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import ProductFactory, give, quantities
from tests.races.crowd import PATIENCE, all_at_once, kinds
from tests.races.holding import queued_behind
from transfers.services import transfer_licenses

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A crowd behind one lock may take longer than a person would wait; a deadlock shows itself after a second."""
    monkeypatch.setattr(flows, "LOCK_TIMEOUT", PATIENCE)


def lock_the_first_holding():
    """The publisher's apart, from which nothing is moved here."""
    Holding.objects.select_for_update().filter(is_source=False).earliest("account_id", "product_id")


def test_locks_in_opposite_order_deadlock(northgate, west):
    """The control: two transactions that lock the same two holdings the other way round do wait for each other."""
    give(northgate, ASR=1)
    give(west, ASR=1)
    gate = threading.Barrier(2)

    def lock(first, second):
        with transaction.atomic():
            Holding.objects.select_for_update().get(account=first)
            gate.wait(PATIENCE)
            Holding.objects.select_for_update().get(account=second)

    outcomes = all_at_once([lambda: lock(northgate, west), lambda: lock(west, northgate)])

    assert kinds(outcomes) == {"NoneType": 1, "OperationalError": 1}
    assert "deadlock detected" in str(next(outcome for outcome in outcomes if isinstance(outcome, OperationalError)))


@pytest.mark.parametrize("order", [1, -1])
def test_opposite_transfers_both_go_through_whichever_comes_first(northgate, west, user, order):
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=northgate)
    give(northgate, ASR=4)
    give(west, ASR=4)
    amounts = quantities(ASR=1)

    def pull(receiver, giver):
        return lambda: transfer_licenses(receiver=receiver, transferred_by=user(receiver), giver=giver, quantities=amounts, key=fresh_key())

    outcomes = queued_behind(lock_the_first_holding, [pull(northgate, west), pull(west, northgate)][::order])

    assert kinds(outcomes) == {"JournalEntry": 2}
    assert balances() == {("northgate", "ASR"): (4, 0, 0), ("northgate-west", "ASR"): (4, 0, 0)}
    assert_the_books_are_proven()


def test_sales_that_name_the_same_products_in_different_order_all_go_through(northgate, harborcu, stmarys, user):
    give(northgate, ASR=20, TTS=20)
    asr, tts, seller = ProductFactory(code="ASR"), ProductFactory(code="TTS"), user(northgate)

    def sell(owner, amounts):
        return lambda: sell_licenses(seller=northgate, sold_by=seller, owner=owner, quantities=amounts, key=fresh_key())

    outcomes = queued_behind(lock_the_first_holding, [sell(harborcu, {asr: 1, tts: 1}), sell(stmarys, {tts: 1, asr: 1})] * 10)

    assert kinds(outcomes) == {"JournalEntry": 20}
    assert_the_books_are_proven()


def test_first_holdings_that_two_make_at_once_all_go_through(northgate, west, tideway, user):
    """Making a missing holding takes its place in the order of the locks."""
    asr, tts, receiver = ProductFactory(code="ASR"), ProductFactory(code="TTS"), user(northgate)
    for giver in (west, tideway):
        LinkFactory(holder=northgate, target=giver)
        give(giver, ASR=3, TTS=3)

    def pull(giver, amounts):
        return lambda: transfer_licenses(receiver=northgate, transferred_by=receiver, giver=giver, quantities=amounts, key=fresh_key())

    outcomes = queued_behind(
        lambda: Holding.objects.create(account=northgate, product=asr), [pull(west, {asr: 1, tts: 1}), pull(tideway, {tts: 1, asr: 1})] * 3
    )

    assert kinds(outcomes) == {"JournalEntry": 6}
    assert balances() == {("northgate", "ASR"): (6, 0, 0), ("northgate", "TTS"): (6, 0, 0)}
    assert_the_books_are_proven()


def test_transfers_in_a_circle_all_go_through(northgate, west, tideway, user):
    """Each of the three gives to the next: in no order of the accounts would all three lock upwards."""
    circle = [(tideway, northgate), (northgate, west), (west, tideway)]
    for receiver, giver in circle:
        LinkFactory(holder=receiver, target=giver)
        give(giver, ASR=10)
    amounts = quantities(ASR=1)

    def pull(receiver, giver):
        return lambda: transfer_licenses(receiver=receiver, transferred_by=user(receiver), giver=giver, quantities=amounts, key=fresh_key())

    outcomes = queued_behind(lock_the_first_holding, [pull(receiver, giver) for receiver, giver in circle] * 7)

    assert kinds(outcomes) == {"JournalEntry": 21}
    assert balances() == dict.fromkeys([("northgate", "ASR"), ("northgate-west", "ASR"), ("tideway", "ASR")], (10, 0, 0))
    assert_the_books_are_proven()
