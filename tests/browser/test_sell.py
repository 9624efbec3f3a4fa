"""Sell Licenses as a reseller does it, and what becomes of the mail (C2 to C4, B5, B6)."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Account
from licensing_portal.foundation.notices import deliver_due
from tests.books import assert_the_books_are_proven, balances
from tests.browser.elements import h1, owner_of, qty
from tests.factories.licenses import give

SALE = re.compile(r"^Sale S-\d{4}-\d{6}$")


def add(page):
    return page.get_by_role("button", name="Add", exact=True)


def remaining_after(page, product):
    return page.get_by_role("row").filter(has_text=product).get_by_role("cell").nth(2)


@pytest.fixture
def seller(northgate, harborcu, stmarys, user, visit_as):
    """northgate's administrator on Sell Licenses, with 10 ASR and 44 TTS to sell to harborcu or stmarys."""
    give(northgate, ASR=10, TTS=44)
    page = visit_as(user(northgate))
    page.goto("/sell/")
    return page


def test_what_was_found_is_seen_in_the_colors_of_the_system_too(seller):
    """Where a system forces its colors, the mark that shines in ours would be black on black."""
    seller.emulate_media(color_scheme="dark", forced_colors="active")
    owner_of(seller).press_sequentially("har")
    mark = seller.get_by_role("option", name=re.compile("^harborcu")).locator("mark").first

    expect(mark).to_have_text("har")
    expect(mark).to_have_css("color", "rgb(255, 255, 255)")
    expect(mark).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(mark).to_have_css("text-decoration-line", "underline")


def test_the_owner_is_chosen_from_the_suggestions_with_the_keyboard(seller):
    owner = owner_of(seller)
    owner.press_sequentially("har")
    suggestion = seller.get_by_role("option", name=re.compile("^harborcu"))
    expect(suggestion).to_contain_text("Harbor Credit Union · harborcu@example.com")
    expect(owner).to_have_attribute("aria-expanded", "true")

    owner.press("ArrowDown")
    expect(suggestion).to_have_attribute("aria-selected", "true")
    owner.press("Enter")

    expect(owner).to_have_value("harborcu")
    expect(owner).to_have_attribute("aria-expanded", "false")
    expect(h1(seller)).to_have_text("Sell Licenses")  # Enter chose, and sent nothing
    panel = seller.get_by_role("complementary", name="This sale", exact=True)
    expect(panel).to_contain_text("Harbor Credit Union")
    expect(panel).to_contain_text("harborcu@example.com")

    owner.fill("")
    owner.press_sequentially("st")
    expect(seller.get_by_role("option")).to_have_count(1)
    owner.press("Escape")
    expect(seller.get_by_role("option")).to_have_count(0)
    expect(owner).to_have_value("st")


def test_the_owner_is_chosen_from_the_suggestions_with_the_mouse(seller):
    owner = owner_of(seller)
    owner.press_sequentially("s")
    seller.get_by_role("option", name=re.compile("^stmarys")).click()

    expect(owner).to_have_value("stmarys")
    expect(owner).to_be_focused()
    expect(seller.get_by_role("listbox", name="Matching endusers", exact=True)).to_be_hidden()
    expect(seller.get_by_role("complementary", name="This sale", exact=True)).to_contain_text("Stmarys Inc.")


def test_a_page_that_comes_with_an_owner_says_who_that_is(seller):
    """From the enduser's page, and after a refusal: the panel names whoever will be sent, and no list is open."""
    seller.goto("/sell/?owner=harborcu")
    panel = seller.get_by_role("complementary", name="This sale", exact=True)
    expect(panel).to_contain_text("Harbor Credit Union")

    add(seller).click()
    expect(seller.get_by_role("alert")).to_be_focused()
    expect(panel).to_contain_text("Harbor Credit Union")
    expect(seller.get_by_role("option")).to_have_count(0)


def test_the_product_that_one_came_for_has_the_focus(seller):
    seller.goto("/sell/?owner=harborcu&product=TTS")

    expect(qty(seller, "The Tts")).to_be_focused()


def test_who_the_owner_is_stands_by_the_field_as_soon_as_it_is_known(seller):
    known = seller.locator("[data-owner-known]")
    owner_of(seller).fill("harbo")
    expect(known).to_be_hidden()

    owner_of(seller).fill("harborcu")

    expect(known).to_have_text("Harbor Credit Union harborcu@example.com")


def test_remaining_after_and_the_total_follow_what_is_typed(seller):
    expect(remaining_after(seller, "The Asr")).to_have_text("10")
    qty(seller, "The Asr").fill("4")
    expect(remaining_after(seller, "The Asr")).to_have_text("6")
    expect(add(seller)).to_have_accessible_description("Total 4 licenses")

    seller.get_by_role("button", name="All 44", exact=True).click()
    expect(qty(seller, "The Tts")).to_have_value("44")
    expect(qty(seller, "The Tts")).to_be_focused()
    expect(remaining_after(seller, "The Tts")).to_have_text("0")
    expect(add(seller)).to_have_accessible_description("Total 48 licenses")
    expect(seller.get_by_role("status").filter(has_text="Total 48 licenses, 2 products")).to_be_attached()

    qty(seller, "The Asr").fill("11")
    expect(remaining_after(seller, "The Asr")).to_have_text("−1")
    expect(seller.get_by_role("complementary", name="This sale", exact=True)).to_contain_text("fix Qty")
    expect(add(seller)).to_have_accessible_description("Total 44 licenses")


