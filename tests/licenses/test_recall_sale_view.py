"""Recall, on the receipt and on its page: C10 as both sides meet it, and what a refused form keeps (B5, B6, B7, rules.md §4)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from licenses.models import JournalEntry
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.templatetags.portal import moment_text
from tests.books import assert_the_books_are_proven, balances
from tests.factories.deployments import deploy
from tests.factories.licenses import adjust, give, recall, reverse, sell
from tests.views import (
    ALREADY_USED,
    OUT_OF_DATE,
    RUBBISH,
    controls_of,
    errors_of,
    form_of,
    heading_of,
    kept_in,
    links_of,
    notes_of,
    page_of,
    press,
    rows_of,
    text_of,
    values_of,
)

REASON = "Ordered by mistake"
TWO_ASR = {"qty-ASR": "2", "reason": REASON}


@pytest.fixture
def sale(northgate, harborcu):
    """northgate, with 10 ASR and 4 TTS, sold harborcu 6 ASR and 4 TTS; of the ASR harborcu deployed 1."""
    give(northgate, ASR=10, TTS=4)
    sale = sell(northgate, harborcu, ASR=6, TTS=4)
    deploy(harborcu, ASR=1)
    return sale


@pytest.fixture
def seller(sale, northgate, signed_in):
    return signed_in(northgate)


@pytest.fixture
def page(sale):
    return f"/receipts/{sale.number}/recall/"


def recalls():
    return JournalEntry.objects.filter(kind="recall")


def everything():
    return balances(), JournalEntry.objects.count(), Notice.objects.count()


def taken_back(response):
    """What the receipt says of recalls and reversals."""
    return next((card.text for card in page_of(response).all("section") if card["aria-labelledby"] == "recall-heading"), None)


def last_moment(sale):
    return moment_text(sale.posted_at + timedelta(days=30))


# ── On the receipt ──


def test_the_seller_is_told_how_many_can_be_recalled_and_until_when(sale, seller, page):
    """C10, A9: "how much of that can still be taken back", and not where the rest is."""
    response = seller.get(sale.get_absolute_url())

    assert taken_back(response) == f"Recall Recall 9 licenses can be recalled until {last_moment(sale)}."
    assert links_of(response)["Recall"] == page


def test_the_owner_is_told_until_when(sale, harborcu, signed_in):
    """C10."""
    response = signed_in(harborcu).get(sale.get_absolute_url())
    with time_machine.travel(sale.posted_at + timedelta(days=31), tick=False):
        later = signed_in(harborcu).get(sale.get_absolute_url())

    until = f"Recall Until {last_moment(sale)}, Northgate Voice Systems"
    assert taken_back(response) == f"{until} can recall what is available of this sale."
    assert taken_back(later) == f"{until} could recall what was available of this sale."
    assert "Recall" not in links_of(response)


def test_whoever_may_not_recall_is_told_how_many_and_has_no_link(sale, northgate, signed_in):
    """rules.md §1."""
    response = signed_in(northgate, "viewer").get(sale.get_absolute_url())

    assert "9 licenses can be recalled" in taken_back(response)
    assert "Recall" not in links_of(response)


@pytest.mark.parametrize("why", ["too late", "nothing left", "all came back", "a deployment"])
def test_where_nothing_can_be_recalled_one_sentence_says_why(sale, signed_in, northgate, harborcu, why):
    """C10."""
    if why == "nothing left":
        deploy(harborcu, ASR=5, TTS=4)
    elif why == "all came back":
        recall(sale, TTS=4)
        adjust(harborcu, is_up=True, ASR=1)
        recall(sale, ASR=6)
    elif why == "a deployment":
        sale = deploy(northgate, owner=harborcu, name="IVR", ASR=2).entries.get().sale
    days = 31 if why == "too late" else 1
    with time_machine.travel(sale.posted_at + timedelta(days=days), tick=False):
        response = signed_in(northgate).get(sale.get_absolute_url())

    words = {
        "too late": "The 30 days in which you could recall this sale are over.",
        "nothing left": "Nothing can be recalled: harborcu has no licenses of this sale available.",
        "all came back": "All licenses of this sale came back already.",
        "a deployment": "This sale was made by the deployment IVR. Retire that first, then recall the sale.",
    }
    assert taken_back(response).endswith(words[why])
    assert "Recall" not in links_of(response)


def test_sale_and_recall_point_to_each_other_for_both_sides(sale, northgate, harborcu, signed_in):
    """C10: the receipt of the sale lists what came back."""
    entry = recall(sale, ASR=2)

    for account, sentence in [(northgate, "Recalled from harborcu"), (harborcu, "Recalled by northgate")]:
        browser = signed_in(account)
        of_sale, of_recall = browser.get(sale.get_absolute_url()), browser.get(entry.get_absolute_url())
        assert "Recalled: 2 ASR" in taken_back(of_sale)
        assert links_of(of_sale)[entry.number] == entry.get_absolute_url()
        assert "Partly taken back" in text_of(of_sale)
        assert (heading_of(of_recall), links_of(of_recall)[sale.number]) == (f"Recall {entry.number}", sale.get_absolute_url())
        assert [fact for fact in (sentence, f"Recall of {sale.number}", f"Reason {REASON}") if fact not in text_of(of_recall)] == []


def test_each_side_sees_its_own_numbers_on_the_recall(sale, northgate, harborcu, signed_in):
    """A9."""
    entry = recall(sale, ASR=2)

    assert rows_of(signed_in(northgate).get(entry.get_absolute_url())) == [["The AsrASR", "2", "4 to 6"]]
    assert rows_of(signed_in(harborcu).get(entry.get_absolute_url())) == [["The AsrASR", "2", "5 to 3"]]


def test_a_receipt_of_which_all_came_back_says_so(sale, seller):
    reverse(sale, TTS=4, ASR=5)
    assert "Partly taken back" in text_of(seller.get(sale.get_absolute_url()))
    adjust(sale.receiver, is_up=True, ASR=1)
    reverse(sale, ASR=1)

    words = text_of(seller.get(sale.get_absolute_url()))

    assert ("Partly taken back" in words, "Completed" in words, "Reversed:" in words) == (False, False, True)


def test_of_many_recalls_the_newest_ten_are_listed(sale, seller, harborcu):
    """Nothing lists all of something."""
    give(harborcu, ASR=1)
    numbers = [recall(sale, **by_code).number for by_code in [{"ASR": 1}] * 6 + [{"TTS": 1}] * 4]
    first = numbers[0]
    reverse(recalls().get(number=first), ASR=1)
    last = recall(sale, ASR=1).number

    listed = [words for words in links_of(seller.get(sale.get_absolute_url())) if words.startswith("R-")]

    assert listed == [last, *reversed(numbers[1:])]


def test_send_again_goes_to_the_enduser_at_its_address(sale, seller):
    """C4, A9: an enduser's notice address is its reseller's to see."""
    entry = recall(sale, ASR=2)

    seller.post(f"{entry.get_absolute_url()}send-again/", {"key": values_of(seller.get(entry.get_absolute_url()))["key"]})

    assert list(Notice.objects.filter(event=entry.number).order_by("pk").values_list("account", flat=True)) == ["harborcu", "northgate", "harborcu"]
    assert "harborcu@example.com" in text_of(seller.get(entry.get_absolute_url()))


# ── The page ──


def test_the_page_has_the_words_of_the_contract(seller, page):
    """contract.md, C10: a Qty for what can be taken back, with one's own numbers, and nothing of where the rest is (A9)."""
    response = seller.get(page)

    controls = controls_of(response)
    assert [
        controls.count(control) for control in [("field", "Qty, The Asr"), ("field", "Qty, The Tts"), ("field", "Reason"), ("button", "Recall")]
    ] == [
        1,
        1,
        1,
        1,
    ]
    assert heading_of(response) == "Recall"
    assert [row[:2] + row[3:] for row in rows_of(response)] == [
        ["The AsrASR", "5", "4 available, then 4"],
        ["The TtsTTS", "4", "0 available, then 0"],
    ]
    assert "deployed" not in text_of(response)


