"""Resetting a password: the answer tells nobody who exists, and the link is good for one hour, once."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Account, User
from accounts.services import accept_invitation, create_enduser
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import PASSWORD, LinkFactory
from tests.views import controls_of, errors_of, heading_of, press, submit_buttons_of, text_of

RESET = "/password/reset/"
GOOD = "another horse battery"


def ask(text):
    return press(Client(), RESET, {"email": text})


def told():
    return [(notice.account, notice.address) for notice in Notice.objects.filter(kind="accounts/emails/password_reset").order_by("pk")]


def mailed_link():
    deliver_due()
    return re.search(r"http://testserver(/password/reset/key/\S+/)", mail.outbox[-1].body).group(1)


def choose(link, password=GOOD):
    """Open the link of the mail and choose a password."""
    browser = Client()
    address = browser.get(link).url
    return browser, press(browser, address, {"password1": password})


def may_sign_in(password):
    return Client().login(username="northgate", password=password)


# ── Asking ──


@pytest.mark.parametrize("text", ["northgate", " NorthGate ", "northgate@people.example.com", "NORTHGATE@people.example.com"])
def test_by_username_or_own_address_a_link_goes_to_the_user_s_own_address(northgate, text):
    """Not to the account's notice address, which several people may read."""
    response = ask(text)

    assert (response.status_code, response.url, told()) == (302, "/password/reset/done/", [("northgate", "northgate@people.example.com")])


@pytest.mark.parametrize("text", ["nobody", "nobody@example.com", "northgate@example.com"])
def test_for_whoever_does_not_exist_the_answer_is_the_same_and_no_mail_goes_out(northgate, text):
    """A8, A9: "If there’s a user for that …"."""
    response = ask(text)

    assert (response.status_code, response.url, told()) == (302, "/password/reset/done/", [])
    assert heading_of(Client().get(response.url)) == "Check your email"


def test_whoever_was_only_invited_gets_no_link(northgate, user):
    """Their address is not proven: the invitation is the way in."""
    create_enduser(
        reseller=northgate, created_by=user(northgate), username="pinecrest", company="P", email="office@pinecrest.example.com", key=fresh_key()
    )

    for text in ("pinecrest", "office@pinecrest.example.com"):
        ask(text)

    assert told() == []


def test_an_accepted_invitation_has_proven_its_address(northgate, user):
    """A1."""
    enduser = create_enduser(
        reseller=northgate, created_by=user(northgate), username="pinecrest", company="P", email="office@pinecrest.example.com", key=fresh_key()
    )
    accept_invitation(invitation=enduser.users.get().invitations.get(), password=GOOD)

    ask("pinecrest")

    assert told() == [("pinecrest", "office@pinecrest.example.com")]


@pytest.mark.parametrize("change", ["deactivated", "closed"])
def test_whoever_may_not_sign_in_gets_no_link(northgate, change):
    if change == "closed":
        Account.objects.filter(pk=northgate.pk).update(closed_at=timezone.now())
    else:
        User.objects.filter(username="northgate").update(is_active=False)

    ask("northgate")

    assert told() == []


def test_the_mail_s_link_is_kept_nowhere(northgate):
    """A link meant for one person is written when the mail is sent, and not stored."""
    ask("northgate")
    link = mailed_link()

    email = Notice.objects.get(kind="accounts/emails/password_reset").email
    assert link not in email.message + email.html_message


# ── Choosing ──


def test_the_link_leads_to_choosing_a_password_without_the_token_in_the_address(northgate):
    ask("northgate")

    response = Client().get(mailed_link())

    assert response.status_code == 302
    assert re.fullmatch(r"/password/reset/key/\w+-set-password/", response.url)


def test_choosing_a_password_changes_it_and_signs_in(northgate):
    ask("northgate")

    browser, response = choose(mailed_link())

    assert response.status_code == 302
    assert heading_of(browser.get("/")) == "My Licenses"
    assert (may_sign_in(PASSWORD), may_sign_in(GOOD)) == (False, True)


