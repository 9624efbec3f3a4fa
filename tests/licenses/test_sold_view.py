"""Sold, the page and its CSV: what a reseller sold, to whom, with the mail's fate and what came back (A9, C4)."""

import csv
import io
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import transaction
from django.http import QueryDict

from accounts.models import Account
from licenses.models import Holding, JournalEntry, JournalLine
from licenses.services import sell_licenses, send_notice_again
from licenses.sold import SoldFilterForm, all_sold
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from licensing_portal.foundation.templatetags.portal import moment_text
from tests.factories.accounts import EnduserFactory, LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.views import controls_of, errors_of, headings_of, links_of, rows_of

SOLD = "/sold/"


def sell(seller, owner, by, reference="", **by_code):
    return sell_licenses(seller=seller, sold_by=by, owner=owner, quantities=quantities(**by_code), reference=reference, key=fresh_key())


@pytest.fixture
def days(northgate, tideway, harborcu, stmarys, metrotransit, user, west):
    """northgate sold on the 2nd, the 3rd and, by a deployment and over a link, the 4th of March; tideway sold as well."""
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False):
        give(northgate, ASR=10, TTS=6)
        give(tideway, ASR=10)
        sell(tideway, metrotransit, user(tideway), ASR=7)
    with time_machine.travel(datetime(2026, 3, 2, 0, tzinfo=UTC), tick=False):
        sell(northgate, harborcu, user(northgate), "PO 20931", TTS=1, ASR=3)
    with time_machine.travel(datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC), tick=False):
        sell(northgate, stmarys, user(northgate, "manager"), ASR=1)
    LinkFactory(holder=west, target=northgate)
    with time_machine.travel(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False):
        deploy(northgate, owner=harborcu, name="HCU-IVR-01", TTS=4)


def numbers():
    """The numbers of northgate's sales, the oldest first."""
    return list(JournalEntry.objects.filter(kind="sale", giver__username="northgate").order_by("pk").values_list("number", flat=True))


# What the page says of each sale, the newest first: owner, licenses, the mail's fate, what became of it.
ALL = [
    ("harborcuHarbor Credit Union", "4 licenses4 TTS", "Queued", "Completed"),
    ("stmarysStmarys Inc.", "1 license1 ASR", "Queued", "Completed"),
    ("harborcuHarbor Credit Union", "4 licenses3 ASR, 1 TTS", "Queued", "Completed"),
]


def sales(response):
    return [tuple(row[1:]) for row in rows_of(response)]


def test_every_sale_is_shown_newest_first_with_its_receipt_owner_licenses_and_fate(days, northgate, signed_in):
    response = signed_in(northgate).get(SOLD)

    assert sales(response) == ALL
    assert [row[0] for row in rows_of(response)] == [
        f"{numbers()[2]}4 Mar 2026, 12:00 pm UTC",
        f"{numbers()[1]}3 Mar 2026, 11:59 pm UTC",
        f"{numbers()[0]}2 Mar 2026, 12:00 am UTCPO 20931",
    ]
    links = links_of(response)
    assert {number: links[number] for number in numbers()} == {number: f"/receipts/{number}/" for number in numbers()}
    assert (links["harborcu"], links["stmarys"]) == ("/endusers/harborcu/", "/endusers/stmarys/")


def test_what_the_owners_do_with_the_licenses_shows_nowhere(days, northgate, harborcu, signed_in):
    """A9."""
    deploy(harborcu, name="SECRET", ASR=2)

    assert sales(signed_in(northgate).get(SOLD)) == ALL


def test_whoever_acts_for_the_reseller_and_its_viewer_see_it_too(days, northgate, west, signed_in):
    acting = signed_in(west)
    assert sales(acting.get(SOLD)) == []
    acting.post("/switch/northgate/")

    assert [sales(browser.get(SOLD)) for browser in (acting, signed_in(northgate, "viewer"))] == [ALL, ALL]


