"""Transfer Licenses, the page (C9): the receiver pulls over its link, and what of links holds while one acts (A3 to A6)."""

import pytest

from accounts.models import Link
from licenses.models import JournalEntry
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import Binding
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import ProductFactory, give
from tests.views import (
    ALREADY_USED,
    OUT_OF_DATE,
    RUBBISH,
    controls_of,
    errors_of,
    form_of,
    headings_of,
    kept_in,
    links_of,
    notes_of,
    page_of,
    press,
    rows_of,
    text_of,
    values_of,
)

TRANSFER = "/transfer/"


@pytest.fixture
def link(northgate, west):
    """northgate is linked to northgate-west, which has 10 ASR and 4 TTS; northgate itself has 5 ASR."""
    give(west, ASR=10, TTS=4)
    give(northgate, ASR=5)
    return LinkFactory(holder=northgate, target=west)


@pytest.fixture
def receiver(link, northgate, signed_in):
    return signed_in(northgate)


NOTHING_MOVED = {("northgate", "ASR"): (5, 0, 0), ("northgate-west", "ASR"): (10, 0, 0), ("northgate-west", "TTS"): (4, 0, 0)}
THREE_MOVED = {("northgate", "ASR"): (8, 0, 0), ("northgate-west", "ASR"): (7, 0, 0), ("northgate-west", "TTS"): (4, 0, 0)}


def good_key(person, acting):
    """The key of a form that the portal would not show: what is refused below is refused for its own reason."""
    return Binding(person.pk, acting, "transfer_licenses").new_key()


def transfers():
    return JournalEntry.objects.filter(kind="transfer")


# ── One press ──


def test_one_press_pulls_and_leads_to_the_receipt(receiver):
    """C9: what is available there becomes available here, and both accounts are told."""
    response = press(receiver, TRANSFER, {"qty-ASR": "3", "qty-TTS": "4"})

    entry = transfers().get()
    assert (response.status_code, response.url) == (302, f"/receipts/{entry.number}/")
    assert balances() == {("northgate", "ASR"): (8, 0, 0), ("northgate", "TTS"): (4, 0, 0), ("northgate-west", "ASR"): (7, 0, 0)}
    assert sorted(notice.account for notice in Notice.objects.filter(event=entry.number)) == ["northgate", "northgate-west"]
    assert notes_of(receiver.get(response.url)) == ["Transfer complete 7 licenses moved from northgate-west to northgate."]
    assert_the_books_are_proven()


def test_a_manager_transfers(link, northgate, signed_in):
    press(signed_in(northgate, "manager"), TRANSFER, {"qty-ASR": "3"})

    assert balances() == THREE_MOVED


def test_with_two_links_one_chooses_the_account_that_gives(receiver, northgate, tideway):
    """C9: the page shows one account's licenses at a time, and the form names it."""
    give(tideway, CPA=7)
    LinkFactory(holder=northgate, target=tideway)

    assert form_of(receiver, TRANSFER)["linked_account"] == "northgate-west"
    assert form_of(receiver, f"{TRANSFER}?account=tideway")["linked_account"] == "tideway"
    press(receiver, f"{TRANSFER}?account=tideway", {"qty-CPA": "7"})

    assert balances() == NOTHING_MOVED | {("northgate", "CPA"): (7, 0, 0)}


def test_the_account_in_the_form_counts_not_the_one_in_the_address(receiver, northgate, tideway):
    """B7: what the page showed is what moves."""
    give(tideway, ASR=7)
    LinkFactory(holder=northgate, target=tideway)
    form = form_of(receiver, f"{TRANSFER}?account=tideway") | {"qty-ASR": "7"}

    receiver.post(f"{TRANSFER}?account=northgate-west", form)

    assert balances() == NOTHING_MOVED | {("northgate", "ASR"): (12, 0, 0)}


# ── The page ──


