"""Issue licenses, in the admin (C11): how licenses come into the world."""

import pytest
from django.utils import timezone

from accounts.models import Account
from licenses.models import JournalEntry, Product
from licensing_portal.foundation.models import Notice
from tests.books import assert_the_books_are_proven, balances
from tests.factories.licenses import ProductFactory, give
from tests.views import (
    ALREADY_USED,
    OUT_OF_DATE,
    RUBBISH,
    controls_of,
    errors_of,
    form_of,
    kept_in,
    links_of,
    messages_of,
    page_of,
    press,
    rows_of,
    submit_buttons_of,
    values_of,
)

ISSUE = "/admin/issue/"
TEN_ASR = {"account": "northgate", "qty-ASR": "10"}


@pytest.fixture
def desk(desk, northgate):
    """Staff at the browser, with the products ASR and TTS and the reseller northgate."""
    ProductFactory(code="ASR")
    ProductFactory(code="TTS")
    return desk


def issues():
    return JournalEntry.objects.filter(kind="issue")


# ── One press ──


def test_one_press_issues_tells_the_account_and_leads_to_the_entry(desk, northgate):
    """C11: products, quantities, order number, note; the numbers before and after are said."""
    give(northgate, ASR=5)

    response = press(desk, ISSUE, TEN_ASR | {"qty-TTS": "4", "order_number": "4711", "note": "by phone\nwith thanks"})

    entry = issues().latest("pk")
    assert (response.status_code, response.url) == (302, f"/admin/licenses/journalentry/{entry.pk}/change/")
    assert balances() == {("northgate", "ASR"): (15, 0, 0), ("northgate", "TTS"): (4, 0, 0)}
    assert (entry.giver.username, entry.posted_by.username, entry.acting_as.username) == ("publisher", "staff", "publisher")
    assert (entry.reference, entry.note, entry.number[0]) == ("4711", "by phone\nwith thanks", "P")
    assert [notice.account for notice in Notice.objects.filter(event=entry.number)] == ["northgate"]
    assert messages_of(desk.get(response.url)) == [f"{entry.number}: northgate now has ASR 5 → 15, TTS 0 → 4 available."]
    assert_the_books_are_proven()


def test_an_enduser_is_issued_to_like_a_reseller(desk, harborcu):
    press(desk, ISSUE, TEN_ASR | {"account": "harborcu"})

    assert balances() == {("harborcu", "ASR"): (10, 0, 0)}


def test_up_to_a_million_are_issued_though_the_publisher_has_none(desk):
    """B3: the source alone goes below zero."""
    press(desk, ISSUE, TEN_ASR | {"qty-ASR": "1000000"})

    assert balances() == {("northgate", "ASR"): (1_000_000, 0, 0)}


# ── Who may ──


@pytest.mark.parametrize(("permissions", "status"), [([], 403), (["add_journalentry", "change_holding"], 403), (["issue_licenses"], 200)])
def test_staff_need_the_permission(clerks_desk, permissions, status):
    assert clerks_desk(*permissions).get(ISSUE).status_code == status


def test_the_desk_leads_here(desk):
    assert {link.text: link["href"] for link in page_of(desk.get("/admin/")).all("a")}["Issue licenses"] == ISSUE


# ── The page ──


def test_every_label_of_the_page_names_exactly_one_control(desk):
    """contract.md: Addresses."""
    response = desk.get(ISSUE)

    names = [("field", name) for name in ("Account", "Qty, The Asr", "Qty, The Tts", "Order number", "Note")] + [("button", "Issue licenses")]
    assert {name: controls_of(response).count(name) for name in names} == dict.fromkeys(names, 1)
    assert submit_buttons_of(response) == [["Sign out"], ["Issue licenses"]]


