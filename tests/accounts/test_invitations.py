"""Invitations: a link by e-mail that is good for seven days, once, and proves the address (A1)."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail, signing
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts import notices as letters
from accounts import selectors
from accounts.models import Account, Invitation, User
from accounts.services import InvitationNotGood, NotYourEnduser, accept_invitation, create_enduser, invite_again, renew_invitation
from licensing_portal.foundation import notices
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.factories.accounts import LinkFactory, UserFactory
from tests.mail import make_due

CHOSEN = "a few words in a row"


@pytest.fixture
def pinecrest(northgate, user):
    """An enduser of northgate whose first user is invited and has not answered."""
    return create_enduser(
        reseller=northgate, created_by=user(northgate), username="pinecrest", company="Pinecrest", email="pinecrest@example.com", key=fresh_key()
    )


@pytest.fixture
def invitation(pinecrest):
    return Invitation.objects.get(user__account=pinecrest)


def delivered_token():
    """Deliver what is queued and return the token of the link in the last mail."""
    notices.deliver_due()
    return mail.outbox[-1].body.split("/invitation/")[1].split("/")[0]


def everything():
    return [model.objects.count() for model in (Invitation, Notice, Submission)]


# ── The link in the mail ──


@pytest.mark.parametrize(
    "token",
    ["nonsense", "MQ:1abcde:signature", signing.dumps(1), signing.dumps(1, salt="another salt"), signing.dumps(10**9, salt="accounts.invitation")],
    ids=["nonsense", "a made-up signature", "another use of the key", "another salt", "no such invitation"],
)
def test_a_token_that_we_did_not_make_is_no_invitations(invitation, token):
    """A1."""
    assert letters.invitation_of(token)[0] is None


def test_each_try_of_a_mail_carries_a_link_that_works(invitation):
    """A1, C4: the link is made when the mail is sent, on every try."""
    first = delivered_token()
    Email.objects.update(status=STATUS.requeued)
    make_due()
    second = delivered_token()

    assert [letters.invitation_of(token) for token in (first, second)] == [(invitation, False)] * 2
    assert mail.outbox[0].extra_headers["Message-ID"] == mail.outbox[1].extra_headers["Message-ID"]


# ── Accepting ──


def test_accepting_gives_a_password_and_proves_the_address(invitation):
    """A1."""
    person = accept_invitation(invitation=invitation, password=CHOSEN)

    assert (person.check_password(CHOSEN), person.email, selectors.proven_address_of(person)) == (
        True,
        "pinecrest@example.com",
        "pinecrest@example.com",
    )


def test_an_invitation_is_accepted_once(invitation):
    """A1: the second browser with the same link is told, and the first password stays."""
    accept_invitation(invitation=invitation, password=CHOSEN)

    with pytest.raises(InvitationNotGood):
        accept_invitation(invitation=invitation, password="another password than that")

    assert User.objects.get(username="pinecrest").check_password(CHOSEN)


def test_an_older_invitation_is_used_up_by_a_newer_one(invitation, northgate, pinecrest, user):
    """A1: one password is chosen, however many mails were sent."""
    newer = invite_again(reseller=northgate, enduser=pinecrest, invited_by=user(northgate), key=fresh_key())
    accept_invitation(invitation=newer, password=CHOSEN)

    with pytest.raises(InvitationNotGood):
        accept_invitation(invitation=invitation, password="another password than that")


def test_a_deactivated_user_accepts_nothing(invitation):
    """A1."""
    User.objects.filter(username="pinecrest").update(is_active=False)

    with pytest.raises(InvitationNotGood):
        accept_invitation(invitation=invitation, password=CHOSEN)

    assert not User.objects.get(username="pinecrest").has_usable_password()


def test_the_user_of_an_account_that_was_closed_accepts_nothing(invitation, pinecrest):
    """A1, B7: the page says that it is over, and the flow says so as well."""
    Account.objects.filter(pk=pinecrest.pk).update(closed_at=pinecrest.created_at)

    with pytest.raises(InvitationNotGood):
        accept_invitation(invitation=invitation, password=CHOSEN)

    assert not User.objects.get(username="pinecrest").has_usable_password()


@pytest.mark.parametrize("address", ["pinecrest@example.com", "PineCrest@Example.com"])
def test_an_address_that_is_another_users_stays_theirs(invitation, tideway, address):
    """rules.md §1: a user's e-mail is unique; the invitation is accepted all the same, and its address is proven by it."""
    UserFactory(account=tideway, username="first-come", email=address)

    person = accept_invitation(invitation=invitation, password=CHOSEN)

    assert (person.email, selectors.proven_address_of(person)) == (None, "pinecrest@example.com")


