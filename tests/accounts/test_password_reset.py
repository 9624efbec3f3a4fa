"""Choosing a new password over a link by e-mail: to proven addresses alone (A1), the same words for everybody (A8), once."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.test import Client
from post_office.models import Email

from accounts import selectors
from accounts.models import Account, Invitation, Link, User
from accounts.services import accept_invitation, create_enduser
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import PASSWORD, LinkFactory, UserFactory

CHOSEN = "a few words in a row"


def ask(text, browser=None):
    """Ask for a link with a username or an address."""
    return (browser or Client()).post("/password/reset/", {"email": text})


def link_in_the_mail():
    notices.deliver_due()
    return "/password/reset/key/" + mail.outbox[-1].body.split("/password/reset/key/")[1].split()[0]


def choose(link, password):
    """Open the link as a browser does and send a password; return the browser and what it was answered."""
    browser = Client()
    page = browser.get(link, follow=True)
    return browser, browser.post(page.request["PATH_INFO"], {"password1": password})


def told():
    return sorted((notice.account, notice.address) for notice in Notice.objects.filter(kind="accounts/emails/password_reset"))


# ── Asking ──


@pytest.mark.parametrize("text", ["northgate", " NorthGate ", "northgate@people.example.com", "NORTHGATE@people.example.com"])
def test_a_link_goes_to_the_users_proven_address(northgate, tideway, text):
    """A1: whatever the person remembers, username or address."""
    ask(text)

    assert told() == [("northgate", "northgate@people.example.com")]


def test_the_account_s_address_for_notices_resets_nothing(northgate):
    """rules.md §1: several accounts may share it; it is nobody's proven address."""
    ask(northgate.email)

    assert told() == []


@pytest.mark.parametrize("text", ["nobody", "nobody@example.com", "a@b", "x" * 254])
def test_an_unknown_name_is_answered_like_a_known_one(northgate, text):
    """A8: the answer never tells whether either exists."""
    known, unknown = ask("northgate"), ask(text)

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url) == (302, "/password/reset/done/")
    assert told() == [("northgate", "northgate@people.example.com")]


@pytest.mark.parametrize("text", ["", "x" * 255, "a\0b", "two\nlines", "\ud800"])
def test_what_can_be_no_name_is_refused_at_the_field(northgate, text):
    """B6, rules.md §4: no input gives a 500."""
    browser = Client(raise_request_exception=False)

    answer = browser.post("/password/reset/", {"email": text.encode("utf-8", "replace")})

    assert answer.status_code < 500
    assert told() == []


def test_who_was_only_invited_gets_no_link(northgate, user):
    """A1: an address that nobody has accepted an invitation at is proven by nothing."""
    create_enduser(reseller=northgate, created_by=user(northgate), username="pinecrest", company="P", email="p@example.com", key=fresh_key())

    ask("pinecrest")
    ask("p@example.com")

    assert told() == []


def test_who_accepted_an_invitation_is_found_by_its_address(northgate, user):
    """A1: accepting proves the address, though another user has it as theirs."""
    UserFactory(account=northgate, username="first-come", email="office@example.com")
    create_enduser(reseller=northgate, created_by=user(northgate), username="pinecrest", company="P", email="office@example.com", key=fresh_key())
    accept_invitation(invitation=Invitation.objects.get(), password=CHOSEN)

    ask("Office@example.com")

    assert told() == [("first-come", "office@example.com"), ("pinecrest", "office@example.com")]


@pytest.mark.parametrize("what", ["deactivated", "closed"])
def test_nobody_who_cannot_sign_in_gets_a_link(northgate, what):
    """A1."""
    if what == "deactivated":
        User.objects.filter(account=northgate).update(is_active=False)
    else:
        Account.objects.filter(pk=northgate.pk).update(closed_at=northgate.created_at)

    ask("northgate")

    assert told() == []


# ── The mail ──


