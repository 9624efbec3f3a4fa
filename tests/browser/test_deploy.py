"""The life of a deployment: made for oneself or for an enduser, whom it sells the licenses to (C5), added to and retired (C7)."""

import re

import pytest
from playwright.sync_api import expect

from tests.books import assert_the_books_are_proven, balances
from tests.browser.elements import h1, owner_of
from tests.factories.accounts import PASSWORD
from tests.factories.licenses import give


def field(page, name):
    return page.get_by_role("textbox", name=name, exact=True)


def add_deployment(page):
    return page.get_by_role("button", name="Add New Deployment", exact=True)


@pytest.fixture
def reseller(northgate, harborcu, user, visit_as):
    """northgate's administrator on Add New Deployment, with 10 ASR."""
    give(northgate, ASR=10)
    page = visit_as(user(northgate))
    page.goto("/deployments/add/")
    return page


def test_a_deployment_for_an_enduser_says_that_it_sells_and_the_enduser_finds_it(reseller, sign_in):
    sale_note = reseller.get_by_text("This also sells")
    expect(sale_note).to_be_hidden()
    field(reseller, "Name").fill("HCU-IVR-01")
    field(reseller, "Host name").fill("ivr-01.harborcu.example.com")
    owner_of(reseller).press_sequentially("harbor")
    reseller.get_by_role("option", name=re.compile("^harborcu")).click()
    field(reseller, "Qty, The Asr").fill("4")
    expect(sale_note).to_have_text(
        "This also sells 4 licenses to Harbor Credit Union. They leave your account and count as Sold. The owner gets an email."
    )
    add_deployment(reseller).click()

    expect(h1(reseller)).to_have_text("HCU-IVR-01")
    expect(reseller.get_by_role("status").filter(has_text="Deployment added. 4 licenses now belong to Harbor Credit Union.")).to_be_visible()
    sale = reseller.get_by_role("link", name=re.compile(r"^S-\d{4}-\d{6}$"))
    number = sale.text_content()
    assert balances() == {("northgate", "ASR"): (6, 0, 4), ("harborcu", "ASR"): (0, 4, 0)}
    assert_the_books_are_proven()

    enduser = sign_in("harborcu", PASSWORD)
    enduser.get_by_role("link", name="HCU-IVR-01", exact=True).click()
    expect(h1(enduser)).to_have_text("HCU-IVR-01")
    expect(enduser.get_by_text("ivr-01.harborcu.example.com", exact=True)).to_be_visible()
    expect(enduser.get_by_role("table", name="Licenses on this deployment", exact=True)).to_contain_text("4")
    enduser.get_by_role("link", name=number, exact=True).click()
    expect(h1(enduser)).to_have_text(f"Sale {number}")

    sale.click()
    expect(h1(reseller)).to_have_text(f"Sale {number}")
    expect(reseller.get_by_role("region", name="Notice by email", exact=True)).to_contain_text("harborcu@example.com")


def test_the_note_goes_again_when_the_owner_is_oneself(reseller):
    sale_note = reseller.get_by_text("This also sells")
    field(reseller, "Qty, The Asr").fill("4")
    owner_of(reseller).fill("harborcu")
    expect(sale_note).to_be_visible()

    owner_of(reseller).fill("Northgate")
    expect(sale_note).to_be_hidden()
    owner_of(reseller).fill("")
    expect(sale_note).to_be_hidden()


def test_nothing_is_said_of_a_sale_to_nobody_or_of_nothing(reseller):
    """B6: the page names no owner that the server doesn't know, and no sale without licenses."""
    panel = reseller.get_by_role("complementary", name="This deployment", exact=True)
    owner_of(reseller).fill("harborcu")
    expect(panel).to_contain_text("Harbor Credit Union")
    expect(reseller.get_by_text("This also sells")).to_be_hidden()

    field(reseller, "Qty, The Asr").fill("4")
    owner_of(reseller).fill("harbor")

    expect(reseller.get_by_text("This also sells")).to_be_hidden()
    expect(panel).not_to_contain_text("harbor")


