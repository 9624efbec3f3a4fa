"""My Licenses (C1): what is left, where the rest is, and what happened last."""

import re

import pytest
from django.test import Client

from deployments.models import Deployment
from deployments.services import add_deployment
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give, quantities
from tests.views import controls_of, heading_of, headings_of, links_of, page_of, rows_of, text_of
from transfers.services import transfer_licenses

SUMMARY = "Licenses in this account by product"
OWN = "Deployments of this account"
GIVEN = "Deployments that this account made for endusers"


@pytest.fixture
def story(northgate, west, harborcu, user):
    """northgate was issued 10 ASR and 4 TTS, sold harborcu 3 ASR, deployed 2 ASR for itself and 4 TTS for harborcu, and pulled 5 ASR from west."""
    give(northgate, ASR=10, TTS=4)
    give(west, ASR=9)
    LinkFactory(holder=northgate, target=west)
    seller = user(northgate)
    sell_licenses(seller=northgate, sold_by=seller, owner=harborcu, quantities=quantities(ASR=3), key=fresh_key())
    add_deployment(
        account=northgate, added_by=seller, owner=northgate, name="NVS-LAB", host_name="lab", quantities=quantities(ASR=2), key=fresh_key()
    )
    add_deployment(
        account=northgate, added_by=seller, owner=harborcu, name="HCU-IVR-01", host_name="ivr", quantities=quantities(TTS=4), key=fresh_key()
    )
    transfer_licenses(receiver=northgate, transferred_by=seller, giver=west, quantities=quantities(ASR=5), key=fresh_key())


def numbers(response):
    """The summary as {product: (purchased, sold, deployed, available)}, the words beside them apart."""
    return {re.match(r"The \w{3}", name).group(): tuple(cells) for name, *cells, _ in rows_of(response, SUMMARY)}


def test_the_summary_tells_what_was_purchased_sold_deployed_and_is_available(story, northgate, signed_in):
    """C1; rules.md §2: purchased = sold + deployed + available."""
    assert numbers(signed_in(northgate).get("/")) == {"The Asr": ("15", "3", "2", "10"), "The Tts": ("4", "4", "0", "None left")}


def test_the_totals_add_up(story, northgate, signed_in):
    foot = page_of(signed_in(northgate).get("/")).first("tfoot")

    assert [cell.text for cell in foot.all("th", "td")] == ["All products", "19", "7", "2", "10", ""]
    assert "10 of 19 licenses are available to sell or deploy." in text_of(signed_in(northgate).get("/"))


def test_net_transfers_are_named_under_the_product(story, northgate, west, signed_in):
    """rules.md §2."""
    names = [rows_of(signed_in(account).get("/"), SUMMARY)[0][0] for account in (northgate, west)]

    assert names == ["The Asr ASR · 5 transferred in", "The Asr ASR · 5 transferred out"]


def test_an_enduser_has_no_column_of_what_it_sold(story, harborcu, signed_in):
    assert rows_of(signed_in(harborcu).get("/"), SUMMARY) == [
        ["The Asr ASR", "3", "0", "3", ""],
        ["The Tts TTS", "4", "4", "None left", ""],
    ]


@pytest.mark.parametrize("column", ["Purchased", "Sold", "Deployed", "Available"])
def test_each_number_leads_to_the_journal_lines_that_add_up_to_it(story, northgate, signed_in, column):
    """C1: the ASR's, as the summary above has them."""
    browser = signed_in(northgate)
    (row,) = [row for row in page_of(browser.get("/")).first("tbody").all("tr") if row.text.startswith("The Asr")]
    (cell,) = [cell for cell in row.all("td") if cell["data-l"] == column]
    number = int(cell.text)

    (link,) = cell.all("a")
    changes = [int(change.replace("−", "-")) for _, _, _, change, _, _ in rows_of(browser.get(link["href"]))]

    assert sum(changes) == (-number if column == "Sold" else number)


def test_none_left_leads_to_its_journal_lines_too(story, northgate, signed_in):
    """C1: nought is a number, and the one that people ask about."""
    browser = signed_in(northgate)
    (row,) = [row for row in page_of(browser.get("/")).first("tbody").all("tr") if row.text.startswith("The Tts")]
    (cell,) = [cell for cell in row.all("td") if cell["data-l"] == "Available"]

    (link,) = cell.all("a")

    assert [row[3] for row in rows_of(browser.get(link["href"]))] == ["−4", "+4"]


def test_a_product_leads_to_its_journal(story, northgate, signed_in):
    assert links_of(signed_in(northgate).get("/"))["The Asr"] == "/history/?product=ASR"


# ── Deployments ──


def test_one_s_own_deployments_are_listed_the_last_changed_first(story, northgate, user, signed_in):
    """C1."""
    add_deployment(
        account=northgate, added_by=user(northgate), owner=northgate, name="NEW", host_name="new", quantities=quantities(ASR=1), key=fresh_key()
    )

    rows = rows_of(signed_in(northgate).get("/"), OWN)

    assert [row[:3] for row in rows] == [["NEWnew", "1 ASR", "Waiting for server file"], ["NVS-LABlab", "2 ASR", "Waiting for server file"]]


