"""Endusers, the list and the page of one (A9): what their reseller sees of them."""

import pytest
from django.utils import timezone

from accounts.models import Account, User
from accounts.services import create_enduser
from deployments.services import add_licenses
from licenses.models import JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import EnduserFactory, LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.views import controls_of, heading_of, headings_of, links_of, page_of, rows_of, text_of

ENDUSERS = "/endusers/"


# ── The list ──


@pytest.fixture
def three_states(northgate, harborcu, stmarys):
    """harborcu has signed in, stmarys has not, and closedcu is closed."""
    User.objects.filter(username="harborcu").update(last_login=timezone.now())
    EnduserFactory(username="closedcu", reseller=northgate, closed_at=timezone.now())


def test_a_reseller_sees_its_own_endusers_by_username_with_whether_they_have_signed_in(three_states, northgate, metrotransit, signed_in):
    """A9."""
    assert rows_of(signed_in(northgate).get(ENDUSERS)) == [
        ["closedcu", "Closedcu Inc.closedcu@example.com", "0", "None yet", "Closed"],
        ["harborcu", "Harbor Credit Unionharborcu@example.com", "0", "None yet", "Active"],
        ["stmarys", "Stmarys Inc.stmarys@example.com", "0", "None yet", "Not signed in yet"],
    ]


def test_each_row_says_how_much_was_sold_to_it_and_when_last(sales, northgate, harborcu, stmarys, signed_in):
    """A9: what was sold to it, alone or with a deployment; not what came to it from elsewhere, nor what it deployed."""
    give(harborcu, CPA=77)
    last = JournalEntry.objects.filter(kind="sale").latest("pk").posted_at

    assert [row[2:4] for row in rows_of(signed_in(northgate).get(ENDUSERS))] == [["6", f"{last.day} {last:%b %Y}"], ["0", "None yet"]]


def test_what_another_reseller_sold_it_before_is_not_counted(sales, harborcu, tideway, signed_in):
    """A9: staff moved harborcu to tideway, who never sold it anything."""
    Account.objects.filter(pk=harborcu.pk).update(reseller=tideway)

    assert [row[2:4] for row in rows_of(signed_in(tideway).get(ENDUSERS))] == [["0", "None yet"]]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("active", ["harborcu"]),
        ("waiting", ["stmarys"]),
        ("closed", ["closedcu"]),
        ("", ["closedcu", "harborcu", "stmarys"]),
        ("nonsense", []),
        ("\0", []),
    ],
)
def test_they_are_filtered_by_status(three_states, northgate, signed_in, state, found):
    response = signed_in(northgate).get(ENDUSERS, {"state": state})

    assert [row[0] for row in rows_of(response)] == found
    assert ("Clear filters" in links_of(response)) == bool(state)


def test_search_and_status_work_together(three_states, northgate, signed_in):
    browser = signed_in(northgate)

    assert [row[0] for row in rows_of(browser.get(ENDUSERS, {"q": "cu", "state": "closed"}))] == ["closedcu"]
    assert headings_of(browser.get(ENDUSERS, {"q": "stmarys", "state": "closed"}))[-1] == "No endusers match"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("harb", ["harborcu"]), ("CREDIT union", ["harborcu"]), ("stmarys@", ["stmarys"]), ("example.com", ["harborcu", "stmarys"]), ("metro", []),
        ("%", []), ("_", []), ("\0", []), ("x" * 20_000, []), ("<script>alert(1)</script>", []),
    ],
)  # fmt: skip
def test_they_are_found_by_username_company_and_address(northgate, harborcu, stmarys, metrotransit, signed_in, text, found):
    response = signed_in(northgate).get(ENDUSERS, {"q": text})

    assert [row[0] for row in rows_of(response)] == found
    assert b"<script>alert" not in response.content


def test_what_was_searched_for_stays_in_the_field(northgate, harborcu, signed_in):
    response = signed_in(northgate).get(ENDUSERS, {"q": 'a "b"'})

    assert [field["value"] for field in page_of(response).first("main").all("input")] == ['a "b"']
    assert headings_of(response)[-1] == "No endusers match"


def test_they_come_in_pages_of_fifty_and_the_filters_go_along(northgate, signed_in):
    for number in range(60):
        EnduserFactory(username=f"clinic-{number:02}", reseller=northgate)
    browser = signed_in(northgate)

    first = browser.get(ENDUSERS, {"q": "clinic", "state": "waiting"})
    EnduserFactory(username="clinic-99", reseller=northgate, closed_at=timezone.now())
    second = browser.get(ENDUSERS + links_of(first)["Next"])

    assert [row[0] for row in rows_of(first) + rows_of(second)] == [f"clinic-{number:02}" for number in range(60)]
    assert len(rows_of(first)) == 50


@pytest.mark.parametrize("number", ["\0", "0", "-1", "99999", "x", "9" * 30, "9" * 5_000])
def test_rubbish_in_the_address_breaks_nothing(northgate, harborcu, signed_in, number):
    """rules.md §4."""
    assert signed_in(northgate).get(ENDUSERS, {"page": number}).status_code == 200


def test_with_no_endusers_the_page_says_what_to_do(northgate, signed_in):
    assert headings_of(signed_in(northgate).get(ENDUSERS))[-1] == "No endusers yet"


