"""Sell Licenses, the page: C2 to C4 as a seller meets them, and what a refused form keeps (B5, B6, B7, rules.md §4)."""

import pytest
from django.utils import timezone

from accounts.models import Account
from licenses.models import JournalEntry, Product
from licensing_portal.foundation.models import Notice
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import EnduserFactory, LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import ProductFactory, give
from tests.views import (
    ALREADY_USED,
    OPENED_BY_SOMEONE_ELSE,
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

SELL = "/sell/"
SALE = {"owner": "harborcu", "qty-ASR": "3"}


@pytest.fixture
def seller(northgate, harborcu, signed_in):
    """northgate's administrator at the browser, with 10 ASR and 4 TTS to sell, and harborcu to sell them to."""
    give(northgate, ASR=10, TTS=4)
    return signed_in(northgate)


NOTHING_SOLD = {("northgate", "ASR"): (10, 0, 0), ("northgate", "TTS"): (4, 0, 0)}
THREE_SOLD = {("northgate", "ASR"): (7, 0, 3), ("northgate", "TTS"): (4, 0, 0), ("harborcu", "ASR"): (3, 0, 0)}


def sales():
    return JournalEntry.objects.filter(kind="sale")


# ── One press ──


def test_one_press_sells_and_leads_to_the_receipt(seller, harborcu):
    """C2, C4: no page between; the sale has a number, and the enduser is told."""
    response = press(seller, SELL, {"owner": "harborcu", "qty-ASR": "3", "qty-TTS": "4", "reference": "PO 20931"})

    sale = sales().get()
    assert (response.status_code, response.url) == (302, f"/receipts/{sale.number}/")
    assert balances() == {
        ("northgate", "ASR"): (7, 0, 3),
        ("northgate", "TTS"): (0, 0, 4),
        ("harborcu", "ASR"): (3, 0, 0),
        ("harborcu", "TTS"): (4, 0, 0),
    }
    assert sale.reference == "PO 20931"
    assert [(notice.account, notice.fate) for notice in Notice.objects.filter(event=sale.number)] == [("harborcu", "queued")]
    assert notes_of(seller.get(response.url)) == ["Sale complete 7 licenses now belong to Harbor Credit Union."]
    assert_the_books_are_proven()


def test_the_owners_name_is_read_as_people_type_it(seller):
    """The username's case is ignored (rules.md §1), and so are spaces around it."""
    press(seller, SELL, {"owner": "  HarborCU ", "qty-ASR": "3"})

    assert balances() == THREE_SOLD


def test_a_manager_sells(seller, northgate, signed_in):
    """rules.md §1: managers sell."""
    assert press(signed_in(northgate, "manager"), SELL, SALE).status_code == 302

    assert balances() == THREE_SOLD


def test_the_journal_names_the_person_and_the_account_acted_for(northgate, harborcu, west, signed_in):
    """A7: sold by west's person, acting as northgate."""
    give(northgate, ASR=10)
    LinkFactory(holder=west, target=northgate)
    browser = signed_in(west)
    browser.post("/switch/northgate/")

    press(browser, SELL, SALE)

    sale = sales().get()
    assert (sale.posted_by.username, sale.acting_as.username, sale.giver.username) == ("northgate-west", "northgate", "northgate")


# ── The page ──


def test_the_page_offers_what_is_available_and_nothing_else(seller, northgate, harborcu):
    """C2: a Qty for each product of which some are available; deployed ones are told, not offered (C3)."""
    ProductFactory(code="CPA")
    deploy(northgate, ASR=6, TTS=4)

    assert rows_of(seller.get(SELL)) == [["The AsrASR", "46 deployed", "All 4", "4"]]


def test_every_label_of_the_page_names_exactly_one_control(seller):
    """contract.md: Words on the screen."""
    controls = controls_of(seller.get(SELL))

    names = [("field", "Owner"), ("field", "Qty, The Asr"), ("field", "Qty, The Tts"), ("field", "Your reference"), ("button", "Add")]
    assert {name: controls.count(name) for name in names} == dict.fromkeys(names, 1)


def test_the_owner_can_be_chosen_beforehand(seller, stmarys):
    """From an enduser's page."""
    assert form_of(seller, f"{SELL}?owner=harborcu")["owner"] == "harborcu"


def test_the_only_enduser_is_chosen_beforehand(seller, northgate):
    """A closed one does not count, and an owner that one came with stays."""
    EnduserFactory(username="closedcu", reseller=northgate, closed_at=timezone.now())

    assert form_of(seller, SELL)["owner"] == "harborcu"
    assert form_of(seller, f"{SELL}?owner=somebody")["owner"] == "somebody"


def test_of_several_endusers_none_is_chosen_beforehand(seller, stmarys):
    assert form_of(seller, SELL)["owner"] == ""


def focused(response):
    return [control["name"] for control in page_of(response).all("input") if "autofocus" in control.attributes]


@pytest.mark.parametrize(("product", "field"), [("TTS", ["qty-TTS"]), ("ASR", ["qty-ASR"]), ("CPA", []), ("", []), ("\0", []), ("x" * 5_000, [])])
def test_the_product_that_one_came_for_has_the_focus(seller, product, field):
    """From the summary."""
    assert focused(seller.get(SELL, {"product": product})) == field


def test_after_a_refusal_no_quantity_takes_the_focus_from_the_summary_of_what_is_wrong(seller):
    response = seller.post(f"{SELL}?product=TTS", form_of(seller, SELL) | {"owner": "nobody"})

    assert (list(errors_of(response)), focused(response)) == (["owner", ""], [])


def test_the_datalist_offers_ones_own_open_endusers(seller, stmarys, metrotransit):
    """A9: tideway's enduser is not shown, and a closed one cannot buy."""
    Account.objects.filter(pk=stmarys.pk).update(closed_at=timezone.now())

    response = seller.get(SELL)

    assert [enduser.username for enduser in response.context["form"].endusers] == ["harborcu"]
    assert b"metrotransit" not in response.content
    assert b"stmarys" not in response.content


def test_with_nothing_to_sell_the_page_says_so(northgate, harborcu, signed_in):
    assert headings_of(signed_in(northgate).get(SELL)) == ["Sell Licenses", "You have no licenses to sell"]


def test_with_everything_deployed_the_page_says_how_many_and_what_brings_them_back(northgate, signed_in):
    """C7."""
    give(northgate, ASR=1_000, TTS=4)
    deploy(northgate, ASR=1_000, TTS=4)

    assert "1,004 are deployed. Only retiring a deployment brings its licenses back." in text_of(signed_in(northgate).get(SELL))


def test_with_nobody_to_sell_to_the_page_leads_to_creating_an_enduser(northgate, signed_in):
    give(northgate, ASR=10)

    response = signed_in(northgate).get(SELL)

    assert headings_of(response) == ["Sell Licenses", "You have no endusers yet"]
    assert links_of(response) == {"Create an enduser": "/create-enduser/?next=licenses:sell_licenses", "What a sale does": "/help/#sale"}


# ── Refusals ──

REFUSALS = {
    "nothing entered": ({"owner": "harborcu"}, {"": ["Enter a Qty for at least one product"]}),
    "zeros alone": ({"owner": "harborcu", "qty-ASR": "0", "qty-TTS": "000"}, {"": ["Enter a Qty for at least one product"]}),
    "no owner": ({"owner": "", "qty-ASR": "3"}, {"owner": ["Choose an owner"]}),
    "an owner that does not exist": ({"owner": "nobody", "qty-ASR": "3"}, {"owner": ["“nobody” is not one of your endusers"]}),
    "another reseller's enduser": ({"owner": "metrotransit", "qty-ASR": "3"}, {"owner": ["“metrotransit” is not one of your endusers"]}),
    "another reseller": ({"owner": "tideway", "qty-ASR": "3"}, {"owner": ["“tideway” is not one of your endusers"]}),
    "oneself": ({"owner": "northgate", "qty-ASR": "3"}, {"owner": ["“northgate” is not one of your endusers"]}),
    "the publisher": ({"owner": "publisher", "qty-ASR": "3"}, {"owner": ["“publisher” is not one of your endusers"]}),
    "a closed owner": ({"owner": "stmarys", "qty-ASR": "3"}, {"owner": ["stmarys is closed and can’t receive licenses"]}),
    "more than is available": ({"owner": "harborcu", "qty-ASR": "11"}, {"qty-ASR": ["10 available"]}),
    "one product of two falls short": ({"owner": "harborcu", "qty-ASR": "10", "qty-TTS": "5"}, {"qty-TTS": ["4 available"]}),
    "both fall short": ({"owner": "harborcu", "qty-ASR": "11", "qty-TTS": "5"}, {"qty-ASR": ["10 available"], "qty-TTS": ["4 available"]}),
    "too large a number": ({"owner": "harborcu", "qty-ASR": "1000001"}, {"qty-ASR": ["Enter 1,000,000 or less"]}),
    "everything at once": (
        {"owner": "nobody", "qty-ASR": "11", "qty-TTS": "x", "reference": "r" * 61},
        {
            "owner": ["“nobody” is not one of your endusers"],
            "qty-ASR": ["10 available"],
            "qty-TTS": ["Enter a whole number, like 2"],
            "reference": ["Ensure this value has at most 60 characters (it has 61)."],
        },
    ),
    "a product that one never held": ({"owner": "harborcu", "qty-CPA": "1"}, {"qty-CPA": ["0 available"]}),
    "a reference on two lines": ({"owner": "harborcu", "qty-ASR": "3", "reference": "one\ntwo"}, {"reference": ["Use plain text on one line"]}),
}


@pytest.mark.parametrize(("typed", "errors"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_at_the_field_what_is_wrong_keeps_what_was_typed_and_moves_nothing(seller, stmarys, metrotransit, typed, errors):
    """B6; and the key is still good: correcting and pressing again works."""
    ProductFactory(code="CPA")
    Account.objects.filter(pk=stmarys.pk).update(closed_at=timezone.now())

    response = press(seller, SELL, typed)

    assert (response.status_code, errors_of(response)) == (200, errors)
    assert kept_in(response, typed) == typed
    assert (balances(), sales().count()) == (NOTHING_SOLD, 0)

    nothing = {name: "" for name in values_of(response) if name.startswith("qty-")}
    seller.post(SELL, values_of(response) | nothing | SALE | {"reference": ""})
    assert balances() == THREE_SOLD


@pytest.mark.parametrize("owner", ["metrotransit", "tideway", "publisher"])
def test_an_owner_that_one_may_not_see_is_refused_like_one_that_does_not_exist(seller, metrotransit, owner):
    """A9: not even the words tell whether it exists."""
    unseen = errors_of(press(seller, SELL, {"owner": owner, "qty-ASR": "3"}))["owner"]
    nobody = errors_of(press(seller, SELL, {"owner": "nobody", "qty-ASR": "3"}))["owner"]

    assert [message.replace(owner, "nobody") for message in unseen] == nobody


def test_an_unknown_product_is_refused(seller):
    """rules.md §4: a form opened long ago may name a product that is gone; it is never left out in silence."""
    response = press(seller, SELL, SALE | {"qty-NOPE": "1"})

    assert errors_of(response) == {"": ["“NOPE” is not a product"]}
    assert balances() == NOTHING_SOLD


def test_a_product_that_was_used_up_meanwhile_keeps_its_row(seller, northgate, harborcu):
    """B7: the number is decided when the form is sent, and the row is there to be mended."""
    form = form_of(seller, SELL)
    press(seller, SELL, {"owner": "harborcu", "qty-TTS": "4"})

    response = seller.post(SELL, form | {"owner": "harborcu", "qty-TTS": "1"})

    assert errors_of(response) == {"qty-TTS": ["0 available"]}
    assert rows_of(response) == [["The AsrASR", "10", "All 10", "10"], ["The TtsTTS", "0", "All 0 0 available", "−1"]]


def test_a_retired_product_can_still_be_sold(seller):
    """rules.md §2."""
    Product.objects.filter(code="ASR").update(retired_at=timezone.now())

    press(seller, SELL, SALE)

    assert balances() == THREE_SOLD


def test_a_blank_quantity_is_none_and_so_is_one_that_is_not_sent(seller):
    """rules.md §4; what else a quantity may be: tests/foundation/test_quantities.py."""
    form = form_of(seller, SELL)
    del form["qty-TTS"]

    seller.post(SELL, form | SALE)

    assert balances() == THREE_SOLD


# ── One-use keys (B5) ──


def test_the_same_form_sent_twice_sells_once_and_leads_to_the_same_receipt(seller):
    """Double click, reload, back and send."""
    form = form_of(seller, SELL) | SALE

    first, second = seller.post(SELL, form), seller.post(SELL, form)

    assert (first.status_code, second.status_code, second.url) == (302, 302, first.url)
    assert (balances(), sales().count()) == (THREE_SOLD, 1)
    assert Notice.objects.filter(event=sales().get().number).count() == 1


def test_the_same_form_sent_twice_leads_to_the_receipt_though_nothing_is_left_to_sell(seller):
    form = form_of(seller, SELL) | {"owner": "harborcu", "qty-ASR": "10", "qty-TTS": "4"}

    assert seller.post(SELL, form).url == seller.post(SELL, form).url


@pytest.mark.parametrize("edit", [{"qty-ASR": "4"}, {"owner": "stmarys"}, {"reference": "again"}, {"qty-TTS": "1"}])
def test_back_edit_and_press_is_refused_and_leads_to_the_first_sale(seller, stmarys, edit):
    form = form_of(seller, SELL) | SALE
    first = seller.post(SELL, form)

    response = seller.post(SELL, form | edit)

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert links_of(response)[ALREADY_USED] == first.url
    assert balances() == THREE_SOLD


def test_a_form_opened_as_one_account_does_not_sell_as_another(northgate, harborcu, west, signed_in):
    """B7: the tab was left open while another one switched; both accounts are named, and pressing again is a decision."""
    give(northgate, ASR=10)
    give(west, ASR=10)
    EnduserFactory(username="westside", reseller=west)
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    form = form_of(browser, SELL) | {"owner": "westside", "qty-ASR": "3"}
    browser.post("/switch/northgate-west/")

    response = browser.post(SELL, form)

    assert errors_of(response) == {
        "": ["This page was opened as northgate, and you are now acting as northgate-west. Nothing was changed. Check it and press again."]
    }
    assert balances() == {("northgate", "ASR"): (10, 0, 0), ("northgate-west", "ASR"): (10, 0, 0)}

    browser.post(SELL, values_of(response))
    assert balances() == {("northgate", "ASR"): (10, 0, 0), ("northgate-west", "ASR"): (7, 0, 3), ("westside", "ASR"): (3, 0, 0)}


def test_a_form_of_another_person_is_refused(seller, northgate, signed_in):
    form = form_of(signed_in(northgate, "manager"), SELL) | SALE

    assert errors_of(seller.post(SELL, form)) == {"": [OPENED_BY_SOMEONE_ELSE]}
    assert balances() == NOTHING_SOLD


def test_the_key_of_another_form_is_refused(seller):
    key = form_of(seller, "/deployments/add/")["key"]

    assert errors_of(press(seller, SELL, SALE | {"key": key})) == {"": [OPENED_BY_SOMEONE_ELSE]}
    assert balances() == NOTHING_SOLD


@pytest.mark.parametrize("key", [None, "", "rubbish", "a:b:c", "\0", "W10:1:1", "x" * 100_000])
def test_a_form_without_a_good_key_is_refused_and_gets_one(seller, key):
    """B5: no key, no act; what was typed stays, and pressing again works."""
    form = form_of(seller, SELL) | SALE
    response = seller.post(SELL, {name: value for name, value in (form | {"key": key}).items() if value is not None})

    assert errors_of(response)[""][-1:] == [OUT_OF_DATE]
    assert kept_in(response, SALE) == SALE
    assert balances() == NOTHING_SOLD

    seller.post(SELL, values_of(response))
    assert balances() == THREE_SOLD


# ── No input gives a 500 ──


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("name", ["owner", "reference", "qty-ASR", "key", "qty-", "qty-\0", "qty-%s", "csrfmiddlewaretoken\0"])
def test_rubbish_in_a_field_sells_nothing_and_breaks_nothing(seller, name, text):
    """rules.md §4."""
    response = press(seller, SELL, {"owner": "harborcu", "qty-ASR": "99"} | {name: text})

    assert (response.status_code, balances()) == (200, NOTHING_SOLD)


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_in_the_address_breaks_nothing(seller, text):
    assert seller.get(SELL, {"owner": text, "rubbish": text}).status_code == 200


def test_markup_that_was_typed_is_shown_as_text(seller):
    response = press(seller, SELL, {"owner": "<script>alert(1)</script>", "qty-ASR": "<script>alert(2)</script>"})

    assert kept_in(response, {"owner": "", "qty-ASR": ""}) == {"owner": "<script>alert(1)</script>", "qty-ASR": "<script>alert(2)</script>"}
    assert b"<script>alert" not in response.content


# ── Suggestions for Owner ──


def suggested(browser, text):
    return [owner["username"] for owner in browser.get("/suggest-endusers/", {"q": text}).json()["owners"]]


def test_owners_are_suggested_by_username_company_and_address(seller, stmarys):
    assert [suggested(seller, text) for text in ("harb", "CREDIT", "stmarys@", "example.com", "")] == [
        ["harborcu"], ["harborcu"], ["stmarys"], ["harborcu", "stmarys"], [],
    ]  # fmt: skip


def test_only_ones_own_open_endusers_are_suggested(seller, stmarys, metrotransit):
    """A9."""
    Account.objects.filter(pk=stmarys.pk).update(closed_at=timezone.now())

    assert [suggested(seller, text) for text in ("metro", "tideway", "example.com")] == [[], [], ["harborcu"]]


def test_eight_owners_are_suggested_at_most(seller, northgate):
    for number in range(12):
        EnduserFactory(username=f"clinic-{number:02}", reseller=northgate)

    assert suggested(seller, "clinic") == [f"clinic-{number:02}" for number in range(8)]


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_finds_no_owner(seller, text):
    assert seller.get("/suggest-endusers/", {"q": text}).status_code == 200


OWNERS = {
    "an enduser": ("harborcu", "Harbor Credit Union harborcu@example.com"),
    "in capitals": ("HARBORCU", "Harbor Credit Union harborcu@example.com"),
    "half a name": ("harbor", ""),
    "another reseller's enduser": ("metrotransit", ""),
    "a NUL": ("%00", ""),
}


@pytest.mark.parametrize(("typed", "said"), OWNERS.values(), ids=OWNERS)
def test_the_page_says_who_the_owner_is_without_scripts_too(seller, harborcu, metrotransit, typed, said):
    """A9: and of whom the seller may not know, as little as of nobody."""
    shown = page_of(seller.get(f"{SELL}?owner={typed}"))
    (known,) = [note for note in shown.all("div") if "data-owner-known" in note.attributes]
    assert (known.text, "hidden" in known.attributes) == (said, not said)
