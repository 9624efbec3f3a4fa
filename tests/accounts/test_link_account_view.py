"""Link User Admin, the page (A2 to A6, A8): made with credentials, seen and ended by either side."""

import pytest
from django.utils import timezone

from accounts.models import Account, Link, User
from licensing_portal.foundation.models import Notice
from tests.factories.accounts import PASSWORD, LinkFactory, UserFactory
from tests.factories.licenses import give
from tests.views import (
    ALREADY_USED,
    OUT_OF_DATE,
    controls_of,
    errors_of,
    form_of,
    headings_of,
    kept_in,
    notes_of,
    page_of,
    press,
    submit_buttons_of,
    text_of,
    values_of,
)

LINKS = "/linked-accounts/"
WEST = {"username": "northgate-west", "password": PASSWORD}


@pytest.fixture
def administrator(northgate, west, signed_in):
    return signed_in(northgate)


def links():
    return [f"{link.holder}→{link.target}, by {link.linked_by}, proved by {link.proved_by}" for link in Link.objects.order_by("pk")]


def button_of(browser, address):
    """What the button that leads to this address would send."""
    forms = [form for form in page_of(browser.get(LINKS)).all("form") if form["action"] == address]
    return {field["name"]: field["value"] for field in forms[0].all("input")}


def press_button(browser, address):
    return browser.post(address, button_of(browser, address), follow=True)


NORTHGATE_TO_WEST = ["northgate→northgate-west, by northgate, proved by northgate-west"]


def told():
    return sorted((notice.kind.rpartition("/")[2], notice.account) for notice in Notice.objects.all())


# ── Making a link ──


def test_username_and_password_of_an_administrator_make_a_link_and_the_account_is_told(administrator):
    """A2, A5."""
    response = press(administrator, LINKS, WEST)

    assert (response.status_code, response.url) == (302, LINKS)
    assert (links(), told()) == (NORTHGATE_TO_WEST, [("link_created", "northgate-west")])
    page = administrator.get(LINKS)
    assert notes_of(page) == ["Linked to northgate-west. Transfer Licenses is now in the menu."]
    assert controls_of(page).count(("link", "Transfer Licenses")) == 1


def test_the_usernames_case_is_ignored(administrator):
    press(administrator, LINKS, {"username": " NorthGate-WEST ", "password": PASSWORD})

    assert links() == NORTHGATE_TO_WEST


def test_another_administrator_of_the_account_makes_it_too(administrator, west):
    UserFactory(account=west, username="jo")

    press(administrator, LINKS, {"username": "jo", "password": PASSWORD})

    assert links() == ["northgate→northgate-west, by northgate, proved by jo"]


def test_the_password_is_neither_kept_nor_shown_again(administrator):
    """Checked once, never stored."""
    response = press(administrator, LINKS, WEST | {"username": "nobody"})

    assert PASSWORD not in response.content.decode()
    assert kept_in(response, WEST) == {"username": "nobody", "password": ""}


# ── Who may ──


