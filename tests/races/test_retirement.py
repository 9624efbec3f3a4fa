"""A deployment that is retired while others press (C7): nothing stays behind on it, and nothing comes back twice."""

import threading

import pytest

from accounts.models import User
from deployments.models import Deployment, DeploymentLine
from deployments.rights import DeploymentRetired
from deployments.services import add_deployment, add_licenses, retire_deployment
from licenses import ledger
from licenses.models import Holding, JournalEntry
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.licenses import give, quantities
from tests.races.crowd import PATIENCE, all_at_once, kinds
from tests.races.holding import unlock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def deployment(northgate, harborcu, user):
    """A deployment with 3 ASR that northgate made for harborcu, which has 10 ASR available."""
    give(northgate, ASR=3)
    give(harborcu, ASR=10)
    return add_deployment(
        account=northgate, added_by=user(northgate), owner=harborcu, name="IVR", host_name="ivr", quantities=quantities(ASR=3), key=fresh_key()
    )


@pytest.fixture
def add(deployment, harborcu, user):
    amounts, person = quantities(ASR=1), user(harborcu)
    return lambda: add_licenses(deployment=deployment, account=harborcu, added_by=person, quantities=amounts, key=fresh_key())


@pytest.fixture
def retire(deployment, harborcu, northgate, user):
    """Retire it as its owner, or as the reseller who made it."""
    people = {account: user(account) for account in (harborcu, northgate)}

    def act(account=harborcu):
        return lambda: retire_deployment(deployment=deployment, account=account, retired_by=people[account], reason="Moved away", key=fresh_key())

    return act


@pytest.fixture
def without_the_lock(monkeypatch):
    """Nobody locks the deployment or oneself, and two have looked at it before either of them posts. The books keep their lock."""
    gate = threading.Barrier(2)
    open_books = ledger.open_books

    def open_books_later(**options):
        gate.wait(PATIENCE)
        return open_books(**options)

    unlock(monkeypatch, Deployment, User)
    monkeypatch.setattr(ledger, "open_books", open_books_later)


def on_it(deployment):
    return sum(DeploymentLine.objects.filter(deployment=deployment).values_list("quantity", flat=True))


def retirements():
    return list(JournalEntry.objects.filter(kind="retirement"))


def test_without_the_lock_licenses_stay_deployed_on_a_retired_deployment(deployment, add, retire, harborcu, without_the_lock):
    """The control: three came back, and one that was added in the same moment is lost to its owner."""
    outcomes = all_at_once([add, retire()])

    deployment.refresh_from_db()
    assert (kinds(outcomes), deployment.state) == ({"JournalEntry": 2}, "retired")
    assert Holding.objects.get(account=harborcu).deployed == 1


def test_without_the_lock_the_wall_stands_and_the_second_retirement_crashes(retire, harborcu, northgate, user, request):
    """The control: harborcu has three more deployed elsewhere, so the numbers alone would let them come back twice."""
    add_deployment(
        account=harborcu, added_by=user(harborcu), owner=harborcu, name="LAB", host_name="lab", quantities=quantities(ASR=3), key=fresh_key()
    )
    request.getfixturevalue("without_the_lock")

    outcomes = all_at_once([retire(), retire(northgate)])

    assert (kinds(outcomes), len(retirements())) == ({"IntegrityError": 1, "JournalEntry": 1}, 1)


def test_adding_and_retiring_at_once_leaves_nothing_behind(deployment, add, retire, harborcu):
    """Who adds is before the retirement, and comes back with it, or after it, and is refused."""
    outcomes = all_at_once([*[add] * 6, retire()])

    (retirement,) = retirements()
    assert outcomes[-1] == retirement
    added = [outcome for outcome in outcomes[:-1] if isinstance(outcome, JournalEntry)]
    assert [type(outcome) for outcome in outcomes[:-1] if outcome not in added] == [DeploymentRetired] * (6 - len(added))
    assert retirement.total == on_it(deployment) == 3 + len(added)
    assert balances() == {("northgate", "ASR"): (0, 0, 3), ("harborcu", "ASR"): (13, 0, 0)}
    assert_the_books_are_proven()


def test_of_many_retirements_at_once_one_happens_and_the_others_are_told(retire, harborcu, northgate):
    outcomes = all_at_once([retire(), retire(northgate)] * 4)

    assert kinds(outcomes) == {"DeploymentRetired": 7, "JournalEntry": 1}
    assert len(retirements()) == 1
    assert balances() == {("northgate", "ASR"): (0, 0, 3), ("harborcu", "ASR"): (13, 0, 0)}
    assert_the_books_are_proven()
