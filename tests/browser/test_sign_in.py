"""Signing in and out, the first visit over an invitation, and a forgotten password (A1, A8)."""

import re

import pytest
from django.core import mail
from playwright.sync_api import expect

from licensing_portal.foundation.notices import deliver_due
from tests.factories.accounts import PASSWORD

NEW_PASSWORD = "seven green kettles"
WRONG = "Username or password is wrong"


def heading(page, name):
    return page.get_by_role("heading", name=name, exact=True, level=1)


def link_in_the_last_mail_to(address):
    deliver_due()
    letter = next(letter for letter in reversed(mail.outbox) if letter.to == [address])
    return re.search(r"https?://\S+/(invitation|password)/\S+", letter.body)[0]


def test_a_customer_signs_in_to_my_licenses_and_signs_out(northgate, sign_in):
    page = sign_in("northgate", PASSWORD)
    expect(heading(page, "My Licenses")).to_be_visible()
    expect(page).to_have_title("My Licenses – License Portal")

    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(heading(page, "Sign in")).to_be_visible()

    page.goto("/history/")
    expect(heading(page, "Sign in")).to_be_visible()


@pytest.mark.parametrize("username", ["northgate", "nobody"])
def test_a_wrong_password_and_a_wrong_username_are_refused_in_the_same_words(northgate, sign_in, username):
    page = sign_in(username, "not the password")

    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text(WRONG)
    expect(page.get_by_text(WRONG, exact=True)).to_have_count(1)
    expect(page).to_have_title("Error: Sign in – License Portal")
    expect(page.get_by_label("Username", exact=True)).to_have_value(username)
    expect(page.get_by_label("Password", exact=True)).to_have_value("")


def test_a_password_can_be_looked_at_before_it_is_sent(northgate, page):
    page.goto("/")
    password = page.get_by_label("Password", exact=True)
    password.fill(PASSWORD)

    page.get_by_role("button", name="Show", exact=True).click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide", exact=True).click()
    expect(password).to_have_attribute("type", "password")


def test_an_invited_enduser_chooses_a_password_and_signs_in_with_it_again_later(northgate, sign_in, new_context):
    """A1: from the reseller's form over the mail to the enduser's own sign-in."""
    reseller = sign_in("northgate", PASSWORD)
    reseller.get_by_role("link", name="Endusers", exact=True).click()
    reseller.get_by_role("link", name="Create an enduser", exact=True).click()
    reseller.get_by_role("textbox", name="Username", exact=True).fill("pinecrest")
    reseller.get_by_role("textbox", name="Company", exact=True).fill("Pinecrest Senior Living")
    reseller.get_by_role("textbox", name="Email", exact=True).fill("pinecrest@example.com")
    reseller.get_by_role("button", name="Create enduser", exact=True).click()
    expect(heading(reseller, "pinecrest")).to_be_visible()
    expect(reseller.get_by_role("status").filter(has_text="An invitation goes to pinecrest@example.com.")).to_be_visible()
    expect(reseller.get_by_text("Not signed in yet", exact=True)).to_be_visible()

    enduser = new_context().new_page()
    enduser.goto(link_in_the_last_mail_to("pinecrest@example.com"))
    expect(heading(enduser, "Choose a password")).to_be_visible()
    expect(enduser.get_by_role("main")).to_contain_text("Northgate Voice Systems invited you")
    expect(enduser).to_have_url(re.compile("/invitation/$"))  # the token is not kept in the address
    enduser.get_by_label("Password", exact=True).fill("pinecrest")
    enduser.get_by_role("button", name="Choose password", exact=True).click()
    expect(enduser.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    enduser.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    enduser.get_by_role("button", name="Choose password", exact=True).click()
    expect(heading(enduser, "My Licenses")).to_be_visible()
    expect(enduser.get_by_role("heading", name="No licenses yet", exact=True)).to_be_visible()

    enduser.get_by_role("button", name="Sign out", exact=True).click()
    enduser.get_by_label("Username", exact=True).fill("pinecrest")
    enduser.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    enduser.get_by_role("button", name="Sign in", exact=True).click()
    expect(heading(enduser, "My Licenses")).to_be_visible()

    reseller.reload()
    expect(reseller.get_by_text("Active", exact=True)).to_be_visible()


def test_a_forgotten_password_is_replaced_over_a_mailed_link(northgate, page, new_context):
    page.goto("/")
    page.get_by_role("link", name="Forgot your password?", exact=True).click()
    page.get_by_role("textbox", name="Username or email", exact=True).fill("northgate")
    page.get_by_role("button", name="Send the link", exact=True).click()
    expect(heading(page, "Check your email")).to_be_visible()

    elsewhere = new_context().new_page()
    reset = link_in_the_last_mail_to("northgate@people.example.com")
    elsewhere.goto(reset)
    expect(heading(elsewhere, "Choose a new password")).to_be_visible()
    elsewhere.get_by_label("Password", exact=True).fill("short")
    elsewhere.get_by_role("button", name="Choose password", exact=True).click()
    expect(elsewhere.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    elsewhere.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    elsewhere.get_by_role("button", name="Choose password", exact=True).click()
    expect(heading(elsewhere, "My Licenses")).to_be_visible()

    page.get_by_role("link", name="Back to the sign-in", exact=True).click()
    for password in (PASSWORD, NEW_PASSWORD):
        page.get_by_label("Username", exact=True).fill("northgate")
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(heading(page, "My Licenses") if password == NEW_PASSWORD else page.get_by_role("alert")).to_be_visible()

    again = new_context().new_page()
    again.goto(reset)
    expect(heading(again, "This link has expired")).to_be_visible()