@pytest.mark.parametrize("address", [LINKS, f"{LINKS}tideway/remove/", f"{LINKS}northgate/remove-access/"])
def test_nobody_makes_or_ends_links_while_acting(northgate, west, tideway, signed_in, address):
    """A7: never what an administrator may."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=tideway)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")
    before = links()

    assert (browser.get(LINKS).status_code, browser.post(address, {"username": "tideway", "password": PASSWORD}).status_code) == (403, 403)
    assert links() == before


# ── Refusals ──

WORDS = ["Username or password is wrong"]


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("nobody", PASSWORD),
        ("northgate-west", "wrong horse battery"),
        ("northgate-west", PASSWORD.upper()),
        ("northgate-west", f" {PASSWORD}"),
        ("publisher", PASSWORD),
        ("staff", PASSWORD),
        ("gone", PASSWORD),
        ("closed", PASSWORD),
    ],
)
def test_wrong_credentials_give_the_same_words(administrator, west, staff, username, password):
    """A8; staff and the publisher cannot be linked (A7), and that is not told; nor that somebody is deactivated or closed."""
    UserFactory(account=west, username="gone", is_active=False)
    closed = UserFactory(account__username="closed").account
    Account.objects.filter(pk=closed.pk).update(closed_at=timezone.now())

    response = press(administrator, LINKS, {"username": username, "password": password})

    assert (response.status_code, errors_of(response)) == (200, {"username": WORDS})
    assert (links(), told()) == ([], [])


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_an_administrators_credentials_are_asked_for(administrator, west, role):
    """A2."""
    UserFactory(account=west, username="jo", role=role)

    response = press(administrator, LINKS, {"username": "jo", "password": PASSWORD})

    assert errors_of(response) == {"username": ["jo is not an administrator of northgate-west"]}
    assert links() == []


def test_one_does_not_link_to_oneself(administrator):
    assert errors_of(press(administrator, LINKS, {"username": "northgate", "password": PASSWORD})) == {"username": ["That is the account you are in"]}
    assert links() == []


def test_a_second_link_to_the_same_account_is_refused(administrator):
    press(administrator, LINKS, WEST)

    assert errors_of(press(administrator, LINKS, WEST)) == {"username": ["You are already linked to northgate-west"]}
    assert (links(), told()) == (NORTHGATE_TO_WEST, [("link_created", "northgate-west")])


def test_blank_fields_are_refused_at_the_field(administrator):
    errors = errors_of(press(administrator, LINKS, {"username": "", "password": ""}))

    assert errors == {"username": ["Enter a username"], "password": ["Enter a password"]}


def test_after_a_refusal_the_key_is_still_good(administrator):
    """B6."""
    response = press(administrator, LINKS, WEST | {"password": "wrong horse battery"})

    administrator.post(LINKS, values_of(response) | WEST)

    assert links() == NORTHGATE_TO_WEST


# ── Too many tries ──


def test_after_five_wrong_passwords_the_answer_is_429(administrator):
    """A8; contract.md: too many tries 429."""
    answers = [press(administrator, LINKS, WEST | {"password": f"wrong horse {number}"}).status_code for number in range(5)]

    response = press(administrator, LINKS, WEST)

    assert (answers, response.status_code) == ([200] * 5, 429)
    assert errors_of(response) == {"": ["Too many tries. Wait five minutes, or reset your password."]}
    assert links() == []


def test_one_switches_to_a_linked_account_from_here(administrator, northgate, west):
    """A7: the page that shows whom one can use leads there."""
    LinkFactory(holder=northgate, target=west)
    (switch,) = [form for form in page_of(administrator.get(LINKS)).all("form") if form["action"] == "/switch/northgate-west/"]

    assert (switch["method"], [button.text for button in switch.all("button")]) == ("post", ["Switch"])


# ── A stale link (A6) ──


def test_a_link_whose_password_changed_asks_for_the_new_one(administrator, user, west):
    """A6: and the same form renews it."""
    press(administrator, LINKS, WEST)
    prover = user(west)
    prover.set_password("another horse battery")
    prover.save()
    stale = administrator.get(LINKS)
    assert "Link it again: its sign-in has changed." in text_of(stale)
    assert ("button", "Switch") not in controls_of(stale)

    press(administrator, LINKS, {"username": "northgate-west", "password": "another horse battery"})

    assert (links(), Link.objects.get().is_proven) == (NORTHGATE_TO_WEST, True)
    assert "Link it again" not in text_of(administrator.get(LINKS))


def test_another_administrator_renews_a_link_whose_user_is_gone(administrator, west):
    press(administrator, LINKS, WEST)
    UserFactory(account=west, username="jo")
    User.objects.filter(username="northgate-west").update(role="viewer")

    press(administrator, LINKS, {"username": "jo", "password": PASSWORD})

    assert (links(), Link.objects.get().is_proven) == (["northgate→northgate-west, by northgate, proved by jo"], True)


# ── One-use keys (B5) ──


def test_the_same_form_sent_twice_makes_one_link_and_leads_to_the_same_page(administrator):
    form = form_of(administrator, LINKS) | WEST

    first, second = administrator.post(LINKS, form), administrator.post(LINKS, form)

    assert (first.status_code, second.status_code, second.url) == (302, 302, first.url)
    assert (links(), told()) == (NORTHGATE_TO_WEST, [("link_created", "northgate-west")])


def test_back_edit_and_press_links_nothing_more_and_says_so(administrator, tideway):
    """B5: the natural way to link a second account is to go back and type it in."""
    form = form_of(administrator, LINKS) | WEST
    administrator.post(LINKS, form)

    response = administrator.post(LINKS, form | {"username": "tideway"})

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert links() == NORTHGATE_TO_WEST


def test_a_form_sent_again_does_not_bring_back_a_link_that_was_removed(administrator):
    """A5: ended is ended, also for a form that was open."""
    form = form_of(administrator, LINKS) | WEST
    administrator.post(LINKS, form)
    press_button(administrator, f"{LINKS}northgate-west/remove/")

    response = administrator.post(LINKS, form)

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert links() == []


@pytest.mark.parametrize("key", ["", "rubbish"])
def test_a_form_without_a_good_key_links_nothing(administrator, key):
    response = press(administrator, LINKS, WEST | {"key": key})

    assert errors_of(response) == {"": [OUT_OF_DATE]}
    assert links() == []


# ── Both directions on the page; ending ──


def test_both_directions_are_listed(administrator, northgate, west, tideway):
    """A5: who can reach us, and whom we can reach; A3: two different things."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=tideway, target=northgate)

    headings = headings_of(administrator.get(LINKS))

    assert headings == [
        "Link User Admin",
        "You can use these accounts",
        "northgate-west Northgate-West Inc.",
        "These accounts can use yours",
        "tideway Tideway Inc.",
        "Link another account",
    ]


def test_what_a_linked_account_has_available_is_told(administrator, northgate, west, tideway):
    """A3, A9: a link shows holdings, as long as its proof holds; it shows nothing of whoever reaches us."""
    give(west, ASR=10, TTS=1_000)
    give(tideway, CPA=77)
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=tideway, target=northgate)
    assert "1,010 licenses available." in text_of(administrator.get(LINKS))
    assert "77" not in text_of(administrator.get(LINKS))

    User.objects.filter(username="northgate-west").update(role="viewer")

    assert "available" not in text_of(administrator.get(LINKS))


