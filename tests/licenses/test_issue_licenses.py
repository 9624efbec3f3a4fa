"""Issue licenses, the flow: staff issue from the publisher, whose available is the source of all (C11)."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account
from accounts.services import AccountClosed
from licenses.ledger import NothingEntered
from licenses.models import Holding, JournalEntry, Product
from licenses.services import ProductRetired, issue_licenses
from licensing_portal.foundation.errors import NotAllowed, Problem
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import UserFactory
from tests.factories.licenses import ProductFactory, give, quantities


@pytest.fixture
def issue(publisher, staff, northgate):
    """Issue 10 ASR to northgate; what a test is about is said in the call."""

    def act(**changes):
        call = {"publisher": publisher, "issued_by": staff, "account": northgate, "quantities": quantities(ASR=10), "key": fresh_key()}
        return issue_licenses(**call | changes)

    return act


def everything():
    """All that an issue moves or makes."""
    return balances(), [model.objects.count() for model in (JournalEntry, Notice, Submission)]


def retire(code):
    Product.objects.filter(code=code).update(retired_at="2026-11-24T00:00Z")


def test_an_issue_gives_licenses_from_the_source_of_all(issue, northgate, publisher, staff):
    """C11, B1: an entry of its own, with the order number as its reference."""
    entry = issue(quantities=quantities(ASR=10, TTS=4), order_number="PO 4711", note="Frame contract\nyear 2")

    assert balances() == {("northgate", "ASR"): (10, 0, 0), ("northgate", "TTS"): (4, 0, 0)}
    assert (entry.kind, entry.number[:2], entry.giver, entry.receiver) == ("issue", "P-", publisher, northgate)
    assert (entry.posted_by, entry.acting_as, entry.reference, entry.note) == (staff, publisher, "PO 4711", "Frame contract\nyear 2")
    assert_the_books_are_proven()


def test_over_all_holdings_each_product_sums_to_zero(issue, publisher, harborcu):
    """rules.md §2: the publisher's available alone goes below zero; an issue is no sale."""
    issue()
    issue(account=harborcu, quantities=quantities(ASR=5))

    source = Holding.objects.get(account=publisher)
    assert (source.available, source.deployed, source.sold) == (-15, 0, 0)
    assert sum(holding.available for holding in Holding.objects.all()) == 0


def test_licenses_are_issued_to_an_enduser_too(issue, harborcu):
    """C11: "to a reseller or an enduser"."""
    issue(account=harborcu)

    assert balances() == {("harborcu", "ASR"): (10, 0, 0)}


def test_the_account_is_told_by_one_mail(issue):
    """contract.md: notices go to the account's address."""
    entry = issue()

    assert [(notice.account, notice.address, notice.email.subject) for notice in Notice.objects.all()] == [
        ("northgate", "northgate@example.com", f"10 licenses from Publisher Inc. (issue {entry.number})")
    ]


def test_issues_add_up(issue):
    """B4."""
    issue()
    issue(quantities=quantities(ASR=1_000_000))

    assert balances() == {("northgate", "ASR"): (1_000_010, 0, 0)}
    assert_the_books_are_proven()


def test_the_same_form_again_gives_the_first_issue(issue):
    """B5."""
    key = fresh_key()
    entry = issue(key=key)
    before = everything()

    assert issue(key=key) == entry
    assert everything() == before


@pytest.mark.parametrize("change", [{"order_number": "PO 2"}, {"note": "other"}, {"account": "harborcu"}, {"quantities": {"ASR": 11}}])
def test_the_same_key_with_other_content_is_refused_and_leads_to_the_issue(issue, harborcu, change):
    """B5."""
    key = fresh_key()
    entry = issue(key=key)
    before = everything()
    changed = {"account": harborcu} if "account" in change else {"quantities": quantities(ASR=11)} if "quantities" in change else change

    with pytest.raises(FormAlreadyUsed) as refusal:
        issue(key=key, **changed)

    assert (refusal.value.problems[0].url, everything()) == (entry.get_absolute_url(), before)


def test_a_retired_product_is_not_issued(issue, northgate):
    """rules.md §2: "no new issue"; nothing else of the form is issued either (B6)."""
    give(northgate, ASR=1, TTS=1)
    retire("TTS")
    before = everything()

    with pytest.raises(ProductRetired) as refusal:
        issue(quantities=quantities(ASR=10, TTS=4))

    assert refusal.value.problems == [Problem("The Tts is retired and is no longer issued", field="qty-TTS")]
    assert everything() == before


def test_a_retired_product_of_which_none_is_asked_for_is_no_obstacle(issue):
    """rules.md §4: a blank Qty is 0."""
    ProductFactory(code="TTS")
    retire("TTS")

    issue(quantities=quantities(ASR=10, TTS=0))

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_a_product_that_was_retired_meanwhile_is_not_issued(issue):
    """B7: decided again when the form is sent, not by the form's copy of the product."""
    asked_for = quantities(ASR=10)
    retire("ASR")
    before = everything()

    with pytest.raises(ProductRetired):
        issue(quantities=asked_for)

    assert everything() == before


@pytest.mark.parametrize("amounts", [{}, {"ASR": 0}, {"ASR": 0, "TTS": 0}])
def test_nothing_entered_is_refused(issue, amounts):
    """rules.md §4, B6."""
    before = everything()

    with pytest.raises(NothingEntered):
        issue(quantities=quantities(**amounts))

    assert everything() == before


@pytest.mark.parametrize("who", ["northgate", "clerk without the permission", "deactivated staff"])
def test_only_staff_with_the_permission_issue(issue, northgate, publisher, staff, user, who):
    """C11, B7."""
    if who == "northgate":
        person = user(northgate)
    elif who == "deactivated staff":
        staff.is_active = False
        staff.save()
        person = staff
    else:
        person = UserFactory(account=publisher, username="clerk", is_staff=True)
    before = everything()

    with pytest.raises(NotAllowed):
        issue(issued_by=person)

    assert everything() == before


def test_nothing_is_issued_to_a_closed_account(issue, northgate):
    """B7: the form does not offer closed accounts, and the flow decides it again; a closed account takes in nothing (C2)."""
    Account.objects.filter(pk=northgate.pk).update(closed_at=northgate.created_at)
    northgate.refresh_from_db()
    before = everything()

    with pytest.raises(AccountClosed, match="northgate is closed"):
        issue()

    assert everything() == before


@pytest.mark.postgres
def test_nothing_is_issued_to_the_publisher_itself(issue, publisher):
    """C11: to a reseller or an enduser; the database refuses it (only_deployed_licenses_stay_with_their_owner)."""
    before = everything()

    with pytest.raises(IntegrityError, match="only_deployed_licenses_stay_with_their_owner"), transaction.atomic():
        issue(account=publisher)

    assert everything() == before
