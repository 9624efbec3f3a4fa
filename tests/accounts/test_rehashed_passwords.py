"""A password that is merely hashed anew, or looked at under a new secret, is the same password: what stands on it goes on standing (A6)."""

import pytest
from django.test import Client

from accounts.models import User
from tests.factories.accounts import PASSWORD, LinkFactory
from tests.hashers import FastArgon2PasswordHasher
from tests.views import press

SECURITY = "/settings/security/password/"


class StrongerHasher(FastArgon2PasswordHasher):
    """The parameters of the next version of the portal."""

    time_cost = 2


def stored(user):
    return User.objects.get(pk=user.pk).password


def sign_in(password=PASSWORD):
    return press(Client(), "/sign-in/", {"login": "northgate", "password": password})


def opens(browser):
    return browser.get("/history/").status_code == 200


@pytest.fixture
def person(northgate, user):
    return user(northgate)


@pytest.fixture
def link(west, northgate):
    return LinkFactory(holder=west, target=northgate)


@pytest.fixture
def stronger(settings, person, link):
    """What happens from now on happens with other parameters."""
    before = stored(person)
    settings.PASSWORD_HASHERS = [f"{__name__}.StrongerHasher"]
    return before


def test_signing_in_hashes_it_anew_and_the_link_goes_on(stronger, person, link):
    assert link.is_proven

    sign_in()

    link.refresh_from_db()
    assert (stored(person) != stronger, "t=2" in stored(person), link.is_proven) == (True, True, True)


def test_other_sessions_go_on(settings, person, signed_in, northgate):
    others = [signed_in(northgate), signed_in(northgate)]
    settings.PASSWORD_HASHERS = [f"{__name__}.StrongerHasher"]

    sign_in()

    assert ("t=2" in stored(person), [opens(browser) for browser in others]) == (True, [True, True])


def test_one_who_types_the_password_again_stays_signed_in(settings, person, signed_in, northgate):
    """It is asked for again before each change to the sign-in."""
    browser = signed_in(northgate)
    settings.PASSWORD_HASHERS = [f"{__name__}.StrongerHasher"]

    press(browser, SECURITY, {"password": PASSWORD, "new_password": "short"})

    assert ("t=2" in stored(person), opens(browser)) == (True, True)


def test_a_wrong_password_hashes_nothing_anew(stronger, person, link):
    sign_in("wrong horse battery")

    assert stored(person) == stronger


def test_a_link_that_asks_for_the_credentials_goes_on_asking(stronger, person, link):
    """What had ended before the password was hashed anew does not begin again with it."""
    link.proof = "of another password"
    link.save()

    sign_in()

    link.refresh_from_db()
    assert ("t=2" in stored(person), link.is_proven, link.proof) == (True, False, "of another password")


def test_a_session_that_had_ended_does_not_come_back_with_it(settings, person, signed_in, northgate):
    browser = signed_in(northgate)
    User.objects.filter(pk=person.pk).update(revocations=1)
    settings.PASSWORD_HASHERS = [f"{__name__}.StrongerHasher"]

    sign_in()

    assert ("t=2" in stored(person), opens(browser)) == (True, False)


# ── A new secret ──


def test_under_a_new_secret_links_and_sessions_go_on(settings, person, link, signed_in, northgate):
    """docs/operations.md: what was signed with a key of before is still read."""
    browser = signed_in(northgate)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new secret", [settings.SECRET_KEY]

    assert (opens(browser), link.is_proven) == (True, True)


def test_without_the_secret_of_before_they_do_not(settings, person, link, signed_in, northgate):
    browser = signed_in(northgate)
    settings.SECRET_KEY = "a new secret"

    assert (opens(browser), link.is_proven) == (False, False)


def test_what_was_revoked_does_not_come_back_over_the_secret_of_before(settings, person, link, signed_in, northgate):
    browser = signed_in(northgate)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new secret", [settings.SECRET_KEY]
    User.objects.filter(pk=person.pk).update(revocations=1)
    link.proved_by.refresh_from_db()

    assert (opens(browser), link.is_proven) == (False, False)


def test_hashed_anew_under_a_new_secret_they_go_on_as_well(settings, stronger, person, link, signed_in, northgate):
    browser = signed_in(northgate)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new secret", [settings.SECRET_KEY]

    sign_in()

    link.refresh_from_db()
    assert ("t=2" in stored(person), link.is_proven, opens(browser)) == (True, True, True)
