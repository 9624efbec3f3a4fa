"""The exports, column by column as contract.md has them: other people's programs read them."""

import csv
import io
from datetime import UTC, datetime

import pytest
import time_machine
from django.db.models import Q

from licenses.models import JournalEntry, Product
from licenses.services import issue_licenses, sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import ProductFactory, give, quantities
from tests.views import links_of, page_of
from transfers.services import transfer_licenses


@pytest.fixture
def days(publisher, staff, northgate, west, harborcu, user):
    """One of each kind of entry, a day apart; the sale was made by west's person, acting as northgate."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=northgate)
    with time_machine.travel(datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC), tick=False):
        issue_licenses(
            publisher=publisher, issued_by=staff, account=northgate, quantities=quantities(ASR=10, TTS=4),
            order_number="4711", note='first,\n"second"', key=fresh_key(),
        )  # fmt: skip
        give(west, ASR=9)
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False):
        sell_licenses(
            seller=northgate, sold_by=user(west), owner=harborcu, quantities=quantities(ASR=3, TTS=4), reference="PO 20931", key=fresh_key()
        )
    with time_machine.travel(datetime(2026, 3, 3, 12, tzinfo=UTC), tick=False):
        deploy(northgate, name="NVS-LAB", ASR=2)
    with time_machine.travel(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False):
        transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(ASR=9), key=fresh_key())


def rows(response):
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))


def numbers():
    """The number of northgate's entry of each kind."""
    mine = JournalEntry.objects.filter(Q(giver__username="northgate") | Q(receiver__username="northgate"))
    return dict(mine.values_list("kind", "number"))


# ── licenses.csv ──


def test_licenses_csv_has_a_row_for_every_product_ever_held_by_code_and_no_total(days, northgate, signed_in):
    """contract.md; purchased = sold + deployed + available (rules.md §2)."""
    ProductFactory(code="AAA")  # never held

    assert rows(signed_in(northgate).get("/licenses.csv")) == [
        ["Code", "Product", "Purchased", "Sold", "Deployed", "Available"],
        ["ASR", "The Asr", "19", "3", "2", "14"],
        ["TTS", "The Tts", "4", "4", "0", "0"],
    ]


def test_licenses_csv_of_an_account_that_holds_nothing_is_its_header(northgate, tideway, signed_in):
    """A9: what others hold stands in no file of this account's."""
    give(tideway, ASR=10)

    assert rows(signed_in(northgate).get("/licenses.csv")) == [["Code", "Product", "Purchased", "Sold", "Deployed", "Available"]]


def test_a_retired_product_stays_in_the_summary_with_plain_digits(northgate, signed_in):
    """rules.md §2: what is held stays good."""
    give(northgate, ASR=1_000_000)
    Product.objects.update(retired_at="2026-11-24T00:00Z")

    assert rows(signed_in(northgate).get("/licenses.csv"))[1] == ["ASR", "The Asr", "1000000", "0", "0", "1000000"]


# ── history.csv ──


def test_history_csv_has_these_columns_and_values_oldest_first(days, northgate, signed_in):
    """contract.md: ISO 8601 in UTC, signed quantities, this account's balance, usernames, and Acting as always filled."""
    number = numbers()

    assert rows(signed_in(northgate).get("/history.csv")) == [
        ["Number", "Time", "Kind", "Code", "Product", "State", "Quantity", "Balance", "Other account", "By", "Acting as", "Reference", "Note"],
        [number["issue"], "2026-03-01T12:30:15+00:00", "issue", "ASR", "The Asr", "available", "10", "10", "publisher", "staff", "publisher", "4711", 'first,\n"second"'],
        [number["issue"], "2026-03-01T12:30:15+00:00", "issue", "TTS", "The Tts", "available", "4", "4", "publisher", "staff", "publisher", "4711", 'first,\n"second"'],
        [number["sale"], "2026-03-02T12:00:00+00:00", "sale", "ASR", "The Asr", "available", "-3", "7", "harborcu", "northgate-west", "northgate", "PO 20931", ""],
        [number["sale"], "2026-03-02T12:00:00+00:00", "sale", "TTS", "The Tts", "available", "-4", "0", "harborcu", "northgate-west", "northgate", "PO 20931", ""],
        [number["deployment"], "2026-03-03T12:00:00+00:00", "deployment", "ASR", "The Asr", "available", "-2", "5", "", "northgate", "northgate", "NVS-LAB", ""],
        [number["deployment"], "2026-03-03T12:00:00+00:00", "deployment", "ASR", "The Asr", "deployed", "2", "2", "", "northgate", "northgate", "NVS-LAB", ""],
        [number["transfer"], "2026-03-04T12:00:00+00:00", "transfer", "ASR", "The Asr", "available", "9", "14", "northgate-west", "northgate", "northgate", "", ""],
    ]  # fmt: skip


