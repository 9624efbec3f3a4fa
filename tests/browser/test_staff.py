"""The publisher's people in the admin (C11): where they land, what they issue, and who is kept out."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from licensing_portal import demo
from licensing_portal.foundation.notices import deliver_due
from tests.authenticator import code
from tests.books import assert_the_books_are_proven, balances
from tests.browser.elements import contrast
from tests.factories.accounts import PASSWORD
from tests.factories.licenses import ProductFactory, give


def test_staff_land_in_the_admin_and_issue_licenses_with_the_numbers_before_and_after(staff, northgate, sign_in):
    give(northgate, ASR=120)
    ProductFactory(code="TTS")
    page = sign_in("staff", PASSWORD)
    page.get_by_role("textbox", name="Code", exact=True).fill(code())
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile("/admin/$"))
    page.get_by_role("link", name="Issue licenses", exact=True).click()
    expect(page.get_by_role("heading", name="Issue licenses", exact=True)).to_be_visible()
    page.wait_for_load_state()  # the page's script is there

    page.get_by_role("combobox", name="Account", exact=True).select_option("northgate")
    row = page.get_by_role("row").filter(has_text="The Asr")
    expect(row.get_by_role("cell")).to_have_text(["120", re.compile("Qty, The Asr"), "120"])
    expect(page.get_by_role("combobox", name="Account", exact=True)).to_have_value("northgate")
    page.get_by_role("textbox", name="Qty, The Asr", exact=True).fill("30")
    expect(row.get_by_role("cell").nth(2)).to_have_text("150")
    page.get_by_role("textbox", name="Order number", exact=True).fill("PO 20931")
    page.get_by_role("textbox", name="Note", exact=True).fill("By telephone")
    page.get_by_role("button", name="Issue licenses", exact=True).click()

    expect(page.get_by_text(re.compile(r"P-\d{4}-\d{6}: northgate now has ASR 120 → 150 available\."))).to_be_visible()
    expect(page.get_by_text("PO 20931", exact=True)).to_be_visible()
    assert balances() == {("northgate", "ASR"): (150, 0, 0)}
    assert_the_books_are_proven()

    page.goto("/")
    expect(page).to_have_url(re.compile("/admin/$"))
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in", exact=True, level=1)).to_be_visible()


def test_a_refused_issue_says_what_is_wrong_and_keeps_what_was_typed(staff, northgate, visit_as):
    ProductFactory(code="ASR")
    page = visit_as(staff)
    page.goto("/admin/issue/")
    page.get_by_role("textbox", name="Qty, The Asr", exact=True).fill("many")
    page.get_by_role("button", name="Issue licenses", exact=True).click()

    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name="Qty, The Asr", exact=True)).to_have_value("many")
    assert balances() == {}


LISTS = ["licenses/journalentry", "licenses/holding", "foundation/notice", "accounts/account", "accounts/user", "deployments/deployment"]


def test_on_a_desk_no_list_of_the_admin_is_wider_than_its_place(transactional_db, visit_as):
    demo.load()
    deliver_due()
    page = visit_as(User.objects.get(username="admin"))
    page.set_viewport_size({"width": 1280, "height": 900})
    wider = {}
    for name in LISTS:
        page.goto(f"/admin/{name}/")
        wider[name] = page.locator(".results").evaluate("list => list.scrollWidth - list.clientWidth")

    assert wider == dict.fromkeys(LISTS, 0)


def test_a_customer_is_kept_out_of_the_admin(northgate, user, visit_as, complaints):
    page = visit_as(user(northgate))

    response = page.goto("/admin/")

    assert response.status == 403
    expect(page.get_by_role("heading", name="You can’t open this page", exact=True, level=1)).to_be_visible()
    assert complaints.pop() == "console: Failed to load resource: the server responded with a status of 403 (Forbidden)"


# The page scrolls sideways; and of each chart, whether a bar of it is seen: its color, and what it stands on.
OVERVIEW = """
() => ({
  isWider: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  bars: [...document.querySelectorAll(".chart rect:not(.chart-ground)")].map((bar) => getComputedStyle(bar).fill),
  ground: getComputedStyle(document.body).backgroundColor,
  heights: [...document.querySelectorAll(".chart")].map((chart) => chart.getBoundingClientRect().height > 20),
})
"""


@pytest.mark.parametrize("colors", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}], ids=str)
def test_the_charts_are_seen_in_all_colors_and_the_page_fits_a_phone(transactional_db, visit_as, colors):
    """WCAG 1.4.10, 1.4.11: three to one against the ground."""
    demo.load()
    page = visit_as(User.objects.get(username="admin"))
    page.emulate_media(**colors)
    for width in (320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/admin/")
        seen = page.evaluate(OVERVIEW)

        assert (seen["isWider"], set(seen["heights"]), len(seen["bars"])) == (False, {True}, 13)
        assert [bar for bar in seen["bars"] if contrast(bar, seen["ground"]) < 3] == []


def test_the_numbers_of_the_charts_open_by_the_keyboard(transactional_db, visit_as):
    demo.load()
    page = visit_as(User.objects.get(username="admin"))
    page.goto("/admin/")
    numbers = page.get_by_role("region", name="Licenses by product and month", exact=True)
    expect(numbers).to_be_hidden()

    page.get_by_text("The numbers, month by month", exact=True).focus()
    page.keyboard.press("Enter")

    expect(numbers).to_be_visible()
    expect(numbers.get_by_role("row").filter(has_text="TUNER").first.get_by_role("cell").nth(1)).to_have_text("6")