@pytest.mark.parametrize(("role", "count"), [("administrator", 1), ("manager", 0), ("viewer", 0)])
def test_administrators_are_led_to_creating_one(northgate, harborcu, signed_in, role, count):
    """contract.md: a link Create an enduser; A1: managers do not make sign-ins."""
    assert controls_of(signed_in(northgate, role).get(ENDUSERS)).count(("link", "Create an enduser")) == count


# ── One enduser ──


@pytest.fixture
def sales(northgate, harborcu, user):
    """northgate sold harborcu 3 ASR and 1 TTS, and 2 ASR more on a deployment, to which harborcu later added 1 ASR."""
    give(northgate, ASR=10, TTS=4)
    seller = user(northgate)
    sell_licenses(seller=northgate, sold_by=seller, owner=harborcu, quantities=quantities(ASR=3, TTS=1), reference="PO 20931", key=fresh_key())
    made = deploy(northgate, owner=harborcu, name="HCU-IVR-01", ASR=2)
    add_licenses(deployment=made, account=harborcu, added_by=user(harborcu), quantities=quantities(ASR=1), key=fresh_key())


def test_its_reseller_sees_its_name_address_and_what_was_sold_to_it(sales, northgate, signed_in):
    """A9."""
    response = signed_in(northgate).get("/endusers/harborcu/")

    assert heading_of(response) == "harborcu"
    assert text_of(response).startswith("harborcu Harbor Credit Union ")
    assert "Email harborcu@example.com Created" in text_of(response)
    assert rows_of(response, "Licenses sold to this enduser") == [["The AsrASR", "5"], ["The TtsTTS", "1"]]
    assert [row[:2] for row in rows_of(response, "Deployments made for this enduser")] == [["HCU-IVR-01", "2 ASR"]]


def test_each_sale_leads_to_its_receipt(sales, northgate, signed_in):
    links = links_of(signed_in(northgate).get("/endusers/harborcu/"))

    numbers = list(JournalEntry.objects.filter(kind="sale").values_list("number", flat=True))
    assert {number: links.get(number) for number in numbers} == {number: f"/receipts/{number}/" for number in numbers}


def test_what_the_enduser_got_elsewhere_or_did_itself_is_not_shown(sales, northgate, harborcu, signed_in):
    """A9: neither what the publisher issued, nor what it deployed."""
    give(harborcu, CPA=77)
    deploy(harborcu, name="SECRET", CPA=7)

    words = text_of(signed_in(northgate).get("/endusers/harborcu/"))

    assert [word for word in ("77", "CPA", "SECRET", "3 ASR") if word in words] == []


def test_what_another_reseller_sold_it_before_is_not_shown(sales, northgate, harborcu, tideway, signed_in):
    """A9: staff moved harborcu to tideway, who never sold it anything."""
    Account.objects.filter(pk=harborcu.pk).update(reseller=tideway)

    assert signed_in(northgate).get("/endusers/harborcu/").status_code == 404
    response = signed_in(tideway).get("/endusers/harborcu/")
    assert (rows_of(response), headings_of(response)[-2:]) == ([], ["Nothing sold yet", "Close the account"])


@pytest.mark.parametrize("username", ["metrotransit", "tideway", "northgate", "publisher", "nobody"])
def test_whoever_is_not_ones_enduser_does_not_exist(northgate, metrotransit, signed_in, username):
    """A9."""
    assert signed_in(northgate).get(f"/endusers/{username}/").status_code == 404


def test_over_a_link_its_holder_sees_the_endusers_while_acting_alone(sales, northgate, west, signed_in):
    """A9: a link allows holdings, not endusers, of the account itself; acting for it one sees them, as one may sell to them."""
    LinkFactory(holder=west, target=northgate)
    browser = signed_in(west)

    assert browser.get("/endusers/harborcu/").status_code == 404
    browser.post("/switch/northgate/")
    assert browser.get("/endusers/harborcu/").status_code == 200


@pytest.mark.parametrize(("role", "shown"), [("administrator", 1), ("manager", 1), ("viewer", 0)])
def test_whoever_may_sell_is_led_to_selling_to_it(sales, northgate, signed_in, role, shown):
    response = signed_in(northgate, role).get("/endusers/harborcu/")

    assert controls_of(response).count(("link", "Sell Licenses")) == shown
    assert links_of(response).get("Sell Licenses", "/sell/?owner=harborcu") == "/sell/?owner=harborcu"


def test_nobody_is_led_to_selling_to_a_closed_one(northgate, harborcu, signed_in):
    Account.objects.filter(pk=harborcu.pk).update(closed_at=timezone.now())

    response = signed_in(northgate).get("/endusers/harborcu/")

    assert ("link", "Sell Licenses") not in controls_of(response)
    assert "Closed" in text_of(response)


def test_the_invitations_fate_is_shown(northgate, user, signed_in):
    """A1, C4."""
    create_enduser(reseller=northgate, created_by=user(northgate), username="pinecrest", company="P", email="p@example.com", key=fresh_key())
    browser = signed_in(northgate)

    assert "Invitation Queued" in text_of(browser.get("/endusers/pinecrest/"))
    deliver_due()
    assert "Invitation Sent " in text_of(browser.get("/endusers/pinecrest/"))


@pytest.mark.parametrize("name", ["%00", "x" * 500, "%F0%9F%98%80", "%27", "harborcu%0A", "HARBORCU", ".."])
def test_an_address_that_names_no_enduser_answers_404(northgate, harborcu, signed_in, name):
    """rules.md §4: no input gives a 500."""
    assert signed_in(northgate).get(f"/endusers/{name}/").status_code == 404
