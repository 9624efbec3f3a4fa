"""Settings → Security (contract.md, "Words on the screen"): one's own password, second factor and sessions, and who must have a factor."""

import re
from copy import copy

import pytest
import time_machine
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import permissions
from accounts.checks import staff_have_a_second_factor
from accounts.models import Account, SecurityEvent, User
from accounts.security import factors, services
from licensing_portal import demo
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from tests.authenticator import code
from tests.factories.accounts import PASSWORD, LinkFactory, UserFactory
from tests.factories.factors import give_factor, give_passkey
from tests.views import errors_of, form_of, heading_of, links_of, notes_of, page_of, press, text_of

SECURITY = "/settings/security/"
AUTHENTICATOR, CODES, NEW_CODES = (f"{SECURITY}{name}/" for name in ("authenticator", "recovery-codes", "recovery-codes/new"))
CHANGE_PASSWORD, TURN_OFF, ADD_PASSKEY = (f"{SECURITY}{name}/" for name in ("password", "turn-off", "passkeys/add"))
CHOSEN = "a few words in a row"
NOT_MINE = {"password": ["This is not your password"]}


@pytest.fixture
def person(northgate, user):
    return user(northgate)


@pytest.fixture
def visitor(person):
    browser = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}, REMOTE_ADDR="203.0.113.7")
    browser.force_login(person)
    return browser


def told():
    """The subjects of the letters about one's sign-in, and whom they went to."""
    return [(notice.email.subject, notice.account, notice.address) for notice in Notice.objects.filter(kind="accounts/emails/sign_in_changed")]


ADDRESS = ("northgate", "northgate@people.example.com")


# ── The password ──


def change_password(browser, old=PASSWORD, new=CHOSEN):
    return press(browser, CHANGE_PASSWORD, {"password": old, "new_password": new})


def test_a_new_password_opens_the_portal_and_the_old_one_no_more(visitor):
    response = change_password(visitor)

    assert notes_of(visitor.get(response.url)) == ["Your password is changed. All other sessions are signed out."]
    assert [Client().login(username="northgate", password=password) for password in (PASSWORD, CHOSEN)] == [False, True]
    assert told() == [("Your password was changed", *ADDRESS)]


def test_it_ends_all_other_sessions_and_gives_this_one_a_new_key(visitor, signed_in, northgate):
    other, before = signed_in(northgate), visitor.session.session_key

    change_password(visitor)

    assert (visitor.get("/").status_code, other.get("/").url) == (200, "/sign-in/?next=/")
    assert visitor.session.session_key != before


def test_it_makes_links_ask_again(visitor, person, west):
    """A6."""
    link = LinkFactory(holder=west, target=person.account)

    change_password(visitor)

    link.refresh_from_db()
    assert not type(link).objects.get(pk=link.pk).is_proven


@pytest.mark.parametrize(
    ("old", "new", "errors"),
    [
        ("wrong horse battery", CHOSEN, NOT_MINE),
        ("", CHOSEN, {"password": ["Enter your password"]}),
        (PASSWORD, "", {"new_password": ["Choose a password"]}),
        (PASSWORD, "northgate is my home", {"new_password": ["Choose a password without “northgate” in it"]}),
    ],
)
def test_a_password_is_refused_at_its_field_and_nothing_is_changed(visitor, old, new, errors):
    response = change_password(visitor, old, new)

    assert (response.status_code, errors_of(response)) == (200, errors)
    assert Client().login(username="northgate", password=PASSWORD)
    assert told() == []


def test_wrong_passwords_count_with_those_of_the_sign_in(visitor):
    """A8: whoever finds a visitor open does not guess on."""
    answers = [change_password(visitor, "wrong horse battery").status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]
    assert press(Client(REMOTE_ADDR="203.0.113.7"), "/sign-in/", {"login": "northgate", "password": PASSWORD}).status_code == 429


