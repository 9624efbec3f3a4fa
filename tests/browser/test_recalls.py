"""Recall, and staff's corrections, in a browser: by keyboard, without scripts, and judged like every other page."""

import re

import pytest
from playwright.sync_api import expect

from licenses.models import JournalEntry
from tests.books import assert_the_books_are_proven, balances
from tests.browser.elements import button, h1, qty
from tests.browser.judging import faults_of, field, refused
from tests.browser.test_keyboard import press, type_into
from tests.factories.accounts import PASSWORD
from tests.factories.deployments import deploy
from tests.factories.licenses import give, sell


@pytest.fixture
def sale(northgate, harborcu):
    """northgate, with 10 ASR, sold harborcu 6, of which harborcu deployed 1."""
    give(northgate, ASR=10)
    sale = sell(northgate, harborcu, ASR=6)
    deploy(harborcu, ASR=1)
    return sale


THREE_BACK = {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (2, 1, 0)}


@pytest.mark.parametrize("width", [1280, 390], ids=["wide", "narrow"])
def test_a_sale_is_recalled_with_the_keyboard_alone(sale, northgate, user, visit_as, width):
    """From the receipt to the receipt; one's own number after is said while one types (C10)."""
    page = visit_as(user(northgate))
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(reduced_motion="reduce")
    page.goto(sale.get_absolute_url())
    page.wait_for_load_state()
    press(page, "link", "Recall")
    expect(h1(page)).to_have_text("Recall")
    page.wait_for_load_state()  # the page's script is there
    type_into(page, "Qty, The Asr", "3")
    expect(page.get_by_role("row").filter(has_text="The Asr").locator(".js-there")).to_have_text("7")
    type_into(page, "Reason", "Ordered by mistake")
    press(page, "button", "Recall")

    expect(h1(page)).to_have_text(re.compile("^Recall R-"))
    expect(page.get_by_text("3 licenses came back from harborcu.")).to_be_visible()
    assert balances() == THREE_BACK
    assert_the_books_are_proven()


def test_going_back_after_a_recall_and_pressing_again_leads_to_the_first_receipt(sale, northgate, user, visit_as):
    """B5: 3 more could be recalled, so a form with a new key would take them."""
    page = visit_as(user(northgate))
    page.goto(f"{sale.get_absolute_url()}recall/")
    qty(page, "The Asr").fill("2")
    field(page, "Reason").fill("Ordered by mistake")
    button(page, "Recall").click()
    expect(h1(page)).to_have_text(re.compile("^Recall R-"))
    receipt, recalled = page.url, balances()

    page.go_back()
    expect(qty(page, "The Asr")).to_have_value("2")
    button(page, "Recall").click()

    expect(page).to_have_url(receipt)
    assert balances() == recalled


def test_a_sale_is_recalled_without_scripts(sale, northgate, page_without_scripts):
    """One refusal, which keeps what was typed, and one recall; the enduser reads of it on its own receipt."""
    page = page_without_scripts
    page.goto(f"{sale.get_absolute_url()}recall/")
    page.get_by_role("textbox", name="Username", exact=True).fill("northgate")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    button(page, "Sign in").click()
    expect(h1(page)).to_have_text("Recall")
    expect(page.get_by_text("Total", exact=True)).to_be_hidden()  # it could not follow what is typed
    qty(page, "The Asr").fill("6")
    field(page, "Reason").fill("mistake")
    button(page, "Recall").click()
    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(qty(page, "The Asr")).to_have_accessible_description(re.compile("5 can be recalled"))
    expect(field(page, "Reason")).to_have_value("mistake")
    qty(page, "The Asr").fill("3")
    field(page, "Reason").fill("Ordered by mistake")
    button(page, "Recall").click()

    expect(h1(page)).to_have_text(re.compile("^Recall R-"))
    page.get_by_role("link", name=sale.number, exact=True).click()
    expect(h1(page)).to_have_text(f"Sale {sale.number}")
    expect(page.get_by_text("2 licenses can be recalled until")).to_be_visible()
    assert balances() == THREE_BACK


def test_the_pages_of_a_recall_have_no_faults(sale, northgate, harborcu, user, visit_as):
    """The receipt before and after, the form as it is opened, refused and not possible any more, and the owner's receipt."""
    page, owner = visit_as(user(northgate)), visit_as(user(harborcu))
    found = []
    for visitor, address in [(page, sale.get_absolute_url()), (owner, sale.get_absolute_url()), (page, f"{sale.get_absolute_url()}recall/")]:
        assert visitor.goto(address).status == 200
        found += faults_of(visitor)
    qty(page, "The Asr").fill("6")
    found += refused(page, "Recall")
    qty(page, "The Asr").fill("5")
    field(page, "Reason").fill("R" * 120)
    button(page, "Recall").click()
    expect(page.get_by_text("Recall complete")).to_be_visible()
    found += faults_of(page)
    for address in (sale.get_absolute_url(), f"{sale.get_absolute_url()}recall/"):
        page.goto(address)
        found += faults_of(page)
    assert not found, "\n".join(found)


def test_staff_reverse_and_adjust(sale, staff, visit_as):
    """C11: a refusal that says where the licenses are, then both corrections; the entry's page leads to Reverse."""
    page = visit_as(staff)
    page.goto(f"/admin/licenses/journalentry/{sale.pk}/change/")
    page.get_by_role("link", name="Reverse", exact=True).click()
    field(page, "Qty, The Asr").fill("6")
    field(page, "Reason").fill("Booked by mistake")
    field(page, "Ticket reference").fill("T-4711")
    button(page, "Reverse").click()
    expect(page.get_by_text("5 available, 1 deployed in harborcu. Deployed: 1 on LAB.").first).to_be_visible()
    field(page, "Qty, The Asr").fill("5")
    button(page, "Reverse").click()
    expect(page.get_by_text("harborcu now has ASR 5 → 0 available; northgate now has ASR 4 → 9 available.")).to_be_visible()

    page.goto("/admin/")
    page.get_by_role("link", name="Adjust licenses", exact=True).click()
    page.wait_for_load_state()
    field(page, "Account").select_option("northgate")
    expect(page.get_by_role("row").filter(has_text="The Asr").get_by_role("cell").first).to_have_text("9")
    field(page, "Change").select_option("Take from available")
    field(page, "Qty, The Asr").fill("2")
    field(page, "Reason").fill("Counted again")
    field(page, "Ticket reference").fill("T-4712")
    button(page, "Adjust licenses").click()
    expect(page.get_by_text("northgate now has ASR 9 → 7 available.")).to_be_visible()

    assert set(JournalEntry.objects.values_list("kind", flat=True)) == {"issue", "sale", "deployment", "reversal", "adjustment"}
    assert_the_books_are_proven()
