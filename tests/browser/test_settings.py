"""Settings → Profile and Notifications in the browser, and what whoever reads a further address decides there: axe, and without scripts."""

import re

import pytest
from django.core import mail
from playwright.sync_api import expect

from accounts.models import NoticeRecipient, User
from accounts.notices import agree_to_copies
from accounts.services import create_enduser
from accounts.telling import way_out_of
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.browser.elements import button, h1
from tests.browser.judging import faults_of, field, refused
from tests.factories.accounts import PASSWORD, RecipientFactory

BOOKS = f"{'b' * 60}@{'example' * 8}.com"
PROFILE, NOTIFICATIONS = "/settings/profile/", "/settings/notifications/"


def link_in_the_last_letter(path):
    deliver_due()
    return re.search(rf"http://\S+({path}\S+/)", mail.outbox[-1].body)[1]


def save_in(page, card):
    page.get_by_role("region", name=card, exact=True).get_by_role("button", name="Save", exact=True).click()


@pytest.fixture
def person(northgate, user):
    return user(northgate)


def test_a_profile_is_saved_with_the_keyboard_and_its_zone_is_found_by_its_place(person, visit_as):
    page = visit_as(person)
    page.goto(PROFILE)
    field(page, "Name").focus()
    page.keyboard.type("Dana Okafor")
    page.keyboard.press("Tab")
    page.keyboard.type("los angeles")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Settings saved.", exact=True)).to_be_visible()
    expect(field(page, "Time zone")).to_have_value("America/Los_Angeles")
    expect(page.get_by_role("contentinfo").get_by_text("Times are shown in")).to_have_text("Times are shown in America/Los_Angeles")
    field(page, "Time zone").fill("Atlantis")
    save_in(page, "You")
    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(field(page, "Time zone")).to_have_value("Atlantis")
    assert faults_of(page) == []


def test_the_list_of_zones_can_be_searched_without_scripts(person, page_without_scripts, visit_as):
    """A browser's own list: every zone is an option of the field."""
    page = visit_as(person)
    page.goto(PROFILE)

    options = page.locator("#zones option").evaluate_all("options => options.map((option) => option.value)")

    assert field(page, "Time zone").evaluate("field => field.list.id") == "zones"
    assert {"UTC", "Europe/Berlin", "Asia/Kolkata"} <= set(options)


def test_a_theme_is_chosen_and_the_button_in_the_top_bar_knows_it(person, visit_as):
    page = visit_as(person)
    page.goto(PROFILE)
    field(page, "Theme").select_option("Dark")
    save_in(page, "How pages look")

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Color theme: dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "auto")
    page.reload()
    expect(field(page, "Theme")).to_have_value("auto")


def test_another_address_is_asked_for_and_confirmed(person, visit_as):
    page = visit_as(person)
    page.goto("/settings/profile/email/")
    found = refused(page, "Send link")
    field(page, "Email").fill(BOOKS)
    field(page, "Password").fill(PASSWORD)
    button(page, "Send link").click()
    expect(page.get_by_text("A link is on its way to")).to_be_visible()
    found += faults_of(page)

    page.goto(link_in_the_last_letter("/settings/profile/email/confirm/"))
    expect(h1(page)).to_have_text("Confirm your email address")
    found += faults_of(page)
    button(page, "Confirm address").click()

    expect(page.get_by_text(f"Your email address is {BOOKS} now.", exact=True)).to_be_visible()
    assert User.objects.get(pk=person.pk).email == BOOKS
    assert found == []


def test_a_further_address_agrees_and_ends_it_without_scripts(person, visit_as, page_without_scripts):
    page, reader = visit_as(person), page_without_scripts
    page.goto("/settings/notifications/addresses/add/")
    found = refused(page, "Add address")
    field(page, "Email").fill(BOOKS)
    button(page, "Add address").click()
    expect(page.get_by_text("Has not agreed yet.")).to_be_visible()
    found += faults_of(page)

    reader.goto(link_in_the_last_letter("/notices/agree/"))
    expect(h1(reader)).to_have_text("Copies of license notices")
    button(reader, "Agree").click()
    expect(h1(reader)).to_have_text("You get copies")
    page.reload()
    expect(page.get_by_text("Gets copies since")).to_be_visible()
    found += faults_of(page)
    page.get_by_role("link", name="Make it the account’s own", exact=True).click()
    found += refused(page, "Move notices")
    page.goto(NOTIFICATIONS)
    button(page, "Remove").click()
    expect(page.get_by_text(f"{BOOKS} gets no more copies.", exact=True)).to_be_visible()
    assert (NoticeRecipient.objects.count(), found) == (0, [])


@pytest.mark.parametrize("path", ["agree", "stop"])
def test_the_pages_of_whoever_reads_a_further_address(northgate, page, path):
    recipient = RecipientFactory(account=northgate, email=BOOKS, confirmed_at=None)
    there = address_of(recipient, path)

    page.goto(there)
    found = faults_of(page)
    button(page, {"agree": "Agree", "stop": "Stop"}[path]).click()
    expect(h1(page)).to_have_text({"agree": "You get copies", "stop": "No more copies"}[path])
    found += faults_of(page)
    assert found == []


def address_of(recipient, path):
    """The page that a letter leads to; here no letter is needed."""
    if path == "stop":
        return way_out_of(recipient)
    agree_to_copies(recipient)
    return link_in_the_last_letter("/notices/agree/")


def test_the_address_of_a_new_enduser_is_put_right(northgate, person, visit_as):
    create_enduser(reseller=northgate, created_by=person, username="pinecrest", company="Pinecrest", email="p@example.com", key=fresh_key())
    page = visit_as(person)
    page.goto("/endusers/pinecrest/")
    found = faults_of(page)
    page.get_by_role("link", name="Correct the address", exact=True).click()
    field(page, "Email").fill("nowhere")
    found += refused(page, "Correct address")
    field(page, "Email").fill("pinecrest@example.com")
    button(page, "Correct address").click()

    expect(page.get_by_text("The address is put right.")).to_be_visible()
    assert found == []
