"""Add New Deployment, the page (C5): for oneself, and for an enduser, which is also a sale."""

import pytest
from django.utils import timezone

from accounts.models import Account
from deployments.models import Deployment
from licenses.models import JournalEntry, Product
from licensing_portal.foundation.models import Notice
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import ProductFactory, give
from tests.views import (
    ALREADY_USED,
    OUT_OF_DATE,
    RUBBISH,
    controls_of,
    errors_of,
    form_of,
    heading_of,
    headings_of,
    kept_in,
    links_of,
    notes_of,
    press,
    rows_of,
    text_of,
    values_of,
)

ADD = "/deployments/add/"
LAB = {"name": "LAB", "host_name": "lab.example.com", "qty-ASR": "4"}


@pytest.fixture
def reseller(northgate, harborcu, signed_in):
    """northgate's administrator at the browser, with 10 ASR and 4 TTS, and the enduser harborcu."""
    give(northgate, ASR=10, TTS=4)
    return signed_in(northgate)


NOTHING_MOVED = {("northgate", "ASR"): (10, 0, 0), ("northgate", "TTS"): (4, 0, 0)}
FOUR_DEPLOYED = {("northgate", "ASR"): (6, 4, 0), ("northgate", "TTS"): (4, 0, 0)}
FOUR_DEPLOYED_FOR_HARBORCU = {("northgate", "ASR"): (6, 0, 4), ("northgate", "TTS"): (4, 0, 0), ("harborcu", "ASR"): (0, 4, 0)}


def mails():
    """Which letters went to whom, the issues apart."""
    notices = Notice.objects.exclude(kind="licenses/emails/licenses_issued").order_by("pk")
    return [(notice.kind, notice.account) for notice in notices]


# ── One press ──


@pytest.mark.parametrize("owner", ["", "northgate", " NORTHGATE "])
def test_for_oneself_licenses_move_from_available_to_deployed_and_nothing_is_sold(reseller, owner):
    """C5: with oneself as owner no sale is made and no sale e-mail goes out."""
    response = press(reseller, ADD, LAB | {"owner": owner, "notes": "in the basement\nrow 4"})

    lab = Deployment.objects.get()
    assert (response.status_code, response.url) == (302, f"/deployments/{lab.pk}/")
    assert (lab.name, lab.host_name, lab.notes, lab.state) == ("LAB", "lab.example.com", "in the basement\nrow 4", "waiting")
    assert (lab.owner.username, lab.made_by.username) == ("northgate", "northgate")
    assert balances() == FOUR_DEPLOYED
    assert mails() == []
    page = reseller.get(response.url)
    assert (heading_of(page), notes_of(page)) == ("LAB", ["Deployment added."])
    assert_the_books_are_proven()


def test_for_an_enduser_it_is_also_a_sale(reseller, harborcu):
    """C5: the deployment is the enduser's, its page names the sale, and one e-mail tells of both."""
    response = press(reseller, ADD, LAB | {"owner": "harborcu"})

    lab, sale = Deployment.objects.get(), JournalEntry.objects.get(kind="sale")
    assert (response.status_code, response.url) == (302, f"/deployments/{lab.pk}/")
    assert (lab.owner.username, lab.made_by.username) == ("harborcu", "northgate")
    assert balances() == FOUR_DEPLOYED_FOR_HARBORCU
    assert mails() == [("deployments/emails/deployment_sold", "harborcu")]
    page = reseller.get(response.url)
    assert notes_of(page) == [f"Deployment added. 4 licenses now belong to {harborcu.company}. The owner gets an email."]
    assert links_of(page)[sale.number] == f"/receipts/{sale.number}/"
    assert_the_books_are_proven()


def test_an_enduser_deploys_for_itself(harborcu, signed_in):
    """C5: the owner is asked of resellers alone."""
    give(harborcu, ASR=10)
    browser = signed_in(harborcu)

    assert "owner" not in form_of(browser, ADD)
    press(browser, ADD, LAB)

    assert balances() == {("harborcu", "ASR"): (6, 4, 0)}


def test_an_owner_that_an_enduser_smuggles_in_is_not_heeded(harborcu, stmarys, signed_in):
    """C5, A9: whatever the request says, an enduser sells nothing."""
    give(harborcu, ASR=10)

    press(signed_in(harborcu), ADD, LAB | {"owner": "stmarys"})

    assert balances() == {("harborcu", "ASR"): (6, 4, 0)}


def test_names_may_repeat(reseller):
    """C5."""
    press(reseller, ADD, LAB)
    press(reseller, ADD, LAB)

    assert balances() == {("northgate", "ASR"): (2, 8, 0), ("northgate", "TTS"): (4, 0, 0)}


