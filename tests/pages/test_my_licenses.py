"""My Licenses (C1): what is left, where the rest is, and what happened last."""

import re

import pytest
from django.utils import timezone

from deployments.models import Deployment
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.views import controls_of, heading_of, headings_of, links_of, page_of, rows_of, text_of
from transfers.services import transfer_licenses

SUMMARY = "Licenses in this account by product"
OWN = "Deployments of this account"
GIVEN = "Deployments made for endusers"
FOR_ENDUSERS = {"whose": "endusers"}


@pytest.fixture
def story(northgate, west, harborcu, user):
    """northgate was issued 10 ASR and 4 TTS, sold harborcu 3 ASR, deployed 2 ASR for itself and 4 TTS for harborcu, and pulled 5 ASR from west."""
    give(northgate, ASR=10, TTS=4)
    give(west, ASR=9)
    LinkFactory(holder=northgate, target=west)
    seller = user(northgate)
    sell_licenses(seller=northgate, sold_by=seller, owner=harborcu, quantities=quantities(ASR=3), key=fresh_key())
    deploy(northgate, name="NVS-LAB", ASR=2)
    deploy(northgate, owner=harborcu, name="HCU-IVR-01", host_name="ivr", TTS=4)
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
    lines = rows_of(browser.get(link["href"]))

    assert sum(int(change.replace("−", "-")) for _, _, _, change, _, _ in lines) == (-number if column == "Sold" else number)
    assert lines[0][4] == str(number)  # the balance after the last of them


def test_each_total_leads_to_the_lines_of_all_products(story, northgate, signed_in):
    """C1."""
    browser = signed_in(northgate)
    foot = page_of(browser.get("/")).first("tfoot")

    shown = {cell["data-l"]: (cell.text, rows_of(browser.get(cell.first("a")["href"]))[0][4]) for cell in foot.all("td") if cell["data-l"]}

    assert shown == {"Purchased": ("19", "19"), "Sold": ("7", "7"), "Deployed": ("2", "2"), "Available": ("10", "10")}


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


def test_ones_own_deployments_are_listed_the_last_changed_first(story, northgate, signed_in):
    """C1."""
    deploy(northgate, name="NEW", host_name="new", ASR=1)

    rows = rows_of(signed_in(northgate).get("/"), OWN)

    assert [row[:3] for row in rows] == [["NEWnew", "1 ASR", "Waiting for server file"], ["NVS-LABlab", "2 ASR", "Waiting for server file"]]


def test_deployments_made_for_endusers_are_listed_with_their_owner_and_what_was_given(story, northgate, signed_in):
    """A9: not with the host and the state, which are the owner's."""
    response = signed_in(northgate).get("/", FOR_ENDUSERS)

    assert [row[:3] for row in rows_of(response, GIVEN)] == [["HCU-IVR-01", "4 TTS", "harborcu"]]
    assert rows_of(response, OWN) == []
    assert links_of(response)["harborcu"] == "/endusers/harborcu/"


def test_a_reseller_switches_between_its_own_and_its_endusers_deployments(story, northgate, signed_in):
    browser = signed_in(northgate)

    switches = {link: links_of(browser.get("/"))[link] for link in ("This account 1", "My endusers 1")}

    assert switches == {"This account 1": "?#deployments", "My endusers 1": "?whose=endusers#deployments"}
    assert [rows_of(browser.get("/" + address), GIVEN) != [] for address in switches.values()] == [False, True]


def test_an_enduser_has_nothing_to_switch_to(story, harborcu, signed_in):
    """A9: what its reseller made for it is its own; there are no endusers of an enduser."""
    response = signed_in(harborcu).get("/", FOR_ENDUSERS)

    assert [row[:3] for row in rows_of(response, OWN)] == [["HCU-IVR-01ivr", "4 TTS", "Waiting for server file"]]
    assert rows_of(response, GIVEN) == []
    assert [name for name in links_of(response) if name.startswith(("This account", "My endusers"))] == []


@pytest.fixture
def three(story, northgate, harborcu):
    """A second and a third deployment of northgate's own, and a second one for harborcu; LAB-2 is retired."""
    give(northgate, CPA=9)
    for owner, name, host, by_code in [
        (northgate, "LAB-2", "spare.example.com", {"CPA": 1}),
        (northgate, "OFFICE", "lab-3.example.com", {"ASR": 1}),
        (harborcu, "HCU-TEST", "secret-host", {"CPA": 2}),
    ]:
        deploy(northgate, owner=owner, name=name, host_name=host, **by_code)
    Deployment.objects.filter(name="LAB-2").update(state=Deployment.State.RETIRED, retired_at=timezone.now())


OWN_FILTERS = {
    "nothing": ({}, ["OFFICE", "LAB-2", "NVS-LAB"]),
    "blanks": ({"q": "", "product": "", "state": ""}, ["OFFICE", "LAB-2", "NVS-LAB"]),
    "a name or a host": ({"q": "lab-"}, ["OFFICE", "LAB-2"]),
    "a product": ({"product": "ASR"}, ["OFFICE", "NVS-LAB"]),
    "a status": ({"state": "retired"}, ["LAB-2"]),
    "all three": ({"q": "LAB", "product": "ASR", "state": "waiting"}, ["OFFICE", "NVS-LAB"]),
    "a percent sign": ({"q": "%"}, []),
    "a product that one never held": ({"product": "NOPE"}, []),
    "a status that there is not": ({"state": "lost"}, []),
    "what breaks a line": ({"q": "a\u2028b"}, []),
}


