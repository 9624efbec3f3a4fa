"""The second factor at the sign-in (rules.md §1, A8): a code of the app, a recovery code, and how often one may try.

Passkeys need a browser: tests/browser/test_security.py.
"""

import json

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from accounts.security import factors
from licensing_portal.foundation.models import Notice
from tests.authenticator import KEY, code
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.factors import give_factor
from tests.views import RUBBISH, errors_of, heading_of, page_of, press, text_of

SIGN_IN, SECOND_FACTOR = "/sign-in/", "/sign-in/second-factor/"
WRONG = {"code": [factors.WRONG_CODE]}
LOCKED = {"code": ["Too many tries. Wait five minutes, or reset your password."]}


@pytest.fixture
def person(northgate, user):
    """northgate's administrator, with an authenticator app."""
    return give_factor(user(northgate))


@pytest.fixture
def visitor(person):
    """Where the password was given."""
    browser = Client()
    press(browser, SIGN_IN, {"login": "northgate", "password": PASSWORD})
    return browser


def give(browser, text):
    return press(browser, SECOND_FACTOR, {"code": text})


def is_signed_in(browser):
    return browser.get("/history/").status_code == 200


def test_the_password_leads_to_the_second_factor_and_opens_nothing_yet(person):
    browser = Client()

    response = press(browser, SIGN_IN, {"login": "northgate", "password": PASSWORD})

    assert (response.status_code, response.url) == (302, SECOND_FACTOR)
    assert heading_of(browser.get(SECOND_FACTOR)) == "Second factor"
    assert not is_signed_in(browser)


@pytest.mark.parametrize("change", ["password", "revocations"])
def test_what_the_password_proved_is_void_when_it_changes_or_the_sign_in_is_closed_meanwhile(visitor, person, change):
    """A6: a new password ends all sessions, and with them a sign-in that stands between its two steps."""
    person.set_password("a few words in a row")
    person.revocations = 1
    person.save(update_fields=[change])

    response = give(visitor, code())

    assert (response.status_code, response.url, is_signed_in(visitor)) == (302, SIGN_IN, False)
    assert "Your password was changed meanwhile. Sign in with the new one." in text_of(visitor.get(SIGN_IN))


def test_a_wrong_password_tells_nothing_of_the_second_factor(person):
    """A8."""
    response = press(Client(), SIGN_IN, {"login": "northgate", "password": "wrong horse battery"})

    assert errors_of(response) == {"": ["Username or password is wrong"]}


def test_who_has_none_is_asked_for_none(northgate):
    assert press(Client(), SIGN_IN, {"login": "northgate", "password": PASSWORD}).url == "/"


@pytest.mark.parametrize("later", [-1, 0, 1])
def test_a_code_of_the_app_opens_the_portal_though_a_clock_is_half_a_minute_wrong(visitor, later):
    with time_machine.travel(timezone.now(), tick=False):
        response = give(visitor, code(later))

    assert (response.status_code, response.url) == (302, "/")
    assert is_signed_in(visitor)


def test_it_leads_to_the_page_that_was_asked_for(person):
    browser = Client()
    press(browser, "/sign-in/?next=/history/", {"login": "northgate", "password": PASSWORD})

    assert give(browser, code()).url == "/history/"


def test_the_session_gets_a_new_key_after_the_second_factor(visitor):
    before = visitor.session.session_key

    give(visitor, code())

    assert visitor.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()


@pytest.mark.parametrize("later", [-2, 2, 100])
def test_a_code_of_another_time_is_refused(visitor, later):
    with time_machine.travel(timezone.now(), tick=False):
        assert errors_of(give(visitor, code(later))) == WRONG
    assert not is_signed_in(visitor)


@pytest.mark.parametrize("text", ["000000", "12345", "1234567", "abcdef", "１２３４５６", "-1", " ", *RUBBISH.values()], ids=ascii)
def test_anything_else_is_refused_and_breaks_nothing(visitor, text):
    response = give(visitor, text)

    assert (response.status_code, list(errors_of(response))) == (200, ["code"])
    assert not is_signed_in(visitor)


@pytest.mark.parametrize("seconds", [0, 29, 45])
def test_a_code_works_once_however_long_it_is_good_for(person, seconds):
    """Whoever looked over a shoulder, and knows the password, is half a minute too late."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        seen = code(1)
        for answer in (302, 200):
            browser = Client()
            press(browser, SIGN_IN, {"login": "northgate", "password": PASSWORD})
            assert give(browser, seen).status_code == answer
            clock.shift(seconds)

    assert not is_signed_in(browser)


def test_a_code_from_before_the_last_one_is_refused_as_well(person):
    with time_machine.travel(timezone.now(), tick=False):
        assert factors.use_up(person, code(1)) is not None
        assert factors.use_up(person, code(0)) is None


def test_two_presses_of_one_code_open_it_once_whatever_the_cache_forgets(person):
    """What was used stands with the factor, under its row's lock."""
    with time_machine.travel(timezone.now(), tick=False):
        assert factors.use_up(person, code()) is not None
        cache.clear()
        assert factors.use_up(person, code()) is None


