"""Settings → Security in the browser: an authenticator app, passkeys (from Chromium's own virtual authenticator), sessions."""

import pytest
from playwright.sync_api import expect

from accounts.security import factors
from tests.authenticator import code
from tests.browser.elements import button, h1
from tests.factories.accounts import PASSWORD
from tests.factories.factors import give_factor

SECURITY = "/settings/security/"
OF_A_LAPTOP = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}


@pytest.fixture
def person(northgate, user):
    return user(northgate)


def field(page, name):
    return page.get_by_label(name, exact=True)


def with_a_sensor(page):
    """Give the page's window an authenticator that says yes to everything; return what takes it away again."""
    line = page.context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    sensor = line.send("WebAuthn.addVirtualAuthenticator", {"options": OF_A_LAPTOP})
    return lambda: line.send("WebAuthn.removeVirtualAuthenticator", sensor)


def save_the_codes(page):
    expect(h1(page)).to_have_text("Save your recovery codes")
    codes = page.get_by_role("main").get_by_role("listitem").all_text_contents()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button(page, "Copy codes").click()
    expect(page.get_by_role("status").filter(has_text="Copied the recovery codes")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()").split() == [code.replace(" ", "") for code in codes]
    field(page, "I have saved them").check()
    button(page, "Continue").click()
    expect(h1(page)).to_have_text("Security")
    return codes


def test_an_authenticator_app_is_set_up_and_then_asked_for_and_a_recovery_code_stands_for_it(person, sign_in):
    page = sign_in("northgate", PASSWORD)
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("link", name="Security", exact=True).click()
    page.get_by_role("link", name="Set up an authenticator app", exact=True).click()
    picture = page.get_by_role("img", name="The key below, as a picture for the app", exact=True)
    expect(picture).to_be_visible()
    assert picture.evaluate("picture => picture.naturalWidth") > 0  # the policy for content lets it be drawn
    key = page.get_by_role("main").locator("b").first.text_content().replace(" ", "")
    field(page, "Code").fill(code(key=key))
    field(page, "Password").fill(PASSWORD)
    button(page, "Set up").click()
    codes = save_the_codes(page)
    expect(page.get_by_text("10 codes left")).to_be_visible()

    page.get_by_role("banner").get_by_role("button", name="Sign out", exact=True).click()
    sign_in("northgate", PASSWORD)
    expect(h1(page)).to_have_text("Second factor")
    expect(field(page, "Code")).to_be_focused()
    field(page, "Code").fill("000000")
    button(page, "Sign in").click()
    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    field(page, "Code").fill(codes[0])
    button(page, "Sign in").click()
    expect(h1(page)).to_have_text("My Licenses")


def test_a_passkey_is_added_asked_for_and_removed(person, sign_in):
    page = sign_in("northgate", PASSWORD)
    with_a_sensor(page)
    page.goto(f"{SECURITY}passkeys/add/")
    field(page, "Name").fill("Office laptop")
    field(page, "Password").fill(PASSWORD)
    button(page, "Add passkey").click()
    codes = save_the_codes(page)
    expect(page.get_by_role("heading", name="Office laptop", exact=True)).to_be_visible()
    assert [str(passkey) for passkey in factors.passkeys_of(person)] == ["Office laptop"]

    page.get_by_role("banner").get_by_role("button", name="Sign out", exact=True).click()
    sign_in("northgate", PASSWORD)
    button(page, "Use a passkey").click()
    expect(h1(page)).to_have_text("My Licenses")

    page.goto(SECURITY)
    page.get_by_role("link", name="Turn off the second factor", exact=True).click()
    field(page, "Password").fill(PASSWORD)
    field(page, "Code").fill(codes[0])
    button(page, "Turn off").click()
    expect(page.get_by_role("heading", name="No passkeys", exact=True)).to_be_visible()
    assert not factors.has_factor(person)


def test_a_passkey_with_a_wrong_password_is_not_added_and_the_same_form_then_adds_it(person, visit_as):
    page = visit_as(person)
    page.goto(f"{SECURITY}passkeys/add/")
    with_a_sensor(page)
    field(page, "Name").fill("Office laptop")
    field(page, "Password").fill("wrong horse battery")
    button(page, "Add passkey").click()
    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(field(page, "Name")).to_have_value("Office laptop")
    assert not factors.has_factor(person)

    field(page, "Password").fill(PASSWORD)
    button(page, "Add passkey").click()
    expect(h1(page)).to_have_text("Save your recovery codes")


def test_a_browser_without_a_passkey_says_so_and_a_code_still_opens_it(person, sign_in):
    page = sign_in("northgate", PASSWORD)
    take_the_sensor_away = with_a_sensor(page)
    page.goto(f"{SECURITY}passkeys/add/")
    field(page, "Name").fill("Lost phone")
    field(page, "Password").fill(PASSWORD)
    button(page, "Add passkey").click()
    codes = save_the_codes(page)
    page.get_by_role("banner").get_by_role("button", name="Sign out", exact=True).click()
    sign_in("northgate", PASSWORD)
    take_the_sensor_away()
    with_another = with_a_sensor(page)

    button(page, "Use a passkey").click()
    expect(page.get_by_text("Your browser used no passkey. Press the button to try again.", exact=True)).to_be_visible()

    with_another()
    field(page, "Code").fill(codes[0])
    button(page, "Sign in").click()
    expect(h1(page)).to_have_text("My Licenses")


def test_one_signs_out_a_browser_elsewhere(person, visit_as):
    elsewhere, here = visit_as(person), visit_as(person)
    elsewhere.goto("/")
    here.goto(SECURITY)
    row = here.get_by_role("main").get_by_role("button", name="Sign out", exact=True)
    expect(row).to_have_count(1)
    row.click()
    expect(here.get_by_role("status").filter(has_text="That session is signed out.")).to_be_visible()

    elsewhere.goto("/history/")
    expect(h1(elsewhere)).to_have_text("Sign in")


def test_linking_asks_for_the_second_factor_of_the_other_account(person, west, user, visit_as):
    """A2: on the form that was refused, and only after the password was right."""
    give_factor(user(west))
    page = visit_as(person)
    page.goto("/linked-accounts/")
    expect(field(page, "Code")).to_have_count(0)
    field(page, "Username").fill("northgate-west")
    field(page, "Password").fill(PASSWORD)
    button(page, "Link Account").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the password again, and the code of this user’s second factor")

    field(page, "Password").fill(PASSWORD)
    field(page, "Code").fill(code())
    button(page, "Link Account").click()
    expect(page.get_by_role("status").filter(has_text="Linked to northgate-west.")).to_be_visible()
