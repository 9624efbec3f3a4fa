"""History, the page: the account's journal, newest first, with its filters and the running balance (C12)."""

import re
from datetime import UTC, datetime

import pytest
import time_machine

from licenses.models import JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.views import controls_of, errors_of, headings_of, links_of, page_of, rows_of
from transfers.services import transfer_licenses

HISTORY = "/history/"


@pytest.fixture
def days(northgate, west, harborcu, stmarys, user):
    """Five days of northgate: issued on the 1st, sold on the 2nd and 3rd, deployed on the 4th, transferred on the 5th."""
    LinkFactory(holder=northgate, target=west)
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False):
        give(northgate, ASR=10, TTS=4)
        give(west, ASR=9)
    with time_machine.travel(datetime(2026, 3, 2, 0, tzinfo=UTC), tick=False):
        sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), reference="PO 20931", key=fresh_key())
    with time_machine.travel(datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC), tick=False):
        seller = user(northgate, "manager")
        sell_licenses(seller=northgate, sold_by=seller, owner=stmarys, quantities=quantities(ASR=1, TTS=4), key=fresh_key())
    with time_machine.travel(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False):
        deploy(northgate, name="NVS-LAB", ASR=2)
    with time_machine.travel(datetime(2026, 3, 5, 12, tzinfo=UTC), tick=False):
        transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(ASR=9), key=fresh_key())


ALL = [
    "Transferred from northgate-west: ASR available +9 13 northgate",
    "Deployed on NVS-LAB: ASR deployed +2 2 northgate",
    "Deployed on NVS-LAB: ASR available −2 4 northgate",
    "Sold to stmarys: TTS available −4 0 northgate-manager as northgate",
    "Sold to stmarys: ASR available −1 6 northgate-manager as northgate",
    "Sold to harborcu: ASR available −3 7 northgate",
    "Issued by publisher: TTS available +4 4 staff as publisher",
    "Issued by publisher: ASR available +10 10 staff as publisher",
]


def journal(response):
    """The table's rows as lines to compare: sentence, product, state, change, balance, by whom. Dates and numbers apart."""
    lines = []
    for _, entry, product, change, balance, by in rows_of(response):
        sentence = re.sub(r" ?[A-Z]-\d{4}-\d{6}$", "", entry)
        code, state = re.fullmatch(r"The (\w+?)(available|deployed)", product).groups()
        lines.append(f"{sentence}: {code.upper()} {state} {change} {balance} {re.sub(r'(?<=.)as (?=northgate$|publisher$)', ' as ', by)}")
    return lines


def number(kind):
    return JournalEntry.objects.filter(kind=kind).order_by("pk").values_list("number", flat=True)[0]


def test_the_journal_is_shown_newest_first_with_the_running_balance(days, northgate, signed_in):
    """C12."""
    response = signed_in(northgate).get(HISTORY)

    assert journal(response) == ALL
    assert rows_of(response)[5][0] == "2 Mar 2026, 12:00 am UTC"


def test_each_account_sees_its_own_side(days, harborcu, west, signed_in):
    """A9."""
    assert journal(signed_in(harborcu).get(HISTORY)) == ["Bought from northgate: ASR available +3 3 northgate"]
    assert journal(signed_in(west).get(HISTORY)) == [
        "Transferred to northgate: ASR available −9 0 northgate",
        "Issued by publisher: ASR available +9 9 staff as publisher",
    ]


FILTERS = {
    "nothing": ({}, ALL),
    "blanks": (dict.fromkeys(["q", "kind", "product", "account", "user", "from", "to"], ""), ALL),
    "a kind": ({"kind": "sale"}, ALL[3:6]),
    "a product": ({"product": "TTS"}, [ALL[3], ALL[6]]),
    "the other account": ({"account": "stmarys"}, ALL[3:5]),
    "the other account in capitals": ({"account": " StMarys "}, ALL[3:5]),
    "an account of somebody else": ({"account": "tideway"}, []),
    "a person": ({"user": "northgate-manager"}, ALL[3:5]),
    "from a day on": ({"from": "2026-03-04"}, ALL[:3]),
    "up to a day, that day included": ({"to": "2026-03-02"}, ALL[5:]),
    "one day": ({"from": "2026-03-03", "to": "2026-03-03"}, ALL[3:5]),
    "a reference": ({"q": "po 209"}, ALL[5:6]),
    "a company": ({"q": "harbor credit"}, ALL[5:6]),
    "a deployment's name": ({"q": "nvs-lab"}, ALL[1:3]),
    "several at once": ({"kind": "sale", "product": "ASR", "account": "stmarys", "from": "2026-03-01", "to": "2026-03-31"}, ALL[4:5]),
    "a product that one never held": ({"product": "NOPE"}, []),
    "what nobody wrote": ({"q": "zzz"}, []),
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.values(), ids=FILTERS)
def test_it_is_filtered_by_search_kind_product_other_account_person_and_dates(days, northgate, signed_in, query, expected):
    assert journal(signed_in(northgate).get(HISTORY, query)) == expected


