"""Two who change addresses at the same moment: the limit holds, an address is one user's, and no dead link chooses a password."""

import threading

import pytest

from accounts.models import AddressChange, Invitation, NoticeRecipient, User
from accounts.notifications import services
from accounts.notifications.services import MOST_RECIPIENTS, add_recipient
from accounts.profile.services import confirm_email
from accounts.services import accept_invitation, correct_address, create_enduser
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import RecipientFactory, UserFactory
from tests.races.crowd import PATIENCE, all_at_once, kinds
from tests.races.holding import unlock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def two_who_add(northgate, user):
    """Two administrators, each about to add an address where there is room for one."""
    for number in range(MOST_RECIPIENTS - 1):
        RecipientFactory(account=northgate, email=f"books-{number}@example.com")
    people = [user(northgate), UserFactory(account=northgate, username="jo")]
    return [lambda by=by: add_recipient(account=northgate, added_by=by, email=f"of-{by}@example.com", key=fresh_key()) for by in people]


def test_two_who_add_an_address_at_once_find_room_for_one(two_who_add):
    assert kinds(all_at_once(two_who_add)) == {"NotARecipient": 1, "NoticeRecipient": 1}
    assert NoticeRecipient.objects.count() == MOST_RECIPIENTS


def test_without_the_lock_there_is_one_too_many(two_who_add, monkeypatch):
    """The control: both have counted before either adds."""
    gate, check = threading.Barrier(2), services.check_not_too_many

    def check_and_wait(*args):
        check(*args)
        gate.wait(PATIENCE)

    unlock(monkeypatch)
    monkeypatch.setattr(services, "check_not_too_many", check_and_wait)

    assert kinds(all_at_once(two_who_add)) == {"NoticeRecipient": 2}
    assert NoticeRecipient.objects.count() == MOST_RECIPIENTS + 1


def test_two_who_confirm_the_same_address_at_once_do_not_share_it(northgate, tideway, user):
    """rules.md §1: a user's e-mail is unique; the database has the last word."""
    people = [user(northgate), user(tideway)]
    changes = [AddressChange.objects.create(user=person, email="shared@example.com") for person in people]

    outcomes = all_at_once(
        [
            lambda person=person, change=change: confirm_email(user=person, acting=person.account, change=change)
            for person, change in zip(people, changes, strict=True)
        ]
    )

    assert kinds(outcomes) == {"EmailTaken": 1, "User": 1}
    assert User.objects.filter(email="shared@example.com").count() == 1


def test_who_accepts_the_invitation_and_who_withdraws_it_do_not_both_win(northgate, user):
    """A1: either the password was chosen first, and the address stays, or the link is dead."""
    by = user(northgate)
    enduser = create_enduser(reseller=northgate, created_by=by, username="pinecrest", company="Pinecrest", email="wrong@example.com", key=fresh_key())
    invitation = Invitation.objects.get()

    outcomes = kinds(
        all_at_once(
            [
                lambda: accept_invitation(invitation=invitation, password="a few words in a row"),
                lambda: correct_address(reseller=northgate, enduser=enduser, corrected_by=by, email="right@example.com", key=fresh_key()),
            ]
        )
    )

    enduser.refresh_from_db()
    has_password = enduser.users.get().has_usable_password()
    assert (outcomes, enduser.email, has_password) in [
        ({"InvitationNotGood": 1, "User": 1}, "wrong@example.com", True),
        ({"Account": 1, "InvitationNotGood": 1}, "right@example.com", False),
    ]