def test_a_password_that_was_chosen_over_a_link_is_told_as_well(person):
    press(Client(), "/password/reset/", {"email": "northgate"})
    deliver_due()
    browser = Client()
    link = re.search(r"http://testserver(/password/reset/key/\S+/)", mail.outbox[-1].body)[1]
    press(browser, browser.get(link).url, {"password1": CHOSEN})

    assert told() == [("Your password was changed", *ADDRESS)]


# ── The authenticator app ──


def key_on(response):
    return next(bold.text for bold in page_of(response).first("main").all("b")).replace(" ", "")


def set_up(browser, **typed):
    key = key_on(browser.get(AUTHENTICATOR))
    return press(browser, AUTHENTICATOR, {"code": code(key=key), "password": PASSWORD} | typed)


def test_an_app_beside_a_passkey_does_not_show_the_recovery_codes_again(visitor, person):
    """They were shown when they were made, and are still good."""
    give_passkey(person, "Office key")
    RecoveryCodes.activate(person)

    response = set_up(visitor)

    assert (response.url, notes_of(visitor.get(response.url))) == (SECURITY, ["Your authenticator app is set up."])


def test_a_passkey_that_is_removed_twice_is_told_of_once(person, northgate):
    key, _ = give_passkey(person, "Office key"), give_passkey(person, "Home key")

    for pressed in (copy(key), copy(key)):  # two tabs have it on their page
        services.remove_passkey(user=person, acting=northgate, passkey=pressed)

    assert told() == [("A passkey was removed from your sign-in", *ADDRESS)]


def test_an_app_that_shows_the_right_code_is_the_second_factor_from_then_on(visitor, person):
    with time_machine.travel(timezone.now(), tick=False):
        key = key_on(visitor.get(AUTHENTICATOR))
        response = set_up(visitor)

        assert (response.url, factors.has_factor(person)) == (CODES, True)
        assert factors.use_up(person, code(key=key)) is None  # it was shown already
        assert factors.use_up(person, code(1, key=key)) is not None
    assert told() == [("An authenticator app was added to your sign-in", *ADDRESS)]


def test_the_key_stays_while_it_is_being_set_up_and_is_another_for_everybody_else(visitor, signed_in, harborcu):
    keys = [key_on(who.get(AUTHENTICATOR)) for who in (visitor, visitor, signed_in(harborcu))]

    assert (keys[0] == keys[1], keys[0] == keys[2], len(keys[0])) == (True, False, 32)
    assert keys[0] not in str(dict(visitor.session))


def test_the_picture_is_drawn_by_the_portal_itself(visitor):
    picture = page_of(visitor.get(AUTHENTICATOR)).first("main").first("img")

    assert picture["src"].startswith("data:image/svg+xml;base64,")


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"code": "000000"}, {"code": [factors.WRONG_CODE]}),
        ({"code": ""}, {"code": ["Enter the code that the app shows"]}),
        ({"password": "wrong horse battery"}, NOT_MINE),
    ],
)
def test_an_app_is_not_set_up_with_a_wrong_code_or_password(visitor, person, typed, errors):
    response = set_up(visitor, **typed)

    assert (errors_of(response), factors.has_factor(person)) == (errors, False)


def test_the_recovery_codes_come_before_everything_else_until_they_are_saved_and_never_again(visitor, person):
    set_up(visitor)
    response = visitor.get(CODES)
    codes = factors.recovery_codes_of(person)

    assert [item.text.replace(" ", "") for item in page_of(response).first("main").first("ul").all("li")] == codes
    assert len(set(codes)) == 10
    assert [visitor.get(page).url for page in ("/", "/history/", SECURITY)] == [CODES] * 3
    assert errors_of(press(visitor, CODES)) == {"saved": ["Save the codes, and then say so"]}
    assert press(visitor, CODES, {"saved": "on"}).url == SECURITY
    assert visitor.get(CODES).url == SECURITY
    assert "10 codes left" in text_of(visitor.get(SECURITY))