def test_a_deployment_for_oneself_sells_nothing(reseller):
    field(reseller, "Name").fill("NVS-LAB")
    field(reseller, "Host name").fill("lab.example.com")
    reseller.get_by_role("button", name="All 10", exact=True).click()
    field(reseller, "Notes").fill("Under the desk")
    add_deployment(reseller).click()

    expect(h1(reseller)).to_have_text("NVS-LAB")
    expect(reseller.get_by_text("Under the desk", exact=True)).to_be_visible()
    expect(reseller.get_by_role("link", name=re.compile("^S-"))).to_have_count(0)
    assert balances() == {("northgate", "ASR"): (0, 10, 0)}

    reseller.get_by_role("link", name="View Licenses", exact=True).click()
    expect(reseller.get_by_role("link", name="NVS-LAB", exact=True)).to_be_visible()


def test_all_that_is_wrong_with_a_deployment_is_told_at_once_by_the_fields(reseller):
    """B6."""
    field(reseller, "Host name").fill("not a host")
    owner_of(reseller).fill("stranger")
    field(reseller, "Qty, The Asr").fill("1.5")
    add_deployment(reseller).click()

    expect(reseller.get_by_role("alert")).to_be_focused()
    expect(reseller.get_by_role("alert").get_by_role("link")).to_have_count(4)
    expect(field(reseller, "Name")).to_have_attribute("aria-invalid", "true")
    expect(field(reseller, "Host name")).to_have_accessible_description(re.compile("Enter a host name like"))
    expect(owner_of(reseller)).to_have_accessible_description(re.compile("“stranger” is not one of your endusers"))
    expect(field(reseller, "Qty, The Asr")).to_have_value("1.5")
    expect(field(reseller, "Qty, The Asr")).to_have_accessible_description(re.compile("whole number"))
    assert balances() == {("northgate", "ASR"): (10, 0, 0)}

    field(reseller, "Name").fill("HCU-IVR-01")
    field(reseller, "Host name").fill("ivr-01.example.com")
    owner_of(reseller).fill("harborcu")
    field(reseller, "Qty, The Asr").fill("2")
    add_deployment(reseller).click()
    expect(h1(reseller)).to_have_text("HCU-IVR-01")


def test_more_licenses_go_on_a_deployment_and_all_come_back_when_it_is_retired(reseller):
    """C7: the numbers are there before the press."""
    field(reseller, "Name").fill("NVS-LAB")
    field(reseller, "Host name").fill("lab.example.com")
    field(reseller, "Qty, The Asr").fill("4")
    add_deployment(reseller).click()
    reseller.get_by_role("link", name="Add Licenses", exact=True).click()

    row = reseller.get_by_role("row", name="The Asr")
    expect(row).not_to_contain_text("10")
    field(reseller, "Qty, The Asr").fill("6")
    expect(row).to_contain_text("4 on it, then 10")
    expect(row).to_contain_text("6 available, then 0")
    reseller.get_by_role("button", name="Add Licenses", exact=True).click()
    expect(reseller.get_by_role("status").filter(has_text="6 licenses added to NVS-LAB.")).to_be_visible()
    expect(reseller.get_by_role("link", name="Add Licenses", exact=True)).to_have_count(0)
    assert balances() == {("northgate", "ASR"): (0, 10, 0)}

    reseller.get_by_role("link", name="Retire deployment", exact=True).click()
    expect(reseller.get_by_role("row", name="The Asr")).to_contain_text("0 to 10")
    reseller.get_by_role("button", name="Retire deployment", exact=True).click()
    expect(field(reseller, "Reason")).to_have_accessible_description(re.compile("Enter a reason"))
    field(reseller, "Reason").fill("The lab has moved")
    reseller.get_by_role("button", name="Retire deployment", exact=True).click()
    expect(h1(reseller)).to_have_text("NVS-LAB")
    expect(reseller.get_by_text("Retired by northgate of Northgate Voice Systems: The lab has moved", exact=True)).to_be_visible()
    assert balances() == {("northgate", "ASR"): (10, 0, 0)}
    assert_the_books_are_proven()
