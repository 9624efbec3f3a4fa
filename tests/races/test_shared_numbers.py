"""Flows of different kinds that want the same licenses at the same moment (B3): what is available is shared, never doubled."""

import pytest

from deployments.services import add_deployment
from licenses.models import Holding
from licenses.services import issue_licenses, sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give, quantities
from tests.races.crowd import all_at_once, kinds
from tests.races.holding import let_nobody_lock
from transfers.services import transfer_licenses

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

RIVALS = [("sell", "deploy"), ("sell", "pull"), ("deploy", "pull")]


@pytest.fixture
def acts(northgate, west, harborcu, user):
    """northgate has one ASR, and each takes one: a sale, a deployment, and a transfer that northgate-west pulls."""
    give(northgate, ASR=1)
    LinkFactory(holder=west, target=northgate)
    asr, seller, puller = quantities(ASR=1), user(northgate), user(west)
    return {
        "sell": lambda: sell_licenses(seller=northgate, sold_by=seller, owner=harborcu, quantities=asr, key=fresh_key()),
        "deploy": lambda: add_deployment(
            account=northgate, added_by=seller, owner=northgate, name="LAB", host_name="lab", quantities=asr, key=fresh_key()
        ),
        "pull": lambda: transfer_licenses(receiver=west, transferred_by=puller, giver=northgate, quantities=asr, key=fresh_key()),
    }


@pytest.fixture
def without_locks(monkeypatch):
    let_nobody_lock(monkeypatch, rivals=2)


@pytest.mark.parametrize("rivals", RIVALS)
def test_without_the_lock_the_loser_of_the_last_license_sees_a_crash(acts, rivals, without_locks):
    """The control: both were told that it is theirs, and the database had the last word."""
    outcomes = kinds(all_at_once([acts[name] for name in rivals]))

    assert outcomes.pop("IntegrityError") == 1
    assert sum(outcomes.values()) == 1


@pytest.mark.parametrize("rivals", RIVALS)
def test_two_kinds_of_flow_share_what_is_available(acts, rivals, northgate):
    give(northgate, ASR=9)

    outcomes = kinds(all_at_once([acts[name] for name in rivals] * 10))

    assert outcomes.pop("InsufficientLicenses") == 10
    assert sum(outcomes.values()) == 10
    assert Holding.objects.get(account=northgate).available == 0
    assert_the_books_are_proven()


def test_licenses_issued_during_a_storm_of_sales_are_all_counted(acts, northgate, publisher, staff):
    """Each issue raises the number that the sales lower: none of either is lost."""
    give(northgate, ASR=4)
    asr = quantities(ASR=1)

    def issue():
        return issue_licenses(publisher=publisher, issued_by=staff, account=northgate, quantities=asr, key=fresh_key())

    outcomes = all_at_once([issue, acts["sell"], acts["sell"]] * 5)

    assert kinds(outcomes[0::3]) == {"JournalEntry": 5}
    sold = kinds(outcomes[1::3] + outcomes[2::3])["JournalEntry"]
    holding = Holding.objects.get(account=northgate)
    assert (holding.available, holding.sold) == (10 - sold, sold)
    assert 5 <= sold <= 10
    assert_the_books_are_proven()
