"""The last license, wanted by twenty people at the same moment (B3).

The first test takes the lock and the wall away and must oversell: without it the others would prove nothing.
"""

import pytest
from django.db import connection

from licenses.models import Holding, JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.licenses import give, quantities
from tests.races.crowd import all_at_once, kinds
from tests.races.holding import let_nobody_lock
from tests.roles import the_owner, walls_down

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

CROWD = 20
WALL = next(constraint for constraint in Holding._meta.constraints if constraint.name == "available_is_never_negative")


@pytest.fixture
def sell_the_last(northgate, harborcu, user):
    """Twenty forms, each for the one license that is left. The owner's holding exists already: making it would queue the
    rivals by accident."""
    give(northgate, ASR=1)
    give(harborcu, ASR=1)
    amounts, seller = quantities(ASR=1), user(northgate)
    return lambda: sell_licenses(seller=northgate, sold_by=seller, owner=harborcu, quantities=amounts, key=fresh_key())


@pytest.fixture
def without_locks(monkeypatch):
    let_nobody_lock(monkeypatch, rivals=CROWD)


@pytest.fixture
def without_the_wall():
    """Take down the constraint, and the triggers that compare each number with the one before: any of the three would stop it."""
    with walls_down("each_line_counts_on_from_the_one_before", "a_holding_is_what_its_last_lines_say"):
        with the_owner(), connection.schema_editor() as editor:
            editor.remove_constraint(Holding, WALL)
        yield
        Holding.objects.filter(available__lt=0).update(is_source=True)  # so that the wall can be built again
        with the_owner(), connection.schema_editor() as editor:
            editor.add_constraint(Holding, WALL)


def sales():
    return JournalEntry.objects.filter(kind="sale").count()


def test_without_lock_and_wall_one_license_is_sold_twenty_times(sell_the_last, without_locks, without_the_wall):
    outcomes = all_at_once([sell_the_last] * CROWD)

    assert kinds(outcomes) == {"JournalEntry": CROWD}
    assert sales() == CROWD


def test_without_the_lock_the_wall_stands_and_the_losers_see_a_crash(sell_the_last, without_locks):
    outcomes = all_at_once([sell_the_last] * CROWD)

    assert kinds(outcomes) == {"IntegrityError": CROWD - 1, "JournalEntry": 1}
    assert balances() == {("northgate", "ASR"): (0, 0, 1), ("harborcu", "ASR"): (2, 0, 0)}


def test_one_of_twenty_gets_the_last_license_and_the_others_a_kind_refusal(sell_the_last):
    outcomes = all_at_once([sell_the_last] * CROWD)

    assert kinds(outcomes) == {"InsufficientLicenses": CROWD - 1, "JournalEntry": 1}
    assert sales() == 1
    assert balances() == {("northgate", "ASR"): (0, 0, 1), ("harborcu", "ASR"): (2, 0, 0)}
    assert_the_books_are_proven()
