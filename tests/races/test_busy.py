"""Whoever would wait too long is told so, keeps the form, and may press again: the key is still good (B5, B6)."""

import threading

import pytest
from django.db import connection, transaction

from accounts.models import Account
from licenses.models import Holding, JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation import flows
from licensing_portal.foundation.flows import Busy, flow
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import ResellerFactory
from tests.factories.licenses import give, quantities
from tests.races.crowd import PATIENCE, all_at_once, kinds
from tests.races.holding import held
from tests.views import errors_of, form_of, kept_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

BUSY = "The portal is busy. Nothing was moved. Press again in a moment."


@pytest.fixture
def impatient(monkeypatch):
    """A tenth of a second instead of three: what is shown is that waiting ends, not when."""
    monkeypatch.setattr(flows, "LOCK_TIMEOUT", 0.1)


def lock_the_holdings_of(account):
    return lambda: list(Holding.objects.select_for_update().filter(account=account))


def test_a_sale_behind_a_lock_that_is_not_given_is_refused_as_busy_and_goes_through_later(impatient, northgate, harborcu, user):
    give(northgate, ASR=10)
    key = fresh_key()

    def sell():
        return sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), key=key)

    with held(lock_the_holdings_of(northgate)), pytest.raises(Busy, match=BUSY):
        sell()
    assert (JournalEntry.objects.filter(kind="sale").count(), Submission.objects.filter(pk=key).count()) == (0, 0)

    sale = sell()

    assert Notice.objects.filter(event=sale.number).count() == 1
    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}
    assert_the_books_are_proven()


def test_the_page_says_so_above_the_form_with_all_that_was_typed_and_the_same_key(impatient, northgate, harborcu, signed_in):
    """B6: one presses again, and that is all."""
    give(northgate, ASR=10)
    browser = signed_in(northgate)
    typed = {"owner": "harborcu", "qty-ASR": "3", "reference": "PO 7"}
    form = form_of(browser, "/sell/") | typed

    with held(lock_the_holdings_of(northgate)):
        refused = browser.post("/sell/", form)
    assert errors_of(refused) == {"": [BUSY]}
    assert kept_in(refused, typed) == typed

    assert browser.post("/sell/", form).url == JournalEntry.objects.get(kind="sale").get_absolute_url()


def test_staff_who_open_an_account_while_a_rival_takes_its_name_are_told_too(impatient, desk):
    """B6, in the admin too."""
    typed = {"username": "newco", "company": "New Co", "email": "newco@example.com"}
    form = form_of(desk, "/admin/accounts/account/add/") | typed

    with held(lambda: ResellerFactory(username="newco")):
        refused = desk.post("/admin/accounts/account/add/", form)

    assert errors_of(refused) == {"": [BUSY]}
    assert kept_in(refused, typed) == typed
    desk.post("/admin/accounts/account/add/", form)
    assert Account.objects.filter(username="newco").count() == 1


def test_another_account_does_not_wait(impatient, northgate, tideway, metrotransit, user):
    give(northgate, ASR=10)
    give(tideway, ASR=10)

    with held(lock_the_holdings_of(northgate)):
        sell_licenses(seller=tideway, sold_by=user(tideway), owner=metrotransit, quantities=quantities(ASR=1), key=fresh_key())

    assert balances()["metrotransit", "ASR"] == (1, 0, 0)


def test_one_person_sells_two_products_to_one_enduser_at_once_and_neither_sale_waits(impatient, northgate, harborcu, user):
    """Who else sells is waited for at the books alone, where it is about the same licenses."""
    give(northgate, ASR=10, TTS=10)

    def sell(**wanted):
        return sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(**wanted), key=fresh_key())

    with held(lambda: sell(ASR=1)):
        sell(TTS=2)

    assert balances()["harborcu", "TTS"] == (2, 0, 0)  # the sale of ASR was taken back
    assert_the_books_are_proven()


def test_a_statement_that_takes_too_long_is_cut_off(monkeypatch, db):
    monkeypatch.setattr(flows, "STATEMENT_TIMEOUT", 0.1)

    @flow
    def dawdle():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")

    with pytest.raises(Busy):
        dawdle()


def test_a_deadlock_is_broken_and_its_victim_told_that_nothing_was_moved(northgate, tideway):
    """The flows lock in one order; should one not, nobody sees a fault for it."""
    give(northgate, ASR=1)
    give(tideway, ASR=1)
    gate = threading.Barrier(2)

    @flow
    def lock(first, second):
        Holding.objects.select_for_update().get(account=first)
        gate.wait(PATIENCE)
        Holding.objects.select_for_update().get(account=second)

    assert kinds(all_at_once([lambda: lock(northgate, tideway), lambda: lock(tideway, northgate)])) == {"Busy": 1, "NoneType": 1}


def test_the_limits_end_with_the_flow(db):
    """SET LOCAL: the next one on this connection, who may be somebody else, has none of them."""

    def limits():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
            return cursor.fetchone()

    before = limits()
    within = flow(limits)()

    assert (before, within, limits()) == (("0", "0"), ("3s", "10s"), ("0", "0"))


def test_whatever_else_the_database_says_is_no_busy(db):
    """The control: a fault stays a fault."""

    @flow
    def stumble():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")

    with pytest.raises(Exception, match="division by zero") as fault:
        stumble()
    assert not isinstance(fault.value, Busy)
