"""Invitations (A1): the link in the mail, good for seven days, once; and sending it again."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Invitation, User
from accounts.services import accept_invitation, create_enduser
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import Binding, fresh_key
from tests.views import ALREADY_USED, OUT_OF_DATE, controls_of, errors_of, form_of, heading_of, notes_of, press, submit_buttons_of, text_of

ACCEPT = "/invitation/"
GOOD = "twelve good horses"


@pytest.fixture
def pinecrest(northgate, user):
    """An enduser that northgate created and nobody has signed in to yet."""
    return create_enduser(
        reseller=northgate, created_by=user(northgate), username="pinecrest", company="Pinecrest Senior Living",
        email="office@pinecrest.example.com", key=fresh_key(),
    )  # fmt: skip


@pytest.fixture
def link(pinecrest):
    """The address in the invitation that was mailed."""
    return mailed_link()


def mailed_link():
    deliver_due()
    return re.search(r"http://testserver(/invitation/\S+/)", mail.outbox[-1].body).group(1)


def opened(link):
    """A browser in which the link of the mail was opened."""
    browser = Client()
    browser.get(link)
    return browser


def may_sign_in(username, password):
    return Client().login(username=username, password=password)


# ── Accepting ──


def test_the_token_leaves_the_address_at_once(link):
    """A1: it stands in no history, no referrer and no log of what was posted."""
    response = Client().get(link)

    assert (response.status_code, response.url) == (302, ACCEPT)


def test_the_page_says_who_invited_whom(link):
    response = opened(link).get(ACCEPT)

    assert heading_of(response) == "Choose a password"
    assert "Northgate Voice Systems invited you to License Portal. You will sign in as pinecrest for Pinecrest Senior Living." in text_of(response)


def test_choosing_a_password_signs_in_and_proves_the_address(link):
    """A1."""
    browser = opened(link)

    response = press(browser, ACCEPT, {"password": GOOD})

    assert (response.status_code, response.url) == (302, "/")
    assert heading_of(browser.get("/")) == "My Licenses"
    first = User.objects.get(username="pinecrest")
    assert (first.email, Invitation.objects.get().accepted_at is not None) == ("office@pinecrest.example.com", True)
    assert may_sign_in("pinecrest", GOOD)


REFUSALS = {
    "nothing": ("", ["Choose a password"]),
    "too short": ("short horse", ["This password is too short. It must contain at least 12 characters."]),
    "a NUL": ("\0" * 12, ["Null characters are not allowed."]),
    "too common": ("password1234", ["This password is too common."]),
    "digits alone": ("739154826015", ["This password is entirely numeric."]),
    "the username": ("my pinecrest horse", ["Choose a password without “pinecrest” in it"]),
}


@pytest.mark.parametrize(("password", "errors"), REFUSALS.values(), ids=REFUSALS)
def test_a_weak_password_is_refused_at_the_field_and_the_link_stays_good(link, password, errors):
    browser = opened(link)

    response = press(browser, ACCEPT, {"password": password})

    assert (response.status_code, errors_of(response)) == (200, {"password": errors})
    assert not User.objects.get(username="pinecrest").has_usable_password()
    press(browser, ACCEPT, {"password": GOOD})
    assert may_sign_in("pinecrest", GOOD)


def test_a_link_is_good_once(link):
    """A1."""
    press(opened(link), ACCEPT, {"password": GOOD})

    other = opened(link)
    assert heading_of(other.get(ACCEPT)) == "This link was used already"
    assert heading_of(other.post(ACCEPT, {"password": "another good horse"})) == "This link was used already"
    assert (may_sign_in("pinecrest", GOOD), may_sign_in("pinecrest", "another good horse")) == (True, False)


def test_two_browsers_that_have_the_page_open_choose_one_password(link):
    first, second = opened(link), opened(link)
    forms = [form_of(browser, ACCEPT) for browser in (first, second)]

    first.post(ACCEPT, forms[0] | {"password": GOOD})
    second.post(ACCEPT, forms[1] | {"password": "another good horse"})

    assert (may_sign_in("pinecrest", GOOD), may_sign_in("pinecrest", "another good horse")) == (True, False)


@pytest.mark.parametrize(
    ("after", "heading"), [(timedelta(days=6, hours=23), "Choose a password"), (timedelta(days=7, minutes=1), "This link has expired")]
)
def test_a_link_is_good_for_seven_days(link, after, heading):
    """A1."""
    browser = opened(link)
    with time_machine.travel(timezone.now() + after, tick=False):
        assert heading_of(browser.get(ACCEPT)) == heading


def test_no_password_is_chosen_over_a_link_that_has_expired(link):
    browser = opened(link)
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        assert heading_of(browser.post(ACCEPT, {"password": GOOD})) == "This link has expired"

    assert not User.objects.get(username="pinecrest").has_usable_password()


@pytest.mark.parametrize("change", ["deactivated", "closed"])
def test_no_password_is_chosen_for_whoever_may_not_sign_in(pinecrest, link, change):
    if change == "closed":
        Account.objects.filter(pk=pinecrest.pk).update(closed_at=timezone.now())
    else:
        User.objects.filter(username="pinecrest").update(is_active=False)

    response = opened(link).post(ACCEPT, {"password": GOOD})

    assert heading_of(response) == "This invitation was withdrawn"
    assert not User.objects.get(username="pinecrest").has_usable_password()


@pytest.mark.parametrize("token", ["rubbish", "a:b:c", "MQ:1:1", "x" * 1000, "%00", "%F0%9F%98%80"])
def test_a_link_that_we_did_not_make_answers_404(db, token):
    browser = Client()
    browser.get(f"/invitation/{token}/")

    assert (browser.get(ACCEPT).status_code, browser.post(ACCEPT, {"password": GOOD}).status_code) == (404, 404)


def test_without_a_link_there_is_no_such_page(db):
    assert Client().get(ACCEPT).status_code == 404


def test_looking_at_the_link_uses_nothing_up(link):
    """Mail programs open links to look at them."""
    for _ in range(3):
        Client().head(link)
        Client().get(link, follow=True)

    assert heading_of(opened(link).get(ACCEPT)) == "Choose a password"


def test_the_form_has_one_field_and_one_button(link):
    response = opened(link).get(ACCEPT)

    assert [controls_of(response).count(name) for name in (("field", "Password"), ("button", "Choose password"))] == [1, 1]
    assert submit_buttons_of(response) == [["Choose password"]]


@pytest.mark.parametrize("text", ["a\u2028b" * 10, "漢" * 12, "x" * 20_000], ids=["line ends", "no Latin letters", "very long"])
def test_any_long_text_is_a_password(link, text):
    """rules.md §4: no input gives a 500."""
    press(opened(link), ACCEPT, {"password": text})

    assert may_sign_in("pinecrest", text)


# ── A new link for one whose time is over ──


@pytest.fixture
def expired(link, settings):
    """A browser in which a link was opened whose time is over."""
    browser = opened(link)
    settings.INVITATION_TIMEOUT = -1
    return browser


def test_a_new_link_goes_to_the_address_of_the_first_invitation_and_works(pinecrest, link, expired, settings):
    """The page that asks has proven to hold the old link; it learns no address."""
    Account.objects.filter(pk=pinecrest.pk).update(email="new@pinecrest.example.com")

    response = expired.post("/invitation/renew/", form_of(expired, ACCEPT))

    assert (response.status_code, heading_of(response)) == (200, "A new link is on its way")
    assert "@" not in text_of(response)
    new_link = mailed_link()
    assert (mail.outbox[-1].to, new_link != link) == (["office@pinecrest.example.com"], True)
    settings.INVITATION_TIMEOUT = 60
    press(opened(new_link), ACCEPT, {"password": GOOD})
    assert may_sign_in("pinecrest", GOOD)


def test_the_page_of_an_expired_link_has_one_button(expired):
    assert submit_buttons_of(expired.get(ACCEPT)) == [["Send a new link"]]


def test_asked_for_in_two_browsers_one_new_link_is_mailed(link):
    browsers = [opened(link), opened(link)]
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        for browser in browsers:
            browser.post("/invitation/renew/", form_of(browser, ACCEPT))

    assert invitations().count() == 2


def test_a_link_that_is_still_good_is_not_renewed(link):
    assert opened(link).post("/invitation/renew/").status_code == 404
    assert Invitation.objects.count() == 1


def test_a_new_link_is_not_sent_once_the_password_was_chosen(link, expired):
    """A1: in another browser, between looking at the page and pressing."""
    form = form_of(expired, ACCEPT)
    accept_invitation(invitation=Invitation.objects.get(), password=GOOD)

    response = expired.post("/invitation/renew/", form, follow=True)

    assert heading_of(response) == "This link was used already"
    assert invitations().count() == 1


def test_whoever_has_no_link_renews_none(link):
    assert Client().post("/invitation/renew/").status_code == 404
    assert Invitation.objects.count() == 1


# ── Sent again by the reseller ──


PAGE = "/endusers/pinecrest/"
AGAIN = "/endusers/pinecrest/invite-again/"


def invitations():
    return Notice.objects.filter(kind="accounts/emails/invitation").order_by("pk")


def test_the_reseller_sends_the_invitation_again_to_the_address_of_today(northgate, pinecrest, signed_in):
    Account.objects.filter(pk=pinecrest.pk).update(email="new@pinecrest.example.com")
    browser = signed_in(northgate)

    response = browser.post(AGAIN, form_of(browser, PAGE, to=AGAIN))

    assert (response.status_code, response.url) == (302, PAGE)
    assert [notice.address for notice in invitations()] == ["office@pinecrest.example.com", "new@pinecrest.example.com"]
    assert notes_of(browser.get(PAGE)) == ["A new invitation goes to new@pinecrest.example.com."]


def test_pressed_twice_it_is_sent_once(northgate, pinecrest, signed_in):
    """B5."""
    browser = signed_in(northgate)
    form = form_of(browser, PAGE, to=AGAIN)

    for _ in range(2):
        browser.post(AGAIN, form)

    assert invitations().count() == 2


def test_the_first_link_stays_good(northgate, link, signed_in):
    browser = signed_in(northgate)
    browser.post(AGAIN, form_of(browser, PAGE, to=AGAIN))

    press(opened(link), ACCEPT, {"password": GOOD})

    assert may_sign_in("pinecrest", GOOD)


def test_whoever_has_accepted_is_not_invited_again(northgate, link, signed_in):
    browser = signed_in(northgate)
    form = form_of(browser, PAGE, to=AGAIN)
    press(opened(link), ACCEPT, {"password": GOOD})

    response = browser.post(AGAIN, form, follow=True)

    assert notes_of(response) == ["pinecrest has accepted the invitation already. Nothing was sent."]
    assert (invitations().count(), ("button", "Send invitation again") in controls_of(response)) == (1, False)


def test_a_closed_enduser_is_not_invited_again(northgate, pinecrest, signed_in):
    browser = signed_in(northgate)
    form = form_of(browser, PAGE, to=AGAIN)
    Account.objects.filter(pk=pinecrest.pk).update(closed_at=timezone.now())

    browser.post(AGAIN, form)

    assert invitations().count() == 1


def test_without_a_good_key_nothing_is_sent_and_the_page_says_so(northgate, pinecrest, signed_in):
    response = signed_in(northgate).post(AGAIN, {"key": "rubbish"}, follow=True)

    assert notes_of(response) == [OUT_OF_DATE]
    assert invitations().count() == 1


def test_a_key_that_invited_one_enduser_does_not_invite_another(northgate, pinecrest, user, signed_in):
    """B5: refused in words."""
    create_enduser(reseller=northgate, created_by=user(northgate), username="oakhill", company="Oak", email="o@example.com", key=fresh_key())
    browser = signed_in(northgate)
    form = form_of(browser, PAGE, to=AGAIN)
    browser.post(AGAIN, form)

    response = browser.post("/endusers/oakhill/invite-again/", form, follow=True)

    assert notes_of(response) == [
        "A new invitation goes to office@pinecrest.example.com.",
        ALREADY_USED,
    ]


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_administrators_alone_send_it_again(northgate, pinecrest, signed_in, role):
    """A1: it leads to a sign-in."""
    browser = signed_in(northgate, role)

    assert ("button", "Send invitation again") not in controls_of(browser.get(PAGE))
    assert browser.post(AGAIN, {"key": "x"}).status_code == 403


def test_another_reseller_invites_nobody_of_ours(pinecrest, tideway, user, signed_in):
    """A9."""
    key = Binding(user(tideway).pk, "tideway", "invite_again").new_key()

    assert signed_in(tideway).post(AGAIN, {"key": key}).status_code == 404
    assert invitations().count() == 1
