"""Link User Admin, Transfer Licenses and Switch Accounts: three things that one does with a link (A2 to A7, C9)."""

import re

import pytest
from playwright.sync_api import expect

from tests.books import assert_the_books_are_proven, balances
from tests.browser.elements import button, h1, qty
from tests.factories.accounts import PASSWORD, LinkFactory
from tests.factories.licenses import give


def menu_item(page, name):
    return page.get_by_role("navigation", name="Main menu", exact=True).get_by_role("link", name=name, exact=True)


def numbers(page, product):
    """Both sides of a transfer's row: what stands under the linked account, and under this one."""
    return page.get_by_role("row").filter(has_text=product).get_by_role("cell")


@pytest.fixture
def link(northgate, west):
    """northgate is linked to northgate-west, which has 10 ASR and 4 TTS; northgate itself has 5 ASR."""
    give(west, ASR=10, TTS=4)
    give(northgate, ASR=5)
    return LinkFactory(holder=northgate, target=west)


@pytest.fixture
def holder(link, northgate, user, visit_as):
    """northgate's administrator, on My Licenses."""
    page = visit_as(user(northgate))
    page.goto("/")
    return page


def test_a_link_is_made_with_the_other_sides_password_and_brings_transfer_licenses(northgate, west, user, visit_as):
    """A2: wrong credentials make none, and the password is not shown again."""
    page = visit_as(user(northgate))
    page.goto("/")
    expect(menu_item(page, "Transfer Licenses")).to_have_count(0)
    menu_item(page, "Link User Admin").click()
    page.get_by_role("textbox", name="Username", exact=True).fill("northgate-west")
    page.get_by_label("Password", exact=True).fill("a wrong password")
    button(page, "Link Account").click()
    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Username or password is wrong")
    expect(page.get_by_role("textbox", name="Username", exact=True)).to_have_value("northgate-west")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")

    page.get_by_label("Password", exact=True).fill(PASSWORD)
    button(page, "Link Account").click()

    expect(page.get_by_role("status").filter(has_text="Linked to northgate-west.")).to_be_visible()
    expect(button(page, "Remove")).to_have_accessible_description(re.compile("northgate-west"))
    menu_item(page, "Transfer Licenses").click()
    expect(h1(page)).to_have_text("Transfer Licenses")


def test_a_transfer_shows_both_sides_before_and_after_and_leads_to_its_receipt(holder):
    menu_item(holder, "Transfer Licenses").click()
    expect(holder.get_by_role("combobox", name="Linked Account", exact=True)).to_have_value("northgate-west")
    holder.wait_for_load_state()  # the page's script is there
    expect(numbers(holder, "The Asr")).to_have_text([re.compile("All 10"), "10", "5"], use_inner_text=True)

    qty(holder, "The Asr").fill("3")
    button(holder, "All 4").click()

    expect(numbers(holder, "The Asr").nth(1)).to_have_accessible_name(re.compile("^10 available, then 7$"))
    expect(numbers(holder, "The Asr").nth(2)).to_have_accessible_name(re.compile("^5 available, then 8$"))
    expect(numbers(holder, "The Tts").nth(1)).to_have_accessible_name(re.compile("^4 available, then 0$"))
    expect(numbers(holder, "The Tts").nth(2)).to_have_accessible_name(re.compile("^0 available, then 4$"))
    expect(button(holder, "Transfer Licenses")).to_have_accessible_description("Total 7 licenses")
    button(holder, "Transfer Licenses").click()

    expect(h1(holder)).to_have_text(re.compile(r"^Transfer T-\d{4}-\d{6}$"))
    expect(holder.get_by_role("status").filter(has_text="7 licenses moved from northgate-west to northgate.")).to_be_visible()
    assert balances() == {("northgate", "ASR"): (8, 0, 0), ("northgate", "TTS"): (4, 0, 0), ("northgate-west", "ASR"): (7, 0, 0)}
    assert_the_books_are_proven()


def test_choosing_another_linked_account_shows_its_licenses_says_so_and_keeps_the_focus(holder, northgate, tideway):
    give(tideway, CPA=7)
    LinkFactory(holder=northgate, target=tideway)
    holder.goto("/transfer/")

    holder.get_by_role("combobox", name="Linked Account", exact=True).select_option("tideway")

    expect(qty(holder, "The Cpa")).to_be_visible()
    expect(qty(holder, "The Asr")).to_have_count(0)
    expect(holder.get_by_role("combobox", name="Linked Account", exact=True)).to_have_value("tideway")
    expect(holder.get_by_role("combobox", name="Linked Account", exact=True)).to_be_focused()
    expect(holder.get_by_role("status").filter(has_text="Showing licenses in tideway, 7 available")).to_be_attached()


