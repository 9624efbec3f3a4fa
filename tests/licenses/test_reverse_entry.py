"""Reverse, the flow: how staff take back an issue, sale, transfer, recall or adjustment, up to what remains of it (C11)."""

import pytest

from accounts.models import SecurityEvent
from deployments.services import retire_deployment
from licenses.ledger import InsufficientLicenses, NothingEntered
from licenses.models import JournalEntry
from licenses.services import CannotBeReversed, MoreThanRemains, reverse_entry
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import EnduserFactory, LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import adjust, give, quantities, recall, reverse, sell
from transfers.services import transfer_licenses

REASON = "Booked by mistake"


@pytest.fixture
def entries(northgate, west, harborcu, user):
    """One entry of each kind that moves 2 ASR and can be reversed, by kind; all of it is still where it went."""
    LinkFactory(holder=northgate, target=west)
    give(west, ASR=2)
    give(harborcu, ASR=2)
    issue = give(northgate, ASR=8)
    transfer = transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(ASR=2), key=fresh_key())
    sale = sell(northgate, harborcu, ASR=4)
    return {
        "issue": issue,
        "transfer": transfer,
        "sale": sale,
        "recall": recall(sale, ASR=2),
        "adjustment up": adjust(northgate, is_up=True, ASR=2),
        "adjustment down": adjust(harborcu, is_up=False, ASR=2),
    }


BEFORE = {("northgate", "ASR"): (10, 0, 2), ("harborcu", "ASR"): (2, 0, 0)}
AFTER = {
    "issue": {"northgate": (8, 0, 2)},
    "transfer": {"northgate": (8, 0, 2), "northgate-west": (2, 0, 0)},
    "sale": {"northgate": (12, 0, 0), "harborcu": (0, 0, 0)},
    "recall": {"northgate": (8, 0, 4), "harborcu": (4, 0, 0)},
    "adjustment up": {"northgate": (8, 0, 2)},
    "adjustment down": {"harborcu": (4, 0, 0)},
}
TOLD = {
    "issue": ["northgate"],
    "transfer": ["northgate", "northgate-west"],
    "sale": ["harborcu", "northgate"],
    "recall": ["harborcu", "northgate"],
    "adjustment up": ["northgate"],
    "adjustment down": ["harborcu"],
}


@pytest.fixture
def take_back(publisher, staff):
    def act(entry, **changes):
        call = {"publisher": publisher, "reversed_by": staff, "quantities": quantities(ASR=2), "reason": REASON, "ticket": "T-4711"}
        return reverse_entry(entry=entry, **call | {"key": fresh_key()} | changes)

    return act


def everything():
    return balances(), JournalEntry.objects.count(), Notice.objects.count(), SecurityEvent.objects.count()


@pytest.mark.parametrize("kind", AFTER)
def test_each_kind_goes_the_way_back_and_both_sides_are_told(entries, take_back, publisher, staff, kind):
    """C11, rules.md §2: a reversal of a sale counts as sold no more, one of a recall counts as sold again."""
    entry = entries[kind]
    assert balances() == BEFORE

    reversal = take_back(entry)

    changed = {(account, "ASR"): numbers for account, numbers in AFTER[kind].items()}
    assert balances() == {key: numbers for key, numbers in (BEFORE | changed).items() if any(numbers)}
    assert (reversal.kind, reversal.number[0], reversal.reverses) == ("reversal", "R", entry)
    assert (reversal.giver, reversal.receiver) == (entry.receiver, entry.giver)
    assert (reversal.posted_by, reversal.acting_as, reversal.note, reversal.reference) == (staff, publisher, REASON, "T-4711")
    assert sorted(Notice.objects.filter(event=reversal.number).values_list("account", flat=True)) == TOLD[kind]
    assert_the_books_are_proven()


def test_the_letters_say_what_went_where_and_why(entries, take_back):
    reversal = take_back(entries["sale"])

    letters = {notice.account: notice.email for notice in Notice.objects.filter(event=reversal.number)}
    subject = f"Sale {entries['sale'].number} was reversed by Publisher Inc. ({reversal.number})"
    assert {letter.subject for letter in letters.values()} == {subject}
    facts = {"harborcu": "went back to northgate", "northgate": "available in your account northgate again"}
    for account, letter in letters.items():
        assert [fact for fact in (facts[account], REASON, "T-4711", "The Asr") if fact not in " ".join(letter.message.split())] == []


def test_what_was_done_stands_in_the_log_of_each_account(entries, take_back, staff):
    """A8: done by the publisher."""
    reversal = take_back(entries["sale"])

    lines = SecurityEvent.objects.filter(kind="staff_acted", about=f"Entry reversed: {entries['sale']} by {reversal}")
    assert sorted((line.user.username, line.other.username) for line in lines) == [("staff", "harborcu"), ("staff", "northgate")]


def test_it_is_repeated_up_to_what_remains(entries, take_back):
    """C11: 4 were sold, and 2 recalled."""
    take_back(entries["sale"], quantities=quantities(ASR=1))
    before = everything()

    with pytest.raises(MoreThanRemains, match=f"^1 left to reverse of {entries['sale']}$"):
        take_back(entries["sale"])

    assert everything() == before
    take_back(entries["sale"], quantities=quantities(ASR=1))
    assert balances()["northgate", "ASR"] == (12, 0, 0)
    assert_the_books_are_proven()