FILTERS = {
    "nothing": ({}, ALL),
    "blanks": (dict.fromkeys(["q", "product", "owner", "from", "to"], ""), ALL),
    "a product": ({"product": "ASR"}, ALL[1:]),
    "an owner": ({"owner": "harborcu"}, [ALL[0], ALL[2]]),
    "an owner in capitals": ({"owner": " HarborCU "}, [ALL[0], ALL[2]]),
    "somebody elses enduser": ({"owner": "metrotransit"}, []),
    "from a day on": ({"from": "2026-03-03"}, ALL[:2]),
    "up to a day, that day included": ({"to": "2026-03-03"}, ALL[1:]),
    "one day": ({"from": "2026-03-02", "to": "2026-03-02"}, ALL[2:]),
    "a reference": ({"q": "po 209"}, ALL[2:]),
    "a company": ({"q": "credit union"}, [ALL[0], ALL[2]]),
    "a username": ({"q": "stmar"}, ALL[1:2]),
    "several at once": ({"q": "harbor", "product": "TTS", "owner": "harborcu", "from": "2026-03-03"}, ALL[:1]),
    "a product that one never held": ({"product": "NOPE"}, []),
    "a percent sign, which is a character": ({"q": "%"}, []),
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.values(), ids=FILTERS)
def test_it_is_filtered_by_search_product_owner_and_days(days, northgate, signed_in, query, expected):
    assert sales(signed_in(northgate).get(SOLD, query)) == expected


def test_it_is_searched_by_number(days, northgate, signed_in):
    assert sales(signed_in(northgate).get(SOLD, {"q": numbers()[0].lower()})) == ALL[2:]