def test_new_recovery_codes_make_those_of_before_void(visitor, person):
    give_factor(person)
    before = factors.recovery_codes_of(person)

    assert errors_of(press(visitor, NEW_CODES, {"password": "wrong horse battery"})) == NOT_MINE
    assert press(visitor, NEW_CODES, {"password": PASSWORD}).url == CODES
    assert set(before) & set(factors.recovery_codes_of(person)) == set()
    assert told() == [("You have new recovery codes", *ADDRESS)]


def test_who_has_no_second_factor_gets_no_recovery_codes(visitor, person):
    response = press(visitor, NEW_CODES, {"password": PASSWORD})

    assert errors_of(response) == {"": ["Recovery codes stand beside a second factor. Set one up first."]}
    assert factors.recovery_codes_of(person) == []


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"code": "000000"}, {"code": [factors.WRONG_CODE]}),
        ({"code": ""}, {"code": ["Enter a code"]}),
        ({"password": "wrong horse battery"}, NOT_MINE),
    ],
)
def test_it_is_not_turned_off_without_password_and_code(visitor, person, typed, errors):
    give_factor(person)

    response = press(visitor, TURN_OFF, {"password": PASSWORD, "code": code()} | typed)

    assert (errors_of(response), factors.has_factor(person)) == (errors, True)


def test_turned_off_it_is_gone_with_its_recovery_codes(visitor, person):
    give_factor(person)

    response = press(visitor, TURN_OFF, {"password": PASSWORD, "code": code()})

    assert (response.url, factors.has_factor(person), factors.recovery_codes_of(person)) == (SECURITY, False, [])
    assert told() == [("Your second factor was turned off", *ADDRESS)]


# ── Passkeys: making one needs a browser (tests/browser/test_security.py) ──


def test_what_is_no_passkey_is_refused_and_breaks_nothing(visitor, person):
    for said in ("", "{}", "[]", "1", "{", '{"id": 5, "rawId": [], "response": {}, "type": "public-key"}', "[" * 10_000, "x" * 30_000):
        response = press(visitor, ADD_PASSKEY, {"name": "Office key", "password": PASSWORD, "credential": said})

        assert (response.status_code, page_of(response).first("h2").text) == (200, "There is a problem")
    assert not factors.has_factor(person)


@pytest.fixture
def passkey(person):
    return person.authenticator_set.create(type="webauthn", data={"name": "Office key", "credential": {}})


def test_a_passkey_is_removed_while_another_second_factor_is_left(visitor, person, passkey):
    give_app(person)

    response = press(visitor, f"{SECURITY}passkeys/{passkey.pk}/remove/", {"password": PASSWORD})

    assert (response.url, list(factors.passkeys_of(person))) == (SECURITY, [])
    assert told() == [("A passkey was removed from your sign-in", *ADDRESS)]


def give_app(person):
    person.authenticator_set.create(type="totp", data={"secret": factors.FactorAdapter().encrypt("A" * 32), "last_step": 0})


def test_the_only_second_factor_is_turned_off_and_not_removed(visitor, person, passkey):
    response = press(visitor, f"{SECURITY}passkeys/{passkey.pk}/remove/", {"password": PASSWORD})

    assert errors_of(response) == {"": ["This is your only second factor. Turn the second factor off instead."]}
    assert list(factors.passkeys_of(person)) == [passkey]


def test_a_passkey_of_somebody_else_does_not_exist(passkey, signed_in, harborcu):
    """A9."""
    assert signed_in(harborcu).get(f"{SECURITY}passkeys/{passkey.pk}/remove/").status_code == 404


# ── Whoever must have one ──


def test_an_administrator_requires_a_second_factor_of_everybody(visitor, northgate, signed_in):
    response = visitor.post(f"{SECURITY}require/on/", follow=True)
    viewer = signed_in(northgate, "viewer")

    assert notes_of(response)[0] == "Every user of northgate needs a second factor now."
    assert [who.get(page).url for who in (visitor, viewer) for page in ("/", "/history.csv", "/settings/security/password/")] == [SECURITY] * 6
    assert "Your account requires a second factor." in text_of(viewer.get(SECURITY))


