"""The three flows with the keyboard alone (WCAG 2.1.1), and always with a focus that can be seen (2.4.7, 2.4.11)."""

import re

import pytest
from playwright.sync_api import expect

from tests.books import balances
from tests.browser.elements import h1
from tests.factories.accounts import PASSWORD, LinkFactory
from tests.factories.licenses import give

MOST_STOPS = 60

# Where the focus stands: whether it is drawn, and whether a bar that sticks to the window lies over all of it.
STOP = """
(target) => {
  const element = document.activeElement;
  const isThere = element === target;
  if (element === document.body) return { isThere, fault: "" };
  const style = getComputedStyle(element);
  if (style.outlineStyle === "none" && style.boxShadow === "none") return { isThere, fault: `no focus ring: ${element.outerHTML}` };
  const box = element.getBoundingClientRect();
  const spots = [[box.left + 2, box.top + 2], [box.right - 2, box.bottom - 2], [box.left + box.width / 2, box.top + box.height / 2]];
  const isSeen = spots.some(([x, y]) => {
    const top = document.elementFromPoint(x, y);
    return top && (element.contains(top) || top.contains(element));
  });
  return { isThere, fault: isSeen ? "" : `covered: ${element.outerHTML}` };
}
"""


def go_to(page, target):
    """Press Tab until `target` has the focus; at every stop on the way the focus must be seen."""
    for _ in range(MOST_STOPS):
        stop = target.evaluate(STOP)
        assert stop["fault"] == ""
        if stop["isThere"]:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{MOST_STOPS} times Tab do not lead to {target}")


def type_into(page, name, text):
    go_to(page, page.get_by_label(name, exact=True))
    page.keyboard.type(text)


def press(page, role, name):
    go_to(page, page.get_by_role(role, name=name, exact=True))
    page.keyboard.press("Enter")


@pytest.fixture(params=[1280, 390], ids=["wide", "narrow"])
def person(request, northgate, harborcu, west, page):
    """northgate's administrator, who has signed in with the keyboard: 10 ASR here, 4 TTS in the linked northgate-west."""
    give(northgate, ASR=10)
    give(west, TTS=4)
    LinkFactory(holder=northgate, target=west)
    page.set_viewport_size({"width": request.param, "height": 800})
    page.emulate_media(reduced_motion="reduce")  # else the page would still be gliding to where the focus is looked for
    page.goto("/")
    page.keyboard.type("northgate")  # the focus starts in Username
    type_into(page, "Password", PASSWORD)
    page.keyboard.press("Enter")
    expect(h1(page)).to_have_text("My Licenses")
    return page


def test_licenses_are_sold_deployed_and_transferred_with_the_keyboard_alone(person):
    press(person, "link", "Sell Licenses")
    expect(h1(person)).to_have_text("Sell Licenses")
    person.wait_for_load_state()  # the page's script is there
    type_into(person, "Owner", "har")
    expect(person.get_by_role("option", name=re.compile("^harborcu"))).to_be_visible()
    person.keyboard.press("ArrowDown")
    person.keyboard.press("Enter")
    type_into(person, "Qty, The Asr", "3")
    press(person, "button", "Add")
    expect(h1(person)).to_have_text(re.compile("^Sale S-"))

    press(person, "link", "Back to My Licenses")
    press(person, "link", "Add New Deployment")
    expect(h1(person)).to_have_text("Add New Deployment")
    person.wait_for_load_state()
    type_into(person, "Name", "NVS-LAB")
    type_into(person, "Host name", "lab.example.com")
    press(person, "button", "All 7")
    press(person, "button", "Add New Deployment")
    expect(h1(person)).to_have_text("NVS-LAB")
    person.wait_for_load_state()

    if not person.get_by_role("link", name="Transfer Licenses", exact=True).is_visible():
        press(person, "button", "Open menu")
        expect(person.get_by_role("dialog", name="Menu", exact=True)).to_be_focused()
    press(person, "link", "Transfer Licenses")
    type_into(person, "Qty, The Tts", "4")
    press(person, "button", "Transfer Licenses")
    expect(h1(person)).to_have_text(re.compile("^Transfer T-"))

    assert balances() == {("northgate", "ASR"): (0, 7, 3), ("northgate", "TTS"): (4, 0, 0), ("harborcu", "ASR"): (3, 0, 0)}


def test_an_account_is_linked_and_switched_to_with_the_keyboard_alone(northgate, west, harborcu, user, visit_as):
    user(west)
    page = visit_as(user(northgate))
    page.goto("/linked-accounts/")
    page.wait_for_load_state()

    type_into(page, "Username", "northgate-west")
    type_into(page, "Password", PASSWORD)
    press(page, "button", "Link Account")
    expect(page.get_by_role("heading", name=re.compile("^northgate-west"), level=3)).to_be_visible()

    press(page, "link", "Switch Accounts")
    press(page, "button", "Switch")
    expect(page.get_by_role("button", name="Return to northgate", exact=True)).to_be_visible()
    press(page, "button", "Return to northgate")
    expect(page.get_by_role("button", name="Return to northgate", exact=True)).to_have_count(0)


def test_the_skip_link_leads_past_the_menu(northgate, user, visit_as):
    page = visit_as(user(northgate))
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content", exact=True)).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("main")).to_be_focused()
