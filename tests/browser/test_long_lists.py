"""A list of products that is longer than a page: searched, turned and sold from by the keyboard, with scripts and without."""

import re

import pytest
from playwright.sync_api import expect

from licenses.models import Product
from licenses.services import issue_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.browser.elements import button, h1, qty
from tests.browser.judging import faults_of
from tests.factories.accounts import PASSWORD, PublisherFactory, StaffFactory

PRODUCTS = 120


@pytest.fixture
def shelf(northgate, harborcu):
    """northgate with ten of each of 120 products."""
    products = Product.objects.bulk_create([Product(code=f"P{number:03}", name=f"Voice {number:03}") for number in range(1, PRODUCTS + 1)])
    quantities = dict.fromkeys(products, 10)
    issue_licenses(publisher=PublisherFactory(), issued_by=StaffFactory(), account=northgate, quantities=quantities, key=fresh_key())


@pytest.fixture
def seller(shelf, northgate, user, visit_as):
    page = visit_as(user(northgate))
    page.goto("/sell/?owner=harborcu")
    return page


def search(page):
    return page.get_by_role("searchbox", name="Product or code", exact=True)


def panel(page):
    return page.get_by_role("complementary", name="This sale", exact=True)


def found(page):
    return page.locator("#find-products-help")


def test_two_pages_are_sold_from_in_one_press_by_the_keyboard_alone(seller):
    qty(seller, "Voice 003").fill("2")
    expect(panel(seller)).to_contain_text("2 licenses")
    search(seller).fill("p077")
    with seller.expect_navigation():
        search(seller).press("Enter")  # looks, and sells nothing

    expect(h1(seller)).to_have_text("Sell Licenses")
    expect(found(seller)).to_be_focused()
    expect(found(seller)).to_contain_text("1 product with “p077” in name or code.")
    expect(panel(seller)).to_contain_text("Voice 003")
    expect(panel(seller)).to_contain_text("2 licenses")
    seller.keyboard.press("Tab")
    expect(qty(seller, "Voice 003")).to_be_focused()
    seller.keyboard.press("Tab")  # its button All
    seller.keyboard.press("Tab")
    expect(qty(seller, "Voice 077")).to_be_focused()
    seller.keyboard.type("5")
    expect(panel(seller)).to_contain_text("7 licenses")
    expect(panel(seller)).to_contain_text("Voice 077")

    add = button(seller, "Add")
    add.focus()
    with seller.expect_navigation():
        seller.keyboard.press("Enter")
    expect(h1(seller)).to_have_text(re.compile("^Sale S-"))
    assert (balances()["harborcu", "P003"], balances()["harborcu", "P077"]) == ((2, 0, 0), (5, 0, 0))
    assert_the_books_are_proven()


def test_the_page_with_its_states_is_sound(seller):
    found_wrong = faults_of(seller)
    qty(seller, "Voice 003").fill("x")
    with seller.expect_navigation():
        button(seller, "Next").click()
    found_wrong += faults_of(seller)
    with seller.expect_navigation():
        button(seller, "Add").click()
    expect(seller.get_by_role("alert")).to_contain_text("Voice 003: Enter a whole number, like 2")
    found_wrong += faults_of(seller)
    qty(seller, "Voice 003").fill("")
    search(seller).fill("nothing like this")
    with seller.expect_navigation():
        button(seller, "Find products").click()
    found_wrong += faults_of(seller)
    assert not found_wrong, "\n".join(found_wrong)


def test_two_pages_are_sold_from_without_scripts(shelf, page_without_scripts):
    page = page_without_scripts
    page.goto("/sell/")
    page.get_by_role("textbox", name="Username", exact=True).fill("northgate")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    button(page, "Sign in").click()
    page.goto("/sell/")
    page.get_by_role("combobox", name="Owner", exact=True).fill("harborcu")
    qty(page, "Voice 003").fill("2")
    qty(page, "Voice 003").press("Enter")
    expect(found(page)).to_be_focused()
    button(page, "Next").click()
    expect(found(page)).to_contain_text("51–100 of 120 products.")
    expect(qty(page, "Voice 003")).to_have_value("2")
    qty(page, "Voice 077").fill("5")
    button(page, "Add").click()

    expect(h1(page)).to_have_text(re.compile("^Sale S-"))
    assert (balances()["harborcu", "P003"], balances()["harborcu", "P077"]) == ((2, 0, 0), (5, 0, 0))


def test_staff_issue_from_a_long_catalogue(shelf, staff, visit_as):
    page = visit_as(staff)
    page.goto("/admin/issue/?account=harborcu")
    found_wrong = faults_of(page)
    qty(page, "Voice 003").fill("2")
    with page.expect_navigation():
        button(page, "Next").click()
    found_wrong += faults_of(page)
    expect(page.get_by_role("row").filter(has_text="Voice 003").get_by_role("cell").last).to_have_text("2")
    with page.expect_navigation():
        button(page, "Issue licenses").click()
    assert balances()["harborcu", "P003"] == (2, 0, 0)
    assert not found_wrong, "\n".join(found_wrong)
