"""Signing in and out (A8): the page, its words, where it leads, and how often one may try."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Account, User
from tests.authenticator import code
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.licenses import give
from tests.views import controls_of, errors_of, heading_of, kept_in, press, submit_buttons_of, text_of

SIGN_IN = "/sign-in/"
SECOND_FACTOR = "/sign-in/second-factor/"


def sign_in(username, password=PASSWORD, address=SIGN_IN):
    browser = Client()
    return browser, press(browser, address, {"login": username, "password": password})


def is_signed_in(browser):
    return browser.get("/history/").status_code == 200


def test_username_and_password_lead_to_my_licenses(northgate):
    browser, response = sign_in("northgate")

    assert (response.status_code, response.url) == (302, "/")
    assert heading_of(browser.get("/")) == "My Licenses"


@pytest.mark.parametrize("username", ["NORTHGATE", "Northgate", "  northgate "])
def test_the_usernames_case_is_ignored(northgate, username):
    """rules.md §1."""
    assert is_signed_in(sign_in(username)[0])


def test_the_passwords_case_is_not(northgate):
    assert not is_signed_in(sign_in("northgate", PASSWORD.upper())[0])


def test_a_password_keeps_its_spaces(northgate):
    UserFactory(account=northgate, username="spacious", password=" twelve spaces ")

    assert is_signed_in(sign_in("spacious", " twelve spaces ")[0])
    assert not is_signed_in(sign_in("spacious", "twelve spaces")[0])


@pytest.mark.parametrize("username", ["northgate", "nobody", "northgate@example.com", "northgate@people.example.com"])
def test_a_wrong_name_and_a_wrong_password_give_the_same_words(northgate, username):
    """A8; an address is no username."""
    browser, response = sign_in(username, "wrong horse battery")

    assert (response.status_code, errors_of(response)) == (200, {"": ["Username or password is wrong"]})
    assert kept_in(response, {"login": "", "password": ""}) == {"login": username, "password": ""}
    assert not is_signed_in(browser)


def test_the_whole_answer_is_the_same_for_a_wrong_name_and_a_wrong_password(northgate):
    """A8: nothing beside the words tells either."""
    _, wrong_password = sign_in("northgate", "wrong horse battery")
    _, wrong_name = sign_in("notrhgate", "wrong horse battery")

    assert text_of(wrong_password) == text_of(wrong_name)


def test_blank_fields_are_refused_at_the_field(db):
    assert errors_of(sign_in("", "")[1]) == {"login": ["Enter your username"], "password": ["Enter your password"]}


def test_a_closed_account_is_told_so_with_whom_to_ask(northgate, harborcu):
    """Only to whoever knows the password."""
    Account.objects.filter(pk=harborcu.pk).update(closed_at=timezone.now())

    browser, response = sign_in("harborcu")

    assert errors_of(response) == {"": ["This account is closed. Contact Northgate Voice Systems."]}
    assert not is_signed_in(browser)
    assert errors_of(sign_in("harborcu", "wrong horse battery")[1]) == {"": ["Username or password is wrong"]}


def test_a_deactivated_user_is_told_so_with_whom_to_ask(northgate):
    """Only to whoever knows the password; the account is not closed, and its administrators may let the user in again."""
    User.objects.filter(username="northgate").update(is_active=False)

    browser, response = sign_in("northgate")

    assert errors_of(response) == {"": ["Your user northgate is deactivated. Ask an administrator of your account."]}
    assert not is_signed_in(browser)
    assert errors_of(sign_in("northgate", "wrong horse battery")[1]) == {"": ["Username or password is wrong"]}


def test_an_account_that_is_closed_ends_the_sessions_that_are_open(northgate, signed_in):
    browser = signed_in(northgate)
    Account.objects.filter(pk=northgate.pk).update(closed_at=timezone.now())

    assert browser.get("/").url == "/sign-in/?next=/"


def test_an_invited_user_without_a_password_does_not_come_in(northgate):
    user = User(account=northgate, username="invited", role="manager")
    user.set_unusable_password()
    user.save()

    assert errors_of(sign_in("invited", "")[1]) == {"password": ["Enter your password"]}
    assert errors_of(sign_in("invited", "!")[1]) == {"": ["Username or password is wrong"]}


# ── Where it leads ──


def test_it_leads_back_to_the_page_that_was_asked_for(northgate):
    asked = Client().get("/history/?kind=sale")

    assert asked.url == "/sign-in/?next=/history/%3Fkind%3Dsale"
    assert sign_in("northgate", address=asked.url)[1].url == "/history/?kind=sale"


EVIL = [
    "//evil.example", "https:evil.example", "https://evil.example", "http:///evil.example", "/\\evil.example", "\\\\evil.example", "///evil.example",
    "javascript:alert(1)", "data:text/html,x", "https://testserver@evil.example/", "https://testserver.evil.example/", "//testserver:80@evil.example",
    "\thttps://evil.example", " //evil.example", "/\t/evil.example", "\0//evil.example",
]  # fmt: skip


@pytest.mark.parametrize("address", EVIL, ids=ascii)
def test_it_leads_nowhere_else(northgate, address):
    """An open redirect would lend the portal's good name to a stranger's page."""
    browser = Client()
    form = {"login": "northgate", "password": PASSWORD, "next": address}

    response = browser.post(SIGN_IN, form)

    assert (response.status_code, response.url) == (302, "/")


@pytest.mark.parametrize("address", EVIL, ids=ascii)
def test_whoever_is_signed_in_already_is_led_nowhere_else_either(northgate, signed_in, address):
    response = signed_in(northgate).get(SIGN_IN, {"next": address})

    assert (response.status_code, response.url) == (302, "/")


def test_staff_go_to_the_admin(staff):
    """contract.md: Addresses."""
    browser, response = sign_in("staff")
    assert response.url == SECOND_FACTOR
    response = press(browser, SECOND_FACTOR, {"code": code()})

    assert (response.url, browser.get("/").url) == ("/admin/", "/admin/")


def test_staff_who_were_on_their_way_go_there(staff):
    asked = Client().get("/admin/issue/")
    browser, _ = sign_in("staff", address=asked.url)

    assert press(browser, SECOND_FACTOR, {"code": code()}).url == "/admin/issue/"


def test_whoever_is_not_signed_in_and_wants_the_admin_comes_to_the_portals_own_sign_in(db):
    assert Client().get("/admin/", follow=True).request["PATH_INFO"] == "/sign-in/"


@pytest.mark.parametrize("address", ["/admin/", "/admin/login/", "/admin/issue/", "/admin/licenses/product/", "/admin/nonsense/"])
def test_a_signed_in_customer_does_not_enter_the_admin(northgate, signed_in, address):
    """contract.md: a signed-in customer: 403."""
    assert signed_in(northgate).get(address).status_code == 403


# ── The page ──


def test_every_label_of_the_page_names_exactly_one_control(db):
    """contract.md: Words on the screen."""
    controls = controls_of(Client().get(SIGN_IN))

    names = [("field", "Username"), ("field", "Password"), ("button", "Sign in")]
    assert {name: controls.count(name) for name in names} == dict.fromkeys(names, 1)
    assert submit_buttons_of(Client().get(SIGN_IN)) == [["Sign in"]]


def test_the_page_is_not_kept_by_the_browser(db):
    assert "no-store" in Client().get(SIGN_IN)["Cache-Control"]


def test_nobody_signs_up(db):
    """A1."""
    assert [Client().get(address).status_code for address in ("/sign-up/", "/signup/", "/accounts/signup/")] == [404, 404, 404]


@pytest.mark.parametrize("name", ["login", "password", "next"])
@pytest.mark.parametrize("text", ["\0", "x" * 20_000, "a\u2028b", "%s", "'", "<script>alert(1)</script>"], ids=lambda text: ascii(text[:9]))
def test_rubbish_breaks_nothing(northgate, name, text):
    """rules.md §4: no input gives a 500."""
    response = Client().post(SIGN_IN, {"login": "nobody", "password": "wrong", name: text})

    assert response.status_code in {200, 429}
    assert b"<script>alert" not in response.content


# ── Signing out ──


def test_a_button_signs_out(northgate, signed_in):
    browser = signed_in(northgate)

    response = browser.post("/sign-out/")

    assert (response.status_code, response.url) == (302, "/sign-in/")
    assert not is_signed_in(browser)


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_the_sign_out_page_does_not_sign_out(northgate, signed_in, method):
    browser = signed_in(northgate)

    assert getattr(browser, method)("/sign-out/").status_code == 200
    assert is_signed_in(browser)


PAGES = [
    "/", "/sell/", "/deployments/add/", "/transfer/", "/history/", "/endusers/", "/endusers/harborcu/", "/create-enduser/", "/linked-accounts/", "/switch/",
    "/sign-out/", "/nowhere/",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_sign_out_is_always_in_sight(northgate, harborcu, signed_in, path):
    """contract.md: Words on the screen."""
    give(northgate, ASR=1)

    assert controls_of(signed_in(northgate).get(path)).count(("button", "Sign out")) == 1


def test_sign_out_is_in_sight_in_the_admin_too(desk):
    assert controls_of(desk.get("/admin/")).count(("button", "Sign out")) == 1


MENU = ["View Licenses", "Transfer Licenses", "Endusers", "History", "Link User Admin", "Switch Accounts"]


@pytest.mark.parametrize(
    ("who", "role", "items"),
    [
        ("northgate", "administrator", ["View Licenses", "Endusers", "History", "Link User Admin", "Switch Accounts"]),
        ("northgate", "viewer", ["View Licenses", "Endusers", "History", "Switch Accounts"]),
        ("harborcu", "administrator", ["View Licenses", "History", "Link User Admin", "Switch Accounts"]),
    ],
)
def test_the_menu_has_what_one_may_use(northgate, harborcu, signed_in, request, who, role, items):
    """contract.md: Menu; Transfer Licenses comes with a link (C9)."""
    links = [name for kind, name in controls_of(signed_in(request.getfixturevalue(who), role).get("/switch/")) if kind == "link"]

    assert [name for name in links if name in MENU] == items