@pytest.mark.parametrize(("query", "expected"), OWN_FILTERS.values(), ids=OWN_FILTERS)
def test_ones_own_deployments_are_found_by_search_product_and_status(three, northgate, signed_in, query, expected):
    rows = rows_of(signed_in(northgate).get("/", query), OWN)

    assert [re.match(r"OFFICE|LAB-2|NVS-LAB", row[0]).group() for row in rows] == expected


ENDUSERS_FILTERS = {
    "nothing": ({}, ["HCU-TEST", "HCU-IVR-01"]),
    "a name": ({"q": "test"}, ["HCU-TEST"]),
    "an owner's company": ({"q": "harbor credit"}, ["HCU-TEST", "HCU-IVR-01"]),
    "a product that was given": ({"product": "CPA"}, ["HCU-TEST"]),
    "a host, which is the owner's to know": ({"q": "secret"}, []),
    "a status, which is the owner's to know": ({"state": "retired"}, ["HCU-TEST", "HCU-IVR-01"]),
}


@pytest.mark.parametrize(("query", "expected"), ENDUSERS_FILTERS.values(), ids=ENDUSERS_FILTERS)
def test_endusers_deployments_are_found_by_what_their_reseller_may_see(three, northgate, signed_in, query, expected):
    """A9: a search must not answer what the page does not show."""
    assert [row[0] for row in rows_of(signed_in(northgate).get("/", FOR_ENDUSERS | query), GIVEN)] == expected


def test_a_filter_is_taken_away_by_its_chip_and_keeps_the_others(three, northgate, signed_in):
    response = signed_in(northgate).get("/", FOR_ENDUSERS | {"q": "hcu", "product": "CPA"})

    chips = {name: address for name, address in links_of(response).items() if name.startswith(("Remove filter", "Clear"))}
    assert chips == {
        "Remove filter Search: hcu": "?whose=endusers&product=CPA#deployments",
        "Remove filter Product: The Cpa": "?whose=endusers&q=hcu#deployments",
        "Clear filters": "?whose=endusers#deployments",
    }


def test_when_nothing_matches_the_page_says_so_and_offers_the_way_back(three, northgate, signed_in):
    response = signed_in(northgate).get("/", {"q": "zzz"})

    assert "No deployments match" in headings_of(response)
    assert links_of(response)["clear them all"] == "?#deployments"


def test_a_deployments_name_leads_to_it(story, harborcu, signed_in):
    assert links_of(signed_in(harborcu).get("/"))["HCU-IVR-01"] == f"/deployments/{Deployment.objects.get(owner=harborcu).pk}/"


def test_many_deployments_come_in_pages_of_twenty_five(northgate, signed_in):
    give(northgate, ASR=30)
    for number in range(30):
        deploy(northgate, name=f"D{number:02}", host_name="d", ASR=1)
    browser = signed_in(northgate)

    pages = [[row[0] for row in rows_of(browser.get("/", {"page": page}), OWN)] for page in (1, 2)]

    assert links_of(browser.get("/", {"q": "D", "page": 1}))["Next"] == "?q=D&page=2#deployments"
    assert [len(page) for page in pages] == [25, 5]
    assert pages[0] + pages[1] == [f"D{number:02}d" for number in reversed(range(30))]


# ── What happened last ──


def test_the_last_six_entries_are_told(story, northgate, signed_in):
    feed = [item.first("p").text for part in page_of(signed_in(northgate).get("/")).all("ul") if "feed" in part.classes for item in part.all("li")]

    assert feed == [
        "Transferred from northgate-west: 5 ASR",
        "Sold to harborcu: 4 TTS",
        "Deployed on NVS-LAB: 2 ASR",
        "Sold to harborcu: 3 ASR",
        "Issued by publisher: 10 ASR, 4 TTS",
    ]


def test_an_entry_of_many_products_is_told_by_its_sum(northgate, signed_in):
    give(northgate, ASR=1, CPA=2, TTS=3, TUNER=4)

    assert "Issued by publisher: 10 licenses" in text_of(signed_in(northgate).get("/"))


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


@pytest.mark.parametrize("number", ["\0", "0", "-1", "99999", "x", "9" * 30, "9" * 5_000, "１", "1.5", "last"])
def test_rubbish_in_the_address_breaks_nothing(story, northgate, signed_in, number):
    """rules.md §4."""
    assert signed_in(northgate).get("/", {"page": number}).status_code == 200


def test_markup_in_a_name_is_shown_as_text(northgate, signed_in):
    give(northgate, ASR=1)
    deploy(northgate, name="<script>alert(1)</script>", ASR=1)

    response = signed_in(northgate).get("/")

    assert "Deployed on <script>alert(1)</script>: 1 ASR" in text_of(response)
    assert b"<script>alert" not in response.content
