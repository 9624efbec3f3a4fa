"""My Licenses shows the demo's numbers (C1, rules.md §5)."""

import re

from playwright.sync_api import expect

from accounts.models import User
from licensing_portal import demo

# Per account and product, as on the screen: purchased, sold (where the account sells), deployed, available.
SUMMARIES = {
    "northgate": {
        "ASR-FULL": "120 72 4 44", "ASR-LITE": "84 0 4 80", "CPA": "48 24 0 24", "TTS": "120 72 4 44", "TUNER": "4 0 1 3", "": "376 168 13 195",
    },
    "northgate-west": {"ASR-LITE": "0 0 0 None left", "TTS": "10 0 0 10", "": "10 0 0 10"},
    "tideway": {"ASR-FULL": "48 33 0 15", "CPA": "120 96 0 24", "TTS": "48 10 0 38", "TUNER": "2 0 0 2", "": "218 139 0 79"},
    "harborcu": {"ASR-FULL": "34 34 None left", "TTS": "30 12 18", "": "64 46 18"},
    "harborcu-tw": {"ASR-FULL": "0 0 None left", "TTS": "4 0 4", "": "4 0 4"},
    "stmarys": {"ASR-FULL": "48 48 None left", "CPA": "24 24 None left", "TTS": "48 48 None left", "": "120 120 0"},
    "metrotransit": {"ASR-FULL": "23 23 None left", "CPA": "96 96 None left", "": "119 119 0"},
    "pinecrest": {},
}  # fmt: skip


def summary_on(page):
    """The summary's rows by product code, the total by "", each as its numbers in reading order."""
    summary = page.get_by_role("region", name="License Purchase / Deployment Summary", exact=True)
    rows = summary.get_by_role("row").evaluate_all("rows => rows.slice(1).map(row => [...row.cells].map(cell => cell.innerText.trim()))")
    shown = {}
    for name, *numbers in rows:
        code = name.partition("\n")[2].partition(" ·")[0]
        shown[code] = " ".join(filter(None, numbers))
    return shown


def test_everybody_of_the_demo_signs_in_and_finds_the_numbers_of_its_table(transactional_db, sign_in):
    demo.load()
    shown = {}

    for username in SUMMARIES:
        page = sign_in(username, demo.PASSWORD)
        expect(page.get_by_role("heading", name="My Licenses", exact=True, level=1)).to_be_visible()
        shown[username] = summary_on(page)
        page.context.clear_cookies()

    assert shown == SUMMARIES


def test_a_product_of_the_summary_leads_to_its_lines_in_the_history(transactional_db, visit_as):
    """C1: the numbers are the sum of what stands there."""
    demo.load()
    page = visit_as(User.objects.get(username="harborcu"))
    page.goto("/")

    page.get_by_role("link", name="Text-to-Speech Server", exact=True).click()

    expect(page.get_by_role("heading", name="History", exact=True, level=1)).to_be_visible()
    rows = page.get_by_role("table", name=re.compile("^Journal of this account")).get_by_role("row")
    expect(rows).to_have_count(1 + 4)
    changes = [row.get_by_role("cell").nth(2).inner_text() for row in rows.all()[1:]]
    assert sorted(changes) == sorted(["+24", "−12", "+12", "+6"])
