"""Settings → Profile (contract.md, "Words on the screen"): name, time zone and theme, and where they show."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from accounts.models import Account, User
from licenses.models import JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory, UserFactory
from tests.factories.licenses import give, quantities
from tests.views import RUBBISH, errors_of, heading_of, notes_of, page_of, press, rows_of, text_of

PROFILE, THEME = "/settings/profile/", "/settings/profile/theme/"
BAY = "America/Los_Angeles"


@pytest.fixture
def visitor(northgate, signed_in):
    return signed_in(northgate)


def save(visitor, **typed):
    """Press Save in the first card."""
    return visitor.post(PROFILE, {"name": "", "time_zone": ""} | typed)


def profile_of(username="northgate"):
    return User.objects.values_list("name", "time_zone").get(username=username)


def foot_of(response):
    return page_of(response).first("footer").text.removesuffix("How licenses move here")


# ── Name and time zone ──


def test_name_and_time_zone_are_saved(visitor):
    response = save(visitor, name="Dana Okafor", time_zone="los angeles")

    assert notes_of(visitor.get(response.url)) == ["Settings saved."]
    assert profile_of() == ("Dana Okafor", BAY)


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"time_zone": "Atlantis"}, {"time_zone": ["“Atlantis” is not a time zone of the list. Enter a place, like Berlin"]}),
        ({"name": "a\u2028b"}, {"name": ["Use plain text on one line"]}),
        ({"name": "x" * 61}, {"name": ["Ensure this value has at most 60 characters (it has 61)."]}),
    ],
)
def test_what_makes_no_sense_is_refused_in_its_place_and_kept(visitor, typed, errors):
    """B6."""
    response = save(visitor, **typed)

    assert errors_of(response) == errors
    assert {name: page_of_field(response, name) for name in typed} == typed
    assert profile_of() == ("", "")


def page_of_field(response, name):
    return next(field["value"] for field in page_of(response).all("input") if field["name"] == name)


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("name", ["name", "time_zone"])
def test_rubbish_changes_nothing_and_breaks_nothing(visitor, name, text):
    """rules.md §4."""
    assert save(visitor, **{name: text}).status_code == 200
    assert profile_of() == ("", "")


def test_everybody_has_a_profile_of_their_own_staff_too(desk, northgate, signed_in):
    save(signed_in(northgate, "viewer"), name="Viktor")
    save(desk, name="Stella")

    assert [profile_of(username)[0] for username in ("northgate-viewer", "staff", "northgate")] == ["Viktor", "Stella", ""]


def test_nobody_changes_a_profile_while_acting(northgate, west, signed_in):
    """A7."""
    LinkFactory(holder=northgate, target=west)
    visitor = signed_in(northgate)
    visitor.post("/switch/northgate-west/")

    assert [visitor.get(PROFILE).status_code, save(visitor, name="Dana").status_code] == [403, 403]
    assert profile_of() == ("", "")


# ── Where the name shows ──


@pytest.fixture
def sale(northgate, harborcu, user):
    give(northgate, ASR=10)
    User.objects.filter(username="northgate").update(name="Dana Okafor")
    with time_machine.travel(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), tick=False):
        sold = sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), key=fresh_key())
    return JournalEntry.objects.get(pk=sold.pk)


def by_of(response):
    facts = page_of(response).all("dt", "dd")
    return next(next(facts).text for fact in facts if fact.text == "By")


def test_a_receipt_says_the_name_beside_the_username_to_both_sides_of_a_sale(sale, northgate, harborcu, signed_in):
    """A9: the enduser knows the person who acted; the username stays, so history tells who it was whatever the name is later."""
    shown = [by_of(signed_in(account).get(sale.get_absolute_url())) for account in (northgate, harborcu)]

    assert shown == ["Dana Okafor (northgate)"] * 2


def test_a_name_that_changed_changes_no_history(sale, northgate, signed_in):
    """B1: the journal and its export name the user by username."""
    visitor = signed_in(northgate)
    before = [b"".join(visitor.get("/history.csv").streaming_content), rows_of(visitor.get("/history/"))]

    save(visitor, name="Somebody Else", time_zone="UTC")

    assert [b"".join(visitor.get("/history.csv").streaming_content), rows_of(visitor.get("/history/"))] == before


def test_the_name_of_whoever_acted_over_a_link_is_told_to_nobody_else(northgate, west, harborcu, user, signed_in):
    """A9: of another account's person the journal names the username alone (A7)."""
    give(northgate, ASR=10)
    LinkFactory(holder=west, target=northgate)
    User.objects.filter(username="northgate-west").update(name="Wes Tern")
    sold = sell_licenses(seller=northgate, sold_by=user(west), owner=harborcu, quantities=quantities(ASR=3), key=fresh_key())

    response = signed_in(harborcu).get(sold.get_absolute_url())

    assert by_of(response) == "northgate-west for northgate"
    notices.deliver_due()
    words = Notice.objects.get(event=sold.number).email.message
    assert ("northgate-west" in words, "Wes Tern" in words) == (True, False)


def test_the_team_is_read_by_its_names(northgate, signed_in):
    UserFactory(account=northgate, username="dana", name="Dana Okafor")

    assert "Dana Okafor" in text_of(signed_in(northgate).get("/settings/team/"))


def test_markup_in_a_name_is_shown_as_text(visitor):
    save(visitor, name="<script>alert(1)</script>")

    assert b"<script>alert" not in visitor.get("/").content