def test_both_sides_numbers_are_shown(receiver):
    assert rows_of(receiver.get(TRANSFER)) == [
        ["The AsrASR", "All 10", "10 available, then 10", "5 available, then 5"],
        ["The TtsTTS", "All 4", "4 available, then 4", "0 available, then 0"],
    ]


def test_each_linked_account_is_offered_with_what_it_has_available(receiver, northgate, tideway):
    """A3: the option's value stays the username."""
    give(tideway, CPA=1_000)
    LinkFactory(holder=northgate, target=tideway)

    options = [(option["value"], option.text) for option in page_of(receiver.get(TRANSFER)).first("select").all("option")]

    assert options == [
        ("northgate-west", "northgate-west · 14 available"),
        ("tideway", "tideway · 1,000 available"),
    ]


def test_every_label_of_the_page_names_exactly_one_control(receiver):
    """contract.md: Words on the screen. The menu's link of the same name is a link, not a button."""
    controls = controls_of(receiver.get(TRANSFER))

    names = [
        ("field", "Linked Account"),
        ("button", "Show licenses"),
        ("field", "Qty, The Asr"),
        ("field", "Qty, The Tts"),
        ("button", "Transfer Licenses"),
    ]
    assert {name: controls.count(name) for name in names} == dict.fromkeys(names, 1)


def test_without_a_link_the_menu_has_no_such_item_and_the_page_says_what_to_do(northgate, signed_in):
    """C9: shown once the account has a link."""
    browser = signed_in(northgate)

    assert ("link", "Transfer Licenses") not in controls_of(browser.get("/"))
    assert headings_of(browser.get(TRANSFER)) == ["Transfer Licenses", "Link an account first"]


def test_once_there_is_a_link_the_menu_has_the_item(receiver):
    assert controls_of(receiver.get("/")).count(("link", "Transfer Licenses")) == 1


def test_an_account_with_nothing_available_is_said_to_have_nothing(northgate, west, signed_in):
    """And there is nothing to press."""
    LinkFactory(holder=northgate, target=west)

    response = signed_in(northgate).get(TRANSFER)

    assert headings_of(response)[-1] == "northgate-west has no licenses available"
    assert controls_of(response).count(("button", "Transfer Licenses")) == 0


@pytest.mark.parametrize(("number", "words"), [(31, "31 are deployed there."), (1, "1 is deployed there.")])
def test_an_account_with_everything_deployed_is_said_to_have_deployed_it(northgate, west, signed_in, number, words):
    give(west, ASR=number)
    LinkFactory(holder=northgate, target=west)
    deploy(west, name="W", ASR=number)

    assert f"northgate-west has no licenses available {words}" in text_of(signed_in(northgate).get(TRANSFER))


@pytest.mark.parametrize("account", ["tideway", "nobody", "northgate", "publisher"])
def test_the_page_shows_nothing_of_an_account_that_one_is_not_linked_to(receiver, tideway, account):
    """A9."""
    give(tideway, CPA=77)

    response = receiver.get(TRANSFER, {"account": account})

    assert (response.status_code, rows_of(response)) == (200, [])
    assert "77" not in text_of(response)


# ── Refusals ──

REFUSALS = {
    "nothing entered": ({}, {"": ["Enter a Qty for at least one product"]}),
    "more than is available there": ({"qty-ASR": "11"}, {"qty-ASR": ["10 available in northgate-west"]}),
    "one product of two falls short": ({"qty-ASR": "10", "qty-TTS": "5"}, {"qty-TTS": ["4 available in northgate-west"]}),
    "no number": ({"qty-ASR": "1e3"}, {"qty-ASR": ["Enter a whole number, like 2"]}),
    "too large a number": ({"qty-ASR": "1000001"}, {"qty-ASR": ["Enter 1,000,000 or less"]}),
    "a wrong number beside a shortage": (
        {"qty-ASR": "11", "qty-TTS": "-1"},
        {"qty-ASR": ["10 available in northgate-west"], "qty-TTS": ["Enter a whole number, like 2"]},
    ),
    "a product that it never held": ({"qty-CPA": "1"}, {"qty-CPA": ["0 available in northgate-west"]}),
}


