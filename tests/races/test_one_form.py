"""One form, sent twelve times at the same moment, is one act (B5)."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Invitation, User
from accounts.requests import Binding
from accounts.services import accept_invitation
from licenses.models import JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import EnduserFactory
from tests.factories.licenses import give, quantities
from tests.races.crowd import all_at_once, kinds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_twelve_posts_of_one_form_make_one_sale_and_lead_to_its_receipt_twelve_times(northgate, harborcu, user):
    give(northgate, ASR=10)
    form = {"key": Binding(user(northgate).pk, "northgate", "sell_licenses").new_key(), "owner": "harborcu", "qty-ASR": "3"}
    browsers = [Client() for _ in range(12)]
    for browser in browsers:
        browser.force_login(user(northgate))

    answers = all_at_once([lambda browser=browser: browser.post(reverse("licenses:sell_licenses"), form) for browser in browsers])

    sale = JournalEntry.objects.get(kind="sale")
    assert [(answer.status_code, answer.url) for answer in answers] == [(302, sale.get_absolute_url())] * 12
    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}
    assert Notice.objects.filter(event=sale.number).count() == 1
    assert_the_books_are_proven()


def test_twelve_keys_are_twelve_acts(northgate, harborcu, user):
    """The control: it is the key that makes one act of twelve presses, not the crowd."""
    give(northgate, ASR=12)
    amounts, seller = quantities(ASR=1), user(northgate)

    outcomes = all_at_once([lambda: sell_licenses(seller=northgate, sold_by=seller, owner=harborcu, quantities=amounts, key=fresh_key())] * 12)

    assert kinds(outcomes) == {"JournalEntry": 12}
    assert balances() == {("northgate", "ASR"): (0, 0, 12), ("harborcu", "ASR"): (12, 0, 0)}


def test_two_users_who_prove_one_address_at_once_both_get_their_password(northgate, tideway):
    """A1: a user's e-mail is unique, and whoever comes second is not shown a fault for it."""
    invitations = [
        Invitation.objects.create(user=invited_user_of(reseller), email="it@example.com", invited_by=User.objects.get(username=reseller.username))
        for reseller in (northgate, tideway)
    ]

    outcomes = all_at_once([lambda i=i: accept_invitation(invitation=i, password="correct horse battery") for i in invitations])

    assert kinds(outcomes) == {"User": 2}
    assert [user.has_usable_password() for user in outcomes] == [True, True]
    assert sorted(User.objects.filter(pk__in=[user.pk for user in outcomes]).values_list("email", flat=True), key=str) == [None, "it@example.com"]


def invited_user_of(reseller):
    enduser = EnduserFactory(username=f"new-of-{reseller}", reseller=reseller)
    user = User(account=enduser, username=enduser.username, role="administrator")
    user.set_unusable_password()
    user.save()
    return user
