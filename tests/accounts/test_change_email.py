"""Another e-mail address of one's own: it counts once the link that went there is opened by the same person, in time, once (rules.md §1)."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from post_office.models import Email

from accounts.models import SecurityEvent, User
from accounts.profile.services import LinkNotGood, ask_for_email, confirm_email
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from tests.factories.accounts import PASSWORD, LinkFactory, UserFactory
from tests.views import errors_of, heading_of, notes_of, press, text_of

CHANGE, CONFIRM = "/settings/profile/email/", "/settings/profile/email/confirm/"
OLD, NEW = "northgate@people.example.com", "dana@example.com"
OVER = "This link is not good any more"


@pytest.fixture
def person(northgate, user):
    return user(northgate)


@pytest.fixture
def visitor(person):
    visitor = Client(REMOTE_ADDR="203.0.113.7")
    visitor.force_login(person)
    return visitor


def ask(visitor, email=NEW, password=PASSWORD):
    return press(visitor, CHANGE, {"email": email, "password": password})


def link():
    """The link of the last letter that went out."""
    deliver_due()
    return re.search(r"http://testserver(/settings/profile/email/confirm/\S+/)", mail.outbox[-1].body)[1]


def address():
    return User.objects.get(username="northgate").email


def told(kind="accounts/emails/sign_in_changed"):
    return [(notice.email.subject, notice.address) for notice in Notice.objects.filter(kind=kind)]


def open_link(visitor, there):
    return visitor.get(visitor.get(there).url)


# ── From asking to the end ──


def test_an_address_changes_once_its_link_was_opened_and_the_old_one_is_told(visitor):
    response = ask(visitor)
    assert notes_of(visitor.get(response.url)) == [f"A link is on its way to {NEW}. Open it within 24 hours."]
    there = link()
    assert (address(), mail.outbox[-1].to, told()) == (OLD, [NEW], [])

    page = open_link(visitor, there)
    assert (heading_of(page), address()) == ("Confirm your email address", OLD)  # looking changes nothing
    response = press(visitor, CONFIRM)

    assert notes_of(visitor.get(response.url)) == [f"Your email address is {NEW} now."]
    assert (address(), told()) == (NEW, [("Your email address was changed", OLD)])


def test_the_page_says_what_waits_to_be_confirmed(visitor):
    ask(visitor)

    assert f"{NEW} takes its place once the link that went there is opened." in text_of(visitor.get("/settings/profile/"))


def test_whoever_opens_it_elsewhere_is_asked_to_sign_in_first(visitor):
    ask(visitor)
    elsewhere = Client()
    there = elsewhere.get(link()).url

    assert elsewhere.get(there).url == f"/sign-in/?next={CONFIRM}"
    response = press(elsewhere, f"/sign-in/?next={CONFIRM}", {"login": "northgate", "password": PASSWORD})
    press(elsewhere, response.url)

    assert address() == NEW


def test_the_link_is_stored_nowhere_and_leaves_the_address_at_once(visitor):
    ask(visitor)
    token = link().rstrip("/").rpartition("/")[2]

    assert Email.objects.filter(message__contains=token).exists() is False
    assert [email.message for email in Email.objects.all()] == [""]
    assert visitor.get(f"{CONFIRM}{token}/").url == CONFIRM


def test_both_steps_stand_in_the_security_log(visitor):
    """A8."""
    ask(visitor)
    open_link(visitor, link())
    press(visitor, CONFIRM)

    events = SecurityEvent.objects.filter(kind__in=["email_asked", "email_changed"]).order_by("pk")
    assert [(event.kind, event.user.username, event.about) for event in events] == [
        ("email_asked", "northgate", ""),
        ("email_changed", "northgate", f"{OLD} → {NEW}"),
    ]


# ── What is refused ──


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"password": "wrong horse battery"}, {"password": ["This is not your password"]}),
        ({"email": ""}, {"email": ["Enter an email address"]}),
        ({"email": "dana"}, {"email": ["Enter an email address like name@example.com"]}),
        ({"email": "Northgate@people.example.com"}, {"email": ["Northgate@people.example.com is your address already"]}),
        ({"email": "OTHER@example.com"}, {"email": ["OTHER@example.com belongs to another user. Each user needs an address of their own."]}),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_sent(visitor, tideway, typed, errors):
    UserFactory(account=tideway, username="other", email="other@example.com")

    assert errors_of(ask(visitor, **typed)) == errors
    assert Notice.objects.count() == 0


def test_wrong_passwords_count_with_those_of_the_sign_in(visitor):
    """A8."""
    assert [ask(visitor, password="wrong horse battery").status_code for _ in range(6)] == [200] * 5 + [429]


def test_it_is_asked_for_ten_times_a_day_at_most(visitor):
    """Mails to addresses that nobody has proven are not for free."""
    answers = [errors_of(ask(visitor, email=f"new-{number}@example.com")) for number in range(11)]
    Notice.objects.update(queued_at=timezone.now() - timedelta(days=1, minutes=1))
    later = errors_of(ask(visitor, email="later@example.com"))

    assert answers == [{}] * 10 + [{"email": ["10 links were sent within a day. Try again tomorrow."]}]
    assert later == {}


def test_pressed_twice_it_sends_one_link(visitor):
    ask(visitor)
    ask(visitor)

    assert len(told("accounts/emails/confirm_email")) == 1


@pytest.mark.parametrize("passed", [timedelta(hours=23), timedelta(hours=25)])
def test_a_link_is_good_for_24_hours(person, passed):
    visitor = Client()
    visitor.force_login(person)
    ask(visitor)
    there = link()

    with time_machine.travel(timezone.now() + passed):
        late = Client()
        late.force_login(person)
        page = open_link(late, there)

    assert (heading_of(page) == OVER) is (passed > timedelta(hours=24))


def test_a_link_is_good_once(visitor):
    ask(visitor)
    there = link()
    open_link(visitor, there)
    press(visitor, CONFIRM)
    User.objects.filter(username="northgate").update(email=OLD)

    assert heading_of(open_link(visitor, there)) == OVER
    assert visitor.post(CONFIRM).status_code == 200
    assert address() == OLD


def test_of_several_links_the_last_counts(visitor):
    ask(visitor, email="first@example.com")
    first = link()
    ask(visitor, email="second@example.com")

    assert heading_of(open_link(visitor, first)) == OVER
    open_link(visitor, link())
    press(visitor, CONFIRM)
    assert address() == "second@example.com"


def test_whoever_reads_a_mistyped_address_gets_nothing_by_the_link(visitor, tideway, signed_in):
    """Else a slip would hand the sign-in over: a new password goes to the proven address."""
    ask(visitor, email="stranger@example.com")
    there, stranger = link(), signed_in(tideway)

    assert heading_of(open_link(stranger, there)) == OVER
    assert stranger.post(CONFIRM).status_code == 200
    assert [user.email for user in User.objects.filter(username__in=["northgate", "tideway"]).order_by("username")] == [
        OLD,
        "tideway@people.example.com",
    ]


def test_an_address_that_somebody_else_took_meanwhile_stays_theirs(visitor, tideway):
    ask(visitor)
    open_link(visitor, link())
    UserFactory(account=tideway, username="other", email=NEW)

    response = press(visitor, CONFIRM)

    assert notes_of(response) == [f"{NEW} belongs to another user by now. Each user needs an address of their own."]
    assert (address(), told()) == (OLD, [])


def test_a_made_up_link_leads_nowhere(visitor):
    assert heading_of(open_link(visitor, f"{CONFIRM}made:up:token/")) == OVER


def test_nobody_changes_an_address_while_acting(person, west):
    """A7."""
    LinkFactory(holder=person.account, target=west)
    visitor = Client()
    visitor.force_login(person)
    visitor.post("/switch/northgate-west/")

    assert [visitor.get(page).status_code for page in (CHANGE, CONFIRM)] == [403, 403]


def test_a_reset_goes_to_the_new_address_and_no_more_to_the_old(visitor):
    ask(visitor)
    open_link(visitor, link())
    press(visitor, CONFIRM)

    press(Client(), "/password/reset/", {"email": OLD})
    press(Client(), "/password/reset/", {"email": NEW})
    deliver_due()

    assert [message.to for message in mail.outbox if "new password" in message.subject] == [[NEW]]


def test_the_flow_itself_confirms_once(person):
    """B7: decided under the lock, and not by the page."""
    change = ask_for_email(user=person, acting=person.account, email=NEW)
    confirm_email(user=person, acting=person.account, change=change)

    with pytest.raises(LinkNotGood):
        confirm_email(user=person, acting=person.account, change=change)