def test_the_other_side_has_its_own_history(days, harborcu, signed_in):
    """A9: its own balance, and the name of whoever acted."""
    assert [row[2:11] for row in rows(signed_in(harborcu).get("/history.csv"))[1:]] == [
        ["sale", "ASR", "The Asr", "available", "3", "3", "northgate", "northgate-west", "northgate"],
        ["sale", "TTS", "The Tts", "available", "4", "4", "northgate", "northgate-west", "northgate"],
    ]


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ({"kind": "sale"}, ["sale", "sale"]),
        ({"product": "TTS"}, ["issue", "sale"]),
        ({"account": "northgate-west"}, ["transfer"]),
        ({"user": "northgate-west"}, ["sale", "sale"]),
        ({"from": "2026-03-03"}, ["deployment", "deployment", "transfer"]),
        ({"to": "2026-03-01"}, ["issue", "issue"]),
        ({"q": "20931"}, ["sale", "sale"]),
        ({"kind": "sale", "product": "TTS"}, ["sale"]),
        ({"q": "zzz"}, []),
    ],
)
def test_history_csv_is_filtered_like_the_page(days, northgate, signed_in, query, kinds):
    """C12."""
    assert [row[2] for row in rows(signed_in(northgate).get("/history.csv", query))[1:]] == kinds


@pytest.mark.parametrize(
    ("column", "changes"),
    [("purchased", ["10", "-2", "2", "9"]), ("sold", ["-3"]), ("deployed", ["2"]), ("available", ["10", "-3", "-2", "9"])],
)
def test_what_a_number_of_my_licenses_leads_to_is_exported_as_it_is_shown(days, northgate, signed_in, column, changes):
    """C1, C12: Export CSV carries the filter along."""
    browser = signed_in(northgate)

    export = links_of(browser.get(links_of_the_summary(browser)[column]))["Export CSV"]

    assert [row[6] for row in rows(browser.get(export))[1:]] == changes


def links_of_the_summary(browser):
    """Where ASR's numbers on My Licenses lead, by their column."""
    row = next(row for row in page_of(browser.get("/")).first("tbody").all("tr") if row.text.startswith("The Asr"))
    return {cell["data-l"].lower(): cell.first("a")["href"] for cell in row.all("td") if cell["data-l"]}


def test_history_csv_holds_the_whole_result_not_a_page_of_it(northgate, signed_in):
    """C12."""
    give(northgate, **{f"P{number:03}": 1 for number in range(120)})

    assert [row[3] for row in rows(signed_in(northgate).get("/history.csv"))[1:]] == [f"P{number:03}" for number in range(120)]


@pytest.mark.parametrize("query", [{"kind": "gift"}, {"from": "yesterday"}, {"from": "2026-03-02", "to": "2026-03-01"}, {"q": "\0"}])
def test_a_filter_that_makes_no_sense_exports_nothing(days, northgate, signed_in, query):
    """A program that misspells a filter must not take the whole journal for the answer."""
    assert signed_in(northgate).get("/history.csv", query).status_code == 404


@pytest.mark.parametrize("name", ["product", "account", "user", "before"])
@pytest.mark.parametrize("text", ["\0", "x" * 20_000, "'", "9" * 5_000])
def test_rubbish_in_the_address_breaks_nothing(days, northgate, signed_in, name, text):
    """rules.md §4."""
    assert signed_in(northgate).get("/history.csv", {name: text}).status_code in {200, 404}


# ── Both ──


@pytest.mark.parametrize(
    ("path", "name"), [("/licenses.csv", "licenses_northgate_2026-03-05.csv"), ("/history.csv", "history_northgate_2026-03-05.csv")]
)
def test_a_file_is_streamed_with_a_name_in_utf_8_without_a_mark(days, northgate, signed_in, path, name):
    browser = signed_in(northgate)
    with time_machine.travel(datetime(2026, 3, 5, 12, tzinfo=UTC), tick=False):
        response = browser.get(path)

    assert (response.status_code, response.streaming) == (200, True)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert b"".join(response.streaming_content)[:3] != b"\xef\xbb\xbf"


def test_while_acting_the_files_are_those_of_the_account_acted_for(days, northgate, harborcu, signed_in):
    """A7."""
    LinkFactory(holder=northgate, target=harborcu)
    browser = signed_in(northgate)
    browser.post("/switch/harborcu/")

    assert rows(browser.get("/licenses.csv"))[1:] == [["ASR", "The Asr", "3", "0", "0", "3"], ["TTS", "The Tts", "4", "0", "0", "4"]]


def test_names_and_references_that_are_formulas_are_exported_as_text(northgate, harborcu, signed_in, user):
    """C12: a product's name is written by staff, a reference by the seller; neither may run in the reader's spreadsheet."""
    ProductFactory(code="ASR", name="@SUM(A1)")
    give(northgate, ASR=10)
    sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), reference="=HYPERLINK(1)", key=fresh_key())

    (sale,) = rows(signed_in(harborcu).get("/history.csv"))[1:]
    assert (sale[4], sale[11]) == ("'@SUM(A1)", "'=HYPERLINK(1)")
