"""The three flows in a browser that runs no scripts: every page is plain HTML first."""

import re

import pytest
from playwright.sync_api import expect

from tests.books import assert_the_books_are_proven, balances
from tests.browser.elements import button, h1, qty
from tests.factories.accounts import PASSWORD, LinkFactory
from tests.factories.licenses import give


def press(page, name):
    button(page, name).click()


@pytest.fixture
def person(northgate, harborcu, west, tideway, page_without_scripts):
    """northgate's administrator: 10 ASR here, 4 TTS in the linked northgate-west, 7 CPA in the linked tideway."""
    give(northgate, ASR=10)
    give(west, TTS=4)
    give(tideway, CPA=7)
    for target in (west, tideway):
        LinkFactory(holder=northgate, target=target)
    page = page_without_scripts
    page.goto("/")
    page.get_by_role("textbox", name="Username", exact=True).fill("northgate")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    expect(h1(page)).to_have_text("My Licenses")
    return page


def test_licenses_are_sold(person):
    """The owner's username is typed; the browser itself suggests from the datalist. Then one refusal, and one sale."""
    person.get_by_role("link", name="Sell Licenses", exact=True).click()
    owner = person.get_by_role("combobox", name="Owner", exact=True)
    expect(owner).to_have_attribute("list", "owners")
    expect(person.locator("#owners option")).to_have_attribute("value", "harborcu")
    expect(person.get_by_text("Total", exact=True)).to_be_hidden()  # it could not follow what is typed
    owner.fill("harborcu")
    qty(person, "The Asr").fill("11")
    press(person, "Add")
    expect(person.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(owner).to_have_value("harborcu")
    expect(qty(person, "The Asr")).to_have_accessible_description(re.compile("10 available"))
    qty(person, "The Asr").fill("3")
    press(person, "Add")

    expect(h1(person)).to_have_text(re.compile("^Sale S-"))
    expect(person.get_by_role("row").filter(has_text="The Asr")).to_contain_text("7")
    press(person, "Send again")
    expect(person.get_by_text("Notice queued", exact=True)).to_have_count(2)
    assert balances()["northgate", "ASR"] == (7, 0, 3)
    assert_the_books_are_proven()


def test_a_deployment_says_in_plain_words_that_it_sells(person):
    """The amber note needs a script, so a fixed sentence says it before the press."""
    person.get_by_role("link", name="Add New Deployment", exact=True).click()
    expect(person.get_by_text("With an enduser as Owner the deployment is a sale")).to_be_visible()
    person.get_by_role("textbox", name="Name", exact=True).fill("HCU-IVR-01")
    person.get_by_role("textbox", name="Host name", exact=True).fill("ivr-01.harborcu.example.com")
    person.get_by_role("combobox", name="Owner", exact=True).fill("harborcu")
    qty(person, "The Asr").fill("4")
    press(person, "Add New Deployment")

    expect(h1(person)).to_have_text("HCU-IVR-01")
    expect(person.get_by_role("link", name=re.compile("^S-"))).to_be_visible()
    assert balances()["harborcu", "ASR"] == (0, 4, 0)


def test_show_licenses_opens_another_linked_account_to_transfer_from(person):
    person.get_by_role("link", name="Transfer Licenses", exact=True).click()
    expect(qty(person, "The Tts")).to_be_visible()
    person.get_by_role("combobox", name="Linked Account", exact=True).select_option("tideway")
    press(person, "Show licenses")
    expect(person.get_by_role("combobox", name="Linked Account", exact=True)).to_have_value("tideway")
    expect(qty(person, "The Tts")).to_have_count(0)
    qty(person, "The Cpa").fill("7")
    press(person, "Transfer Licenses")

    expect(h1(person)).to_have_text(re.compile("^Transfer T-"))
    assert balances()["northgate", "CPA"] == (7, 0, 0)


def test_a_form_whose_select_was_changed_without_show_licenses_moves_what_it_shows(person):
    """B7: the licenses that stand in the table are those of the account that was opened."""
    person.get_by_role("link", name="Transfer Licenses", exact=True).click()
    person.get_by_role("combobox", name="Linked Account", exact=True).select_option("tideway")
    press(person, "Show licenses")
    person.get_by_role("combobox", name="Linked Account", exact=True).select_option("northgate-west")
    qty(person, "The Cpa").fill("2")
    press(person, "Transfer Licenses")

    expect(person.get_by_role("status").filter(has_text="2 licenses moved from tideway to northgate.")).to_be_visible()


def test_accounts_are_switched_and_left_again(person):
    person.get_by_role("link", name="Switch Accounts", exact=True).click()
    person.get_by_role("button", name="Switch", exact=True).first.click()
    expect(person.get_by_role("region", name="Account you are acting as", exact=True)).to_be_visible()
    press(person, "Return to northgate")
    expect(person.get_by_role("region", name="Account you are acting as", exact=True)).to_have_count(0)
    press(person, "Sign out")
    expect(h1(person)).to_have_text("Sign in")