def test_a_refused_transfer_says_what_is_there_and_is_mended(holder):
    """B6."""
    holder.goto("/transfer/")
    qty(holder, "The Asr").fill("11")
    qty(holder, "The Tts").fill("two")
    button(holder, "Transfer Licenses").click()
    expect(holder.get_by_role("alert")).to_be_focused()
    expect(qty(holder, "The Asr")).to_have_accessible_description(re.compile("10 available"))
    expect(qty(holder, "The Tts")).to_have_value("two")
    holder.get_by_role("alert").get_by_role("link", name=re.compile("^The Tts: ")).click()
    expect(qty(holder, "The Tts")).to_be_focused()

    qty(holder, "The Asr").fill("10")
    qty(holder, "The Tts").fill("2")
    button(holder, "Transfer Licenses").click()

    expect(h1(holder)).to_have_text(re.compile("^Transfer T-"))
    assert balances()["northgate", "ASR"] == (15, 0, 0)


def test_whoever_acts_for_another_account_reads_it_on_every_page_and_returns(holder, link, west, harborcu, complaints):
    """A7: also on the pages that say no, and what is done meanwhile names both."""
    menu_item(holder, "Switch Accounts").click()
    expect(button(holder, "Switch")).to_have_accessible_description(re.compile("northgate-west"))
    button(holder, "Switch").click()
    expect(h1(holder)).to_have_text("My Licenses")
    expect(holder).to_have_title("Acting as northgate-west: My Licenses – License Portal")
    bar = holder.get_by_role("region", name="Account you are acting as", exact=True)

    pages = ["/", "/sell/", "/deployments/add/", "/transfer/", "/endusers/", "/history/", "/switch/"]
    not_found, not_allowed = "/receipts/P-2000-000001/", "/linked-accounts/"
    for address in [*pages, not_found, not_allowed]:
        holder.goto(address)
        expect(bar).to_contain_text("You are acting as northgate-west", use_inner_text=True)
        expect(bar).to_contain_text("Signed in as northgate", use_inner_text=True)
        expect(button(holder, "Return to northgate")).to_be_visible()
        expect(button(holder, "Sign out")).to_be_visible()
        expect(menu_item(holder, "Link User Admin")).to_have_count(0)
    assert [complaint.partition("a status of ")[2] for complaint in complaints] == ["404 (Not Found)", "403 (Forbidden)"]
    complaints.clear()

    holder.goto("/deployments/add/")
    holder.get_by_role("textbox", name="Name", exact=True).fill("WEST-LAB")
    holder.get_by_role("textbox", name="Host name", exact=True).fill("lab.west.example.com")
    qty(holder, "The Asr").fill("1")
    button(holder, "Add New Deployment").click()
    expect(h1(holder)).to_have_text("WEST-LAB")

    button(holder, "Return to northgate").click()
    expect(h1(holder)).to_have_text("My Licenses")
    expect(bar).to_have_count(0)
    assert balances()["northgate-west", "ASR"] == (9, 1, 0)


def test_a_form_opened_before_switching_in_another_tab_is_refused_in_the_names_of_both_accounts(holder, harborcu):
    """The likeliest way to sell from the wrong account; the typed numbers stay, and pressing again is a decision."""
    holder.goto("/sell/")
    holder.get_by_label("Owner", exact=True).fill("harborcu")
    qty(holder, "The Asr").fill("2")
    other_tab = holder.context.new_page()
    other_tab.goto("/switch/")
    button(other_tab, "Switch").click()
    expect(h1(other_tab)).to_have_text("My Licenses")
    before = balances()

    button(holder, "Add").click()

    refusal = "This page was opened as northgate, and you are now acting as northgate-west. Nothing was changed."
    expect(holder.get_by_role("alert")).to_contain_text(refusal)
    expect(qty(holder, "The Asr")).to_have_value("2")
    expect(holder.get_by_label("Owner", exact=True)).to_have_value("harborcu")
    expect(holder.get_by_role("region", name="Account you are acting as", exact=True)).to_be_visible()
    assert balances() == before


def test_the_other_side_removes_access_and_nothing_moves_over_a_form_that_was_open(holder, west, user, visit_as):
    """A5: one press, from either side."""
    holder.goto("/transfer/")
    qty(holder, "The Asr").fill("3")
    before = balances()

    target = visit_as(user(west))
    target.goto("/linked-accounts/")
    expect(button(target, "Remove access")).to_have_accessible_description(re.compile("^northgate"))
    button(target, "Remove access").click()
    expect(target.get_by_role("status").filter(has_text="northgate can’t use this account now.")).to_be_visible()
    expect(button(target, "Remove access")).to_have_count(0)

    button(holder, "Transfer Licenses").click()
    expect(holder.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(holder.get_by_role("alert")).to_contain_text("northgate-west")
    expect(menu_item(holder, "Transfer Licenses")).to_have_count(0)
    assert balances() == before


def test_ones_own_link_is_removed_with_one_press(holder):
    menu_item(holder, "Link User Admin").click()
    button(holder, "Remove").click()

    expect(holder.get_by_role("status").filter(has_text="There is no link to northgate-west now.")).to_be_visible()
    expect(menu_item(holder, "Transfer Licenses")).to_have_count(0)
