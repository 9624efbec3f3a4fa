"""Rights that are taken away while a form is being decided (B7): whoever changes them waits, or the form finds them changed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.links.services import remove_link
from accounts.models import Account, User
from accounts.services import AccountClosed, NotYourEnduser
from licenses.models import Product
from licenses.services import NotClosed, ProductRetired, close_enduser, issue_licenses, reverse_entry, sell_licenses
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.submissions import fresh_key
from tests.books import balances
from tests.factories.accounts import LinkFactory, UserFactory
from tests.factories.licenses import give, quantities
from tests.races.crowd import PATIENCE
from tests.races.holding import wait_until_waiting
from transfers.services import NotLinked, transfer_licenses

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def while_it_is_open(change, act):
    """Make a change in a transaction, let the act begin, and commit once the act waits for it. Return how the act ended."""
    changed, waiting = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                change()
                changed.set()
                waiting.wait(PATIENCE)
        finally:
            connection.close()

    def run():
        try:
            changed.wait(PATIENCE)
            return act()
        except Exception as problem:
            return problem
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        holder, runner = pool.submit(hold), pool.submit(run)
        wait_until_waiting(lambda: 1)
        waiting.set()
        holder.result(PATIENCE)
        return runner.result(PATIENCE)


def test_an_enduser_moved_while_the_sale_is_decided_is_not_sold_to(northgate, tideway, harborcu, user):
    give(northgate, ASR=10)

    outcome = while_it_is_open(
        change=lambda: Account.objects.filter(pk=harborcu.pk).update(reseller=tideway),
        act=lambda: sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key()),
    )

    assert isinstance(outcome, NotYourEnduser)
    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_an_enduser_closed_while_the_sale_is_decided_is_not_sold_to(northgate, harborcu, user):
    give(northgate, ASR=10)

    outcome = while_it_is_open(
        change=lambda: Account.objects.filter(pk=harborcu.pk).update(closed_at=timezone.now()),
        act=lambda: sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key()),
    )

    assert isinstance(outcome, NotYourEnduser)
    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_whoever_is_demoted_while_the_sale_is_decided_sells_nothing(northgate, harborcu, user):
    give(northgate, ASR=10)
    seller = user(northgate)

    outcome = while_it_is_open(
        change=lambda: User.objects.filter(pk=seller.pk).update(role="viewer"),
        act=lambda: sell_licenses(seller=northgate, sold_by=seller, owner=harborcu, quantities=quantities(ASR=1), key=fresh_key()),
    )

    assert (type(outcome), balances()) == (NotAllowed, {("northgate", "ASR"): (10, 0, 0)})


@pytest.fixture
def issue(publisher, staff, northgate):
    asr = quantities(ASR=1)
    return lambda: issue_licenses(publisher=publisher, issued_by=staff, account=northgate, quantities=asr, key=fresh_key())


def test_an_account_closed_while_the_issue_is_decided_receives_nothing(issue, northgate):
    outcome = while_it_is_open(change=lambda: Account.objects.filter(pk=northgate.pk).update(closed_at=timezone.now()), act=issue)

    assert (type(outcome), balances()) == (AccountClosed, {})


def test_a_product_retired_while_the_issue_is_decided_is_not_issued(issue):
    outcome = while_it_is_open(change=lambda: Product.objects.filter(code="ASR").update(retired_at=timezone.now()), act=issue)

    assert (type(outcome), balances()) == (ProductRetired, {})


def test_a_link_removed_while_the_transfer_is_decided_moves_nothing(northgate, west, user):
    link = LinkFactory(holder=northgate, target=west)
    give(west, ASR=10)

    outcome = while_it_is_open(
        change=lambda: remove_link(link=link, removed_by=user(west), acting=west, key=fresh_key()),
        act=lambda: transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(ASR=1), key=fresh_key()),
    )

    assert isinstance(outcome, NotLinked)
    assert balances() == {("northgate-west", "ASR"): (10, 0, 0)}


def test_an_enduser_closed_while_licenses_are_pulled_into_it_receives_nothing(northgate, harborcu, stmarys, user):
    """It was empty when its reseller closed it, and must be then: nobody could reach what comes after (A1)."""
    LinkFactory(holder=harborcu, target=stmarys)
    give(stmarys, ASR=10)

    outcome = while_it_is_open(
        change=lambda: close_enduser(reseller=northgate, enduser=harborcu, closed_by=user(northgate), key=fresh_key()),
        act=lambda: transfer_licenses(receiver=harborcu, transferred_by=user(harborcu), giver=stmarys, quantities=quantities(ASR=1), key=fresh_key()),
    )

    assert (type(outcome), balances()) == (AccountClosed, {("stmarys", "ASR"): (10, 0, 0)})


def test_an_enduser_that_is_sold_to_while_it_is_closed_stays_open(northgate, harborcu, user):
    give(northgate, ASR=10)

    outcome = while_it_is_open(
        change=lambda: sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key()),
        act=lambda: close_enduser(reseller=northgate, enduser=harborcu, closed_by=UserFactory(account=northgate, username="jo"), key=fresh_key()),
    )

    assert (type(outcome), Account.objects.get(pk=harborcu.pk).closed_at) == (NotClosed, None)


def test_an_enduser_closed_while_staff_reverse_a_transfer_back_to_it_receives_nothing(northgate, harborcu, stmarys, user, staff, publisher):
    """C11: what harborcu gave away does not come back to where nobody could reach it."""
    LinkFactory(holder=stmarys, target=harborcu)
    give(harborcu, ASR=10)
    asr = quantities(ASR=10)
    gone = transfer_licenses(receiver=stmarys, transferred_by=user(stmarys), giver=harborcu, quantities=asr, key=fresh_key())
    facts = {"publisher": publisher, "reversed_by": staff, "quantities": asr, "reason": "It was not to be", "ticket": "T-1"}

    outcome = while_it_is_open(
        change=lambda: close_enduser(reseller=northgate, enduser=harborcu, closed_by=user(northgate), key=fresh_key()),
        act=lambda: reverse_entry(entry=gone, key=fresh_key(), **facts),
    )

    assert (type(outcome), balances()) == (AccountClosed, {("stmarys", "ASR"): (10, 0, 0)})
