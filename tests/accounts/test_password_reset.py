"""Choosing a new password over a link by e-mail: to proven addresses alone (A1), the same words for everybody (A8), for an hour and once."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from post_office.models import Email

from accounts import selectors
from accounts.models import Account, Invitation, User
from accounts.services import accept_invitation, create_enduser
from accounts.team.services import change_any_user
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import PASSWORD, LinkFactory, UserFactory
from tests.views import controls_of, errors_of, heading_of, press, submit_buttons_of

RESET = "/password/reset/"
CHOSEN = "a few words in a row"


def ask(text):
    """Ask for a link with a username or an address."""
    return press(Client(), RESET, {"email": text})


def told():
    return sorted((notice.account, notice.address) for notice in Notice.objects.filter(kind="accounts/emails/password_reset"))


def mailed_link():
    deliver_due()
    return re.search(r"http://testserver(/password/reset/key/\S+/)", mail.outbox[-1].body)[1]


def choose(link, password=CHOSEN):
    """Open the link as a browser does and send a password; return the browser and what it was answered."""
    browser = Client()
    return browser, press(browser, browser.get(link).url, {"password1": password})


def may_sign_in(password):
    return Client().login(username="northgate", password=password)


# ── Asking ──


@pytest.mark.parametrize("text", ["northgate", " NorthGate ", "northgate@people.example.com", "NORTHGATE@people.example.com"])
def test_a_link_goes_to_the_users_proven_address(northgate, text):
    """A1: whatever the person remembers, username or address; not to the account's address, which several people may read."""
    ask(text)

    assert told() == [("northgate", "northgate@people.example.com")]


@pytest.mark.parametrize("text", ["nobody", "nobody@example.com", "northgate@example.com", "a@b", "x" * 254, "%", "<b>"])
def test_an_unknown_name_is_answered_like_a_known_one(northgate, text):
    """A8: the answer never tells whether either exists; an account's address for notices is nobody's proven one (rules.md §1)."""
    known, unknown = ask("northgate"), ask(text)

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url) == (302, "/password/reset/done/")
    assert heading_of(Client().get(unknown.url)) == "Check your email"
    assert told() == [("northgate", "northgate@people.example.com")]


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


def deactivate_the_user():
    User.objects.filter(username="northgate").update(is_active=False)


def close_the_account():
    Account.objects.filter(username="northgate").update(closed_at=timezone.now())


@pytest.mark.parametrize("end", [deactivate_the_user, close_the_account])
def test_nobody_who_cannot_sign_in_gets_a_link(northgate, end):
    """A1."""
    end()

    ask("northgate")

    assert told() == []


def test_too_many_requests_are_answered_with_429(northgate):
    """contract.md: too many tries 429; else a mailbox could be flooded."""
    statuses = [ask("northgate").status_code for _ in range(8)]

    assert statuses == [302] * 5 + [429] * 3
    assert len(told()) == 5


# ── The page that asks ──


def test_the_page_has_one_field_and_one_button(db):
    response = Client().get(RESET)

    assert [controls_of(response).count(name) for name in (("field", "Username or email"), ("button", "Send the link"))] == [1, 1]
    assert submit_buttons_of(response) == [["Send the link"]]


REFUSED = {
    "nothing": ("", ["Enter a username or an email address"]),
    "a NUL": ("a\0b", ["Use plain text on one line", "Null characters are not allowed."]),
    "two lines": ("two\nlines", ["Use plain text on one line"]),
    "a Unicode line end": ("a\u2028b", ["Use plain text on one line"]),
    "too long": ("x" * 255, ["Ensure this value has at most 254 characters (it has 255)."]),
}


@pytest.mark.parametrize(("text", "errors"), REFUSED.values(), ids=REFUSED)
def test_what_can_be_no_name_is_refused_at_the_field(db, text, errors):
    """B6, rules.md §4."""
    assert errors_of(ask(text)) == {"email": errors}


# ── The mail ──


def test_the_link_is_stored_nowhere(northgate):
    """A1: who reads the database or a backup cannot choose a password."""
    ask("northgate")
    token = mailed_link().split("/key/")[1].strip("/")

    stored = [str(row) for model in (Email, Notice) for row in model.objects.values()]
    assert [row for row in stored if token in row or token.split("-", 1)[1] in row] == []
    assert Email.objects.get().message == Email.objects.get().html_message == ""


def test_the_link_leads_to_the_portal_whatever_host_the_request_named(northgate, settings):
    """A8: a mail that we send never leads elsewhere."""
    settings.ALLOWED_HOSTS = ["evil.example", "testserver"]

    Client(headers={"host": "evil.example"}).post(RESET, {"email": "northgate"})
    deliver_due()

    assert "http://testserver/password/reset/key/" in mail.outbox[-1].body
    assert "evil.example" not in mail.outbox[-1].body + mail.outbox[-1].alternatives[0].content


# ── Choosing ──