def test_a_code_of_somebody_elses_app_is_refused(person, northgate):
    stranger = UserFactory(account=northgate, username="stranger", second_factor=True)
    app = Authenticator.objects.get(user=stranger, type="totp")
    app.data = {"secret": factors.FactorAdapter().encrypt(KEY[::-1]), "last_step": 0}
    app.save()

    assert factors.use_up(stranger, code()) is None


# ── Recovery codes ──


def test_a_recovery_code_opens_it_once_and_its_owner_is_told(person, visitor):
    spare = factors.recovery_codes_of(person)[3]
    response = give(visitor, spare)

    assert (response.url, is_signed_in(visitor)) == ("/", True)
    assert len(factors.recovery_codes_of(person)) == 9
    letter = Notice.objects.get(kind="accounts/emails/sign_in_changed")
    assert (letter.account, letter.address, letter.email.subject) == ("northgate", "northgate@people.example.com", "A recovery code was used")
    assert "9 codes left" in " ".join(letter.email.message.split())

    again = Client()
    press(again, SIGN_IN, {"login": "northgate", "password": PASSWORD})
    assert errors_of(give(again, spare)) == WRONG


def test_the_database_alone_makes_no_codes(person):
    """Whoever reads a backup without SECRET_KEY reads no key of an app and no recovery code."""
    rows = json.dumps(list(Authenticator.objects.filter(user=person).values_list("data", flat=True)))

    assert KEY not in rows
    assert [spare for spare in factors.recovery_codes_of(person) if spare in rows] == []


def test_a_new_secret_key_reads_what_the_one_before_wrote(person, settings):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"

    assert factors.use_up(person, code()) is not None


# ── How often one may try ──


def test_after_five_wrong_codes_the_second_factor_is_locked_and_the_answer_is_429(visitor):
    """A8: six digits are soon guessed; the right code does not open it either."""
    answers = [give(visitor, "000000").status_code for _ in range(5)]
    response = give(visitor, code())

    assert answers == [200] * 5
    assert (response.status_code, response["Retry-After"], errors_of(response)) == (429, "300", LOCKED)
    assert not is_signed_in(visitor)


def test_wrong_codes_are_counted_wherever_they_come_from(person):
    """Whoever has stolen a password and has many addresses gets no more tries."""
    for number in range(5):
        browser = Client(REMOTE_ADDR=f"203.0.113.{number}")
        press(browser, SIGN_IN, {"login": "northgate", "password": PASSWORD})
        give(browser, "000000")

    browser = Client(REMOTE_ADDR="198.51.100.9")
    press(browser, SIGN_IN, {"login": "northgate", "password": PASSWORD})
    assert give(browser, code()).status_code == 429


def test_right_codes_are_not_counted(person):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(7):
            browser = Client()
            press(browser, SIGN_IN, {"login": "northgate", "password": PASSWORD})
            assert give(browser, code()).status_code == 302
            clock.shift(90)


# ── No way around ──


def test_a_new_password_over_a_link_does_not_turn_it_off(person, user, northgate):
    """Whoever reads somebody's mail has one of two things."""
    browser = Client()
    press(browser, "/password/reset/", {"email": "northgate"})
    form = browser.get(reset_link_of(person), follow=True)
    response = browser.post(form.request["PATH_INFO"], {"password1": "a few words in a row"})

    assert response.url == SECOND_FACTOR
    assert not is_signed_in(browser)
    assert give(browser, code()).url == "/"


def reset_link_of(person):
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str

    return f"/password/reset/key/{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}/"


def test_the_second_step_without_the_first_leads_to_the_sign_in(person):
    browser = Client()

    assert [browser.get(SECOND_FACTOR).url, browser.post(SECOND_FACTOR, {"code": code()}).url] == [SIGN_IN] * 2


def test_who_is_deactivated_between_the_steps_does_not_come_in(visitor):
    User.objects.filter(username="northgate").update(is_active=False)
    give(visitor, code())

    assert not is_signed_in(visitor)


@pytest.mark.parametrize(
    "said", ["", "{}", "[]", "1", '"x"', "{", '{"id": 5, "rawId": [], "response": {}, "type": "public-key"}', "[" * 10_000, "x" * 30_000]
)
def test_what_is_no_passkey_is_refused_and_breaks_nothing(person, visitor, said):
    response = visitor.post(SECOND_FACTOR, {"credential": said})

    assert response.status_code == 200
    assert page_of(response).first("h2").text == "There is a problem"
    assert not is_signed_in(visitor)
