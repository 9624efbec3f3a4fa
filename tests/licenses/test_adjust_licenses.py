"""Adjust licenses, the flow: how staff put an account's available right, against the publisher (C11)."""

import pytest
from django.utils import timezone

from accounts.models import Account, SecurityEvent
from accounts.services import AccountClosed
from licenses.ledger import InsufficientLicenses, NothingEntered
from licenses.models import Holding, JournalEntry
from licenses.services import adjust_licenses
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities

REASON = "Counted again"


@pytest.fixture
def put_right(northgate, publisher, staff):
    """Take 2 ASR from northgate; what a test is about is said in the call."""

    def act(**changes):
        call = {"publisher": publisher, "adjusted_by": staff, "account": northgate, "is_up": False, "quantities": quantities(ASR=2)}
        return adjust_licenses(**call | {"reason": REASON, "ticket": "T-4711", "key": fresh_key()} | changes)

    return act


def everything():
    return balances(), JournalEntry.objects.count(), Notice.objects.count(), SecurityEvent.objects.count()


@pytest.mark.parametrize(("is_up", "available", "source"), [(True, 7, -7), (False, 3, -3)])
def test_available_goes_up_from_the_publisher_and_down_to_it(put_right, northgate, publisher, staff, is_up, available, source):
    """C11, B1: the lines sum to zero."""
    give(northgate, ASR=5)

    entry = put_right(is_up=is_up)

    assert balances() == {("northgate", "ASR"): (available, 0, 0)}
    assert Holding.objects.get(account=publisher).available == source
    giver, receiver = (publisher, northgate) if is_up else (northgate, publisher)
    assert (entry.kind, entry.number[0], entry.giver, entry.receiver, entry.reverses) == ("adjustment", "R", giver, receiver, None)
    assert (entry.posted_by, entry.acting_as, entry.note, entry.reference) == (staff, publisher, REASON, "T-4711")
    assert_the_books_are_proven()


@pytest.mark.parametrize(("is_up", "words"), [(True, "added 2 licenses to"), (False, "took 2 licenses from")])
def test_the_account_is_told_once_and_it_stands_in_its_log(put_right, northgate, staff, is_up, words):
    """C11, A8."""
    give(northgate, ASR=5)

    entry = put_right(is_up=is_up)

    (notice,) = Notice.objects.filter(event=entry.number)
    assert (notice.account, notice.email.subject) == ("northgate", f"Publisher Inc. {words} your account (adjustment {entry.number})")
    for body in (notice.email.message, notice.email.html_message):
        assert [fact for fact in (REASON, "T-4711", "The Asr") if fact not in body] == []
    line = SecurityEvent.objects.get(about=f"Licenses adjusted: {entry}")
    assert (line.kind, line.user, line.other) == ("staff_acted", staff, northgate)


def test_never_below_zero_and_staff_are_told_where_the_licenses_are(put_right, northgate):
    """B3, C11."""
    give(northgate, ASR=5)
    deploy(northgate, name="LAB", ASR=4)
    before = everything()

    with pytest.raises(InsufficientLicenses, match=r"^1 available, 4 deployed in northgate\. Deployed: 4 on LAB\.$"):
        put_right()

    assert everything() == before


def test_a_closed_account_can_be_put_right_downwards_alone(put_right, northgate):
    """Nothing goes to a closed account any more; what is there too much can be taken."""
    give(northgate, ASR=5)
    Account.objects.filter(pk=northgate.pk).update(closed_at=timezone.now())
    before = everything()

    with pytest.raises(AccountClosed) as refused:
        put_right(is_up=True)

    assert (refused.value.problems[0].field, everything()) == ("account", before)
    put_right()
    assert balances() == {("northgate", "ASR"): (3, 0, 0)}


def test_whoever_is_not_staff_adjusts_nothing(put_right, northgate, publisher, user):
    """B7, C11."""
    give(northgate, ASR=5)
    before = everything()

    for account in (publisher, northgate):
        with pytest.raises(NotAllowed):
            put_right(adjusted_by=user(northgate), publisher=account)

    assert everything() == before


def test_the_same_form_again_gives_the_first_adjustment_and_with_other_content_it_is_refused(put_right, northgate, tideway):
    """B5."""
    give(northgate, ASR=5)
    key = fresh_key()
    first = put_right(key=key)
    before = everything()

    assert put_right(key=key) == first
    changes = [{"quantities": quantities(ASR=1)}, {"reason": "Another reason"}, {"ticket": "T-1"}, {"is_up": True}, {"account": tideway}]
    for change in changes:
        with pytest.raises(FormAlreadyUsed):
            put_right(key=key, **change)

    assert everything() == before


def test_what_is_refused_changes_nothing_and_its_key_stays_good(put_right, northgate):
    """B6."""
    give(northgate, ASR=5)
    key, before = fresh_key(), everything()

    with pytest.raises(NothingEntered):
        put_right(quantities={}, key=key)

    assert everything() == before
    assert put_right(key=key).kind == "adjustment"
