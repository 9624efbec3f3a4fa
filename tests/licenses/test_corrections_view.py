"""Adjust licenses and Reverse, in the admin (C11): what staff see, press, and are told where it can't be done (B6)."""

import pytest

from licenses.models import JournalEntry
from licensing_portal.foundation.models import Notice
from tests.books import assert_the_books_are_proven, balances
from tests.factories.deployments import deploy
from tests.factories.licenses import ProductFactory, give, reverse, sell
from tests.views import (
    ALREADY_USED,
    OUT_OF_DATE,
    RUBBISH,
    controls_of,
    errors_of,
    form_of,
    kept_in,
    links_of,
    messages_of,
    press,
    rows_of,
    submit_buttons_of,
)

ADJUST = "/admin/adjust/"
WHY = {"reason": "Counted again", "ticket": "T-4711"}
TWO_UP = {"account": "northgate", "change": "up", "qty-ASR": "2"} | WHY
TWO_BACK = {"qty-ASR": "2"} | WHY


@pytest.fixture
def sale(northgate, harborcu):
    """northgate, with 10 ASR and 4 TTS, sold harborcu 6 ASR and 4 TTS."""
    give(northgate, ASR=10, TTS=4)
    return sell(northgate, harborcu, ASR=6, TTS=4)


@pytest.fixture
def page(sale):
    return f"/admin/licenses/journalentry/{sale.pk}/reverse/"


def latest(kind):
    return JournalEntry.objects.filter(kind=kind).latest("pk")


def everything():
    return balances(), JournalEntry.objects.count(), Notice.objects.count()


# ── Adjust licenses ──


@pytest.mark.parametrize(("change", "words", "available"), [("up", "4 → 6", 6), ("down", "4 → 2", 2)])
def test_one_press_adjusts_and_leads_to_the_entry(desk, sale, change, words, available):
    """C11."""
    response = press(desk, ADJUST, TWO_UP | {"change": change})

    entry = latest("adjustment")
    assert (response.status_code, response.url) == (302, f"/admin/licenses/journalentry/{entry.pk}/change/")
    assert messages_of(desk.get(response.url)) == [f"{entry.number}: northgate now has ASR {words} available."]
    assert balances()["northgate", "ASR"] == (available, 0, 6)
    assert_the_books_are_proven()


def test_the_page_offers_every_product_with_what_the_account_has_and_one_button(desk, sale):
    """C11: what is held of a retired product can be put right too."""
    ProductFactory(code="OLD", retired_at="2026-01-01T00:00:00Z")

    response = desk.get(f"{ADJUST}?account=northgate")

    assert rows_of(response) == [
        ["The Asr (ASR)", "4", "Qty, The Asr"],
        ["The Old (OLD)", "0", "Qty, The Old"],
        ["The Tts (TTS)", "0", "Qty, The Tts"],
    ]
    assert submit_buttons_of(response)[-1] == ["Adjust licenses"]
    fields = [("field", name) for name in ("Account", "Change", "Qty, The Asr", "Reason", "Ticket reference")]
    assert [controls_of(response).count(field) for field in fields] == [1] * 5


def test_from_an_accounts_page_one_comes_to_adjusting_it(desk, northgate):
    page = f"/admin/accounts/account/{northgate.pk}/change/"

    assert links_of(desk.get(page))["Adjust licenses"] == "/admin/adjust/?account=northgate"


ADJUST_REFUSED = {
    "no account": ({"account": ""}, {"account": ["Choose an account"]}),
    "no direction": ({"change": ""}, {"change": ["Choose a direction"]}),
    "no ticket": ({"ticket": ""}, {"ticket": ["Enter a ticket reference"]}),
    "a reason too short": ({"reason": "mistake"}, {"reason": ["Enter a reason of at least 10 characters"]}),
    "nothing": ({"qty-ASR": "0"}, {"": ["Enter a Qty for at least one product"]}),
    "a sign": ({"qty-ASR": "-2"}, {"qty-ASR": ["Enter a whole number, like 2"]}),
    "below zero": ({"change": "down", "qty-ASR": "5"}, {"qty-ASR": ["4 available in northgate. Gone: 6 to harborcu."]}),
}


@pytest.mark.parametrize(("typed", "errors"), ADJUST_REFUSED.values(), ids=ADJUST_REFUSED)
def test_what_is_wrong_with_an_adjustment_is_said_at_its_field(desk, sale, typed, errors):
    """B6."""
    typed, before = TWO_UP | typed, everything()

    response = press(desk, ADJUST, typed)

    assert (errors_of(response), kept_in(response, typed), everything()) == (errors, typed, before)


# ── Reverse ──


def test_one_press_reverses_and_leads_to_the_reversal(desk, page, sale):
    """C11: from the entry's page."""
    entry_page = f"/admin/licenses/journalentry/{sale.pk}/change/"
    assert links_of(desk.get(entry_page))["Reverse"] == page

    response = press(desk, page, TWO_BACK | {"qty-TTS": "4"})

    entry = latest("reversal")
    assert (response.status_code, response.url) == (302, f"/admin/licenses/journalentry/{entry.pk}/change/")
    assert messages_of(desk.get(response.url)) == [
        f"{entry.number}: harborcu now has ASR 6 → 4, TTS 4 → 0 available; northgate now has ASR 4 → 6, TTS 0 → 4 available."
    ]
    assert (entry.reverses, entry.note, entry.reference) == (sale, WHY["reason"], WHY["ticket"])
    assert_the_books_are_proven()