def test_it_is_searched_by_number(days, northgate, signed_in):
    assert journal(signed_in(northgate).get(HISTORY, {"q": number("transfer").lower()})) == ALL[:1]


def test_a_percent_sign_is_a_character_like_any_other(days, northgate, signed_in):
    assert journal(signed_in(northgate).get(HISTORY, {"q": "%"})) == []


def test_the_filters_stay_in_the_form_and_in_the_export(days, northgate, signed_in):
    response = signed_in(northgate).get(HISTORY, {"kind": "sale", "account": "stmarys"})

    chosen = {field["name"]: field["value"] for field in page_of(response).first("main").all("input")}
    assert chosen == {"q": "", "account": "stmarys", "user": "", "from": "", "to": ""}
    assert [option.text for option in page_of(response).first("main").all("option") if "selected" in option.attributes] == [
        "Sale",
        "All products",
    ]
    assert links_of(response)["Export CSV"] == "/history.csv?kind=sale&account=stmarys"


def test_a_filter_is_taken_away_by_its_chip_and_keeps_the_others(days, northgate, signed_in):
    response = signed_in(northgate).get(
        HISTORY, {"kind": "sale", "product": "ASR", "to": "2026-03-31", "column": "sold", "user": "", "before": "999"}
    )

    chips = {name: address for name, address in links_of(response).items() if name.startswith(("Remove filter", "Clear"))}
    assert chips == {
        "Remove filter Kind: Sale": "?product=ASR&to=2026-03-31&column=sold",
        "Remove filter Product: The Asr": "?kind=sale&to=2026-03-31&column=sold",
        "Remove filter To: 31 Mar 2026": "?kind=sale&product=ASR&column=sold",
        "Remove filter Adds up to: Sold": "?kind=sale&product=ASR&to=2026-03-31",
        "Clear filters": "?",
    }


def test_without_filters_there_is_nothing_to_take_away(days, northgate, signed_in):
    assert [name for name in links_of(signed_in(northgate).get(HISTORY)) if "filter" in name] == []


@time_machine.travel(datetime(2026, 3, 5, 12, tzinfo=UTC), tick=False)
def test_spans_of_days_that_people_ask_for_are_one_press_away(days, northgate, signed_in):
    browser = signed_in(northgate)

    links = links_of(browser.get(HISTORY, {"kind": "sale", "from": "2026-03-03"}))

    assert {name: links[name] for name in ("Last 7 days", "Last 30 days", "This year")} == {
        "Last 7 days": "?kind=sale&from=2026-02-27&to=2026-03-05",
        "Last 30 days": "?kind=sale&from=2026-02-04&to=2026-03-05",
        "This year": "?kind=sale&from=2026-01-01&to=2026-03-05",
    }
    assert journal(browser.get(HISTORY + links["Last 7 days"])) == ALL[3:6]


# What adds up to each number of My Licenses: (change, the number after it), newest first.
COLUMNS = {
    "purchased": [("+9", "19"), ("+2", "10"), ("−2", "8"), ("+10", "10")],
    "sold": [("−1", "4"), ("−3", "3")],
    "deployed": [("+2", "2")],
    "available": [("+9", "13"), ("−2", "4"), ("−1", "6"), ("−3", "7"), ("+10", "10")],
}


@pytest.mark.parametrize(("column", "expected"), COLUMNS.items(), ids=COLUMNS)
def test_one_number_of_my_licenses_is_counted_up_line_by_line(days, northgate, signed_in, column, expected):
    """C1, C12: northgate purchased 19 ASR (10 issued, 9 transferred in), sold 4, deployed 2 and has 13."""
    response = signed_in(northgate).get(HISTORY, {"product": "ASR", "column": column})

    assert [(row[3], row[4]) for row in rows_of(response)] == expected
    heads = [cell.text for cell in page_of(response).first("thead").all("th")]
    assert heads == ["Date", "What happened", "Product", "Change", column.title(), "By"]


def test_the_number_is_that_of_its_moment_whatever_else_is_filtered(days, northgate, signed_in):
    """The sale to stmarys was the second: with it 4 were sold, though the first one is not shown; the issue to west is not northgate's."""
    browser = signed_in(northgate)

    shown = [(row[3], row[4]) for row in rows_of(browser.get(HISTORY, {"product": "ASR", "column": "sold", "account": "stmarys"}))]
    early = [(row[3], row[4]) for row in rows_of(browser.get(HISTORY, {"column": "purchased", "to": "2026-03-04", "kind": "issue"}))]

    assert shown == [("−1", "4")]
    assert early == [("+4", "14"), ("+10", "10")]


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({"kind": "gift"}, ["Select a valid choice. gift is not one of the available choices."]),
        ({"from": "yesterday"}, ["Enter a valid date."]),
        ({"to": "2026-02-30"}, ["Enter a valid date."]),
        ({"from": "2026-03-04", "to": "2026-03-03"}, ["The end date must not be before the start date"]),
        ({"q": "a\u2028b"}, ["Use plain text on one line"]),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_in_words_and_shows_nothing(days, northgate, signed_in, query, errors):
    response = signed_in(northgate).get(HISTORY, query)

    (name,) = [name for name in errors_of(response) if query.get(name)]
    assert (response.status_code, errors_of(response), rows_of(response)) == (200, {name: errors}, [])
    assert headings_of(response)[-1] == "One of these filters makes no sense"


