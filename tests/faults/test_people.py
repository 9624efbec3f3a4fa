"""What people do with a form that is open: two tabs, a weekend, a session that ends, a right that is taken away meanwhile (B5 to B7)."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from licenses.models import JournalEntry
from tests.books import balances
from tests.factories.licenses import give
from tests.views import errors_of, form_of, kept_in

THREE_SOLD = {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}
NONE_SOLD = {("northgate", "ASR"): (10, 0, 0)}


@pytest.fixture
def seller(northgate, harborcu, signed_in):
    """northgate's, with 10 ASR to sell."""
    give(northgate, ASR=10)
    return signed_in(northgate)


@pytest.fixture
def form(seller):
    """An open form, filled in."""
    return form_of(seller, "/sell/") | {"owner": "harborcu", "qty-ASR": "3"}


def the_receipt():
    return JournalEntry.objects.get(kind="sale").get_absolute_url()


def test_two_tabs_sell_what_there_is_and_the_second_is_told_what_is_left(seller):
    tabs = [form_of(seller, "/sell/") | {"owner": "harborcu", "qty-ASR": "6"} for _ in range(2)]

    first, second = [seller.post("/sell/", tab) for tab in tabs]

    assert first.url == the_receipt()
    assert errors_of(second) == {"qty-ASR": ["4 available"]}
    assert kept_in(second, {"qty-ASR": "6"}) == {"qty-ASR": "6"}


@pytest.mark.parametrize("later", [timedelta(minutes=30), timedelta(hours=7)])
def test_a_form_that_stays_open_sells_when_it_is_pressed_at_last(seller, form, later):
    with time_machine.travel(timezone.now() + later, tick=False):
        assert seller.post("/sell/", form).url == the_receipt()

    assert balances() == THREE_SOLD


def test_a_form_that_stayed_open_for_a_week_sells_once_its_person_has_signed_in_again(seller, form, user, northgate):
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        assert seller.post("/sell/", form).url == "/sign-in/?next=/sell/"
        seller.force_login(user(northgate))
        assert seller.post("/sell/", form).url == the_receipt()

    assert balances() == THREE_SOLD


@pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(days=8)])
def test_a_form_that_is_sent_again_however_much_later_leads_to_the_first_receipt(seller, form, later, user, northgate):
    """Keys are never pruned."""
    seller.post("/sell/", form)

    with time_machine.travel(timezone.now() + later, tick=False):
        again = Client()
        again.force_login(user(northgate))
        assert again.post("/sell/", form).url == the_receipt()

    assert balances() == THREE_SOLD


def test_reloading_the_receipt_changes_nothing(seller, form):
    receipt = seller.post("/sell/", form).url

    assert [seller.get(receipt).status_code for _ in range(5)] == [200] * 5
    assert balances() == THREE_SOLD


@pytest.fixture(params=["signed out in another tab", "session expired"])
def without_a_session(request, seller, form):
    """What happened to the session while the form was open."""
    if request.param == "session expired":
        Session.objects.all().delete()
    else:
        seller.post("/sign-out/")


def test_whose_session_is_over_is_asked_to_sign_in_and_sells_nothing_unawares(seller, form, without_a_session):
    assert seller.post("/sell/", form).url == "/sign-in/?next=/sell/"
    assert balances() == NONE_SOLD


def test_who_signed_in_again_sells_with_the_form_that_was_open(seller, form, without_a_session, user, northgate):
    """The key is the person's, not the session's: whoever goes back to the form presses it, and it sells once."""
    seller.post("/sell/", form)
    seller.force_login(user(northgate))

    assert [seller.post("/sell/", form).url for _ in range(2)] == [the_receipt()] * 2
    assert balances() == THREE_SOLD


def test_who_signed_in_there_instead_does_not_sell_with_anothers_form(seller, form, without_a_session, user, northgate):
    seller.force_login(user(northgate, "manager"))

    assert errors_of(seller.post("/sell/", form)) == {"": ["This page was opened by someone else. Nothing was changed. Check it and press again."]}
    assert balances() == NONE_SOLD


@pytest.mark.parametrize(("change", "status", "leads_to"), [({"role": "viewer"}, 403, ""), ({"is_active": False}, 302, "/sign-in/?next=/sell/")])
def test_who_lost_the_right_meanwhile_sells_nothing(seller, form, change, status, leads_to):
    """B7."""
    User.objects.filter(username="northgate").update(**change)

    answer = seller.post("/sell/", form)

    assert (answer.status_code, answer.headers.get("Location", "")) == (status, leads_to)
    assert balances() == NONE_SOLD


def test_who_is_staff_no_more_issues_nothing_with_the_form_that_was_open(staff, northgate):
    give(northgate, ASR=10)
    desk = Client()
    desk.force_login(staff)
    form = form_of(desk, "/admin/issue/") | {"account": "northgate", "qty-ASR": "5"}
    User.objects.filter(pk=staff.pk).update(is_staff=False)

    assert desk.post("/admin/issue/", form).status_code == 403
    assert balances() == NONE_SOLD
