"""ASVS 7.2.4, new keys: whoever planted a session's key in a browser, or has copied it, has nothing once its person has come further.

How long sessions last and who ends them stands in tests/accounts/test_sessions.py.
"""

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.test import Client, RequestFactory

from accounts.adapter import AccountAdapter
from accounts.models import Invitation, Session
from accounts.notices import invitation_token
from accounts.services import create_enduser
from licensing_portal.foundation.submissions import fresh_key
from tests.accounts.test_security_views import key_on
from tests.authenticator import code
from tests.factories.accounts import PASSWORD, LinkFactory
from tests.factories.factors import give_factor
from tests.views import press

CHOSEN = "a few words in a row"


def copy_of(browser):
    """A browser with the same cookies, as whoever has planted or copied them has it."""
    other = Client()
    other.cookies.load(browser.cookies.output(header="", sep=";"))
    return other


def opens(browser):
    return browser.get("/history/").status_code == 200


def sign_in(browser):
    answer = press(browser, "/sign-in/", {"login": "northgate", "password": PASSWORD})
    assert answer.status_code == 302
    return browser


@pytest.fixture
def planted(northgate):
    """A browser that has a session before anybody has signed in."""
    browser = Client()
    browser.get("/invitation/some-token/")
    assert Session.objects.filter(pk=browser.session.session_key).exists()
    return browser


def test_at_the_sign_in(planted):
    before, copy = planted.session.session_key, copy_of(planted)

    sign_in(planted)

    assert (opens(planted), opens(copy), Session.objects.filter(pk=before).exists()) == (True, False, False)


def test_at_the_sign_in_of_the_same_user_again(northgate, user):
    """Django would keep the key."""
    request = RequestFactory().get("/")
    SessionMiddleware(lambda request: None).process_request(request)
    keys = []
    for _ in range(3):
        AccountAdapter(request).login(request, user(northgate))
        request.session.save()
        keys.append(request.session.session_key)

    assert (len(set(keys)), [session.pk for session in Session.objects.all()]) == (3, keys[-1:])


def test_whoever_is_signed_in_signs_in_nobody_at_the_page(northgate, tideway, signed_in):
    """Neither again nor as somebody else: one signs out first."""
    browser = signed_in(northgate)
    before = browser.session.session_key

    answer = browser.post("/sign-in/", {"login": "tideway", "password": PASSWORD})

    assert (answer.url, browser.session.session_key, browser.session["_auth_user_id"]) == ("/", before, str(northgate.users.get().pk))


@pytest.mark.parametrize("steps", [["/switch/northgate-west/"], ["/switch/northgate-west/", "/switch-back/"]], ids=["switching", "returning"])
def test_at_switching_and_returning(northgate, west, signed_in, steps):
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    copies = []
    for step in steps:
        copies.append(copy_of(browser))
        browser.post(step)

    assert (opens(browser), [opens(copy) for copy in copies], Session.objects.count()) == (True, [False] * len(steps), 1)


def test_after_the_second_factor(planted, northgate, user):
    give_factor(user(northgate))
    copies = [copy_of(planted)]
    sign_in(planted)
    copies.append(copy_of(planted))

    press(planted, "/sign-in/second-factor/", {"code": code()})

    assert (opens(planted), [opens(copy) for copy in copies], Session.objects.count()) == (True, [False, False], 1)


def test_over_the_link_of_an_invitation(northgate, user):
    """Whose token lay in the session."""
    create_enduser(reseller=northgate, created_by=user(northgate), username="pinecrest", company="P", email="p@example.com", key=fresh_key())
    browser = Client()
    browser.get(f"/invitation/{invitation_token(Invitation.objects.get())}/")
    copy = copy_of(browser)

    press(browser, "/invitation/", {"password": CHOSEN})

    assert (opens(browser), opens(copy), Session.objects.count()) == (True, False, 1)


@pytest.mark.parametrize(
    ("address", "typed", "has_factor"),
    [
        ("/settings/security/password/", {"password": PASSWORD, "new_password": CHOSEN}, False),
        ("/settings/security/authenticator/", {"password": PASSWORD, "code": ""}, False),
        ("/settings/security/recovery-codes/new/", {"password": PASSWORD}, True),
        ("/settings/security/turn-off/", {"password": PASSWORD, "code": ""}, True),
    ],
)
def test_with_each_change_to_the_sign_in(northgate, user, signed_in, address, typed, has_factor):
    if has_factor:
        give_factor(user(northgate))
    browser = signed_in(northgate)
    copy = copy_of(browser)
    before = browser.session.session_key
    if "code" in typed:
        typed |= {"code": code(key=key_on(browser.get(address))) if "authenticator" in address else code()}

    answer = press(browser, address, typed)

    assert (answer.status_code, browser.session.session_key != before, opens(copy)) == (302, True, False)