def test_the_chosen_accounts_numbers_are_shown(desk, northgate):
    give(northgate, ASR=5)

    response = desk.get(f"{ISSUE}?account=northgate")

    assert values_of(response)["account"] == "northgate"
    assert [row[:2] for row in rows_of(response)] == [["The Asr (ASR)", "5"], ["The Tts (TTS)", "0"]]


def test_only_open_accounts_and_products_that_are_not_retired_are_offered(desk, harborcu, stmarys):
    """rules.md §2; the publisher does not issue to itself."""
    Account.objects.filter(pk=stmarys.pk).update(closed_at=timezone.now())
    Product.objects.filter(code="TTS").update(retired_at=timezone.now())

    response = desk.get(ISSUE)

    assert [option["value"] for option in page_of(response).first("main").all("option")] == ["", "harborcu", "northgate"]
    assert [row[0] for row in rows_of(response)] == ["The Asr (ASR)"]


def options_of(response):
    return [option["value"] for option in page_of(response).first("main").first("select").all("option")]


@pytest.fixture
def many_accounts(northgate):
    """60 resellers beside northgate, more than one looks through."""
    made = [
        Account(username=f"reseller-{number:02}", company=f"Company {number:02} GmbH", kind="reseller", email="a@example.com") for number in range(60)
    ]
    Account.objects.bulk_create(made)


@pytest.mark.parametrize("address", [ISSUE, "/admin/adjust/"])
def test_of_many_accounts_fifty_are_offered_and_a_search_finds_the_others(desk, many_accounts, address):
    first, found, by_company = desk.get(address), desk.get(f"{address}?find=R-5"), desk.get(f"{address}?find=company+59")

    assert options_of(first) == ["", "northgate", *(f"reseller-{number:02}" for number in range(49))]
    assert options_of(found) == ["", *(f"reseller-{number:02}" for number in range(50, 60))]
    assert (options_of(by_company), values_of(by_company)["account"]) == (["", "reseller-59"], "reseller-59")


def test_an_account_that_is_not_offered_is_taken_and_stays_chosen(desk, many_accounts):
    """A page that was opened for one account, or searched for another, goes on with whom it names."""
    assert options_of(desk.get(f"{ISSUE}?account=reseller-59"))[:2] == ["", "reseller-59"]
    assert options_of(desk.get(f"{ISSUE}?account=reseller-59&find=north")) == ["", "reseller-59", "northgate"]

    assert options_of(desk.get(f"{ISSUE}?account=nobody&find=north")) == ["", "northgate"]

    assert press(desk, ISSUE, TEN_ASR | {"account": "reseller-59"}).status_code == 302
    assert balances() == {("reseller-59", "ASR"): (10, 0, 0)}


def test_a_search_that_finds_nobody_says_so(desk, many_accounts):
    response = desk.get(f"{ISSUE}?find=%00nobody")

    assert (
        next(words.text for words in page_of(response).all("p") if words.attributes.get("id") == "id_find_help")
        == "No open account has “nobody” in its username or company."
    )
    assert options_of(response) == [""]


def test_where_one_can_look_through_all_accounts_nobody_has_to_search(desk):
    assert "Find an account" not in desk.get(ISSUE).text


# ── Refusals ──

CHOICE = "Select a valid choice. That choice is not one of the available choices."
REFUSALS = {
    "no account": ({"account": "", "qty-ASR": "10"}, {"account": ["Choose an account"]}),
    "an account that does not exist": ({"account": "nobody", "qty-ASR": "10"}, {"account": [CHOICE]}),
    "the publisher": ({"account": "publisher", "qty-ASR": "10"}, {"account": [CHOICE]}),
    "a closed account": ({"account": "stmarys", "qty-ASR": "10"}, {"account": [CHOICE]}),
    "nothing entered": ({"account": "northgate"}, {"": ["Enter a Qty for at least one product"]}),
    "no number": ({"account": "northgate", "qty-ASR": "-10"}, {"qty-ASR": ["Enter a whole number, like 2"]}),
    "too large a number": ({"account": "northgate", "qty-ASR": "1000001"}, {"qty-ASR": ["Enter 1,000,000 or less"]}),
    "an order number on two lines": (TEN_ASR | {"order_number": "47\n11"}, {"order_number": ["Use plain text on one line"]}),
}


