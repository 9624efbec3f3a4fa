"""A reseller puts the address of a new enduser right, until somebody has signed in there (A1, A9)."""

import re

import pytest
from django.core import mail
from django.test import Client
from post_office.models import STATUS, Email

from accounts.models import Account, Invitation, SecurityEvent
from accounts.services import InvitationNotGood, accept_invitation, correct_address, create_enduser
from licenses.services import sell_licenses
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.licenses import give, quantities
from tests.views import errors_of, form_of, heading_of, links_of, notes_of, press, text_of

WRONG, RIGHT = "pinecrets@example.com", "pinecrest@example.com"
CORRECT = "/endusers/pinecrest/address/"


@pytest.fixture
def enduser(northgate, user):
    return create_enduser(reseller=northgate, created_by=user(northgate), username="pinecrest", company="Pinecrest", email=WRONG, key=fresh_key())


@pytest.fixture
def visitor(enduser, northgate, signed_in):
    return signed_in(northgate)


def invitation_link():
    deliver_due()
    return re.search(r"http://testserver(/invitation/\S+/)", mail.outbox[-1].body)[1]


def test_the_invitation_goes_to_the_right_address_and_the_link_of_before_is_dead(visitor):
    """A1: whoever got the first by mistake must not choose the password."""
    first = invitation_link()
    response = press(visitor, CORRECT, {"email": RIGHT})
    second = invitation_link()
    stranger, guest = Client(), Client()

    assert notes_of(visitor.get(response.url)) == [f"The address is put right. A new invitation goes to {RIGHT}."]
    assert mail.outbox[-1].to == [RIGHT]
    assert heading_of(stranger.get(stranger.get(first).url)) == "This invitation was withdrawn"
    assert heading_of(guest.get(guest.get(second).url)) == "Choose a password"
    assert Account.objects.get(username="pinecrest").email == RIGHT
    event = SecurityEvent.objects.get(kind="notice_address_changed")
    assert (event.user.username, event.other.username, event.about) == ("northgate", "pinecrest", f"{WRONG} → {RIGHT}")


def test_a_page_that_was_open_with_the_first_link_chooses_no_password(visitor):
    """B7."""
    stranger = Client()
    there = stranger.get(invitation_link()).url
    form = form_of(stranger, there) | {"password": "a few words in a row"}
    press(visitor, CORRECT, {"email": RIGHT})

    assert heading_of(stranger.post(there, form)) == "This invitation was withdrawn"
    with pytest.raises(InvitationNotGood):
        accept_invitation(invitation=Invitation.objects.get(email=WRONG), password="a few words in a row")


def test_once_somebody_has_signed_in_the_address_is_the_endusers_own(visitor, enduser, northgate, user):
    """A9."""
    accept_invitation(invitation=Invitation.objects.get(), password="a few words in a row")

    assert errors_of(press(visitor, CORRECT, {"email": RIGHT})) == {
        "email": ["pinecrest has signed in and changes its address itself. Nothing was changed."]
    }
    with pytest.raises(InvitationNotGood):
        correct_address(reseller=northgate, enduser=enduser, corrected_by=user(northgate), email=RIGHT, key=fresh_key())
    assert Account.objects.get(username="pinecrest").email == WRONG
    assert "Correct the address" not in links_of(visitor.get("/endusers/pinecrest/"))


def test_it_is_offered_on_the_endusers_page(visitor):
    assert links_of(visitor.get("/endusers/pinecrest/"))["Correct the address"] == CORRECT


def test_sent_twice_it_invites_once(visitor):
    """B5."""
    form = form_of(visitor, CORRECT) | {"email": RIGHT}
    for _ in range(2):
        visitor.post(CORRECT, form)

    assert list(Invitation.objects.order_by("pk").values_list("email", flat=True)) == [WRONG, RIGHT]


def test_what_is_no_address_is_refused(visitor):
    assert errors_of(press(visitor, CORRECT, {"email": "pinecrest"})) == {"email": ["Enter an email address like name@example.com"]}


# ── The receipt of a sale whose notice failed ──


@pytest.fixture
def failed_sale(enduser, northgate, user):
    give(northgate, ASR=10)
    sale = sell_licenses(seller=northgate, sold_by=user(northgate), owner=enduser, quantities=quantities(ASR=3), key=fresh_key())
    Email.objects.filter(notice__event=sale.number).update(status=STATUS.failed)
    return sale


def test_a_receipt_leads_from_a_failed_notice_to_the_address_and_back_to_sending_it_again(visitor, failed_sale):
    """C4."""
    there = failed_sale.get_absolute_url()
    assert links_of(visitor.get(there))["Correct the address"] == CORRECT
    press(visitor, CORRECT, {"email": RIGHT})

    visitor.post(f"{there}send-again/", form_of(visitor, there))

    assert [notice.address for notice in Notice.objects.filter(event=failed_sale.number).order_by("pk")] == [WRONG, RIGHT]
    assert "couldn’t be delivered" not in text_of(visitor.get(there))


def test_of_an_enduser_that_has_signed_in_it_says_who_changes_the_address(visitor, failed_sale):
    """A9."""
    accept_invitation(invitation=Invitation.objects.get(), password="a few words in a row")

    page = visitor.get(failed_sale.get_absolute_url())

    assert "Its administrators change the address of pinecrest under Settings, Notifications" in text_of(page)
    assert "Correct the address" not in links_of(page)


def test_the_enduser_itself_is_shown_no_word_of_it(failed_sale, enduser):
    accept_invitation(invitation=Invitation.objects.get(), password="a few words in a row")
    owner = Client()
    owner.force_login(enduser.users.get())

    assert "couldn’t be delivered" not in text_of(owner.get(failed_sale.get_absolute_url()))
