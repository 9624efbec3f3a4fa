"""What is said above the next page comes with it, once, to the session that pressed and to nobody who reads its cookies."""

import base64

import pytest
from django.contrib import messages
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from tests.factories.licenses import give
from tests.views import notes_of, press

SAID = ["3 licenses now belong to Harbor Credit Union."]
COOKIE = "messages"


@pytest.fixture
def seller(northgate, harborcu, signed_in):
    """northgate's administrator, whose session was used this minute."""
    give(northgate, ASR=10)
    browser = signed_in(northgate)
    browser.get("/help/")
    return browser


def sell(browser):
    answer = press(browser, "/sell/", {"owner": "harborcu", "qty-ASR": "3"})
    assert answer.status_code == 302
    return answer


def test_it_is_said_once(seller):
    sell(seller)

    assert [notes_of(seller.get("/help/")) for _ in range(2)] == [SAID, []]
    assert seller.cookies[COOKIE].value == ""


def test_neither_the_press_nor_the_next_page_writes_the_session(seller):
    with CaptureQueriesContext(connection) as captured:
        sell(seller)
        seller.get("/help/")

    assert [query["sql"] for query in captured if "accounts_session" in query["sql"] and not query["sql"].startswith("SELECT")] == []


def test_nothing_can_be_read_in_the_cookie(seller):
    """What no browser may keep of a page, it does not keep in a cookie."""
    sell(seller)
    sealed = seller.cookies[COOKIE].value

    assert b"arbor" not in base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)) + sealed.encode()
    assert (seller.cookies[COOKIE]["httponly"], seller.cookies[COOKIE]["samesite"], seller.cookies[COOKIE]["max-age"]) == (True, "Lax", "")


def test_whoever_signs_in_at_the_same_browser_is_told_nothing_of_it(seller, tideway, northgate, user):
    sell(seller)

    sealed = seller.cookies[COOKIE].value

    for person in (user(tideway), user(northgate)):
        seller.force_login(person)
        seller.cookies[COOKIE] = sealed
        assert notes_of(seller.get("/help/")) == []


@pytest.mark.parametrize("value", ["", "x", "é", "gAAAAA", "=" * 5000, "[]"])
def test_what_the_portal_did_not_seal_is_nothing(seller, value):
    seller.cookies[COOKIE] = value

    assert (seller.get("/help/").status_code, notes_of(seller.get("/help/"))) == (200, [])


@pytest.mark.parametrize("length", [10, 1400, 5000])
def test_what_is_too_long_for_a_cookie_comes_all_the_same(length, db):
    """A browser takes 4 KiB."""
    told = [f"{number}{'x' * length}" for number in range(3)]
    requests, cookies, seen = RequestFactory(), {}, []

    def say(request):
        for text in told:
            messages.info(request, text)
        return HttpResponse()

    def look(request):
        seen.extend(message.message for message in messages.get_messages(request))
        return HttpResponse()

    for view in (say, look, look):
        request = requests.get("/")
        request.COOKIES.update(cookies)
        answer = SessionMiddleware(MessageMiddleware(view))(request)
        cookies |= {name: morsel.value for name, morsel in answer.cookies.items()}
        assert len(cookies.get(COOKIE, "")) <= 2048

    assert seen == told
