"""ASVS 6.2 and 11.4, passwords: which are taken, how they are asked for and how they are kept. What else is refused stands in tests/accounts."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from accounts.passwords import NoNamesValidator
from tests.factories.accounts import PASSWORD
from tests.foundation.test_settings import PRODUCTION, start
from tests.views import errors_of, page_of, press

CHANGE = "/settings/security/password/"
WORDS = "seven quiet otters drew maps of every river in the north, and kept them all"


def change_to(browser, password):
    return press(browser, CHANGE, {"password": PASSWORD, "new_password": password})


def comes_in(password):
    return Client().login(username="northgate", password=password)


# ── Which are taken ──


@pytest.mark.parametrize("length", [12, 64, 100, 1000])
def test_a_long_password_is_taken_and_each_of_its_letters_counts(northgate, signed_in, length):
    """6.2.1, 6.2.8, 6.2.9: from twelve on, as long as one likes, and nothing is cut off."""
    password = (WORDS * 20)[:length]

    assert change_to(signed_in(northgate), password).status_code == 302
    assert (comes_in(password), comes_in(password[:-1]), comes_in(password[:-1] + "~"), comes_in(password.upper())) == (True, False, False, False)


@pytest.mark.parametrize("password", ["correct horse battery staple", "qqjwmcvzkxnb", "Tür auf, Tür zu 木"])
def test_no_rule_of_composition_refuses_a_good_one(northgate, signed_in, password):
    """6.2.5: letters alone, spaces, and those of every language."""
    assert change_to(signed_in(northgate), password).status_code == 302


@pytest.mark.parametrize("password", ["password1234", "qwertyuiop123", "123456789012", "elevenchars"])
def test_one_that_everybody_tries_is_refused(northgate, signed_in, password):
    """6.2.1, 6.2.4."""
    assert list(errors_of(change_to(signed_in(northgate), password))) == ["new_password"]
    assert comes_in(PASSWORD)


def test_the_publishers_name_in_it_is_refused(northgate, user, publisher):
    """6.1.2, 6.2.11: whose portal it is, is the first thing that a stranger knows."""
    publisher.company = "Meridian Speech Ltd"
    publisher.save()

    with pytest.raises(ValidationError) as refusal:
        NoNamesValidator().validate("meridian-2026-rocks!", user(northgate))
    assert refusal.value.messages == ["Choose a password without “Meridian” in it"]


def test_nobody_has_to_choose_another_one_in_time(northgate, time_machine):
    """6.2.10."""
    time_machine.move_to("2045-01-01T12:00:00Z", tick=False)

    response = press(Client(), "/sign-in/", {"login": "northgate", "password": PASSWORD})

    assert (response.status_code, response.url) == (302, "/")


# ── How they are asked for ──


def test_every_field_for_one_hides_it_and_tells_password_managers_which_it_is(northgate, harborcu, signed_in):
    """6.2.6, 6.2.7."""
    browser = signed_in(northgate)
    found = {}

    for address in ("/sign-in/", "/linked-accounts/", CHANGE, "/settings/security/authenticator/", "/settings/security/passkeys/add/"):
        page = page_of((Client() if address == "/sign-in/" else browser).get(address))
        fields = [field for field in page.all("input") if "password" in field["name"]]
        found[address] = [(field["type"], field["autocomplete"], "onpaste" in field.attributes, field["maxlength"]) for field in fields]

    ones_own = ("password", "current-password", False, "")
    assert found == {
        "/sign-in/": [ones_own],
        "/linked-accounts/": [("password", "off", False, "")],  # another account's, which a manager must not fill in or keep as one's own
        CHANGE: [ones_own, ("password", "new-password", False, "")],
        "/settings/security/authenticator/": [ones_own],
        "/settings/security/passkeys/add/": [ones_own],
    }


def test_nothing_listens_to_what_is_pasted(settings):
    """6.2.7."""
    scripts = [path.read_text() for path in (settings.BASE_DIR / "static" / "portal").glob("*.js")]

    assert (len(scripts) > 1, [script for script in scripts if "paste" in script]) == (True, [])


# ── How they are kept ──

KEPT = """
import json, django
django.setup()
from django.contrib.auth.hashers import check_password, make_password
kept = make_password("correct horse battery")
print(json.dumps([kept.split("$")[:4], check_password("correct horse battery", kept), check_password("correct horse batterz", kept)]))
"""


def test_in_production_they_are_kept_as_argon2id(northgate):
    """11.4.2: a hundred mebibytes and two rounds in one lane, above what OWASP asks."""
    kept = json.loads(start(KEPT, DJANGO_SETTINGS_MODULE="licensing_portal.settings", **PRODUCTION).stdout)

    assert kept == [["argon2", "argon2id", "v=19", "m=102400,t=2,p=1"], True, False]
    assert User.objects.get(username="northgate").password.startswith("argon2$argon2id$")