def test_who_was_only_invited_has_proven_no_address(invitation):
    """A1: accepting proves it, not being invited."""
    assert selectors.proven_address_of(User.objects.get(username="pinecrest")) == ""


# ── Inviting again ──


def test_an_enduser_is_invited_again_at_its_address_of_today(pinecrest, northgate, user):
    """A1: the address was mistyped, the reseller mends it and sends once more."""
    Account.objects.filter(pk=pinecrest.pk).update(email="mended@example.com")

    again = invite_again(reseller=northgate, enduser=pinecrest, invited_by=user(northgate), key=fresh_key())

    assert (again.email, Notice.objects.latest("pk").address) == ("mended@example.com", "mended@example.com")


def test_the_same_form_again_invites_once(pinecrest, northgate, user):
    """B5."""
    key = fresh_key()
    first = invite_again(reseller=northgate, enduser=pinecrest, invited_by=user(northgate), key=key)
    before = everything()

    assert invite_again(reseller=northgate, enduser=pinecrest, invited_by=user(northgate), key=key) == first
    assert everything() == before


def test_a_key_does_not_invite_two_endusers(pinecrest, harborcu, northgate, user):
    """B5."""
    User.objects.filter(account=harborcu).update(password="!")
    key = fresh_key()
    invite_again(reseller=northgate, enduser=pinecrest, invited_by=user(northgate), key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        invite_again(reseller=northgate, enduser=harborcu, invited_by=user(northgate), key=key)

    assert everything() == before


def test_who_has_accepted_is_not_invited_again(pinecrest, invitation, northgate, user):
    """A1: a forgotten password is a reset, which the person asks for."""
    accept_invitation(invitation=invitation, password=CHOSEN)
    before = everything()

    with pytest.raises(InvitationNotGood, match="pinecrest has accepted the invitation already"):
        invite_again(reseller=northgate, enduser=pinecrest, invited_by=user(northgate), key=fresh_key())

    assert everything() == before


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_a_manager_and_a_viewer_invite_nobody(pinecrest, northgate, user, role):
    """A1: inviting makes a sign-in, so it is an administrator's."""
    person = user(northgate, role)
    before = everything()

    with pytest.raises(NotAllowed):
        invite_again(reseller=northgate, enduser=pinecrest, invited_by=person, key=fresh_key())

    assert everything() == before


def test_another_reseller_invites_nobody_of_this_one(pinecrest, tideway, user):
    """A9."""
    before = everything()

    with pytest.raises(NotYourEnduser):
        invite_again(reseller=tideway, enduser=pinecrest, invited_by=user(tideway), key=fresh_key())

    assert everything() == before


def test_somebody_acting_for_the_reseller_invites_nobody(pinecrest, northgate, tideway, user):
    """A7."""
    LinkFactory(holder=tideway, target=northgate)
    before = everything()

    with pytest.raises(NotAllowed):
        invite_again(reseller=northgate, enduser=pinecrest, invited_by=user(tideway), key=fresh_key())

    assert everything() == before


# ── Renewing an invitation whose time is over ──


def test_a_renewal_goes_to_the_same_address_in_the_same_name(invitation, northgate, user):
    """A1: whoever holds the old link is not asked who they are, so nothing but the old address is told anything."""
    Account.objects.filter(username="pinecrest").update(email="somebody-else@example.com")

    renewed = renew_invitation(invitation=invitation)

    assert (renewed.email, renewed.invited_by, Notice.objects.latest("pk").address) == (
        "pinecrest@example.com",
        user(northgate),
        "pinecrest@example.com",
    )
    assert letters.invitation_of(delivered_token()) == (renewed, False)


def test_a_renewal_that_is_still_in_the_queue_is_enough(invitation):
    """A1: pressing ten times fills nobody's mailbox."""
    renewed = renew_invitation(invitation=invitation)
    before = everything()

    assert [renew_invitation(invitation=invitation) for _ in range(3)] == [renewed] * 3
    assert everything() == before


def test_a_renewal_whose_time_is_over_as_well_is_renewed(invitation):
    """A1: the page says that a new link goes out; from the first mail's link too, whose reader has mislaid the second mail."""
    first_renewal = renew_invitation(invitation=invitation)
    notices.deliver_due()
    sent = len(mail.outbox)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        second_renewal = renew_invitation(invitation=invitation)
        notices.deliver_due()

    assert (second_renewal != first_renewal, len(mail.outbox)) == (True, sent + 1)


def test_a_used_invitation_is_not_renewed(invitation):
    """A1."""
    accept_invitation(invitation=invitation, password=CHOSEN)
    before = everything()

    with pytest.raises(InvitationNotGood):
        renew_invitation(invitation=invitation)

    assert everything() == before