def test_the_filters_that_are_on_are_taken_away_one_by_one_and_stay_in_the_export(days, northgate, signed_in):
    links = links_of(signed_in(northgate).get(SOLD, {"product": "ASR", "owner": "harborcu", "q": "", "before": "99999999"}))

    assert {name: address for name, address in links.items() if name.startswith(("Remove", "Clear", "Export"))} == {
        "Remove filter Product: The Asr": "?owner=harborcu",
        "Remove filter Owner: harborcu": "?product=ASR",
        "Clear filters": "?",
        "Export CSV": "/sold.csv?product=ASR&owner=harborcu",
    }


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"from": "yesterday"}, "Enter a valid date."),
        ({"to": "2026-02-30"}, "Enter a valid date."),
        ({"to": "2026-03-03", "from": "2026-03-04"}, "The end date must not be before the start date"),
        ({"q": "a\u2028b"}, "Use plain text on one line"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_in_words_and_shows_nothing(days, northgate, signed_in, query, error):
    browser = signed_in(northgate)
    response = browser.get(SOLD, query)

    assert (response.status_code, errors_of(response), rows_of(response)) == (200, {next(iter(query)): [error]}, [])
    assert headings_of(response)[-1] == "One of these filters makes no sense"
    assert browser.get("/sold.csv", query).status_code == 404


def test_empty_states_say_why(northgate, signed_in):
    browser = signed_in(northgate)

    assert headings_of(browser.get(SOLD))[-1] == "Nothing sold yet"
    assert headings_of(browser.get(SOLD, {"q": "x"}))[-1] == "No sales match"


@pytest.mark.parametrize(("role", "count"), [("administrator", 1), ("manager", 1), ("viewer", 0)])
def test_whoever_may_sell_is_led_to_selling(days, northgate, signed_in, role, count):
    who = signed_in(northgate) if role == "administrator" else signed_in(northgate, role)

    assert controls_of(who.get(SOLD)).count(("link", "Sell Licenses")) == count


# ── The mail's fate (C4) ──


def fates(browser):
    return [row[3] for row in rows_of(browser.get(SOLD))]


def test_a_mail_is_queued_then_sent_and_says_when(days, northgate, signed_in):
    browser = signed_in(northgate)
    assert fates(browser) == ["Queued", "Queued", "Queued"]

    deliver_due()

    sent = [moment_text(notice.sent_at) for notice in Notice.objects.filter(event__in=numbers()).order_by("-pk")]
    assert fates(browser) == [f"Sent {moment}" for moment in sent]


@pytest.mark.postgres
def test_a_mail_that_failed_says_why_and_one_that_is_sent_again_is_the_one_that_counts(days, northgate, harborcu, user, signed_in, mail_server):
    mail_server.replies["harborcu@example.com"] = "550 No such user here"
    deliver_due()
    browser = signed_in(northgate)
    failed = "Failed 550 No such user here"
    assert [fate if fate == failed else fate.partition(" ")[0] for fate in fates(browser)] == [failed, "Sent", failed]

    sale = JournalEntry.objects.get(number=numbers()[2])
    send_notice_again(entry=sale, account=northgate, sent_by=user(northgate), key=fresh_key())

    assert [fate if fate == failed else fate.partition(" ")[0] for fate in fates(browser)] == ["Queued", "Sent", failed]


# ── What came back ──


def take_back(number, **by_code):
    """Write what a recall will: an entry that reverses a sale, from its owner to its seller."""
    sale = JournalEntry.objects.get(number=number)
    with transaction.atomic():
        back = JournalEntry.objects.create(
            number=f"R-2026-{sale.pk:06}{len(by_code)}", kind="recall", giver=sale.receiver, receiver=sale.giver,
            posted_by=sale.posted_by, acting_as=sale.giver, reverses=sale,
        )  # fmt: skip
        lines = []
        for product, quantity in quantities(**by_code).items():
            for account, signed in ((sale.receiver, -quantity), (sale.giver, quantity)):
                holding = Holding.objects.get(account=account, product=product)
                lines.append(
                    JournalLine(entry=back, account=account, product=product, state="available", quantity=signed, balance=holding.available + signed)
                )
        JournalLine.objects.bulk_create(lines)
        for line in lines:
            Holding.objects.filter(account=line.account, product=line.product).update(available=line.balance)


def test_a_sale_of_which_some_or_all_came_back_says_so(days, northgate, signed_in):
    """A reversing entry points to the sale; it is no sale of its own, and says nothing of other sales."""
    take_back(numbers()[0], ASR=2)
    browser = signed_in(northgate)
    assert [row[4] for row in rows_of(browser.get(SOLD))] == ["Completed", "Completed", "Partly taken back2 of 4 licenses"]

    take_back(numbers()[0], ASR=1, TTS=1)

    assert [row[4] for row in rows_of(browser.get(SOLD))] == ["Completed", "Completed", "Taken back4 of 4 licenses"]
    assert [row[2] for row in rows_of(browser.get(SOLD))] == [what for _, what, _, _ in ALL]


# ── CSV ──


def file(response):
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))


def test_the_csv_has_a_row_for_each_product_of_each_sale_oldest_first(days, northgate, harborcu, signed_in):
    """contract.md."""
    Account.objects.filter(pk=harborcu.pk).update(company="=HARBOR()")
    first, second, third = numbers()
    take_back(first, ASR=2)

    response = signed_in(northgate).get("/sold.csv")

    assert file(response) == [
        ["Number", "Time", "Owner", "Company", "Code", "Product", "Quantity", "Taken back", "By", "Acting as", "Reference", "Email", "Email sent", "Email error"],
        [first, "2026-03-02T00:00:00+00:00", "harborcu", "'=HARBOR()", "ASR", "The Asr", "3", "2", "northgate", "northgate", "PO 20931", "queued", "", ""],
        [first, "2026-03-02T00:00:00+00:00", "harborcu", "'=HARBOR()", "TTS", "The Tts", "1", "0", "northgate", "northgate", "PO 20931", "queued", "", ""],
        [second, "2026-03-03T23:59:59+00:00", "stmarys", "Stmarys Inc.", "ASR", "The Asr", "1", "0", "northgate-manager", "northgate", "", "queued", "", ""],
        [third, "2026-03-04T12:00:00+00:00", "harborcu", "'=HARBOR()", "TTS", "The Tts", "4", "0", "northgate", "northgate", "", "queued", "", ""],
    ]  # fmt: skip
    assert response["Content-Disposition"].startswith('attachment; filename="sold_northgate_')