def test_a_refused_sale_says_what_is_wrong_keeps_what_was_typed_and_can_be_mended(seller):
    """B6: the heading, the focus, the links to the fields; then one press of the mended form."""
    owner_of(seller).fill("harbour")
    qty(seller, "The Asr").fill("11")
    qty(seller, "The Tts").fill("5")
    seller.get_by_role("textbox", name="Your reference", exact=True).fill("PO 20931")
    add(seller).click()

    problems = seller.get_by_role("alert")
    expect(seller.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(problems).to_be_focused()
    expect(seller).to_have_title("Error: Sell Licenses – License Portal")
    expect(owner_of(seller)).to_have_value("harbour")
    expect(owner_of(seller)).to_have_accessible_description(re.compile("“harbour” is not one of your endusers"))
    expect(qty(seller, "The Asr")).to_have_value("11")
    expect(qty(seller, "The Asr")).to_have_attribute("aria-invalid", "true")
    expect(qty(seller, "The Asr")).to_have_accessible_description(re.compile("10 available"))
    expect(qty(seller, "The Tts")).to_have_value("5")
    expect(seller.get_by_role("textbox", name="Your reference", exact=True)).to_have_value("PO 20931")

    problems.get_by_role("link", name=re.compile("^The Asr: ")).click()
    expect(qty(seller, "The Asr")).to_be_focused()
    problems.get_by_role("link", name=re.compile("is not one of your endusers")).click()
    expect(owner_of(seller)).to_be_focused()

    owner_of(seller).fill("harborcu")
    qty(seller, "The Asr").fill("10")
    add(seller).click()
    expect(h1(seller)).to_have_text(SALE)
    expect(seller.get_by_text("PO 20931", exact=True)).to_be_visible()
    assert balances() == {
        ("northgate", "ASR"): (0, 0, 10),
        ("northgate", "TTS"): (39, 0, 5),
        ("harborcu", "ASR"): (10, 0, 0),
        ("harborcu", "TTS"): (5, 0, 0),
    }
    assert_the_books_are_proven()


def test_a_form_without_any_quantity_leads_to_the_first_of_them(seller):
    owner_of(seller).fill("harborcu")
    add(seller).click()

    seller.get_by_role("alert").get_by_role("link", name="Enter a Qty for at least one product", exact=True).click()
    expect(qty(seller, "The Asr")).to_be_focused()


def test_directly_after_the_press_the_heading_has_the_focus_and_tells_of_the_sale(seller):
    owner_of(seller).fill("harborcu")
    qty(seller, "The Asr").fill("4")
    add(seller).click()

    expect(h1(seller)).to_be_focused()
    expect(h1(seller)).to_have_accessible_description("Sale complete 4 licenses now belong to Harbor Credit Union.")

    seller.reload()
    expect(h1(seller)).not_to_be_focused()


def test_a_receipt_is_printed_without_menu_and_buttons_with_the_moment_of_printing(seller):
    owner_of(seller).fill("harborcu")
    qty(seller, "The Asr").fill("4")
    add(seller).click()
    expect(h1(seller)).to_have_text(SALE)
    printed = seller.get_by_text("Printed ")
    expect(printed).to_be_hidden()

    seller.emulate_media(media="print", color_scheme="dark")
    seller.clock.set_fixed_time("2027-03-04T15:06:00Z")
    seller.evaluate("dispatchEvent(new Event('beforeprint'))")

    expect(printed).to_have_text(
        f"Account Northgate Voice Systems (northgate). Printed 4 Mar 2027, 3:06 pm UTC by northgate from License Portal. Check this receipt at {seller.url}"
    )
    expect(seller.get_by_role("navigation")).to_have_count(0)
    expect(seller.get_by_role("button")).to_have_count(0)
    expect(seller.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(seller.get_by_role("table")).to_be_visible()


def test_the_moment_of_printing_is_that_of_the_readers_zone(seller, northgate):
    owner_of(seller).fill("harborcu")
    qty(seller, "The Asr").fill("4")
    add(seller).click()
    expect(h1(seller)).to_have_text(SALE)
    Account.objects.filter(pk=northgate.pk).update(time_zone="Asia/Kolkata")
    seller.reload()

    seller.emulate_media(media="print")
    seller.clock.set_fixed_time("2027-03-04T20:06:00Z")
    seller.evaluate("dispatchEvent(new Event('beforeprint'))")

    expect(seller.get_by_text("Printed ")).to_contain_text("Printed 5 Mar 2027, 1:36 am IST by northgate")


def test_the_receipt_shows_the_sale_and_what_became_of_its_mail(seller):
    """C4: queued, sent, and sent again."""
    owner_of(seller).fill("harborcu")
    qty(seller, "The Asr").fill("4")
    add(seller).click()

    expect(h1(seller)).to_have_text(SALE)
    expect(seller.get_by_role("status").filter(has_text="Sale complete")).to_contain_text("4 licenses now belong to Harbor Credit Union.")
    expect(seller.get_by_role("row").filter(has_text="The Asr").get_by_role("cell")).to_have_text(["4", re.compile(r"10\s+to\s+6")])
    notice = seller.get_by_role("region", name="Notice by email", exact=True)
    expect(notice).to_contain_text("Notice queued for harborcu@example.com")

    deliver_due()
    seller.reload()
    expect(notice).to_contain_text("Notice sent to harborcu@example.com, ")
    expect(seller.get_by_text("Sale complete")).to_have_count(0)  # said once, directly after the press

    notice.get_by_role("button", name="Send again", exact=True).click()
    expect(notice).to_contain_text("Notice queued for harborcu@example.com")
    deliver_due()
    seller.reload()
    expect(notice.get_by_text("Notice sent", exact=True)).to_have_count(2)


def test_a_mail_that_cannot_be_delivered_is_seen_on_the_receipt(seller, settings):
    """C4: the sale stands, and the mail is tried again."""
    owner_of(seller).fill("harborcu")
    qty(seller, "The Asr").fill("4")
    add(seller).click()
    expect(h1(seller)).to_have_text(SALE)

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    deliver_due()
    seller.reload()

    notice = seller.get_by_role("region", name="Notice by email", exact=True)
    expect(notice).to_contain_text("Notice queued for harborcu@example.com")
    expect(notice).to_contain_text("Connection refused")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_double_click_on_add_makes_one_sale(seller, new_context, scripts):
    """B5: the script spares the second request, and the form's key makes it harmless where there is no script."""
    page = seller
    if not scripts:
        page = new_context(java_script_enabled=False, storage_state=seller.context.storage_state()).new_page()
        page.goto("/sell/")
    page.get_by_label("Owner", exact=True).fill("harborcu")
    qty(page, "The Asr").fill("3")

    add(page).dblclick()

    expect(h1(page)).to_have_text(SALE)
    assert balances()["northgate", "ASR"] == (7, 0, 3)


@pytest.mark.parametrize("quantity", ["3", "10"])
def test_going_back_after_a_sale_and_pressing_add_again_leads_to_the_first_receipt(seller, quantity):
    """B5: also when all were sold, so that the product has no row any more."""
    owner_of(seller).fill("harborcu")
    qty(seller, "The Asr").fill(quantity)
    qty(seller, "The Tts").fill("2")
    add(seller).click()
    expect(h1(seller)).to_have_text(SALE)
    receipt, sold = seller.url, balances()

    seller.go_back()
    expect(h1(seller)).to_have_text("Sell Licenses")
    expect(owner_of(seller)).to_have_value("harborcu")
    expect(qty(seller, "The Tts")).to_have_value("2")
    add(seller).click()

    expect(seller).to_have_url(receipt)
    assert balances() == sold


def test_going_back_after_a_sale_and_pressing_add_with_other_numbers_sells_nothing(seller):
    """B5: the refusal leads to what the first press made; a form for more comes with a reload."""
    owner_of(seller).fill("harborcu")
    qty(seller, "The Asr").fill("3")
    add(seller).click()
    expect(h1(seller)).to_have_text(SALE)
    receipt, sold = seller.url, balances()

    seller.go_back()
    qty(seller, "The Asr").fill("5")
    add(seller).click()
    expect(seller.get_by_role("alert")).to_contain_text("This form was already used. Nothing more was changed.")
    assert balances() == sold

    seller.get_by_role("alert").get_by_role("link").click()
    expect(seller).to_have_url(receipt)


def test_a_page_kept_in_memory_can_be_sent_again_and_leads_to_the_first_receipt(seller, browser_type, browser_type_launch_args, live_server):
    """B5: most browsers show the page as it was left, with the script's note that it was sent; Playwright turns that off."""
    with browser_type.launch(**browser_type_launch_args, ignore_default_args=["--disable-back-forward-cache"]) as browser:
        page = browser.new_page(base_url=live_server.url, storage_state=seller.context.storage_state())
        page.goto("/sell/")
        page.evaluate("window.isTheSame = true")
        owner_of(page).fill("harborcu")
        qty(page, "The Asr").fill("3")
        add(page).click()
        expect(h1(page)).to_have_text(SALE)
        receipt, sold = page.url, balances()

        page.evaluate("history.back()")
        expect(h1(page)).to_have_text("Sell Licenses")
        assert page.evaluate("window.isTheSame")
        add(page).click()

        expect(page).to_have_url(receipt)
        assert balances() == sold
