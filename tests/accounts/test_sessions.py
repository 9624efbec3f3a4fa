"""Sessions: how long they last (docs/security.md), and that their owner sees and ends them."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.test import Client
from django.utils import timezone

from accounts.models import Session
from accounts.sessions import browser_in_words
from tests.views import notes_of, page_of, text_of

SECURITY = "/settings/security/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


def browser_of(person, agent=FIREFOX, at="203.0.113.7"):
    browser = Client(headers={"User-Agent": agent}, REMOTE_ADDR=at)
    browser.force_login(person)
    browser.get("/history/")
    return browser


def rows(response):
    """The sessions that the page shows: their heading, and what they offer."""
    section = next(part for part in page_of(response).all("section") if part["aria-labelledby"] == "sessions-heading")
    parts = [part for part in section.all("div") if "account-row" in part.classes]
    return [(part.first("h3").text, [button.text for button in part.all("button")]) for part in parts]


def works(browser):
    return browser.get("/history/").status_code == 200


# ── Seeing and ending them ──


def test_ones_sessions_are_listed_with_browser_address_and_when(northgate, user):
    browser_of(user(northgate), CHROME, "198.51.100.9")
    here = browser_of(user(northgate))

    response = here.get(SECURITY)

    assert rows(response) == [("Firefox on Linux This one", []), ("Chrome on Windows", ["Sign out"])]
    assert all(words in text_of(response) for words in ("203.0.113.7 · last seen Today", "198.51.100.9 · last seen Today"))


def test_one_of_them_is_signed_out_at_once(northgate, user):
    other, here = browser_of(user(northgate), CHROME), browser_of(user(northgate))
    handle = Session.objects.get(pk=other.session.session_key).handle

    response = here.post(f"{SECURITY}sessions/{handle}/end/", follow=True)

    assert notes_of(response) == ["That session is signed out."]
    assert (works(other), works(here)) == (False, True)
    assert rows(response) == [("Firefox on Linux This one", [])]


def test_all_others_are_signed_out_at_once(northgate, user):
    others, here = [browser_of(user(northgate), CHROME) for _ in range(2)], browser_of(user(northgate))

    here.post(f"{SECURITY}sessions/end-others/")

    assert ([works(other) for other in others], works(here)) == ([False, False], True)


def test_one_that_has_another_key_since_the_page_was_opened_is_ended_all_the_same(northgate, user):
    """Each switch and return gives a session another key: whoever had it would else only have to press now and then to stay."""
    other, here = browser_of(user(northgate), CHROME), browser_of(user(northgate))
    handle = Session.objects.get(pk=other.session.session_key).handle
    before = other.session.session_key
    other.post("/switch-back/")

    here.post(f"{SECURITY}sessions/{handle}/end/")

    assert (other.cookies["sessionid"].value != before, works(other), works(here)) == (True, False, True)


def test_nobody_ends_or_sees_anothers(northgate, harborcu, user):
    theirs, mine = browser_of(user(northgate)), browser_of(user(harborcu), CHROME)
    handle = Session.objects.get(pk=theirs.session.session_key).handle

    mine.post(f"{SECURITY}sessions/{handle}/end/")
    mine.post(f"{SECURITY}sessions/end-others/")

    assert (works(theirs), works(mine)) == (True, True)
    assert rows(mine.get(SECURITY)) == [("Chrome on Windows This one", [])]


def test_no_page_shows_the_key_of_a_session(northgate, user):
    """A key alone opens the portal."""
    other, here = browser_of(user(northgate), CHROME), browser_of(user(northgate))

    page = here.get(SECURITY).content.decode()

    assert [key for key in (other.session.session_key, here.session.session_key) if key in page] == []


def test_a_session_that_was_ended_does_not_come_back_when_it_is_written(northgate, user):
    """Another request of it may be under way."""
    other = browser_of(user(northgate), CHROME)
    session = other.session
    assert session["_auth_user_id"] == str(user(northgate).pk)
    browser_of(user(northgate)).post(f"{SECURITY}sessions/end-others/")

    session["theme"] = "dark"
    with pytest.raises(UpdateError):
        session.save()
    assert not works(other)


def test_one_that_was_ended_while_it_gets_another_key_does_not_come_back(northgate, user):
    """Django would make a row anew, of what it has in memory."""
    other, here = browser_of(user(northgate), CHROME), browser_of(user(northgate))
    session = other.session  # as a request that is under way has it
    list(session.keys())
    here.post(f"{SECURITY}sessions/end-others/")

    with pytest.raises(SessionInterrupted):
        session.cycle_key()
    assert (works(other), works(here)) == (False, True)


def test_signing_out_ends_it_on_the_server(northgate, user):
    """Whoever has copied the cookie has nothing."""
    browser = browser_of(user(northgate))
    cookies = browser.cookies.output()
    key = browser.session.session_key
    browser.post("/sign-out/")

    assert (key in cookies, Session.objects.filter(pk=key).exists()) == (True, False)


def test_switching_keeps_whose_session_it_is(northgate, user):
    browser = browser_of(user(northgate))
    browser.post("/switch-back/")

    assert [session.browser for session in user(northgate).sessions.all()] == ["Firefox on Linux"]


# ── How long they last ──


@pytest.fixture
def customer(northgate, user):
    return browser_of(user(northgate)), timedelta(hours=8), timedelta(days=14), "/history/"


@pytest.fixture
def desk_of_staff(staff):
    return browser_of(staff), timedelta(hours=1), timedelta(hours=12), "/admin/"


@pytest.fixture(params=["customer", "desk_of_staff"])
def session(request):
    return request.getfixturevalue(request.param)


A_MINUTE = timedelta(minutes=1)


def test_silence_ends_it(session):
    browser, idle, _, page = session

    for later, status in ((idle - A_MINUTE, 200), (2 * idle + A_MINUTE, 302)):
        with time_machine.travel(timezone.now() + later, tick=False):
            assert browser.get(page).status_code == status


def test_work_does_not_keep_it_for_ever(session):
    browser, idle, longest, page = session
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        while timezone.now() < start + longest - idle:
            clock.shift(idle - A_MINUTE)
            assert browser.get(page).status_code == 200
        clock.move_to(start + longest + A_MINUTE)
        assert browser.get(page).status_code == 302


def test_it_is_told_why_one_has_to_sign_in_again(northgate, user):
    browser = browser_of(user(northgate))

    with time_machine.travel(timezone.now() + timedelta(hours=9), tick=False):
        response = browser.get("/sell/", follow=True)

    assert response.redirect_chain == [("/sign-in/?next=/sell/", 302)]
    assert notes_of(response) == ["Your session is over. Sign in again to go on."]


def test_one_that_is_over_is_not_listed(northgate, user):
    browser_of(user(northgate), CHROME)

    with time_machine.travel(timezone.now() + timedelta(hours=9), tick=False):
        assert rows(browser_of(user(northgate)).get(SECURITY)) == [("Firefox on Linux This one", [])]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Windows"),
        (f"{CHROME} Edg/140.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile Safari/604.1", "Safari on an iPhone"),
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15", "Safari on a Mac"),
        ("curl/8.14.1", "An unknown browser"),
        ("", "An unknown browser"),
        ("\0" * 5000, "An unknown browser"),
    ],
)
def test_a_browser_is_named_as_its_owner_knows_it(agent, words):
    assert browser_in_words(agent) == words