def test_the_csv_is_of_the_filtered_sales_and_takes_them_whole(days, northgate, signed_in):
    lines = file(signed_in(northgate).get("/sold.csv", {"product": "ASR", "owner": "harborcu"}))

    assert [(line[0], line[4]) for line in lines[1:]] == [(numbers()[0], "ASR"), (numbers()[0], "TTS")]


def test_of_more_sales_than_are_read_at_once_none_is_left_out(northgate, harborcu, user):
    give(northgate, ASR=8)
    for _ in range(8):
        sell(northgate, harborcu, user(northgate), ASR=1)

    form = SoldFilterForm(QueryDict(), seller=northgate, products=[])

    assert [row.sale.number for row in all_sold(form, at_once=3)] == numbers()


# ── Pages ──


def test_pages_start_where_the_last_one_ended_and_keep_the_filters(northgate, harborcu, user, signed_in):
    give(northgate, ASR=60)
    for _ in range(60):
        sell(northgate, harborcu, user(northgate), ASR=1)
    browser = signed_in(northgate)

    first = browser.get(SOLD, {"owner": "harborcu"})
    older = links_of(first)["Older"]
    second = browser.get(SOLD + older)

    assert older.startswith("?owner=harborcu&before=")
    assert [row[0][: len(numbers()[0])] for row in rows_of(first) + rows_of(second)] == numbers()[::-1]
    assert (len(rows_of(first)), len(rows_of(second))) == (50, 10)
    assert rows_of(browser.get(SOLD + links_of(second)["Newer"])) == rows_of(first)


# ── Who may ──


@pytest.mark.parametrize("address", [SOLD, "/sold.csv"])
def test_an_enduser_has_no_such_page(days, harborcu, signed_in, address):
    assert signed_in(harborcu).get(address).status_code == 403


def test_a_company_that_is_another_resellers_enduser_now_is_named_and_leads_nowhere(days, northgate, tideway, harborcu, signed_in):
    """A9: what was sold to it stays sold; its page is its new reseller's."""
    Account.objects.filter(pk=harborcu.pk).update(reseller=tideway)

    response = signed_in(northgate).get(SOLD)

    assert sales(response) == ALL
    assert {name: address for name, address in links_of(response).items() if address.startswith("/endusers/")} == {"stmarys": "/endusers/stmarys/"}
    assert sales(signed_in(tideway).get(SOLD)) == [("metrotransitMetrotransit Inc.", "7 licenses7 ASR", "Queued", "Completed")]


# ── From the enduser's page ──


def test_an_enduser_with_more_sales_than_fit_leads_to_all_of_them(northgate, harborcu, user, signed_in):
    give(northgate, ASR=26)
    other = EnduserFactory(username="oakridge", reseller=northgate)
    for _ in range(25):
        sell(northgate, harborcu, user(northgate), ASR=1)
    browser = signed_in(northgate)
    assert "All sales to harborcu" not in links_of(browser.get("/endusers/harborcu/"))

    sell(northgate, harborcu, user(northgate), ASR=1)
    response = browser.get("/endusers/harborcu/")

    assert links_of(response)["All sales to harborcu"] == "/sold/?owner=harborcu"
    shown = [number for number in links_of(response) if number.startswith("S-")]
    assert shown == numbers()[:0:-1]
    assert "All sales to oakridge" not in links_of(browser.get(other.get_absolute_url()))