@pytest.mark.parametrize(("typed", "errors"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_at_the_field_what_is_wrong_keeps_what_was_typed_and_moves_nothing(receiver, typed, errors):
    """B6; and the key is still good."""
    ProductFactory(code="CPA")

    response = press(receiver, TRANSFER, typed)

    assert (response.status_code, errors_of(response)) == (200, errors)
    assert kept_in(response, typed) == typed
    assert (balances(), transfers().count()) == (NOTHING_MOVED, 0)

    nothing = {name: "" for name in values_of(response) if name.startswith("qty-")}
    receiver.post(TRANSFER, values_of(response) | nothing | {"qty-ASR": "3"})
    assert balances() == THREE_MOVED


def test_only_available_licenses_move(receiver, west):
    """C9: deployed ones stay."""
    deploy(west, name="W", ASR=8)

    assert errors_of(press(receiver, TRANSFER, {"qty-ASR": "3"})) == {"qty-ASR": ["2 available, 8 deployed in northgate-west"]}
    assert balances() == NOTHING_MOVED | {("northgate-west", "ASR"): (2, 8, 0)}


def test_an_unknown_product_is_refused(receiver):
    """rules.md §4."""
    assert errors_of(press(receiver, TRANSFER, {"qty-ASR": "3", "qty-NOPE": "1"})) == {"": ["“NOPE” is not a product"]}
    assert balances() == NOTHING_MOVED


@pytest.mark.parametrize("account", ["tideway", "nobody", "northgate", "publisher"])
def test_an_account_that_one_is_not_linked_to_gives_nothing(receiver, tideway, account):
    """A3, A9: the same words whether it exists or not."""
    give(tideway, ASR=10)

    response = press(receiver, TRANSFER, {"linked_account": account, "qty-ASR": "3"})

    assert errors_of(response) == {"linked_account": [f"You are not linked to {account}"]}
    assert balances() == NOTHING_MOVED | {("tideway", "ASR"): (10, 0, 0)}


def test_a_link_goes_one_way(link, west, user, signed_in):
    """A3: northgate may pull from northgate-west; that gives northgate-west nothing."""
    browser = signed_in(west)
    assert headings_of(browser.get(TRANSFER)) == ["Transfer Licenses", "Link an account first"]

    refused = browser.post(TRANSFER, {"linked_account": "northgate", "qty-ASR": "3", "key": good_key(user(west), "northgate-west")})

    assert errors_of(refused) == {"linked_account": ["You are not linked to northgate"]}
    assert balances() == NOTHING_MOVED


def test_a_link_that_ended_gives_nothing_not_even_to_a_form_that_was_open(receiver, link):
    """A5; and nothing is said of what the account has (A9), not even that there is nothing, for that would be untrue."""
    form = form_of(receiver, TRANSFER) | {"qty-ASR": "3"}
    Link.objects.filter(pk=link.pk).delete()

    assert errors_of(receiver.post(TRANSFER, form)) == {"linked_account": ["You are not linked to northgate-west"]}
    assert balances() == NOTHING_MOVED


@pytest.mark.parametrize("change", ["password", "deactivated", "role"])
def test_a_link_whose_proof_is_gone_asks_for_the_credentials_again(receiver, west, user, change):
    """A6: the password changed, the user was deactivated, or is no administrator any more."""
    prover = user(west)
    if change == "password":
        prover.set_password("another horse battery")
    elif change == "deactivated":
        prover.is_active = False
    else:
        prover.role = "manager"
    prover.save()

    response = press(receiver, TRANSFER, {"qty-ASR": "3"})

    assert errors_of(response) == {"linked_account": ["The link to northgate-west needs its username and password again. Open Link User Admin"]}
    assert kept_in(response, {"qty-ASR": ""}) == {"qty-ASR": "3"}
    assert balances() == NOTHING_MOVED


# ── While acting ──


def test_links_are_not_followed_on(northgate, west, tideway, user, signed_in):
    """A4: northgate→northgate-west and northgate-west→tideway do not let northgate reach tideway, acting or not."""
    give(tideway, ASR=10)
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=tideway)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")

    assert headings_of(browser.get(TRANSFER)) == ["Transfer Licenses", "Link an account first"]
    refused = browser.post(TRANSFER, {"linked_account": "tideway", "qty-ASR": "3", "key": good_key(user(northgate), "northgate-west")})
    assert errors_of(refused) == {"linked_account": ["You are not linked to tideway"]}
    assert browser.post("/switch/tideway/").status_code == 404
    assert balances() == {("tideway", "ASR"): (10, 0, 0)}


def test_while_acting_the_link_that_leads_back_can_be_used(northgate, west, signed_in):
    """A7: acting as northgate-west one may pull from northgate, if northgate-west is linked to it."""
    give(northgate, ASR=5)
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=northgate)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")

    press(browser, TRANSFER, {"qty-ASR": "2"})

    assert balances() == {("northgate", "ASR"): (3, 0, 0), ("northgate-west", "ASR"): (2, 0, 0)}
    assert (transfers().get().posted_by.username, transfers().get().acting_as.username) == ("northgate", "northgate-west")