def test_what_ending_a_link_means_is_said_before_the_press(administrator, northgate, west, tideway):
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=tideway, target=northgate)

    words = text_of(administrator.get(LINKS))

    assert "northgate can’t switch to that account or take licenses from it any more. Past transfers stay in History" in words
    assert "that account can’t switch to northgate or take its licenses any more." in words


def test_links_of_others_are_not_shown(administrator, west, tideway):
    """A9."""
    LinkFactory(holder=west, target=tideway)

    assert "tideway" not in administrator.get(LINKS).content.decode()


@pytest.mark.parametrize("side", ["holder", "target"])
def test_either_side_ends_a_link_with_one_press_and_both_are_told(northgate, west, signed_in, side):
    """A5."""
    LinkFactory(holder=northgate, target=west)

    if side == "holder":
        response = press_button(signed_in(northgate), f"{LINKS}northgate-west/remove/")
    else:
        response = press_button(signed_in(west), f"{LINKS}northgate/remove-access/")

    assert response.redirect_chain == [(LINKS, 302)]
    assert (links(), told()) == ([], [("link_removed", "northgate"), ("link_removed", "northgate-west")])


def test_ending_a_link_ends_that_direction_alone(northgate, west, signed_in):
    """A3."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=northgate)

    press_button(signed_in(northgate), f"{LINKS}northgate-west/remove/")

    assert links() == ["northgate-west→northgate, by northgate-west, proved by northgate"]


@pytest.mark.parametrize(("holder", "path"), [("northgate", "tideway/remove/"), ("tideway", "tideway/remove-access/")])
def test_the_same_press_twice_says_the_same_and_spares_a_link_that_was_made_anew(administrator, northgate, tideway, holder, path):
    """B5: either button; the tab was left open, the link was ended, and is wanted again."""
    ends = {"holder": northgate, "target": tideway} if holder == "northgate" else {"holder": tideway, "target": northgate}
    LinkFactory(**ends)
    form = button_of(administrator, LINKS + path)
    first = administrator.post(LINKS + path, form, follow=True)
    LinkFactory(**ends)
    before = links(), told()

    second = administrator.post(LINKS + path, form, follow=True)

    assert (notes_of(second), links(), told()) == (notes_of(first), *before)
    assert len(links()) == 1


@pytest.mark.parametrize("path", ["northgate-west/remove/", "tideway/remove-access/"])
@pytest.mark.parametrize("key", ["", "rubbish"])
def test_a_button_without_a_good_key_ends_nothing_and_says_so(administrator, northgate, west, tideway, path, key):
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=tideway, target=northgate)

    response = administrator.post(LINKS + path, {"key": key}, follow=True)

    assert notes_of(response) == [OUT_OF_DATE]
    assert (len(links()), told()) == (2, [])


def test_every_button_has_a_key_of_its_own(administrator, northgate, west, tideway):
    """B5: after ending one link, the page that was left open ends another."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=northgate, target=tideway)
    forms = {path: button_of(administrator, LINKS + path) for path in ("northgate-west/remove/", "tideway/remove/")}

    for path, form in forms.items():
        administrator.post(LINKS + path, form)

    assert links() == []


@pytest.mark.parametrize("path", ["northgate-west/remove/", "northgate-west/remove-access/", "nobody/remove/", "tideway/remove-access/"])
def test_ending_what_is_not_there_is_no_error_and_tells_nobody(administrator, west, tideway, path):
    LinkFactory(holder=west, target=tideway)

    assert administrator.post(f"{LINKS}{path}").status_code == 302
    assert (len(links()), told()) == (1, [])


def test_every_label_of_the_page_names_exactly_one_control(administrator, northgate, west, tideway):
    """contract.md: Words on the screen; a repeated button is told apart by its description."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=tideway, target=northgate)
    response = administrator.get(LINKS)

    fields, buttons = ["Username", "Password"], ["Link Account", "Switch", "Remove", "Remove access"]
    names = [*(("field", name) for name in fields), *(("button", name) for name in buttons)]
    assert {name: controls_of(response).count(name) for name in names} == dict.fromkeys(names, 1)
    assert submit_buttons_of(response) == [["Search the portal"], ["Sign out"], ["Switch"], ["Remove"], ["Remove access"], ["Link Account"]]


@pytest.mark.parametrize("name", ["username", "password", "key"])
@pytest.mark.parametrize("text", ["\0", "a\0b", "x" * 20_000, "a\u2028b", "<script>alert(1)</script>"], ids=lambda text: ascii(text[:9]))
def test_rubbish_in_a_field_links_nothing_and_breaks_nothing(administrator, name, text):
    """rules.md §4."""
    response = press(administrator, LINKS, WEST | {name: text})

    assert (response.status_code, links()) == (200, [])
    assert b"<script>alert" not in response.content