def test_a_manager_deploys(reseller, northgate, signed_in):
    press(signed_in(northgate, "manager"), ADD, LAB)

    assert balances() == FOUR_DEPLOYED


def test_a_retired_product_can_still_be_deployed(reseller):
    """rules.md §2."""
    Product.objects.filter(code="ASR").update(retired_at=timezone.now())

    press(reseller, ADD, LAB)

    assert balances() == FOUR_DEPLOYED


# ── The page ──


def test_every_label_of_the_page_names_exactly_one_control(reseller):
    """contract.md: Words on the screen. (Server file comes with C6.)"""
    controls = controls_of(reseller.get(ADD))

    names = [("field", name) for name in ("Name", "Host name", "Owner", "Qty, The Asr", "Qty, The Tts", "Notes")] + [("button", "Add New Deployment")]
    assert {name: controls.count(name) for name in names} == dict.fromkeys(names, 1)


def test_with_nothing_available_the_page_says_so(northgate, signed_in):
    assert headings_of(signed_in(northgate).get(ADD)) == ["Add New Deployment", "You have no licenses to deploy"]


def test_the_owner_can_be_chosen_beforehand(reseller):
    assert form_of(reseller, f"{ADD}?owner=harborcu")["owner"] == "harborcu"


# ── Refusals ──

