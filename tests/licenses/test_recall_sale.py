"""Recall, the flow: C10, and what is decided again under the lock (B7)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Account
from deployments.models import DeploymentNotRetired
from deployments.services import retire_deployment
from licenses.ledger import NothingEntered
from licenses.models import JournalEntry
from licenses.recalls import MoreThanCanBeRecalled, NothingToRecall, NotYourSale, TooLateToRecall
from licenses.services import recall_sale, send_notice_again
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import adjust, give, quantities, recall, reverse, sell
from transfers.services import transfer_licenses

REASON = "Ordered by mistake"


@pytest.fixture
def sale(northgate, harborcu):
    """northgate, with 10 ASR and 4 TTS, sold harborcu 6 ASR and 4 TTS."""
    give(northgate, ASR=10, TTS=4)
    return sell(northgate, harborcu, ASR=6, TTS=4)


SOLD = {
    ("northgate", "ASR"): (4, 0, 6),
    ("northgate", "TTS"): (0, 0, 4),
    ("harborcu", "ASR"): (6, 0, 0),
    ("harborcu", "TTS"): (4, 0, 0),
}


@pytest.fixture
def take_back(sale, northgate, user):
    """Recall 2 ASR as northgate; what a test is about is said in the call."""

    def act(**changes):
        call = {"sale": sale, "seller": northgate, "recalled_by": user(northgate), "quantities": quantities(ASR=2), "reason": REASON}
        return recall_sale(**call | {"key": fresh_key()} | changes)

    return act


def recalls():
    return JournalEntry.objects.filter(kind="recall")


def everything():
    return balances(), JournalEntry.objects.count(), Notice.objects.count()


def test_licenses_come_back_and_count_as_sold_no_more(take_back, sale, northgate, harborcu, user):
    """C10, rules.md §2: a reversing entry that points to the sale."""
    entry = take_back(quantities=quantities(ASR=2, TTS=4))

    assert balances() == {
        ("northgate", "ASR"): (6, 0, 4),
        ("northgate", "TTS"): (4, 0, 0),
        ("harborcu", "ASR"): (4, 0, 0),
    }
    assert (entry.kind, entry.number[0], entry.giver, entry.receiver, entry.reverses) == ("recall", "R", harborcu, northgate, sale)
    assert (entry.posted_by, entry.acting_as, entry.note) == (user(northgate), northgate, REASON)
    assert_the_books_are_proven()


def test_both_sides_are_told_once(take_back):
    """C10: each in its own words; the enduser can answer to its reseller."""
    entry = take_back()

    told = Notice.objects.filter(event=entry.number).order_by("account")
    assert [(notice.account, notice.address, notice.fate) for notice in told] == [
        ("harborcu", "harborcu@example.com", "queued"),
        ("northgate", "northgate@example.com", "queued"),
    ]
    assert [notice.email.subject for notice in told] == [
        f"Northgate Voice Systems recalled 2 licenses (recall {entry.number})",
        f"2 licenses recalled from harborcu (recall {entry.number})",
    ]
    assert [notice.email.headers.get("Reply-To") for notice in told] == ["northgate@example.com", None]
    for notice in told:
        for body in (notice.email.message, notice.email.html_message):
            assert [fact for fact in (REASON, "The Asr", entry.number, entry.reverses.number) if fact not in body] == []


def test_it_is_the_endusers_notice_that_is_sent_again(take_back, northgate, user):
    """C4, C10: whoever lost the licenses is who may have missed it."""
    entry = take_back()

    again = send_notice_again(entry=entry, account=northgate, sent_by=user(northgate), key=fresh_key())

    assert (again.account, again.address) == ("harborcu", "harborcu@example.com")


def test_it_is_repeated_up_to_what_was_sold(take_back, sale):
    """C10."""
    take_back()
    take_back(quantities=quantities(ASR=4, TTS=4))

    assert balances() == {("northgate", "ASR"): (10, 0, 0), ("northgate", "TTS"): (4, 0, 0)}
    assert list(recalls().values_list("reverses__number", flat=True)) == [sale.number] * 2
    assert_the_books_are_proven()


def test_no_more_comes_back_than_was_sold_though_the_enduser_has_more(take_back, harborcu):
    """C10: what harborcu got elsewhere is not northgate's to take."""
    give(harborcu, ASR=10)
    take_back()
    before = everything()

    with pytest.raises(MoreThanCanBeRecalled, match=r"^4 can be recalled$"):
        take_back(quantities=quantities(ASR=5))

    assert everything() == before