def test_deployments_made_for_endusers_are_listed_with_their_owner_and_what_was_given(story, northgate, signed_in):
    """A9: not with the host and the state, which are the owner's."""
    response = signed_in(northgate).get("/")

    assert rows_of(response, GIVEN) == [["HCU-IVR-01", "4 TTS", "harborcu"]]
    assert links_of(response)["harborcu"] == "/endusers/harborcu/"


def test_its_owner_has_it_among_its_own(story, harborcu, signed_in):
    response = signed_in(harborcu).get("/")

    assert [row[:3] for row in rows_of(response, OWN)] == [["HCU-IVR-01ivr", "4 TTS", "Waiting for server file"]]
    assert rows_of(response, GIVEN) == []


def test_a_deployment_s_name_leads_to_it(story, harborcu, signed_in):
    assert links_of(signed_in(harborcu).get("/"))["HCU-IVR-01"] == f"/deployments/{Deployment.objects.get(owner=harborcu).pk}/"


def test_many_deployments_come_in_pages_of_twenty_five(northgate, user, signed_in):
    give(northgate, ASR=30)
    for number in range(30):
        add_deployment(
            account=northgate,
            added_by=user(northgate),
            owner=northgate,
            name=f"D{number:02}",
            host_name="d",
            quantities=quantities(ASR=1),
            key=fresh_key(),
        )
    browser = signed_in(northgate)

    pages = [[row[0] for row in rows_of(browser.get("/", {"page": page}), OWN)] for page in (1, 2)]

    assert [len(page) for page in pages] == [25, 5]
    assert pages[0] + pages[1] == [f"D{number:02}d" for number in reversed(range(30))]


# ── What happened last ──


def test_the_last_six_entries_are_told(story, northgate, signed_in):
    feed = [item.first("p").text for part in page_of(signed_in(northgate).get("/")).all("ul") if "feed" in part.classes for item in part.all("li")]

    assert feed == [
        "Transferred from northgate-west: 5 licenses",
        "Sold to harborcu: 4 licenses",
        "Deployed on NVS-LAB: 2 licenses",
        "Sold to harborcu: 3 licenses",
        "Issued by publisher: 14 licenses",
    ]


# ── Who sees what to press ──


@pytest.mark.parametrize(
    ("who", "role", "shown"),
    [
        ("northgate", "administrator", ["Sell Licenses", "Add New Deployment"]),
        ("northgate", "manager", ["Sell Licenses", "Add New Deployment"]),
        ("northgate", "viewer", []),
        ("harborcu", "administrator", ["Add New Deployment"]),
        ("harborcu", "viewer", []),
    ],
)
def test_each_sees_what_they_may_press_exactly_once(story, signed_in, request, who, role, shown):
    """contract.md: My Licenses."""
    links = [name for kind, name in controls_of(signed_in(request.getfixturevalue(who), role).get("/")) if kind == "link"]

    assert [name for name in links if name in {"Sell Licenses", "Add New Deployment"}] == shown


def test_the_page_has_the_words_of_the_contract(story, northgate, signed_in):
    response = signed_in(northgate).get("/")

    assert heading_of(response) == "My Licenses"
    assert headings_of(response)[:3] == ["My Licenses", "License Purchase / Deployment Summary", "Deployments"]


def test_an_account_that_holds_nothing_is_told_where_licenses_come_from(northgate, harborcu, signed_in):
    response = signed_in(harborcu).get("/")

    assert headings_of(response) == [
        "My Licenses", "License Purchase / Deployment Summary", "No licenses yet", "Deployments", "No deployments", "Recent activity", "Nothing has happened yet",
    ]  # fmt: skip
    assert "Northgate Voice Systems sells to you" in text_of(response)


def test_nothing_of_others_is_shown(story, tideway, metrotransit, signed_in):
    """A9."""
    give(tideway, CPA=77)
    words = text_of(signed_in(metrotransit).get("/"))

    assert [word for word in ("77", "CPA", "harborcu", "northgate", "NVS-LAB") if word in words] == []


def test_whoever_is_not_signed_in_is_asked_to(db):
    """contract.md: /."""
    assert Client().get("/").url == "/sign-in/?next=/"


def test_staff_come_to_the_admin(staff):
    browser = Client()
    browser.force_login(staff)

    assert browser.get("/").url == "/admin/"


@pytest.mark.parametrize("number", ["\0", "0", "-1", "99999", "x", "9" * 30, "9" * 5_000, "１", "1.5", "last"])
def test_rubbish_in_the_address_breaks_nothing(story, northgate, signed_in, number):
    """rules.md §4."""
    assert signed_in(northgate).get("/", {"page": number}).status_code == 200


def test_markup_in_a_name_is_shown_as_text(northgate, user, signed_in):
    give(northgate, ASR=1)
    add_deployment(
        account=northgate, added_by=user(northgate), owner=northgate, name="<script>alert(1)</script>", host_name="x", quantities=quantities(ASR=1),
        key=fresh_key(),
    )  # fmt: skip

    response = signed_in(northgate).get("/")

    assert "Deployed on <script>alert(1)</script>: 1 license" in text_of(response)
    assert b"<script>alert" not in response.content
