"""CSV exports, the parts: the columns that scripts rely on (contract.md), plain digits, and cells that no spreadsheet runs (C12)."""

import csv
import io
import re

import pytest

from accounts.models import Account
from deployments.services import add_deployment
from licenses import exports, selectors
from licenses.models import Product
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import ProductFactory, give, quantities
from transfers.services import transfer_licenses


def table(rows):
    """The file that rows make, as a program reads it."""
    response = exports.csv_response("x.csv", rows)
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8"), newline="")))


# ── Cells ──


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠SUM(1)", " =1+1", "   -1", "=cmd|' /C calc'!A0", "-", "="],
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text):
    """C12: safe to open; the text behind the apostrophe is whole."""
    assert exports.formula_safe(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "Harbor Credit Union", "O'Brien; --", "1", "a=b", "S-2026-000004", "ASR-FULL", 'say "hi"', "<b>", "{{7*7}}", "漢字 😀"]
)
def test_other_text_stays_as_it_is(text):
    """C12."""
    assert exports.formula_safe(text) == text


@pytest.mark.parametrize("number", [0, 3, -3, 1_234_567])
def test_numbers_stay_numbers(number):
    """contract.md: plain digits; a quantity of −3 is no formula."""
    assert exports.formula_safe(number) == number
    assert table([[number]]) == [[str(number)]]


@pytest.mark.parametrize("text", ['a";=1+1;"', "a,b", "a;b", "two\nlines", 'say "hi"', "a\tb", "\u00a0", "漢字 😀", "\u202eabc"])
def test_no_text_makes_a_new_cell_or_row(text):
    """C12: quoted as RFC 4180 says."""
    assert table([["before", text, "after"], ["next", "row", "here"]]) == [["before", text, "after"], ["next", "row", "here"]]


# ── The file ──


def test_the_file_is_named_and_is_utf_8_without_a_mark():
    """contract.md: UTF-8 without a mark, CRLF or LF."""
    response = exports.csv_response("licenses_northgate_2026-11-24.csv", [["Überlingen"]])

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="licenses_northgate_2026-11-24.csv"'
    assert b"".join(response.streaming_content) == "Überlingen\r\n".encode()


def test_rows_are_written_while_they_are_read():
    """C12: "CSV always streams": the first line goes out before the second row is asked for."""
    asked_for = []

    def rows():
        for number in range(3):
            asked_for.append(number)
            yield [number]

    response = exports.csv_response("x.csv", rows())

    first = next(iter(response.streaming_content))
    assert (first, asked_for) == (b"0\r\n", [0])


# ── The summary ──


def test_the_summary_has_a_row_for_every_product_ever_held_and_no_total(northgate, harborcu, user):
    """contract.md: `Code,Product,Purchased,Sold,Deployed,Available`, by code."""
    give(northgate, TTS=1200, ASR=10, CPA=2)
    everything_of_it = quantities(CPA=2)
    sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=everything_of_it | quantities(ASR=3), key=fresh_key())
    add_deployment(
        account=northgate, added_by=user(northgate), owner=northgate, name="LAB", host_name="lab", quantities=quantities(ASR=2), key=fresh_key()
    )

    assert table(exports.summary_rows(selectors.holdings_of(northgate))) == [
        ["Code", "Product", "Purchased", "Sold", "Deployed", "Available"],
        ["ASR", "The Asr", "10", "3", "2", "5"],
        ["CPA", "The Cpa", "2", "2", "0", "0"],
        ["TTS", "The Tts", "1200", "0", "0", "1200"],
    ]


def test_the_summary_of_an_account_that_holds_nothing_is_its_header(harborcu, northgate):
    """A9: what others hold stands in no file of this account's."""
    give(northgate, ASR=10)

    assert table(exports.summary_rows(selectors.holdings_of(harborcu))) == [["Code", "Product", "Purchased", "Sold", "Deployed", "Available"]]