def test_the_link_is_stored_nowhere(northgate):
    """A1: who reads the database or a backup cannot choose a password."""
    ask("northgate")
    link = link_in_the_mail()

    token = link.split("/key/")[1].strip("/")
    stored = [str(row) for model in (Email, Notice) for row in model.objects.values()]
    assert [row for row in stored if token in row or token.split("-", 1)[1] in row] == []
    assert Email.objects.get().message == Email.objects.get().html_message == ""


def test_the_link_leads_to_the_portal_whatever_host_the_request_named(northgate, settings):
    """A8: a mail that we send never leads elsewhere."""
    settings.ALLOWED_HOSTS = ["evil.example", "testserver"]

    Client(headers={"host": "evil.example"}).post("/password/reset/", {"email": "northgate"})
    notices.deliver_due()

    assert "http://testserver/password/reset/key/" in mail.outbox[-1].body
    assert "evil.example" not in mail.outbox[-1].body + mail.outbox[-1].alternatives[0].content


# ── Choosing ──


def test_the_link_in_the_delivered_mail_chooses_a_password_once(northgate, user):
    """A1: once, and the old password is worth nothing."""
    ask("northgate")
    link = link_in_the_mail()

    browser, answer = choose(link, CHOSEN)
    _, again = choose(link, "another password than that")

    assert (answer.status_code, browser.session["_auth_user_id"]) == (302, str(user(northgate).pk))
    assert [user(northgate).check_password(password) for password in (CHOSEN, PASSWORD, "another password than that")] == [True, False, False]
    assert again.status_code != 302


def test_a_link_is_good_for_an_hour_from_when_it_was_sent(northgate, user):
    """docs: the mail says so."""
    ask("northgate")
    link = link_in_the_mail()

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        choose(link, CHOSEN)

    assert user(northgate).check_password(PASSWORD)


@pytest.mark.parametrize("password", ["short", "northgate-123", "elevenchars", "123456789012", ""])
def test_a_weak_password_is_refused_and_the_link_stays_good(northgate, user, password):
    """B6: a refused form changes nothing."""
    ask("northgate")
    link = link_in_the_mail()

    _, refused = choose(link, password)
    after_the_refusal = user(northgate).check_password(PASSWORD)
    choose(link, CHOSEN)

    assert (refused.status_code, after_the_refusal, user(northgate).check_password(CHOSEN)) == (200, True, True)


def test_two_mails_one_password(northgate, user):
    """A1: choosing with either makes both links worthless."""
    ask("northgate")
    first = link_in_the_mail()
    ask("northgate")
    second = link_in_the_mail()

    choose(second, CHOSEN)
    choose(first, "another password than that")

    assert user(northgate).check_password(CHOSEN)


def test_a_new_password_ends_every_other_session(northgate, signed_in):
    """A6, A8: whoever had stolen the old password, or a session, is out."""
    other = signed_in(northgate)
    ask("northgate")

    choose(link_in_the_mail(), CHOSEN)

    assert (other.get("/").status_code, other.get("/").wsgi_request.user) == (302, AnonymousUser())


def test_a_new_password_makes_a_link_ask_for_the_credentials_again(northgate, west):
    """A6."""
    LinkFactory(holder=west, target=northgate)
    ask("northgate")

    choose(link_in_the_mail(), CHOSEN)

    assert Link.objects.get().is_proven is False


# ── Whose address is proven ──


def test_the_users_own_address_comes_before_one_that_an_invitation_proved(northgate, user):
    """A1: a user who moved to a new address is reached there."""
    person = user(northgate)
    Invitation.objects.create(user=person, email="old@example.com", invited_by=person, accepted_at=person.created_at)

    assert selectors.proven_address_of(person) == "northgate@people.example.com"
    assert selectors.users_for_reset("old@example.com") == [person]


def test_without_an_address_of_their_own_the_last_accepted_invitation_counts(northgate, user):
    """A1."""
    person = user(northgate)
    person.email = None
    for day, address in enumerate(["first@example.com", "last@example.com"]):
        Invitation.objects.create(user=person, email=address, invited_by=person, accepted_at=person.created_at + timedelta(days=day))
    Invitation.objects.create(user=person, email="open@example.com", invited_by=person)

    assert selectors.proven_address_of(person) == "last@example.com"
