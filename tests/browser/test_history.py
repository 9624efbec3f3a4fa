"""Finding things in History: filters on a desk, on a phone and without scripts (C12)."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from licensing_portal import demo
from tests.factories.accounts import PASSWORD
from tests.factories.licenses import give

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def northgate_s(transactional_db, visit_as):
    """The browser of northgate in the demo, with History open."""
    demo.load()
    page = visit_as(User.objects.get(username="northgate"))
    page.goto("/history/")
    return page


def sentences(page):
    return page.get_by_role("rowheader").evaluate_all("cells => cells.map(cell => cell.querySelector('bdi').textContent)")


def chip(page, text):
    return page.get_by_role("link", name=f"Remove filter {text}", exact=True)


def test_filters_are_put_on_and_taken_away_one_by_one(northgate_s):
    page = northgate_s
    page.get_by_label("Kind", exact=True).select_option("Sale")
    page.get_by_label("Product", exact=True).select_option("Text-to-Speech Server")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(chip(page, "Kind: Sale")).to_be_visible()
    assert sentences(page) == ["Sold to stmarys", "Sold to stmarys", "Sold to harborcu"]

    page.get_by_label("Other account", exact=True).fill("harborcu")
    page.keyboard.press("Enter")
    expect(chip(page, "Other account: harborcu")).to_be_visible()
    assert sentences(page) == ["Sold to harborcu"]

    chip(page, "Kind: Sale").click()
    chip(page, "Other account: harborcu").click()
    expect(chip(page, "Product: Text-to-Speech Server")).to_be_visible()
    first, then = ["Recalled from stmarys", "Sold to stmarys"], ["Deployed on NVS-LAB", "Deployed on NVS-LAB", "Sold to stmarys", "Sold to harborcu"]
    assert sentences(page) == [*first, *then, "Issued by publisher"]


def test_on_a_phone_the_filters_wait_behind_a_button(northgate_s):
    page = northgate_s
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size(PHONE)
    kind = page.get_by_label("Kind", exact=True)
    expect(kind).to_be_hidden()

    page.get_by_role("button", name="Filters", exact=True).click()
    expect(kind).to_be_visible()
    kind.select_option("Transfer")
    page.get_by_role("searchbox", name="Search", exact=True).fill("T-")
    page.get_by_role("button", name="Filter", exact=True).click()

    expect(page.get_by_role("button", name="Filters (1)", exact=True)).to_be_visible()  # the search is in sight, and not counted
    expect(kind).to_be_hidden()
    assert sentences(page) == ["Transferred from northgate-west"]


def test_on_a_phone_without_scripts_the_filters_are_open(northgate, page_without_scripts):
    give(northgate, ASR=1)
    page = page_without_scripts
    page.set_viewport_size(PHONE)
    page.goto("/history/")
    page.get_by_label("Username", exact=True).fill("northgate")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_role("button", name="Filters", exact=True)).to_be_hidden()
    page.get_by_label("Kind", exact=True).select_option("Sale")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_role("heading", name="Nothing matches these filters", exact=True)).to_be_visible()


def test_a_persons_lines_of_one_product_are_found_with_the_balance_after_each(northgate_s):
    """C12: by whom, of what, from when on; the balance is that of the product, whatever else is filtered."""
    page = northgate_s
    page.get_by_label("Product", exact=True).select_option("Text-to-Speech Server")
    page.get_by_label("By", exact=True).fill("northgate")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(chip(page, "By: northgate")).to_be_visible()

    rows = page.get_by_role("table", name="Journal of this account, newest first").get_by_role("row").all()[1:]
    cells = [row.get_by_role("cell").all_inner_texts() for row in rows]
    first, then = ["Recalled from stmarys", "Sold to stmarys"], ["Deployed on NVS-LAB", "Deployed on NVS-LAB", "Sold to stmarys", "Sold to harborcu"]
    assert sentences(page) == [*first, *then]
    assert [(change, balance, by) for _, _, change, balance, by in cells] == [
        ("+6", "44", "northgate"), ("−6", "38", "northgate"),
        ("+4", "4", "northgate"), ("−4", "44", "northgate"), ("−48", "48", "northgate"), ("−24", "96", "northgate"),
    ]  # fmt: skip

    chip(page, "By: northgate").click()
    page.get_by_role("link", name="Last 7 days", exact=True).click()
    expect(chip(page, "Product: Text-to-Speech Server")).to_be_visible()
    assert sentences(page)[-1] == "Issued by publisher"
