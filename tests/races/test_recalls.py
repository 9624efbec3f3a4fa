"""A sale that is taken back while others press (C10, C11): what is recalled is gone nowhere else, and no license comes back twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from accounts.models import Account, User
from deployments.services import add_deployment
from licenses.ledger import Books
from licenses.models import Holding, JournalEntry
from licenses.services import recall_sale, reverse_entry
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give, quantities, sell
from tests.licenses.test_walls import lines, turned_round
from tests.races.crowd import PATIENCE, all_at_once, kinds, outcome_of
from tests.races.holding import let_nobody_lock, unlock, wait_until_waiting
from tests.roles import walls_down
from transfers.services import transfer_licenses

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

TAKERS = ["deploy", "pull", "reverse", "recall"]
SAYS_NO = {"InsufficientLicenses", "NothingToRecall", "MoreThanRemains"}


@pytest.fixture
def acts(northgate, west, harborcu, publisher, staff, user):
    """northgate sold harborcu the one ASR that harborcu has; each act takes it: a recall, a deployment, a transfer to west, a reversal."""
    give(northgate, ASR=1)
    sale = sell(northgate, harborcu, ASR=1)
    LinkFactory(holder=west, target=harborcu)
    give(west, ASR=1)  # whose holding exists so already
    asr, seller, owner, puller = quantities(ASR=1), user(northgate), user(harborcu), user(west)
    why = {"reason": "Ordered by mistake", "quantities": asr}
    return {
        "recall": lambda: recall_sale(sale=sale, seller=northgate, recalled_by=seller, key=fresh_key(), **why),
        "deploy": lambda: add_deployment(
            account=harborcu, added_by=owner, owner=harborcu, name="IVR", host_name="ivr", quantities=asr, key=fresh_key()
        ),
        "pull": lambda: transfer_licenses(receiver=west, transferred_by=puller, giver=harborcu, quantities=asr, key=fresh_key()),
        "reverse": lambda: reverse_entry(entry=sale, publisher=publisher, reversed_by=staff, ticket="T-1", key=fresh_key(), **why),
    }


@pytest.fixture
def without_locks(monkeypatch):
    let_nobody_lock(monkeypatch, rivals=2)


@pytest.mark.parametrize("taker", TAKERS)
def test_without_the_lock_both_are_told_that_it_is_theirs_and_one_crashes(acts, taker, without_locks):
    """The control."""
    outcomes = kinds(all_at_once([acts["recall"], acts[taker]]))

    assert outcomes.pop("IntegrityError") == 1
    assert sum(outcomes.values()) == 1
    assert set(outcomes) <= {"JournalEntry", "Deployment"}


@pytest.mark.parametrize("taker", TAKERS)
def test_of_a_recall_and_another_one_gets_the_last_license_and_the_other_a_kind_refusal(acts, taker):
    outcomes = kinds(all_at_once([acts["recall"], acts[taker]] * 5))

    refused = {name: count for name, count in outcomes.items() if name in SAYS_NO}
    assert sum(refused.values()) == 9
    assert sum(count for name, count in outcomes.items() if name not in refused) == 1
    assert set(outcomes) - set(refused) <= {"JournalEntry", "Deployment"}
    assert sum(Holding.objects.exclude(account__kind="publisher").values_list("available", flat=True)) + (1 if "Deployment" in outcomes else 0) == 2
    assert_the_books_are_proven()


# ── Though the enduser has enough: no more comes back than was sold ──


@pytest.fixture
def with_more(acts, northgate, harborcu):
    """The same acts, while harborcu has more, bought and from elsewhere: the numbers of either side would let all through."""
    give(northgate, ASR=1)
    sell(northgate, harborcu, ASR=1)
    give(harborcu, ASR=8)
    return acts


@pytest.fixture
def without_the_lock_of_the_books(monkeypatch):
    """Nobody locks holdings or oneself, and two have counted what remains before either of them posts."""
    gate = threading.Barrier(2)
    post = Books.post

    def post_later(self, *args, **options):
        gate.wait(PATIENCE)
        return post(self, *args, **options)

    unlock(monkeypatch, Holding, Account, User)
    monkeypatch.setattr(Books, "post", post_later)


def taken_back():
    return JournalEntry.objects.exclude(reverses=None).count()


BALANCES = ("each_line_counts_on_from_the_one_before", "a_holding_is_what_its_last_lines_say")  # they compare each number with the one before


@pytest.mark.parametrize("taker", ["recall", "reverse"])
def test_without_lock_and_wall_one_sale_comes_back_twice(with_more, taker, without_the_lock_of_the_books):
    """The control of all that follows."""
    with walls_down("no_more_comes_back_than_went", *BALANCES):
        outcomes = kinds(all_at_once([with_more["recall"], with_more[taker]]))

    assert (outcomes, taken_back()) == ({"JournalEntry": 2}, 2)


@pytest.mark.parametrize("taker", ["recall", "reverse"])
def test_without_the_lock_the_wall_stands_and_one_sees_a_crash(with_more, taker, without_the_lock_of_the_books):
    with walls_down(*BALANCES):
        outcomes = kinds(all_at_once([with_more["recall"], with_more[taker]]))

    assert (outcomes, taken_back()) == ({"IntegrityError": 1, "JournalEntry": 1}, 1)


def test_whoever_takes_back_by_hand_waits_at_the_wall_for_whoever_is_there(with_more):
    """The wall counts under a lock of its own: the first has counted and not yet committed, and the second must not count without it."""

    def by_hand(number):
        with connection.cursor() as cursor:
            cursor.execute(turned_round("recall", number=number))
            moved = lines(("harborcu", "ASR", "available", -1, 9), ("northgate", "ASR", "available", 1, 1))
            cursor.execute(moved.replace("X-2026-000001", number))
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def by_hand_too():
        with transaction.atomic():
            by_hand("X-2026-000002")

    with walls_down(*BALANCES), ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            by_hand("X-2026-000001")
            second = pool.submit(outcome_of, by_hand_too)
            wait_until_waiting(lambda: 1)
        refused = second.result(PATIENCE)

    assert "no more comes back of an entry than it moved" in str(refused)
    assert taken_back() == 1


@pytest.mark.parametrize("taker", ["recall", "reverse"])
def test_two_that_take_back_at_once_take_no_more_than_was_sold(with_more, taker):
    outcomes = kinds(all_at_once([with_more["recall"], with_more[taker]] * 5))

    assert outcomes.pop("JournalEntry") == 1
    assert (sum(outcomes.values()), set(outcomes) <= SAYS_NO) == (9, True)
    assert taken_back() == 1
    assert balances()["harborcu", "ASR"] == (9, 0, 0)
    assert_the_books_are_proven()