def test_no_more_comes_back_than_is_available_and_where_the_rest_is_stays_the_endusers(take_back, harborcu):
    """C10, A9: every product that falls short is named, and nothing else of harborcu's."""
    deploy(harborcu, ASR=5, TTS=1)
    before = everything()

    with pytest.raises(MoreThanCanBeRecalled) as refused:
        take_back(quantities=quantities(ASR=2, TTS=4))

    assert [(problem.field, problem.message) for problem in refused.value.problems] == [
        ("qty-ASR", "1 can be recalled"),
        ("qty-TTS", "3 can be recalled"),
    ]
    assert everything() == before
    take_back(quantities=quantities(ASR=1, TTS=3))


@pytest.mark.parametrize("gone", ["deployed", "transferred"])
def test_when_nothing_is_left_there_it_says_so_and_no_more(take_back, sale, harborcu, tideway, user, gone):
    """C10, A9."""
    if gone == "deployed":
        deploy(harborcu, ASR=6, TTS=4)
    else:
        LinkFactory(holder=tideway, target=harborcu)
        amounts = quantities(ASR=6, TTS=4)
        transfer_licenses(receiver=tideway, transferred_by=user(tideway), giver=harborcu, quantities=amounts, key=fresh_key())
    before = everything()

    with pytest.raises(NothingToRecall, match=r"^Nothing can be recalled: harborcu has no licenses of this sale available\.$"):
        take_back()

    assert everything() == before


def test_when_all_came_back_it_says_so(take_back):
    """C10: "up to what was sold"."""
    take_back(quantities=quantities(ASR=6, TTS=4))
    before = everything()

    with pytest.raises(NothingToRecall, match=r"^All licenses of this sale came back already\.$"):
        take_back()

    assert everything() == before


def test_it_can_be_done_for_thirty_days_and_not_a_moment_longer(take_back, sale):
    """C10."""
    with time_machine.travel(sale.posted_at + timedelta(days=30, seconds=1), tick=False):
        before = everything()
        with pytest.raises(TooLateToRecall, match=r"^The 30 days in which you could recall this sale are over\.$"):
            take_back()
        assert everything() == before

    with time_machine.travel(sale.posted_at + timedelta(days=30), tick=False):
        assert take_back() == recalls().get()


def test_the_window_is_a_setting(take_back, settings):
    settings.RECALL_WINDOW = timedelta(0)

    with pytest.raises(TooLateToRecall, match="The 0 days"):
        take_back()


def test_a_sale_that_a_deployment_made_is_recalled_once_that_is_retired(northgate, harborcu, user):
    """C10, C7: though harborcu has as many available from elsewhere."""
    give(northgate, ASR=10)
    give(harborcu, ASR=4)
    deployment = deploy(northgate, owner=harborcu, name="IVR", ASR=4)
    sale = deployment.entries.get().sale
    before = everything()

    with pytest.raises(DeploymentNotRetired) as refused:
        recall(sale, ASR=1)

    (problem,) = refused.value.problems
    assert problem.message == "This sale was made by the deployment IVR. Retire that first, then recall the sale."
    assert (problem.url, everything()) == (deployment.get_absolute_url(), before)
    retire_deployment(deployment=deployment, account=northgate, retired_by=user(northgate), reason="Made by mistake", key=fresh_key())
    recall(sale, ASR=4)
    assert balances() == {("northgate", "ASR"): (10, 0, 0), ("harborcu", "ASR"): (4, 0, 0)}
    assert_the_books_are_proven()


def test_what_is_no_sale_is_not_recalled_neither_is_a_recall(take_back):
    """C10: "cannot itself be recalled"."""
    entry = take_back()
    before = everything()

    for other in (entry, JournalEntry.objects.get(kind="issue")):
        with pytest.raises(NotYourSale, match="it is not a sale of yours"):
            take_back(sale=other)

    assert everything() == before


