"""Link User Admin asks for the second factor of whose credentials it is given, where there is one (A2, A8)."""

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Link
from accounts.security import factors
from licensing_portal.foundation.models import Notice
from tests.authenticator import code
from tests.factories.accounts import PASSWORD
from tests.factories.factors import give_factor
from tests.views import controls_of, errors_of, press

LINKS = "/linked-accounts/"


@pytest.fixture
def administrator(northgate, west, signed_in):
    return signed_in(northgate)


def links():
    return [str(link) for link in Link.objects.all()]


@pytest.fixture
def guarded(west, user):
    """northgate-west's administrator, with an authenticator app."""
    return give_factor(user(west))


def link_west(browser, **typed):
    return press(browser, LINKS, {"username": "northgate-west", "password": PASSWORD} | typed)


def fields_of(response):
    return [name for role, name in controls_of(response) if role == "field" and name in {"Username", "Password", "Code"}]


def test_the_code_is_asked_for_after_the_password_was_right(administrator, guarded):
    assert fields_of(administrator.get(LINKS)) == ["Username", "Password"]

    response = link_west(administrator)

    assert (response.status_code, errors_of(response)) == (200, {"code": ["Enter the password again, and the code of this user’s second factor"]})
    assert fields_of(response) == ["Username", "Password", "Code"]
    assert links() == []


def test_with_the_code_the_account_is_linked(administrator, guarded):
    assert press(administrator, LINKS, {"username": "northgate-west", "password": PASSWORD, "code": code()}).status_code == 302
    assert links() == ["northgate → northgate-west"]


def test_a_recovery_code_does_as_well_and_its_owner_is_told(administrator, guarded):
    response = link_west(administrator, code=factors.recovery_codes_of(guarded)[0])

    assert (response.status_code, links()) == (302, ["northgate → northgate-west"])
    assert [notice.account for notice in Notice.objects.filter(kind="accounts/emails/sign_in_changed")] == ["northgate-west"]


def test_a_wrong_password_tells_nothing_of_the_second_factor_and_uses_up_no_code(administrator, guarded):
    """A8: whatever was typed as a code."""
    spare = factors.recovery_codes_of(guarded)[0]
    for typed in ({}, {"code": spare}, {"code": code()}):
        response = link_west(administrator, password="wrong horse battery", **typed)
        assert errors_of(response) == {"username": ["Username or password is wrong"]}

    assert spare in factors.recovery_codes_of(guarded)


def test_a_code_where_there_is_no_second_factor_is_of_no_interest(administrator, west):
    assert link_west(administrator, code="123456").status_code == 302


def test_wrong_codes_are_counted_with_those_of_the_sign_in(administrator, guarded):
    """A8."""
    answers = [link_west(administrator, code="000000").status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]
    browser = Client()
    press(browser, "/sign-in/", {"login": "northgate-west", "password": PASSWORD})
    assert press(browser, "/sign-in/second-factor/", {"code": code()}).status_code == 429


def test_a_code_that_opened_the_sign_in_makes_no_link(administrator, guarded):
    with time_machine.travel(timezone.now(), tick=False):
        assert factors.use_up(guarded, code()) is not None
        assert errors_of(link_west(administrator, code=code())) == {"code": [factors.WRONG_CODE]}
