"""Receipts, History and Sold on paper: always light, tables as tables, and nothing on them that one can only press."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from licenses.models import JournalEntry
from licensing_portal import demo
from licensing_portal.foundation.notices import deliver_due
from tests.browser.elements import contrast

PAPER = {"width": 718, "height": 1047}  # A4 within Chromium's own margins, in CSS pixels

# Everything with words of its own that is printed: its words, its color, and the first ground behind it that is not see-through.
INK = """
() => {
  const hasWords = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim();
  const isClear = (color) => /^rgba\\(.*, 0\\)$/.test(color);
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!isClear(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.body.querySelectorAll("*")]
    .filter((element) => [...element.childNodes].some(hasWords) && element.checkVisibility() && !element.closest(".visually-hidden, .skip-link"))
    .map((element) => ({ words: element.textContent.trim(), color: getComputedStyle(element).color, ground: groundOf(element) }));
}
"""
# What stands wider than the paper, and how each table is drawn.
SHAPE = """
() => ({
  isWider: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  tables: [...document.querySelectorAll("main table")].map((table) => [
    getComputedStyle(table).display, getComputedStyle(table.tHead).display, getComputedStyle(table.tBodies[0].rows[0]).display]),
  labels: [...document.querySelectorAll("td[data-l]")].map((cell) => getComputedStyle(cell, "::before").content).filter((text) => text !== "none"),
})
"""


@pytest.fixture
def printed(transactional_db, visit_as):
    """Return a function that opens a page of northgate's in the dark, and turns to what of it is printed."""
    demo.load()
    deliver_due()
    page = visit_as(User.objects.get(username="northgate"))

    def open_and_print(address, theme):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.goto(address)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        page.emulate_media(media="print", color_scheme=theme)
        page.set_viewport_size(PAPER)
        return page

    return open_and_print


def address_of(name):
    return JournalEntry.objects.filter(kind="sale").earliest("pk").get_absolute_url() if name == "receipt" else name


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["receipt", "/history/", "/history/?product=TTS&kind=sale", "/sold/", "/", "/help/"])
def test_what_is_printed_is_dark_on_white_also_from_the_dark(printed, name, theme):
    ink = printed(address_of(name), theme).evaluate(INK)

    white = "rgb(255, 255, 255)"
    assert len(ink) > 10
    assert [text for text in ink if contrast(text["color"], text["ground"]) < 4.5] == []
    assert [text for text in ink if contrast(text["ground"], white) > 1.3] == []


@pytest.mark.parametrize("name", ["receipt", "/history/", "/sold/"])
def test_tables_are_printed_as_tables_and_fit_the_paper(printed, name):
    """Paper is narrower than a tablet: what makes blocks of the rows on a phone must not do it there."""
    shape = printed(address_of(name), "dark").evaluate(SHAPE)

    assert shape == {"isWider": False, "tables": [["table", "table-header-group", "table-row"]], "labels": []}


@pytest.mark.parametrize("name", ["receipt", "/history/?kind=sale", "/sold/?owner=harborcu", "/", "/endusers/harborcu/"])
def test_nothing_is_printed_that_one_can_only_press(printed, name):
    page = printed(address_of(name), "light")

    pressed = page.locator("button, input, select, nav a:not([aria-current]), .chip svg").evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => one.outerHTML)"
    )
    assert pressed == []
    assert page.get_by_text("Clear filters", exact=True).is_visible() is False
    assert page.get_by_role("link", name="Export CSV", exact=True).is_visible() is False


@pytest.mark.parametrize(("name", "says"), [("/history/?kind=sale", "Kind: Sale"), ("/sold/?owner=harborcu", "Owner: harborcu")])
def test_a_filtered_list_says_on_paper_what_it_is_filtered_by_and_who_printed_it(printed, name, says):
    page = printed(name, "dark")

    expect(page.get_by_text(says, exact=True)).to_be_visible()
    expect(page.get_by_text("Account Northgate Voice Systems (northgate). Printed ")).to_be_visible()
    expect(page.get_by_text(" by northgate from License Portal")).to_be_visible()


def test_the_account_acted_for_is_printed(printed):
    """The bar prints too, so that a sheet says whose it is."""
    page = printed("/switch/", "dark")
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Switch", exact=True).click()
    page.goto("/history/")
    page.emulate_media(media="print")

    expect(page.get_by_role("region", name="Account you are acting as", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Return to northgate", exact=True)).to_be_hidden()
    expect(page.get_by_text("by northgate for northgate-west from License Portal")).to_be_visible()


def test_a_long_journal_goes_on_over_the_pages_with_its_head_on_each(printed):
    page = printed("/history/", "light")

    breaks = page.evaluate(
        "() => [...document.querySelectorAll('main .card:has(> table), main thead, main tbody tr')].map(one => getComputedStyle(one).breakInside)"
    )
    assert (breaks[0], set(breaks[2:])) == ("auto", {"avoid"})
