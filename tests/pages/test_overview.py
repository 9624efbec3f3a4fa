"""What staff see first: charts of what moved, failed notices, the last proof, accounts without a sign-in; each for whoever may see it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Account, User
from accounts.services import send_any_notice_again
from licenses.models import LedgerProof
from licenses.services import sell_licenses
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import EnduserFactory, ResellerFactory, UserFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.views import page_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADMIN = "/admin/"


def blocks(response):
    """The headings of the blocks, and whether there are charts."""
    page = page_of(response)
    return [heading.text for heading in page.all("h2") if heading["id"].startswith("overview-")] + ["Charts" for _ in tables(page, "charts")]


def tables(page, name):
    return [table for table in page.all("table") if name in table.classes]


def block(response, name):
    (section,) = [section for section in page_of(response).all("section") if section["aria-labelledby"] == f"overview-{name}"]
    return section


def rows(response, name):
    (table,) = tables(page_of(response), name)
    return [[cell.text for cell in row.all("th", "td")] for row in table.first("tbody").all("tr")]


def sums(response):
    """The rows of the charts: the product, and the sum that stands beside each chart."""
    (table,) = tables(page_of(response), "charts")
    return [[row.first("th").text, *(cell.children[0].strip() for cell in row.all("td"))] for row in table.first("tbody").all("tr")]


# ── Who sees what (C11) ──

SEEN = {
    "view_journalentry": ["Charts"],
    "view_ledgerproof": ["Ledger"],
    "view_notice": ["Failed notices"],
    "view_account": ["Never signed in"],
    "view_product": [],
}


@pytest.mark.parametrize("permission", SEEN)
def test_each_block_is_for_whoever_may_see_what_it_leads_to(northgate, clerks_desk, permission):
    give(northgate, ASR=1)

    assert blocks(clerks_desk(permission).get(ADMIN)) == SEEN[permission]


def test_staff_with_every_permission_see_every_block(northgate, desk):
    give(northgate, ASR=1)

    assert blocks(desk.get(ADMIN)) == ["Ledger", "Failed notices", "Never signed in", "Charts"]


def test_on_a_new_portal_every_block_says_that_there_is_nothing(desk):
    words = page_of(desk.get(ADMIN)).text

    for sentence in (
        "The books were never proven.",
        "None.",
        "None: somebody of every account has signed in.",
        "Nothing was issued, sold or deployed",
    ):
        assert sentence in words


# ── What moved ──


@pytest.fixture
def months(northgate, harborcu, user):
    with time_machine.travel(datetime(2026, 9, 30, tzinfo=UTC), tick=False):
        give(northgate, ASR=64, TTS=10)
    with time_machine.travel(datetime(2026, 10, 1, tzinfo=UTC), tick=False):
        sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=32), key=fresh_key())
        deploy(northgate, name="LAB", ASR=1)
    with time_machine.travel(NOW, tick=False):
        yield


def test_the_sums_stand_beside_the_charts_and_each_month_in_the_table_below(months, desk):
    """WCAG 1.1.1: the charts are for the eye, the table says the same."""
    response = desk.get(ADMIN)

    assert sums(response) == [["The AsrASR", "64", "32", "1"], ["The TtsTTS", "10", "0", "0"]]
    zeros = ["0"] * 9
    assert rows(response, "by-month") == [
        ["ASR", "Issued", "64", "0", "0", "64", *zeros],
        ["ASR", "Sold", "32", "0", "32", "0", *zeros],
        ["ASR", "Deployed", "1", "0", "1", "0", *zeros],
        ["TTS", "Issued", "10", "0", "0", "10", *zeros],
        ["TTS", "Sold", "0", "0", "0", "0", *zeros],
        ["TTS", "Deployed", "0", "0", "0", "0", *zeros],
    ]
    heads = [cell.text for cell in tables(page_of(response), "by-month")[0].first("thead").all("th")]
    assert (heads[2], heads[3], heads[14]) == ("Together", "Nov 2026", "Dec 2025")


def test_a_chart_is_as_high_as_the_highest_month_of_its_product_and_shows_even_a_little(months, desk):
    charts = list(tables(page_of(desk.get(ADMIN)), "charts")[0].all("svg"))

    bars = [[(bar["x"], bar["y"], bar["height"], bar.text) for bar in svg.all("rect") if bar.text] for svg in charts[:3]]
    assert bars == [[("90", "0", "32", "Sep 2026: 64")], [("100", "16", "16", "Oct 2026: 32")], [("100", "31", "1", "Oct 2026: 1")]]
    assert {svg["aria-hidden"] for svg in charts} == {"true"}


def test_of_many_products_those_of_which_most_moved_have_a_row_and_the_others_one_together(northgate, desk):
    give(northgate, **{f"P{number:02}": number for number in range(1, 21)})

    shown = sums(desk.get(ADMIN))

    assert [row[0] for row in shown] == [*(f"The P{number:02}P{number:02}" for number in range(9, 21)), "8 others"]
    assert shown[-1] == ["8 others", str(sum(range(1, 9))), "0", "0"]


# ── Failed notices (C4) ──


@pytest.mark.postgres
def test_a_notice_that_failed_is_named_with_its_reason_until_it_is_sent_again(northgate, staff, desk, mail_server):
    mail_server.replies["northgate@example.com"] = "550 No such user here"
    give(northgate, ASR=1)
    assert "None." in block(desk.get(ADMIN), "failed").text
    deliver_due()
    notice = Notice.objects.get()

    failed = block(desk.get(ADMIN), "failed")
    assert failed.text == "Failed notices 1 failed and was not sent again. Licenses issued to northgate550 No such user here All failed notices"
    assert [link["href"] for link in failed.all("a")] == [f"/admin/foundation/notice/{notice.pk}/change/", "/admin/foundation/notice/?fate=failed"]

    send_any_notice_again(notice=notice, sent_by=staff, key=fresh_key())
    assert "None." in block(desk.get(ADMIN), "failed").text
    deliver_due()
    assert "1 failed and was not sent again." in block(desk.get(ADMIN), "failed").text


# ── Accounts without a sign-in ──


@pytest.fixture
def waiting(publisher):
    """Seven accounts, a day apart, of whom nobody has signed in: the oldest is reseller-0."""
    for days in range(7):
        with time_machine.travel(NOW - timedelta(days=7 - days), tick=False):
            UserFactory(
                account=(ResellerFactory if days % 2 else EnduserFactory)(
                    username=f"account-{days}", **({} if days % 2 else {"reseller": ResellerFactory(username="seen")})
                )
            )
    User.objects.filter(pk=UserFactory(account=Account.objects.get(username="seen")).pk).update(last_login=NOW)


def test_the_accounts_that_wait_longest_for_a_sign_in_are_named_with_their_age(waiting, desk):
    with time_machine.travel(NOW, tick=False):
        desk.force_login(User.objects.get(username="staff"))
        section = block(desk.get(ADMIN), "waiting")

    first = Account.objects.get(username="account-0")
    assert [item.text.replace("\xa0", " ") for item in section.all("li")] == [
        "account-0, created 1 week ago",
        *(f"account-{days}, created {7 - days} days ago" for days in range(1, 5)),
    ]
    assert "7 accounts were never signed in to." in section.text
    assert [link["href"] for link in section.all("a")][0::5] == [
        f"/admin/accounts/account/{first.pk}/change/",
        "/admin/accounts/account/?sign-in=never",
    ]


def test_an_account_that_was_signed_in_to_or_closed_waits_no_more(waiting, desk):
    User.objects.filter(username="account-0").update(last_login=timezone.now())
    Account.objects.filter(username="account-1").update(closed_at=timezone.now())

    section = block(desk.get(ADMIN), "waiting")

    assert [item.text.partition(",")[0] for item in section.all("li")] == [f"account-{number}" for number in range(2, 7)]
    listed = page_of(desk.get("/admin/accounts/account/?sign-in=never")).first("tbody")
    assert [row.first("th").text for row in listed.all("tr")] == [f"account-{number}" for number in range(2, 7)]


def test_more_than_a_hundred_are_not_counted(publisher, desk):
    Account.objects.bulk_create(Account(username=f"a-{number}", company="A", email="a@example.com", kind="reseller") for number in range(101))

    assert "More than 100 accounts were never signed in to." in block(desk.get(ADMIN), "waiting").text


# ── The last proof (B4) ──


def proven(faults):
    facts = dict.fromkeys(["entries", "lines", "holdings", "newest_entry", "newest_line", "horizon", "settled_entry", "settled_line"], 0)
    LedgerProof.objects.create(started_at=NOW, ended_at=NOW, is_full=True, fault_count=faults, first_faults="off\n" * faults, sold={}, **facts)


@pytest.mark.parametrize(
    ("faults", "words", "needs_a_hand"),
    [
        (0, "Ledger The books are proven. Last on 24 Nov 2026, 12:00 pm UTC. Ledger proof", False),
        (2, "Ledger The books are not proven: 2 faults. Found on 24 Nov 2026, 12:00 pm UTC. Ledger proof", True),
    ],
)
def test_the_last_proof_says_whether_the_books_agree(desk, faults, words, needs_a_hand):
    proven(2 - faults)
    proven(faults)

    section = block(desk.get(ADMIN), "proof")

    assert (section.text, "needs-a-hand" in section.classes) == (words, needs_a_hand)
    assert [link["href"] for link in section.all("a")] == ["/admin/ledger/"]