def test_a_retired_product_stays_in_the_summary(northgate):
    """rules.md §2: what is held stays good."""
    give(northgate, ASR=10)
    Product.objects.update(retired_at="2026-11-24T00:00Z")

    assert table(exports.summary_rows(selectors.holdings_of(northgate)))[1:] == [["ASR", "The Asr", "10", "0", "0", "10"]]


# ── The history ──


@pytest.fixture
def told(northgate, west, harborcu, user):
    """A little story of northgate: issued, sold, deployed, transferred in by somebody acting for it."""
    LinkFactory(holder=west, target=northgate)
    LinkFactory(holder=northgate, target=west)
    give(west, ASR=5)
    give(northgate, ASR=10)
    sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), reference="=PO 1", key=fresh_key())
    add_deployment(
        account=northgate,
        added_by=user(northgate, "manager"),
        owner=northgate,
        name="LAB",
        host_name="lab",
        quantities=quantities(ASR=2),
        key=fresh_key(),
    )
    transfer_licenses(receiver=northgate, transferred_by=user(west), giver=west, quantities=quantities(ASR=5), key=fresh_key())


def history(account, without=("Number", "Time")):
    """The rows as dictionaries, oldest first, without what differs from run to run."""
    header, *rows = table(exports.history_rows(selectors.journal_of(account).order_by("id"), account))
    return [{name: cell for name, cell in zip(header, row, strict=True) if name not in without} for row in rows]


def test_the_history_has_the_promised_columns(told, northgate):
    """contract.md."""
    header = table(exports.history_rows(selectors.journal_of(northgate), northgate))[0]

    assert ",".join(header) == "Number,Time,Kind,Code,Product,State,Quantity,Balance,Other account,By,Acting as,Reference,Note"


def test_every_line_of_the_account_is_a_row_with_its_sign_its_balance_and_who_acted(told, northgate):
    """contract.md, C12, A7: `Acting as` is always filled."""
    columns = ("Kind", "State", "Quantity", "Balance", "Other account", "By", "Acting as", "Reference", "Note")

    assert [tuple(row[name] for name in columns) for row in history(northgate)] == [
        ("issue", "available", "10", "10", "publisher", "staff", "publisher", "", ""),
        ("sale", "available", "-3", "7", "harborcu", "northgate", "northgate", "'=PO 1", ""),
        ("deployment", "available", "-2", "5", "", "northgate-manager", "northgate", "LAB", ""),
        ("deployment", "deployed", "2", "2", "", "northgate-manager", "northgate", "LAB", ""),
        ("transfer", "available", "5", "10", "northgate-west", "northgate-west", "northgate", "", ""),
    ]


def test_each_side_of_a_sale_sees_its_own_line_alone(told, northgate, harborcu):
    """A9: never the other's numbers."""
    assert [(row["Quantity"], row["Balance"], row["Other account"]) for row in history(harborcu)] == [("3", "3", "northgate")]


def test_moments_are_iso_8601_in_utc_and_numbers_are_the_entries_own(told, northgate):
    """contract.md."""
    rows = history(northgate, without=())

    assert [re.sub(r"\d", "9", row["Time"]) for row in rows] == ["9999-99-99T99:99:99+99:99"] * 5
    assert [row["Time"][-6:] for row in rows] == ["+00:00"] * 5
    assert [row["Number"][0] for row in rows] == ["P", "S", "D", "D", "T"]


def test_names_that_look_like_formulas_are_safe_in_the_file(northgate):
    """C12: a product's name is typed by staff, a company's by its reseller."""
    ProductFactory(code="ASR", name='=HYPERLINK("http://evil.example")')
    give(northgate, ASR=10)
    Account.objects.filter(pk=northgate.pk).update(company="@SUM(1)")

    assert history(northgate)[0]["Product"] == '\'=HYPERLINK("http://evil.example")'


def test_a_history_of_any_length_takes_the_same_few_queries(northgate, harborcu, user, django_assert_max_num_queries):
    """C12: exports the whole result without asking again for every row."""
    give(northgate, ASR=100)
    for _ in range(5):
        sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key())

    with django_assert_max_num_queries(2):
        assert len(table(exports.history_rows(selectors.journal_of(northgate), northgate))) == 7