def test_a_sale_of_somebody_else_is_not_recalled(take_back, tideway, user):
    """B7: whatever the page let through."""
    before = everything()

    with pytest.raises(NotYourSale):
        take_back(seller=tideway, recalled_by=user(tideway))

    assert everything() == before


def test_whoever_is_ones_enduser_no_more_is_not_reached_into(take_back, harborcu, tideway):
    """A9: what it has available is its new reseller's to know."""
    Account.objects.filter(pk=harborcu.pk).update(reseller=tideway)
    before = everything()

    with pytest.raises(NotYourSale, match="harborcu is not one of your endusers any more"):
        take_back()

    assert everything() == before


def test_a_closed_enduser_gives_back_what_it_has(take_back, harborcu):
    """C10: nothing goes to a closed account, but what is there can be taken back; its address is told all the same."""
    Account.objects.filter(pk=harborcu.pk).update(closed_at=timezone.now())

    entry = take_back()

    assert set(Notice.objects.filter(event=entry.number).values_list("account", flat=True)) == {"harborcu", "northgate"}


@pytest.mark.parametrize(("role", "may"), [("manager", True), ("viewer", False)])
def test_managers_recall_and_viewers_do_not(take_back, northgate, user, role, may):
    """rules.md §1, C2."""
    person = user(northgate, role)
    before = everything()
    if may:
        assert take_back(recalled_by=person).posted_by == person
        return

    with pytest.raises(NotAllowed):
        take_back(recalled_by=person)

    assert everything() == before


def test_a_person_of_a_linked_account_recalls_and_stands_in_the_journal(take_back, northgate, west, user):
    """A7: acting, as for a sale."""
    LinkFactory(holder=west, target=northgate)

    entry = take_back(recalled_by=user(west))

    assert (entry.posted_by, entry.acting_as) == (user(west), northgate)


def test_the_same_form_again_gives_the_first_recall_though_the_window_is_over(take_back, sale):
    """B5."""
    key = fresh_key()
    first = take_back(key=key)

    with time_machine.travel(sale.posted_at + timedelta(days=31), tick=False):
        assert take_back(key=key) == first == recalls().get()
    assert Notice.objects.filter(event=first.number).count() == 2


@pytest.mark.parametrize("change", ["quantities", "reason", "sale"])
def test_the_same_key_with_other_content_is_refused(take_back, northgate, harborcu, change):
    """B5: the refusal leads to the first result."""
    key, other = fresh_key(), sell(northgate, harborcu, ASR=2)
    first = take_back(key=key)
    changes = {"quantities": quantities(ASR=3), "reason": "Another reason", "sale": other}
    before = everything()

    with pytest.raises(FormAlreadyUsed) as refused:
        take_back(key=key, **{change: changes[change]})

    assert (refused.value.problems[0].url, everything()) == (first.get_absolute_url(), before)


def test_a_recall_that_is_refused_changes_nothing_and_its_key_stays_good(take_back):
    """B6."""
    key = fresh_key()
    before = everything()

    for amounts, refusal in [(quantities(ASR=7), MoreThanCanBeRecalled), (quantities(CPA=1), MoreThanCanBeRecalled), ({}, NothingEntered)]:
        with pytest.raises(refusal):
            take_back(quantities=amounts, key=key)
        assert everything() == before

    assert take_back(key=key) == recalls().get()


def test_what_staff_reversed_of_the_sale_is_not_recalled_too_and_what_they_reversed_of_a_recall_can_be(take_back, sale, harborcu):
    """C10, C11: together up to what was sold."""
    give(harborcu, ASR=10)
    reverse(sale, ASR=3)
    first = take_back(quantities=quantities(ASR=3))

    with pytest.raises(MoreThanCanBeRecalled, match=r"^0 can be recalled$"):
        take_back(quantities=quantities(ASR=1))
    assert balances()["northgate", "ASR"] == (10, 0, 0)

    reverse(first, ASR=2)
    take_back(quantities=quantities(ASR=2))
    assert balances()["northgate", "ASR"] == (10, 0, 0)
    assert_the_books_are_proven()


def test_what_the_publisher_took_there_can_not_be_recalled(take_back, harborcu):
    """C10: as far as the licenses are still available."""
    adjust(harborcu, is_up=False, ASR=5)

    with pytest.raises(MoreThanCanBeRecalled, match=r"^1 can be recalled$"):
        take_back()