REFUSALS = {
    "no name": ({"name": "", "host_name": "lab", "qty-ASR": "4"}, {"name": ["Enter a name"]}),
    "no host name": ({"name": "LAB", "host_name": "  ", "qty-ASR": "4"}, {"host_name": ["Enter a host name"]}),
    "an address for a host name": (
        {"name": "LAB", "host_name": "http://lab/", "qty-ASR": "4"}, {"host_name": ["Enter a host name like ivr-01.example.com"]},
    ),
    "two words for a host name": ({"name": "LAB", "host_name": "my lab", "qty-ASR": "4"}, {"host_name": ["Enter a host name like ivr-01.example.com"]}),
    "a name on two lines": ({"name": "LAB\nTWO", "host_name": "lab", "qty-ASR": "4"}, {"name": ["Use plain text on one line"]}),
    "nothing entered": ({"name": "LAB", "host_name": "lab"}, {"": ["Enter a Qty for at least one product"]}),
    "more than is available": ({"name": "LAB", "host_name": "lab", "qty-ASR": "11"}, {"qty-ASR": ["10 available"]}),
    "one product of two falls short": ({"name": "LAB", "host_name": "lab", "qty-ASR": "10", "qty-TTS": "5"}, {"qty-TTS": ["4 available"]}),
    "no number": ({"name": "LAB", "host_name": "lab", "qty-ASR": "-4"}, {"qty-ASR": ["Enter a whole number, like 2"]}),
    "too large a number": ({"name": "LAB", "host_name": "lab", "qty-ASR": "1000001"}, {"qty-ASR": ["Enter 1,000,000 or less"]}),
    "a product that one never held": ({"name": "LAB", "host_name": "lab", "qty-CPA": "1"}, {"qty-CPA": ["0 available"]}),
    "an owner that does not exist": (LAB | {"owner": "nobody"}, {"owner": ["“nobody” is not one of your endusers"]}),
    "another reseller's enduser": (LAB | {"owner": "metrotransit"}, {"owner": ["“metrotransit” is not one of your endusers"]}),
    "another reseller": (LAB | {"owner": "tideway"}, {"owner": ["“tideway” is not one of your endusers"]}),
    "a closed owner": (LAB | {"owner": "stmarys"}, {"owner": ["stmarys is closed and can’t receive licenses"]}),
    "notes that are too long": (LAB | {"notes": "n" * 2001}, {"notes": ["Ensure this value has at most 2000 characters (it has 2001)."]}),
    "everything at once": (
        {"name": "", "host_name": "", "owner": "nobody", "qty-ASR": "11", "qty-TTS": "1.5"},
        {
            "name": ["Enter a name"],
            "host_name": ["Enter a host name"],
            "owner": ["“nobody” is not one of your endusers"],
            "qty-ASR": ["10 available"],
            "qty-TTS": ["Enter a whole number, like 2"],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize(("typed", "errors"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_at_the_field_what_is_wrong_keeps_what_was_typed_and_moves_nothing(reseller, stmarys, metrotransit, typed, errors):
    """B6; and the key is still good: correcting and pressing again works."""
    ProductFactory(code="CPA")
    Account.objects.filter(pk=stmarys.pk).update(closed_at=timezone.now())

    response = press(reseller, ADD, typed)

    assert (response.status_code, errors_of(response)) == (200, errors)
    assert kept_in(response, typed) == typed
    assert (balances(), Deployment.objects.count(), mails()) == (NOTHING_MOVED, 0, [])

    nothing = {name: "" for name in values_of(response) if name.startswith("qty-")}
    reseller.post(ADD, values_of(response) | nothing | LAB | {"owner": "", "notes": ""})
    assert balances() == FOUR_DEPLOYED


def test_an_unknown_product_is_refused(reseller):
    """rules.md §4."""
    assert errors_of(press(reseller, ADD, LAB | {"qty-NOPE": "1"})) == {"": ["“NOPE” is not a product"]}
    assert balances() == NOTHING_MOVED


def test_deployed_licenses_are_not_available_for_another_deployment(reseller):
    """C3: the refusal says where the rest is."""
    press(reseller, ADD, LAB)

    assert errors_of(press(reseller, ADD, LAB | {"qty-ASR": "7"})) == {"qty-ASR": ["6 available, 4 deployed"]}
    assert balances() == FOUR_DEPLOYED


# ── One-use keys (B5) ──


@pytest.mark.parametrize(("owner", "after"), [("", FOUR_DEPLOYED), ("harborcu", FOUR_DEPLOYED_FOR_HARBORCU)])
def test_the_same_form_sent_twice_makes_one_deployment(reseller, owner, after):
    form = form_of(reseller, ADD) | LAB | {"owner": owner}

    first, second = reseller.post(ADD, form), reseller.post(ADD, form)

    assert (first.status_code, second.status_code, second.url) == (302, 302, first.url)
    assert (balances(), Deployment.objects.count(), len(mails())) == (after, 1, 1 if owner else 0)


@pytest.mark.parametrize(
    "edit", [{"qty-ASR": "5"}, {"qty-TTS": "1"}, {"owner": "harborcu"}, {"name": "LAB-2"}, {"host_name": "lab-2"}, {"notes": "n"}]
)
def test_back_edit_and_press_is_refused_and_leads_to_the_first_deployment(reseller, edit):
    form = form_of(reseller, ADD) | LAB
    first = reseller.post(ADD, form)

    response = reseller.post(ADD, form | edit)

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert links_of(response)[ALREADY_USED] == first.url
    assert (balances(), Deployment.objects.count()) == (FOUR_DEPLOYED, 1)


def test_a_form_opened_as_one_account_does_not_deploy_as_another(reseller, northgate, west):
    """B7: the likeliest way to deploy from the wrong account is to switch in another tab."""
    give(west, ASR=10)
    LinkFactory(holder=northgate, target=west)
    form = form_of(reseller, ADD) | LAB
    reseller.post("/switch/northgate-west/")

    response = reseller.post(ADD, form)

    assert errors_of(response) == {
        "": ["This page was opened as northgate, and you are now acting as northgate-west. Nothing was changed. Check it and press again."]
    }
    assert kept_in(response, LAB) == LAB
    assert balances() == NOTHING_MOVED | {("northgate-west", "ASR"): (10, 0, 0)}


@pytest.mark.parametrize("key", ["", "rubbish"])
def test_a_form_without_a_good_key_is_refused_and_gets_one(reseller, key):
    response = press(reseller, ADD, LAB | {"key": key})

    assert errors_of(response) == {"": [OUT_OF_DATE]}
    assert balances() == NOTHING_MOVED

    reseller.post(ADD, values_of(response))
    assert balances() == FOUR_DEPLOYED


# ── No input gives a 500 ──


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("name", ["name", "host_name", "owner", "notes", "qty-ASR", "key"])
def test_rubbish_in_a_field_is_refused(reseller, name, text):
    response = press(reseller, ADD, LAB | {name: text})

    assert (response.status_code, len(errors_of(response)), balances()) == (200, 1, NOTHING_MOVED)


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_in_the_address_breaks_nothing(reseller, text):
    assert reseller.get(ADD, {"owner": text, "rubbish": text}).status_code == 200


def test_markup_in_a_name_is_shown_as_text(reseller):
    response = press(reseller, ADD, LAB | {"name": "<b>LAB</b>", "notes": "<script>alert(1)</script>"})

    page = reseller.get(response.url)
    assert heading_of(page) == "<b>LAB</b>"
    assert "<script>alert(1)</script>" in text_of(page)
    assert b"<script>alert" not in page.content


def test_the_new_deployment_stands_on_my_licenses(reseller):
    press(reseller, ADD, LAB)

    (row,) = rows_of(reseller.get("/"), "Deployments of this account")
    assert row[:3] == ["LABlab.example.com", "4 ASR", "Waiting for server file"]