def test_one_press_takes_back_and_leads_to_the_receipt(seller, page, sale):
    """C10, contract.md: no page between."""
    response = press(seller, page, TWO_ASR | {"qty-TTS": "4"})

    entry = recalls().get()
    assert (response.status_code, response.url) == (302, entry.get_absolute_url())
    assert (entry.reverses, entry.note) == (sale, REASON)
    assert balances() == {("northgate", "ASR"): (6, 0, 4), ("northgate", "TTS"): (4, 0, 0), ("harborcu", "ASR"): (3, 1, 0)}
    assert notes_of(seller.get(response.url)) == ["Recall complete 6 licenses came back from harborcu."]
    assert_the_books_are_proven()


def test_what_can_not_be_recalled_any_more_has_no_form(seller, page, sale, harborcu):
    """C10: what is shown where somebody kept the address."""
    deploy(harborcu, ASR=5, TTS=4)

    response = seller.get(page)

    assert "Nothing can be recalled: harborcu has no licenses of this sale available." in text_of(response)
    assert ("button", "Recall") not in controls_of(response)
    assert links_of(response)[f"Back to {sale.number}"] == sale.get_absolute_url()


@pytest.mark.parametrize("kind", ["issue", "recall", "deployment"])
def test_an_entry_that_is_no_sale_has_no_such_page(seller, sale, kind, northgate):
    deploy(northgate, ASR=1)
    recall(sale, ASR=1)
    number = JournalEntry.objects.filter(kind=kind).latest("pk").number

    assert seller.get(f"/receipts/{number}/recall/").status_code == 404


