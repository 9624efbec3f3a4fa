"""What was taken back or put right, wherever entries are listed, counted or exported (C1, C10 to C12): every kind in words, and numbers that add up."""

import csv
import io

import pytest

from deployments.services import retire_deployment
from licenses.models import JournalEntry
from licenses.presentation import sentence
from licensing_portal.foundation.submissions import fresh_key
from tests.books import balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import adjust, give, quantities, recall, reverse, sell
from tests.views import links_of, rows_of, text_of
from transfers.services import transfer_licenses


@pytest.fixture
def story(northgate, west, harborcu, user):
    """One of every kind for northgate, of ASR; in the end northgate has 10 available, 1 deployed, and 5 sold."""
    LinkFactory(holder=northgate, target=west)
    give(west, ASR=6)
    issue = give(northgate, ASR=20)
    sale = sell(northgate, harborcu, ASR=9)
    taken = recall(sale, ASR=4)
    reverse(taken, ASR=1)
    reverse(sale, ASR=1)
    transfer = transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(ASR=6), key=fresh_key())
    reverse(transfer, ASR=2)
    lab = deploy(northgate, name="LAB", ASR=3)
    retire_deployment(deployment=lab, account=northgate, retired_by=user(northgate), reason="Moved away", key=fresh_key())
    deploy(northgate, name="IVR", ASR=1)
    reverse(adjust(northgate, is_up=False, ASR=2), ASR=1)
    reverse(issue, ASR=7)
    return {entry.kind: entry for entry in JournalEntry.objects.order_by("-pk")} | {"sale": sale}


NORTHGATE = {"Purchased": 16, "Sold": 5, "Deployed": 1, "Available": 10}


def test_the_summary_adds_up(story, northgate, harborcu, signed_in):
    """C1, rules.md §2: sold is what was sold less what came back; net transfers less what was reversed of them."""
    page = signed_in(northgate).get("/")

    assert balances()["northgate", "ASR"] == (10, 1, 5)
    assert rows_of(page, "Licenses in this account")[0][:5] == ["The Asr ASR · 4 transferred in", "16", "5", "1", "10"]
    assert balances()["harborcu", "ASR"] == (5, 0, 0)


@pytest.mark.parametrize("column", NORTHGATE)
@pytest.mark.parametrize("product", ["?product=ASR&column={}", "?column={}"])
def test_each_number_leads_to_the_lines_that_add_up_to_it_with_the_running_balance(story, northgate, signed_in, column, product):
    """C1."""
    rows = rows_of(signed_in(northgate).get(f"/history/{product.format(column.lower())}"))

    changes = [int(row[3].replace("−", "-").replace("+", "")) for row in rows]
    running = [int(row[4]) for row in rows]
    sign = -1 if column == "Sold" else 1
    assert (sign * sum(changes), running[0]) == (NORTHGATE[column], NORTHGATE[column])
    assert running == [sign * sum(changes[place:]) for place in range(len(changes))]


def test_purchased_and_sold_share_the_lines_among_them(story, northgate, signed_in):
    """C1: what is of sales is in one, everything else in the other, whatever an entry points to."""
    browser = signed_in(northgate)
    everything, purchased, sold = (
        len(rows_of(browser.get(f"/history/?product=ASR{column}"))) for column in ("", "&column=purchased", "&column=sold")
    )

    assert (purchased + sold, sold) == (everything, 4)


SENTENCES = {
    "northgate": {
        "Sold to harborcu", "Recalled from harborcu", "Transferred from northgate-west", "Deployed on LAB", "Deployed on IVR", "Retired LAB",
        "Adjusted by publisher", "Issued by publisher", "Reversal of {recall}", "Reversal of {sale}", "Reversal of {transfer}",
        "Reversal of {adjustment}", "Reversal of {issue}",
    },
    "harborcu": {"Bought from northgate", "Recalled by northgate", "Reversal of {recall}", "Reversal of {sale}"},
    "northgate-west": {"Issued by publisher", "Transferred to northgate", "Reversal of {transfer}"},
}  # fmt: skip


def test_every_kind_has_its_sentence_on_either_side(story, request):
    """C12."""
    numbers = {kind: entry.number for kind, entry in story.items()} | {
        "issue": JournalEntry.objects.get(reversed_by__isnull=False, kind="issue").number
    }
    for name, told in SENTENCES.items():
        account = request.getfixturevalue("west" if name == "northgate-west" else name)
        entries = {line.entry for line in account.lines.select_related("entry")}
        assert {sentence(entry, account) for entry in entries} == {words.format(**numbers) for words in told}


@pytest.mark.parametrize(("kind", "count"), [("recall", 1), ("reversal", 5), ("adjustment", 1)])
def test_history_is_filtered_by_the_kinds(story, northgate, signed_in, kind, count):
    browser = signed_in(northgate)

    assert len(rows_of(browser.get(f"/history/?kind={kind}"))) == count
    assert {row["Kind"] for row in exported(browser.get(f"/history.csv?kind={kind}"))} == {kind}


def exported(response):
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


def test_the_files_tell_the_same(story, northgate, signed_in):
    """contract.md."""
    browser = signed_in(northgate)

    assert exported(browser.get("/licenses.csv")) == [
        {"Code": "ASR", "Product": "The Asr", "Purchased": "16", "Sold": "5", "Deployed": "1", "Available": "10"}
    ]
    (line,) = [row for row in exported(browser.get("/history.csv")) if row["Kind"] == "recall"]
    facts = {
        "Number": story["recall"].number,
        "Quantity": "4",
        "Balance": "15",
        "Other account": "harborcu",
        "Acting as": "northgate",
        "Note": "Ordered by mistake",
    }
    assert {name: line[name] for name in facts} == facts


def test_they_are_found_by_number_and_by_ticket(story, northgate, signed_in):
    browser = signed_in(northgate)

    assert browser.get(f"/search/?q={story['recall'].number}").url == story["recall"].get_absolute_url()
    assert "Adjusted by publisher" in text_of(browser.get("/search/?q=T-2"))


def test_the_endusers_page_counts_what_stayed_sold(story, northgate, harborcu, signed_in):
    """A9: what was sold to it; each sale says how much of it came back."""
    browser = signed_in(northgate)
    page = browser.get("/endusers/harborcu/")

    assert rows_of(page, "Licenses sold to this enduser") == [["The AsrASR", "5"]]
    assert "9 licenses (4 taken back)" in text_of(page)
    assert "5" in rows_of(browser.get("/endusers/"))[0]


def test_an_enduser_from_whom_all_came_back_still_lists_the_sale(northgate, harborcu, signed_in):
    give(northgate, ASR=2)
    sale = sell(northgate, harborcu, ASR=2)
    recall(sale, ASR=2)

    page = signed_in(northgate).get("/endusers/harborcu/")

    assert (rows_of(page, "Licenses sold"), links_of(page)[sale.number]) == ([], sale.get_absolute_url())
    assert "2 licenses (2 taken back)" in text_of(page)
