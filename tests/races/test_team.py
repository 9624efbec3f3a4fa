"""Two administrators of one account who demote or deactivate each other at the same moment: one of them stays (rules.md §1)."""

import threading

import pytest

from accounts.models import User
from accounts.team.locking import Team
from accounts.team.services import change_role, deactivate_user
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import UserFactory
from tests.races.crowd import PATIENCE, all_at_once, kinds
from tests.races.holding import unlock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def pair(northgate, user):
    return user(northgate), UserFactory(account=northgate, username="jo")


@pytest.fixture
def demote(northgate):
    return lambda person, by: lambda: change_role(account=northgate, user=person, role="viewer", changed_by=by, key=fresh_key())


@pytest.fixture
def deactivate(northgate):
    return lambda person, by: lambda: deactivate_user(account=northgate, user=person, deactivated_by=by, key=fresh_key())


def administrators():
    return User.objects.filter(account__username="northgate", role="administrator", is_active=True).count()


def test_two_who_demote_each_other_leave_one_administrator(pair, demote):
    """B7: the second finds out under the lock that it is no administrator any more."""
    first, second = pair

    outcomes = all_at_once([demote(second, by=first), demote(first, by=second)])

    assert (kinds(outcomes), administrators()) == ({"NotAllowed": 1, "User": 1}, 1)


def test_one_who_demotes_and_one_who_deactivates_leave_one_administrator(pair, demote, deactivate):
    first, second = pair

    outcomes = all_at_once([deactivate(second, by=first), demote(first, by=second)])

    assert (kinds(outcomes), administrators()) == ({"NotAllowed": 1, "User": 1}, 1)


def test_two_who_leave_at_once_leave_one_administrator(pair, demote):
    """Each demotes oneself, and trusts that the other stays."""
    first, second = pair

    outcomes = all_at_once([demote(first, by=first), demote(second, by=second)])

    assert (kinds(outcomes), administrators()) == ({"LastAdministrator": 1, "User": 1}, 1)


def test_without_the_lock_nobody_stays(pair, demote, monkeypatch):
    """The control: the race is real, and the lock decides it."""
    gate = threading.Barrier(2)
    check = Team.check_that_an_administrator_stays

    def check_and_wait(self, user, **options):
        check(self, user, **options)
        gate.wait(PATIENCE)

    unlock(monkeypatch)
    monkeypatch.setattr(Team, "check_that_an_administrator_stays", check_and_wait)
    first, second = pair

    outcomes = all_at_once([demote(second, by=first), demote(first, by=second)])

    assert (kinds(outcomes), administrators()) == ({"User": 2}, 0)