@pytest.mark.parametrize(("typed", "errors"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_at_the_field_what_is_wrong_keeps_what_was_typed_and_moves_nothing(desk, stmarys, typed, errors):
    """B6; and the key is still good."""
    Account.objects.filter(pk=stmarys.pk).update(closed_at=timezone.now())

    response = press(desk, ISSUE, typed)

    assert (response.status_code, errors_of(response)) == (200, errors)
    kept = {name: value for name, value in typed.items() if name != "account" or value == "northgate"}
    assert kept_in(response, kept) == kept
    assert (balances(), issues().count()) == ({}, 0)

    desk.post(ISSUE, values_of(response) | TEN_ASR | {"order_number": ""})
    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_a_product_that_was_retired_meanwhile_is_refused_not_left_out(desk):
    """rules.md §2 and §4, B7: the form named it; issuing the rest in silence would be a short delivery."""
    form = form_of(desk, ISSUE) | TEN_ASR | {"qty-TTS": "4"}
    Product.objects.filter(code="TTS").update(retired_at=timezone.now())

    response = desk.post(ISSUE, form)

    assert errors_of(response) == {"qty-TTS": ["The Tts is retired and is no longer issued"]}
    assert balances() == {}


def test_an_unknown_product_is_refused(desk):
    """rules.md §4."""
    assert errors_of(press(desk, ISSUE, TEN_ASR | {"qty-NOPE": "1"})) == {"": ["“NOPE” is not a product"]}
    assert balances() == {}


# ── One-use keys (B5) ──


def test_the_same_form_sent_twice_issues_once_and_leads_to_the_same_entry(desk):
    form = form_of(desk, ISSUE) | TEN_ASR

    first, second = desk.post(ISSUE, form), desk.post(ISSUE, form)

    assert (first.status_code, second.status_code, second.url) == (302, 302, first.url)
    assert (balances(), issues().count()) == ({("northgate", "ASR"): (10, 0, 0)}, 1)


@pytest.mark.parametrize("edit", [{"qty-ASR": "11"}, {"account": "harborcu"}, {"order_number": "4712"}, {"note": "again"}])
def test_back_edit_and_press_is_refused(desk, harborcu, edit):
    form = form_of(desk, ISSUE) | TEN_ASR
    desk.post(ISSUE, form)

    response = desk.post(ISSUE, form | edit)

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_the_refusal_of_a_used_form_leads_staff_to_the_entry(desk):
    """Staff of the publisher may see every receipt of its issues."""
    form = form_of(desk, ISSUE) | TEN_ASR
    desk.post(ISSUE, form)

    response = desk.post(ISSUE, form | {"qty-ASR": "11"})

    (address,) = [address for words, address in links_of(response).items() if words.startswith("This form was already used")]
    assert desk.get(address).status_code == 200


@pytest.mark.parametrize("key", ["", "rubbish"])
def test_a_form_without_a_good_key_is_refused_and_gets_one(desk, key):
    response = press(desk, ISSUE, TEN_ASR | {"key": key})

    assert errors_of(response) == {"": [OUT_OF_DATE]}
    desk.post(ISSUE, values_of(response))
    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


# ── No input gives a 500 ──


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("name", ["account", "order_number", "note", "qty-ASR", "key"])
def test_rubbish_in_a_field_is_refused(desk, name, text):
    """rules.md §4."""
    response = press(desk, ISSUE, TEN_ASR | {name: text})

    assert (response.status_code, balances()) == (200, {})


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_in_the_address_breaks_nothing(desk, text):
    assert desk.get(ISSUE, {"account": text}).status_code == 200