def test_empty_states_say_why(northgate, signed_in):
    browser = signed_in(northgate)

    assert headings_of(browser.get(HISTORY))[-1] == "Nothing has happened yet"
    assert headings_of(browser.get(HISTORY, {"q": "x"}))[-1] == "Nothing matches these filters"


def walk(browser, address, direction):
    """The pages that one comes to by pressing Older (or Newer) as long as there is one: their lines, and the last address."""
    pages = []
    while address:
        response = browser.get(address)
        pages.append([row[2] for row in rows_of(response)])
        last, there = address, links_of(response).get(direction, "")
        address = HISTORY + there if there else ""
    return pages, last


def test_pages_start_where_the_last_one_ended(northgate, signed_in):
    """C12: 50 lines a page, every line once, and back the same way."""
    give(northgate, **{f"P{number:03}": 1 for number in range(120)})
    browser = signed_in(northgate)

    down, last = walk(browser, HISTORY, "Older")
    up, first = walk(browser, last, "Newer")

    assert [len(lines) for lines in down] == [50, 50, 20]
    assert [name for lines in down for name in lines] == [f"The P{number:03}available" for number in reversed(range(120))]
    assert up == [down[2], down[1], down[0]]
    assert rows_of(browser.get(first)) == rows_of(browser.get(HISTORY))


def test_a_page_before_the_first_is_the_first(northgate, signed_in):
    """A line that came meanwhile: too few newer ones for a page, so that the first one is shown whole."""
    give(northgate, **{f"P{number:03}": 1 for number in range(60)})
    browser = signed_in(northgate)
    newest = northgate.lines.latest("pk").pk

    assert [len(rows_of(browser.get(HISTORY, {"after": after}))) for after in (newest - 2, newest, newest + 99)] == [50, 50, 50]


def test_the_counted_number_goes_on_over_the_pages(northgate, harborcu, user, signed_in):
    """C1: sixty sales of one license, so that the oldest line of the first page is the eleventh sale."""
    give(northgate, ASR=60)
    for _ in range(60):
        sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key())
    browser = signed_in(northgate)

    first = browser.get(HISTORY, {"column": "sold"})
    second = browser.get(HISTORY + links_of(first)["Older"])

    assert [row[4] for row in rows_of(first) + rows_of(second)] == [str(number) for number in range(60, 0, -1)]


def test_the_next_page_keeps_the_filters(northgate, signed_in):
    give(northgate, **{f"P{number:03}": 1 for number in range(60)})

    response = signed_in(northgate).get(HISTORY, {"kind": "issue"})

    assert links_of(response)["Older"].startswith("?kind=issue&before=")


def test_every_label_of_the_page_names_exactly_one_control(days, northgate, signed_in):
    controls = controls_of(signed_in(northgate).get(HISTORY))

    names = [("field", name) for name in ("Search", "Kind", "Product", "Other account", "By", "From", "To")] + [("button", "Filter")]
    assert {name: controls.count(name) for name in names} == dict.fromkeys(names, 1)


RUBBISH = [
    "\0",
    "a\0b",
    "x" * 20_000,
    "9" * 30,
    "9" * 5_000,
    "-1",
    "１２",
    "²",
    "%s",
    "'",
    "<script>alert(1)</script>",
    "\u2028",
    "0000-00-00",
    "10000-01-01",
]


@pytest.mark.parametrize("text", RUBBISH, ids=lambda text: ascii(text[:12]))
@pytest.mark.parametrize("name", ["q", "kind", "product", "account", "user", "from", "to", "before", "after", "column"])
def test_rubbish_in_the_address_breaks_nothing(northgate, signed_in, name, text):
    """rules.md §4: no input gives a 500."""
    give(northgate, ASR=1)

    response = signed_in(northgate).get(HISTORY, {name: text})

    assert response.status_code == 200
    assert b"<script>alert" not in response.content


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("name", ["from", "to"])
def test_the_first_and_the_last_day_of_the_calendar_break_nothing(northgate, signed_in, name, day):
    """A day after the 31st of December 9999 is none."""
    give(northgate, ASR=1)

    shown = journal(signed_in(northgate).get(HISTORY, {name: day}))

    assert len(shown) == (1 if (name, day) in {("from", "0001-01-01"), ("to", "9999-12-31")} else 0)