def test_that_it_is_required_and_no_longer_stands_in_the_security_log_once_each(visitor, person):
    give_factor(person)
    for word in ("off", "on", "on", "off"):
        visitor.post(f"{SECURITY}require/{word}/")

    assert written() == [("second_factor_required", "northgate", ""), ("second_factor_optional", "northgate", "")]


def test_whose_right_is_gone_when_it_is_pressed_is_told_so(visitor, person, northgate, monkeypatch):
    """B7: demoted between the page and the flow."""
    UserFactory(account=northgate, username="jo")
    lock = permissions.require

    def demoted_meanwhile(*arguments):
        User.objects.filter(pk=person.pk).update(role="viewer")
        lock(*arguments)

    monkeypatch.setattr(permissions, "require", demoted_meanwhile)
    response = visitor.post(f"{SECURITY}require/on/", follow=True)

    assert notes_of(response) == ["northgate may not do this for northgate. Nothing was changed."]
    assert Account.objects.get(pk=northgate.pk).requires_second_factor is False


def test_who_has_set_one_up_goes_on(visitor, northgate):
    Account.objects.filter(pk=northgate.pk).update(requires_second_factor=True)
    set_up(visitor)
    press(visitor, CODES, {"saved": "on"})

    assert heading_of(visitor.get("/")) == "My Licenses"


def test_who_turns_it_off_sets_up_another(visitor, person, northgate):
    Account.objects.filter(pk=northgate.pk).update(requires_second_factor=True)
    give_factor(person)
    assert visitor.get("/").status_code == 200
    press(visitor, TURN_OFF, {"password": PASSWORD, "code": code()})

    assert visitor.get("/").url == SECURITY


def test_who_acts_for_another_account_when_it_is_required_stops_acting(northgate, west, signed_in):
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")
    Account.objects.filter(pk=northgate.pk).update(requires_second_factor=True)

    assert browser.get("/sell/").url == SECURITY
    assert browser.get(SECURITY).status_code == 200


def test_it_is_no_longer_required_once_an_administrator_says_so(visitor, person, northgate):
    Account.objects.filter(pk=northgate.pk).update(requires_second_factor=True)
    give_factor(person)
    visitor.post(f"{SECURITY}require/off/")

    assert not Account.objects.get(pk=northgate.pk).requires_second_factor


@pytest.mark.parametrize("address", ["/admin/", "/admin/issue/", "/admin/accounts/user/", "/history/", "/"])
def test_staff_without_a_second_factor_see_nothing_but_where_to_set_one_up(publisher, address):
    browser = Client()
    browser.force_login(UserFactory(account=publisher, username="clerk", is_staff=True, second_factor=False))

    assert browser.get(address).url == SECURITY
    assert "Staff need a second factor." in text_of(browser.get(SECURITY))


def test_staff_with_one_enter_the_admin(desk):
    assert desk.get("/admin/").status_code == 200


def test_the_demos_admin_alone_goes_without(db):
    """rules.md §5."""
    demo.load()
    browser = Client()
    browser.force_login(User.objects.get(username="admin"))

    assert browser.get("/admin/").status_code == 200


def test_nobody_goes_without_outside_the_demo(settings):
    settings.DEMO = False
    assert [error.id for error in staff_have_a_second_factor(None)] == ["accounts.E001"]
    settings.STAFF_WITHOUT_SECOND_FACTOR = set()
    assert staff_have_a_second_factor(None) == []


# ── A second factor that is lost ──


def test_a_superuser_takes_a_lost_second_factor_away(desk, person, visitor):
    give_factor(person)
    page = f"/admin/accounts/user/{person.pk}/take-away-second-factor/"
    response = press(desk, page)

    assert response.url == f"/admin/accounts/user/{person.pk}/change/"
    assert (factors.has_factor(person), visitor.get("/").url) == (False, "/sign-in/?next=/")
    assert told() == [("Your second factor was turned off", *ADDRESS)]
    assert errors_of(press(desk, page)) == {"": ["northgate has no second factor. Nothing was changed."]}