def test_the_page_shows_what_remains_and_what_the_account_has(desk, page, sale, harborcu):
    reverse(sale, ASR=1, TTS=4)
    deploy(harborcu, ASR=2)

    response = desk.get(page)

    assert rows_of(response) == [["The Asr (ASR)", "3 available, 2 deployed", "Qty, The Asr", "5 → 5"]]
    assert submit_buttons_of(response)[-1] == ["Reverse"]


def test_an_entry_of_which_nothing_remains_has_no_form(desk, page, sale):
    reverse(sale, ASR=6, TTS=4)

    response = desk.get(page)

    assert f"Nothing remains of {sale}: all of it came back." in text_of_desk(response)
    assert submit_buttons_of(response)[-1] != ["Reverse"]


def text_of_desk(response):
    return " ".join(response.content.decode().split())


def test_what_is_put_right_otherwise_has_neither_link_nor_page(desk, northgate):
    """C11: a deployment is retired, and a reversal is final."""
    issue = give(northgate, ASR=5)
    deploy(northgate, ASR=1)
    reverse(issue, ASR=1)

    for kind in ("deployment", "reversal"):
        entry = latest(kind)
        assert "Reverse" not in links_of(desk.get(f"/admin/licenses/journalentry/{entry.pk}/change/"))
        assert desk.get(f"/admin/licenses/journalentry/{entry.pk}/reverse/").status_code == 404


REVERSE_REFUSED = {
    "more than remains": ({"qty-ASR": "7"}, {"qty-ASR": ["6 left to reverse of {sale}"]}),
    "below zero": ({"qty-ASR": "6"}, {"qty-ASR": ["1 available, 5 deployed in harborcu. Deployed: 5 on IVR."]}),
    "no ticket": ({"ticket": ""}, {"ticket": ["Enter a ticket reference"]}),
    "a ticket of two lines": ({"ticket": "T\n1"}, {"ticket": ["Use plain text on one line"]}),
    "no reason": ({"reason": ""}, {"reason": ["Enter a reason"]}),
    "ten to the thirty": ({"qty-ASR": "1" + "0" * 30}, {"qty-ASR": ["Enter 1,000,000 or less"]}),
}


@pytest.mark.parametrize(("typed", "errors"), REVERSE_REFUSED.values(), ids=REVERSE_REFUSED)
def test_what_is_wrong_with_a_reversal_is_said_at_its_field(desk, page, sale, harborcu, typed, errors):
    """B6, C11."""
    deploy(harborcu, name="IVR", ASR=5)
    typed, before = TWO_BACK | typed, everything()

    response = press(desk, page, typed)

    assert errors_of(response) == {name: [message.format(sale=sale) for message in messages] for name, messages in errors.items()}
    assert (kept_in(response, typed), everything()) == (typed, before)


# ── Both ──


@pytest.mark.parametrize(("permission", "statuses"), [("adjust_licenses", [200, 403]), ("reverse_entry", [403, 200]), ("issue_licenses", [403, 403])])
def test_staff_need_the_permission_for_each(clerks_desk, page, permission, statuses):
    """C11."""
    clerk = clerks_desk(permission, "view_journalentry")
    before = everything()

    assert [clerk.get(address).status_code for address in (ADJUST, page)] == statuses
    assert [clerk.post(address, {}).status_code for address in (ADJUST, page)] == statuses
    assert everything() == before


def test_who_may_read_alone_is_led_to_neither(clerks_desk, sale, northgate):
    clerk = clerks_desk("view_journalentry", "view_account")

    assert "Reverse" not in links_of(clerk.get(f"/admin/licenses/journalentry/{sale.pk}/change/"))
    assert "Adjust licenses" not in links_of(clerk.get(f"/admin/accounts/account/{northgate.pk}/change/"))
    assert "Adjust licenses" not in links_of(clerk.get("/admin/"))


@pytest.mark.parametrize("flow", ["adjust", "reverse"])
def test_pressed_twice_it_is_done_once_and_edited_it_is_refused(desk, page, flow):
    """B5."""
    address, typed = (ADJUST, TWO_UP) if flow == "adjust" else (page, TWO_BACK)
    form = form_of(desk, address) | typed
    answers = [desk.post(address, form) for _ in range(2)]
    after = everything()

    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.url for answer in answers}) == 1
    assert errors_of(desk.post(address, form | {"qty-ASR": "1"})) == {"": [ALREADY_USED]}
    assert errors_of(desk.post(address, typed)) == {"": [OUT_OF_DATE]}
    assert everything() == after


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("field", ["account", "change", "qty-ASR", "reason", "ticket", "key"])
def test_rubbish_is_refused_in_words(desk, page, field, text):
    """rules.md §4: no input gives a 500."""
    before = everything()

    for address, typed in ((ADJUST, TWO_UP), (page, TWO_BACK)):
        if field in form_of(desk, address):
            assert errors_of(desk.post(address, form_of(desk, address) | typed | {field: text})) != {}

    assert everything() == before