def test_the_link_leads_to_choosing_a_password_without_the_token_in_the_address(northgate):
    """A1: it then stands in no history and no referrer."""
    ask("northgate")

    response = Client().get(mailed_link())

    assert response.status_code == 302
    assert re.fullmatch(r"/password/reset/key/\w+-set-password/", response.url)


def test_choosing_a_password_signs_in_and_the_old_one_is_worth_nothing(northgate):
    """A1."""
    ask("northgate")

    browser, response = choose(mailed_link())

    assert (response.status_code, heading_of(browser.get("/"))) == (302, "My Licenses")
    assert (may_sign_in(PASSWORD), may_sign_in(CHOSEN)) == (False, True)


def test_a_used_link_offers_a_new_one(northgate):
    """A1: it is good once."""
    ask("northgate")
    link = mailed_link()
    choose(link)

    response = Client().get(link, follow=True)

    assert heading_of(response) == "This link has expired"
    assert controls_of(response).count(("link", "Send a new link")) == 1


def test_two_mails_one_password(northgate):
    """A1: choosing with either makes both links worthless."""
    ask("northgate")
    first = mailed_link()
    ask("northgate")

    choose(mailed_link())

    assert heading_of(Client().get(first, follow=True)) == "This link has expired"


@pytest.mark.parametrize(("after", "heading"), [(timedelta(minutes=59), "Choose a new password"), (timedelta(minutes=61), "This link has expired")])
def test_a_link_is_good_for_one_hour_from_when_it_was_sent(northgate, after, heading):
    """A1: the mail says so."""
    ask("northgate")
    link = mailed_link()

    with time_machine.travel(timezone.now() + after, tick=False):
        assert heading_of(Client().get(link, follow=True)) == heading


WEAK = {
    "nothing": ("", ["Choose a password"]),
    "too short": ("short horse", ["This password is too short. It must contain at least 12 characters."]),
    "too common": ("password1234", ["This password is too common."]),
    "digits alone": ("739154826015", ["This password is entirely numeric."]),
    "the username": ("my northgate horse", ["Choose a password without “northgate” in it"]),
}


@pytest.mark.parametrize(("password", "errors"), WEAK.values(), ids=WEAK)
def test_a_weak_password_is_refused_at_the_field_and_the_link_stays_good(northgate, user, password, errors):
    """B6."""
    ask("northgate")
    link = mailed_link()

    _, response = choose(link, password)

    assert errors_of(response) == {"password1": errors}
    assert user(northgate).check_password(PASSWORD)
    choose(link)
    assert may_sign_in(CHOSEN)


@pytest.mark.parametrize("key", ["1-x", "zzzzzzzzzzzzzz-abc-def", "0-set-password", "1-%00", "1-" + "x" * 1000])
def test_a_link_that_we_did_not_make_is_said_to_have_expired(db, key):
    """A9: like one that was good once."""
    response = Client().get(f"/password/reset/key/{key}/", follow=True)

    assert (response.status_code, heading_of(response)) == (200, "This link has expired")


@pytest.mark.parametrize("end", [deactivate_the_user, close_the_account])
def test_a_link_does_not_let_in_whoever_may_not_sign_in_any_more(northgate, end):
    """A8: the mail went out before."""
    ask("northgate")
    link = mailed_link()
    end()

    browser, _ = choose(link)

    assert browser.get("/").url == "/sign-in/?next=/"


def test_a_link_from_before_a_deactivation_does_not_come_back_with_the_user(northgate, staff):
    """A6: not within its hour either."""
    ask("northgate")
    link, person = mailed_link(), User.objects.get(username="northgate")
    UserFactory(account=northgate, username="jo")
    for is_active in (False, True):
        change_any_user(user=person, role="administrator", is_active=is_active, changed_by=staff)

    assert heading_of(Client().get(link, follow=True)) == "This link has expired"
    ask("northgate")
    choose(mailed_link())
    assert may_sign_in(CHOSEN)


@pytest.mark.parametrize("changes", [{"email": "new@example.com"}, {"last_login": timezone.now()}, {"revocations": 1}])
def test_a_link_is_void_once_its_user_is_another(northgate, changes):
    """A1, A6: another address, a sign-in, a deactivation or a demotion."""
    ask("northgate")
    link = mailed_link()

    User.objects.filter(username="northgate").update(**changes)

    assert heading_of(Client().get(link, follow=True)) == "This link has expired"


def test_a_new_password_ends_every_other_session(northgate, signed_in):
    """A6, A8: whoever had stolen the old password, or a session, is out."""
    other = signed_in(northgate)
    ask("northgate")

    choose(mailed_link())

    assert other.get("/").url == "/sign-in/?next=/"


def test_a_new_password_makes_a_link_ask_for_the_credentials_again(northgate, west):
    """A6."""
    link = LinkFactory(holder=west, target=northgate)
    ask("northgate")

    choose(mailed_link())

    link.refresh_from_db()
    assert link.is_proven is False


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