def test_other_staff_do_not(clerks_desk, person):
    desk = clerks_desk("view_user", "change_user")

    assert desk.get(f"/admin/accounts/user/{person.pk}/take-away-second-factor/").status_code == 403


# ── What stands on the page ──


def test_it_says_how_one_signs_in(visitor, person):
    assert "Off The password alone opens your sign-in" in text_of(visitor.get(SECURITY))
    give_factor(person)
    response = visitor.get(SECURITY)

    assert "On After the password" in text_of(response)
    assert {"Make new recovery codes", "Turn off the second factor", "Add a passkey", "Change password"} <= links_of(response).keys()


def test_nobody_changes_a_sign_in_while_acting(northgate, west, signed_in):
    """A7: "no passwords, no settings"."""
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")

    assert [browser.get(page).status_code for page in (SECURITY, CHANGE_PASSWORD, AUTHENTICATOR, ADD_PASSKEY, TURN_OFF)] == [403] * 5
    assert "Settings" not in [link.text for link in page_of(browser.get("/")).all("a")]


def test_staff_come_to_it_from_the_admin(desk):
    links = {link.text: link["href"] for link in page_of(desk.get("/admin/")).all("a")}
    assert links["Settings"] == SECURITY

    menu = next(nav for nav in page_of(desk.get(SECURITY)).all("nav") if nav["aria-label"] == "Main menu")
    assert [link.text for link in menu.all("a")] == ["License Portal", "Administration", "Settings"]


def test_a_letter_names_the_moment_and_what_to_do(visitor):
    change_password(visitor)
    deliver_due()

    letter = mail.outbox[-1].body
    assert "All other sessions were ended" in letter
    assert "choose a new password at once" in " ".join(letter.split())
    assert re.search(r"When: +\d+ \w+ \d{4}, ", letter)


def test_no_form_of_it_is_kept_by_a_cache(visitor):
    assert {visitor.get(page)["Cache-Control"] for page in (SECURITY, AUTHENTICATOR, CHANGE_PASSWORD)} == {
        "max-age=0, no-cache, no-store, must-revalidate, private"
    }
    assert form_of(visitor, CHANGE_PASSWORD).keys() >= {"password", "new_password"}


# ── What is written down (A8) ──


def written():
    return [(event.kind, str(event.user), event.about) for event in SecurityEvent.objects.order_by("pk") if event.kind != "signed_in"]


def test_every_change_stands_in_the_security_log(visitor, person):
    change_password(visitor)
    set_up(visitor, password=CHOSEN)
    press(visitor, CODES, {"saved": "on"})
    spare = factors.recovery_codes_of(person)[0]
    press(visitor, TURN_OFF, {"password": CHOSEN, "code": spare})

    assert written() == [
        ("password_changed", "northgate", ""),
        ("second_factor_added", "northgate", "An authenticator app"),
        ("second_factor_removed", "northgate", "A recovery code, which was used"),
        ("second_factor_removed", "northgate", "All of them, turned off"),
    ]


def test_wrong_codes_stand_in_the_security_log_and_not_what_was_typed(visitor, person):
    give_factor(person)
    for _ in range(6):
        press(visitor, TURN_OFF, {"password": PASSWORD, "code": "000000"})

    wrong = ("sign_in_failed", "northgate", "Wrong code: POST /settings/security/turn-off/")
    assert written() == [wrong] * 5 + [("locked", "northgate", "POST /settings/security/turn-off/")]


def test_a_second_factor_that_was_taken_away_stands_in_the_log_of_its_account(desk, person):
    give_factor(person)
    press(desk, f"/admin/accounts/user/{person.pk}/take-away-second-factor/")

    event = SecurityEvent.objects.get(kind="second_factor_removed")
    assert (str(event.user), str(event.other), event.about) == ("staff", "northgate", "All of northgate, who had lost them")