@pytest.mark.parametrize("who", ["tideway", "west"])
def test_the_sale_of_somebody_else_does_not_exist(sale, page, request, signed_in, who):
    """A9."""
    browser = signed_in(request.getfixturevalue(who))
    before = everything()

    assert [browser.get(page).status_code, browser.post(page, TWO_ASR).status_code] == [404, 404]
    assert everything() == before


# ── What is refused ──

TEN_TO_THE_THIRTY = "1" + "0" * 30
REFUSED = {
    "more than is there": ({"qty-ASR": "6"}, {"qty-ASR": ["5 can be recalled"]}),
    "of two products too much": ({"qty-ASR": "6", "qty-TTS": "5"}, {"qty-ASR": ["5 can be recalled"], "qty-TTS": ["4 can be recalled"]}),
    "ten to the thirty": ({"qty-ASR": TEN_TO_THE_THIRTY}, {"qty-ASR": ["Enter 1,000,000 or less"]}),
    "less than nothing": ({"qty-ASR": "-1"}, {"qty-ASR": ["Enter a whole number, like 2"]}),
    "nothing": ({"qty-ASR": ""}, {"": ["Enter a Qty for at least one product"]}),
    "a product that was not sold": ({"qty-CPA": "1"}, {"": ["“CPA” is not a product"]}),
    "no reason": ({"reason": " "}, {"reason": ["Enter a reason"]}),
    "a reason too short": ({"reason": "mistake"}, {"reason": ["Enter a reason of at least 10 characters"]}),
    "a reason of control characters": ({"reason": "\x01" * 12}, {"reason": ["Use plain text on one line"]}),
    "a reason too long": ({"reason": "x" * 501}, {"reason": ["Ensure this value has at most 500 characters (it has 501)."]}),
    "too much, and no reason": ({"qty-ASR": "6", "reason": ""}, {"qty-ASR": ["5 can be recalled"], "reason": ["Enter a reason"]}),
}


@pytest.mark.parametrize(("typed", "errors"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_at_its_field_and_all_that_was_typed_stays(seller, page, typed, errors):
    """B6, rules.md §4."""
    typed = TWO_ASR | typed
    before = everything()

    response = press(seller, page, typed)

    assert (errors_of(response), everything()) == (errors, before)
    assert kept_in(response, typed) == {name: value for name, value in typed.items() if name != "qty-CPA"}
    assert press(seller, page, TWO_ASR).status_code == 302


def test_a_form_that_was_open_when_the_window_ended_is_refused(northgate, harborcu, signed_in):
    """C10, B7."""
    give(northgate, ASR=10)
    now = timezone.now()
    with time_machine.travel(now - timedelta(days=30), tick=False):
        page = f"{sell(northgate, harborcu, ASR=6).get_absolute_url()}recall/"
    with time_machine.travel(now, tick=False):
        seller = signed_in(northgate)
        form = form_of(seller, page) | TWO_ASR
    before = everything()
    with time_machine.travel(now + timedelta(seconds=1), tick=False):
        response = seller.post(page, form)

    assert errors_of(response) == {"": ["The 30 days in which you could recall this sale are over."]}
    assert (kept_in(response, TWO_ASR), everything()) == (TWO_ASR, before)


def test_a_form_that_was_open_when_the_owner_deployed_is_refused_with_what_is_left(seller, page, harborcu):
    """B7: and where the others went it does not say (A9)."""
    form = form_of(seller, page) | TWO_ASR | {"qty-ASR": "5"}
    deploy(harborcu, name="SECRET", ASR=2)
    before = everything()

    response = seller.post(page, form)

    assert (errors_of(response), everything()) == ({"qty-ASR": ["3 can be recalled"]}, before)
    assert ("SECRET" in text_of(response), "deployed" in text_of(response)) == (False, False)


def test_pressed_twice_it_takes_back_once(seller, page):
    """B5."""
    form = form_of(seller, page) | TWO_ASR

    answers = [seller.post(page, form) for _ in range(2)]

    assert {answer.url for answer in answers} == {recalls().get().get_absolute_url()}
    assert balances()["northgate", "ASR"] == (6, 0, 4)


def test_back_edit_and_press_is_refused_and_leads_to_the_first_recall(seller, page):
    """B5."""
    form = form_of(seller, page) | TWO_ASR
    seller.post(page, form)

    response = seller.post(page, form | {"qty-ASR": "3"})

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert links_of(response)[ALREADY_USED] == recalls().get().get_absolute_url()


def test_a_form_that_was_not_opened_here_takes_nothing(seller, page):
    """B5."""
    assert errors_of(seller.post(page, TWO_ASR)) == {"": [OUT_OF_DATE]}
    assert recalls().count() == 0


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize("field", ["qty-ASR", "qty-", "reason", "key"])
def test_rubbish_is_refused_in_words(seller, page, field, text):
    """rules.md §4: no input gives a 500."""
    response = seller.post(page, form_of(seller, page) | TWO_ASR | {field: text})

    assert errors_of(response) != {}
    assert recalls().count() == 0