def test_other_sessions_are_signed_out(northgate, signed_in):
    other = signed_in(northgate)
    ask("northgate")

    choose(mailed_link())

    assert other.get("/").url == "/sign-in/?next=/"


def test_links_that_were_made_with_the_old_password_ask_for_the_new_one(northgate, tideway):
    """A6."""
    link = LinkFactory(holder=tideway, target=northgate)
    ask("northgate")

    choose(mailed_link())

    link.refresh_from_db()
    assert not link.is_proven


def test_a_link_is_good_once(northgate):
    ask("northgate")
    link = mailed_link()
    choose(link)

    response = Client().get(link, follow=True)

    assert heading_of(response) == "This link has expired"
    assert (may_sign_in(GOOD), controls_of(response).count(("link", "Send a new link"))) == (True, 1)


@pytest.mark.parametrize(("after", "heading"), [(timedelta(minutes=59), "Choose a new password"), (timedelta(minutes=61), "This link has expired")])
def test_a_link_is_good_for_one_hour(northgate, after, heading):
    ask("northgate")
    link = mailed_link()

    with time_machine.travel(timezone.now() + after, tick=False):
        assert heading_of(Client().get(link, follow=True)) == heading


@pytest.mark.parametrize(
    ("password", "errors"),
    [
        ("", ["Choose a password"]),
        ("short horse", ["This password is too short. It must contain at least 12 characters."]),
        ("password1234", ["This password is too common."]),
    ],
)
def test_a_weak_password_is_refused_at_the_field(northgate, password, errors):
    ask("northgate")

    _, response = choose(mailed_link(), password)

    assert (response.status_code, errors_of(response)) == (200, {"password1": errors})
    assert may_sign_in(PASSWORD)


@pytest.mark.parametrize("key", ["1-x", "zzzzzzzzzzzzzz-abc-def", "0-set-password", "1-%00", "1-" + "x" * 1000])
def test_a_link_that_we_did_not_make_is_said_to_have_expired(db, key):
    response = Client().get(f"/password/reset/key/{key}/", follow=True)

    assert (response.status_code, heading_of(response)) == (200, "This link has expired")


def test_a_password_reset_does_not_let_in_whoever_was_deactivated_meanwhile(northgate):
    ask("northgate")
    link = mailed_link()
    User.objects.filter(username="northgate").update(is_active=False)

    browser = Client()
    response = browser.get(link, follow=True)
    if response.status_code == 200 and "Choose a new password" in text_of(response):
        browser.post(response.request["PATH_INFO"], {"password1": GOOD})

    assert browser.get("/").url == "/sign-in/?next=/"


def test_a_password_reset_does_not_let_in_whose_account_was_closed_meanwhile(northgate):
    ask("northgate")
    link = mailed_link()
    Account.objects.filter(pk=northgate.pk).update(closed_at=timezone.now())

    browser, _ = choose(link)

    assert browser.get("/").url == "/sign-in/?next=/"


# ── The page ──


def test_the_page_has_one_field_and_one_button(db):
    response = Client().get(RESET)

    assert [controls_of(response).count(name) for name in (("field", "Username or email"), ("button", "Send the link"))] == [1, 1]
    assert submit_buttons_of(response) == [["Send the link"]]


def test_a_blank_field_is_refused_at_the_field(db):
    assert errors_of(ask("")) == {"email": ["Enter a username or an email address"]}


@pytest.mark.parametrize("text", ["\0", "a\0b", "x" * 100_000, "a\u2028b", "%", "<script>alert(1)</script>"], ids=lambda text: ascii(text[:9]))
def test_rubbish_in_the_field_breaks_nothing(db, text):
    """rules.md §4."""
    response = ask(text)

    assert response.status_code in {200, 302}
    assert (b"<script>alert" in response.content, told()) == (False, [])


def test_too_many_requests_are_answered_with_429(northgate):
    """contract.md: too many tries 429; else a mailbox could be flooded."""
    statuses = [ask("northgate").status_code for _ in range(8)]

    assert statuses[-1] == 429
    assert len(told()) <= 5