def test_a_recall_that_was_reversed_remains_to_be_reversed_no_more(entries, take_back):
    take_back(entries["recall"])

    with pytest.raises(MoreThanRemains, match=r"^0 left"):
        take_back(entries["recall"])


@pytest.mark.parametrize("kind", ["deployment", "retirement", "reversal"])
def test_what_is_not_put_right_this_way_is_refused(northgate, user, take_back, kind):
    """C11: deployments are retired, and a reversal is final."""
    issue = give(northgate, ASR=8)
    deployment = deploy(northgate, ASR=2)
    reverse(issue, ASR=1)
    if kind == "retirement":
        retire_deployment(deployment=deployment, account=northgate, retired_by=user(northgate), reason="Moved away", key=fresh_key())
    before = everything()

    with pytest.raises(CannotBeReversed, match=f"it is a {kind}"):
        take_back(JournalEntry.objects.filter(kind=kind).get(), quantities=quantities(ASR=1))

    assert everything() == before


# ── Never below zero ──


def test_staff_are_told_on_which_deployments_the_licenses_are(northgate, harborcu, take_back):
    """C11, B3: the largest first."""
    give(northgate, ASR=9)
    sale = sell(northgate, harborcu, ASR=9)
    deploy(harborcu, name="LAB", ASR=2)
    deploy(harborcu, name="IVR", ASR=6)
    before = everything()

    with pytest.raises(InsufficientLicenses) as refused:
        take_back(sale)

    (problem,) = refused.value.problems
    assert (problem.field, problem.message) == ("qty-ASR", "1 available, 8 deployed in harborcu. Deployed: 6 on IVR, 2 on LAB.")
    assert everything() == before


def test_staff_are_told_to_which_accounts_the_licenses_went(northgate, west, tideway, harborcu, stmarys, user, take_back):
    """C11: less what came back from them, and not to the publisher."""
    LinkFactory(holder=west, target=northgate)
    issue = give(northgate, ASR=20)
    sale = sell(northgate, harborcu, ASR=9)
    sell(northgate, stmarys, ASR=5)
    recall(sale, ASR=6)
    transfer_licenses(receiver=west, transferred_by=user(west), giver=northgate, quantities=quantities(ASR=4), key=fresh_key())
    adjust(northgate, is_up=False, ASR=7)

    with pytest.raises(InsufficientLicenses) as refused:
        take_back(issue)

    assert str(refused.value) == "1 available in northgate. Gone: 5 to stmarys, 4 to northgate-west, 3 to harborcu."


def test_of_many_places_five_are_named_and_the_others_counted(northgate, take_back):
    """Nothing lists all of something."""
    issue = give(northgate, ASR=28)
    for number in range(1, 8):
        deploy(northgate, name=f"IVR-{number}", ASR=number)

    with pytest.raises(InsufficientLicenses) as refused:
        take_back(issue)

    assert str(refused.value) == (
        "0 available, 28 deployed in northgate. Deployed: 7 on IVR-7, 6 on IVR-6, 5 on IVR-5, 4 on IVR-4, 3 on IVR-3 and 2 more places."
    )
    for number in range(6):
        sell(give(northgate, TTS=1).receiver, EnduserFactory(username=f"clinic-{number}", reseller=northgate), TTS=1)
    with pytest.raises(InsufficientLicenses, match="1 to clinic-4 and 1 more place"):
        take_back(JournalEntry.objects.filter(kind="issue", lines__product__code="TTS").latest("pk"), quantities=quantities(TTS=1))


def test_what_customers_are_told_names_no_deployment(northgate, harborcu):
    """A9: that is for staff alone."""
    give(northgate, ASR=9)
    sell(northgate, harborcu, ASR=9)
    deploy(harborcu, name="SECRET", ASR=8)

    with pytest.raises(InsufficientLicenses) as refused:
        deploy(harborcu, ASR=2)

    assert str(refused.value) == "1 available, 8 deployed"


# ── Who may, and how often ──


def test_whoever_is_not_staff_reverses_nothing(entries, take_back, northgate, publisher, user):
    """B7, C11."""
    before = everything()

    for account in (publisher, northgate):
        with pytest.raises(NotAllowed):
            take_back(entries["issue"], reversed_by=user(northgate), publisher=account)

    assert everything() == before


def test_the_same_form_again_gives_the_first_reversal_and_with_other_content_it_is_refused(entries, take_back):
    """B5."""
    key = fresh_key()
    first = take_back(entries["sale"], key=key)
    before = everything()

    assert take_back(entries["sale"], key=key) == first
    for change in ({"quantities": quantities(ASR=1)}, {"reason": "Another reason"}, {"ticket": "T-1"}):
        with pytest.raises(FormAlreadyUsed):
            take_back(entries["sale"], key=key, **change)
    with pytest.raises(FormAlreadyUsed):
        take_back(entries["issue"], key=key)

    assert everything() == before


def test_what_is_refused_changes_nothing_and_its_key_stays_good(entries, take_back):
    """B6."""
    key, before = fresh_key(), everything()

    with pytest.raises(NothingEntered):
        take_back(entries["sale"], quantities={}, key=key)

    assert everything() == before
    assert take_back(entries["sale"], key=key).kind == "reversal"