# ── Where the time zone shows ──


def test_pages_show_times_in_the_persons_zone_and_name_it(sale, harborcu, signed_in):
    visitor = signed_in(harborcu)
    save(visitor, time_zone=BAY)

    receipt, history = text_of(visitor.get(sale.get_absolute_url())), visitor.get("/history/")

    assert "24 Nov 2026, 3:30 pm PST 11:30 pm UTC" in receipt
    assert rows_of(history)[0][0] == "24 Nov 2026, 3:30 pm PST"
    assert foot_of(history) == f"Times are shown in {BAY}"


def test_without_a_zone_of_ones_own_the_accounts_counts_and_without_that_utc(harborcu, signed_in):
    visitor = signed_in(harborcu)
    shown = [foot_of(visitor.get("/"))]
    Account.objects.filter(username="harborcu").update(time_zone="Asia/Tokyo")
    shown.append(foot_of(visitor.get("/")))
    save(visitor, time_zone=BAY)
    shown.append(foot_of(visitor.get("/")))

    assert shown == [f"Times are shown in {zone}" for zone in ("UTC", "Asia/Tokyo", BAY)]


def test_a_person_keeps_the_zone_while_acting(northgate, west, signed_in):
    LinkFactory(holder=northgate, target=west)
    Account.objects.filter(username="northgate-west").update(time_zone="Asia/Tokyo")
    visitor = signed_in(northgate)
    save(visitor, time_zone=BAY)
    visitor.post("/switch/northgate-west/")

    assert foot_of(visitor.get("/")) == f"Times are shown in {BAY}"


def test_the_zone_of_one_person_is_not_left_to_the_next(northgate, harborcu, signed_in):
    """Requests of all people are answered by the same threads."""
    first, second = signed_in(northgate), signed_in(harborcu)
    save(first, time_zone=BAY)

    assert [foot_of(visitor.get("/")) for visitor in (first, second, first)] == [f"Times are shown in {zone}" for zone in (BAY, "UTC", BAY)]


@pytest.mark.parametrize(
    ("zone", "day", "found"),
    [("UTC", "2026-11-24", 1), ("UTC", "2026-11-25", 0), ("Asia/Tokyo", "2026-11-24", 0), ("Asia/Tokyo", "2026-11-25", 1)],
)
def test_a_day_of_history_is_the_readers_own_on_the_page_and_in_its_export(sale, harborcu, signed_in, zone, day, found):
    """C12: sold at 23:30 UTC, which in Tokyo is the next day. The export of a page has what the page has, and its times in UTC."""
    visitor = signed_in(harborcu)
    save(visitor, time_zone=zone)
    days = {"from": day, "to": day}

    exported = b"".join(visitor.get("/history.csv", days).streaming_content).decode().splitlines()[1:]

    assert len(rows_of(visitor.get("/history/", days))) == found
    assert [line.split(",")[1] for line in exported] == ["2026-11-24T23:30:00+00:00"] * found


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_the_calendar_break_nothing_in_any_zone(sale, harborcu, signed_in, zone, day):
    """rules.md §4."""
    visitor = signed_in(harborcu)
    save(visitor, time_zone=zone)

    assert visitor.get("/history/", {"from": day, "to": day}).status_code == 200


def test_a_letter_is_written_in_its_accounts_zone_whoever_acts_and_in_utc(northgate, harborcu, user, signed_in):
    give(northgate, ASR=10)
    User.objects.filter(username="northgate").update(time_zone="Asia/Tokyo")
    Account.objects.filter(username="harborcu").update(time_zone=BAY)
    with time_machine.travel(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), tick=False):
        press(signed_in(northgate), "/sell/", {"owner": "harborcu", "qty-ASR": "1"})

    notices.deliver_due()
    letter = Notice.objects.get(account="harborcu").email
    assert [words in part for part in (letter.message, letter.html_message) for words in ("24 Nov 2026, 3:30 pm PST (11:30 pm UTC)",)] == [True] * 2


def test_a_letter_to_a_person_is_written_in_that_persons_zone(visitor):
    save(visitor, time_zone=BAY)
    with time_machine.travel(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), tick=False):
        press(visitor, "/settings/security/password/", {"password": "correct horse battery", "new_password": "a few words in a row"})

    assert "24 Nov 2026, 3:30 pm PST (11:30 pm UTC)" in Notice.objects.get().email.message


def test_the_admin_shows_times_in_the_zone_of_who_reads_it_and_names_it(sale, desk):
    save(desk, time_zone=BAY)

    page = desk.get("/admin/licenses/journalentry/")

    assert "24 Nov 2026, 15:30" in page_of(page).text
    assert foot_of(page) == f"Times are shown in {BAY}"


# ── The theme ──


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_a_theme_is_kept_in_the_browser_and_not_with_the_person(visitor, northgate, signed_in, theme):
    response = visitor.post(THEME, {"theme": theme})

    assert page_of(visitor.get(response.url)).first("html")["data-theme"] == theme
    assert page_of(Client().get("/sign-in/")).first("html")["data-theme"] == "auto"
    visitor.post("/sign-out/")
    assert page_of(visitor.get("/sign-in/")).first("html")["data-theme"] == theme


def test_a_theme_that_there_is_not_is_refused(visitor):
    response = visitor.post(THEME, {"theme": "beige"})

    assert (heading_of(response), errors_of(response)) == ("Profile", {"theme": ["Choose one of the three themes"]})
    assert "theme" not in visitor.cookies