# ── One-use keys (B5) ──


def test_the_same_form_sent_twice_moves_once_and_leads_to_the_same_receipt(receiver):
    form = form_of(receiver, TRANSFER) | {"qty-ASR": "3"}

    first, second = receiver.post(TRANSFER, form), receiver.post(TRANSFER, form)

    assert (first.status_code, second.status_code, second.url) == (302, 302, first.url)
    assert (balances(), transfers().count()) == (THREE_MOVED, 1)


def test_the_same_form_sent_twice_leads_to_the_receipt_though_nothing_is_left(receiver):
    form = form_of(receiver, TRANSFER) | {"qty-ASR": "10", "qty-TTS": "4"}

    assert receiver.post(TRANSFER, form).url == receiver.post(TRANSFER, form).url


def test_back_edit_and_press_is_refused_and_leads_to_the_first_transfer(receiver):
    form = form_of(receiver, TRANSFER) | {"qty-ASR": "3"}
    first = receiver.post(TRANSFER, form)

    response = receiver.post(TRANSFER, form | {"qty-ASR": "4"})

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert links_of(response)[ALREADY_USED] == first.url
    assert balances() == THREE_MOVED


def test_a_form_opened_as_one_account_does_not_pull_into_another(receiver, northgate, west):
    """B7: opened as northgate, sent while acting as northgate-west, which may pull from northgate."""
    LinkFactory(holder=west, target=northgate)
    form = form_of(receiver, TRANSFER) | {"qty-ASR": "3", "linked_account": "northgate"}
    receiver.post("/switch/northgate-west/")

    response = receiver.post(TRANSFER, form)

    assert errors_of(response) == {
        "": ["This page was opened as northgate, and you are now acting as northgate-west. Nothing was changed. Check it and press again."]
    }
    assert balances() == NOTHING_MOVED


@pytest.mark.parametrize("key", ["", "rubbish"])
def test_a_form_without_a_good_key_is_refused_and_gets_one(receiver, key):
    response = press(receiver, TRANSFER, {"qty-ASR": "3", "key": key})

    assert errors_of(response) == {"": [OUT_OF_DATE]}
    receiver.post(TRANSFER, values_of(response))
    assert balances() == THREE_MOVED


# ── No input gives a 500 ──


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("name", ["linked_account", "qty-ASR", "key"])
def test_rubbish_in_a_field_is_refused(receiver, name, text):
    response = press(receiver, TRANSFER, {"qty-ASR": "3", name: text})

    assert (response.status_code, balances()) == (200, NOTHING_MOVED)


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_in_the_address_breaks_nothing(receiver, text):
    assert receiver.get(TRANSFER, {"account": text, "rubbish": text}).status_code == 200
