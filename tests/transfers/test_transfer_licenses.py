"""Transfer Licenses, the flow: the receiver pulls what is available over its link, and both are told (C9, A3 to A6)."""

import pytest

from accounts.models import Account, Link, User
from licenses.ledger import InsufficientLicenses, NothingEntered
from licenses.models import JournalEntry, Product
from licensing_portal.foundation.errors import NotAllowed, Problem
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import ProductFactory, give, quantities
from transfers.services import NotLinked, transfer_licenses


@pytest.fixture
def link(northgate, west):
    """northgate reaches northgate-west."""
    return LinkFactory(holder=northgate, target=west)


@pytest.fixture
def pull(northgate, west, user):
    """Pull 3 ASR from northgate-west into northgate; what a test is about is said in the call."""

    def act(**changes):
        call = {"receiver": northgate, "transferred_by": user(northgate), "giver": west, "quantities": quantities(ASR=3), "key": fresh_key()}
        return transfer_licenses(**call | changes)

    return act


def everything():
    """All that a transfer moves or makes."""
    return balances(), [model.objects.count() for model in (JournalEntry, Notice, Submission)]


# ── C9 ──


def test_a_transfer_moves_available_licenses_to_the_account_one_is_in(pull, link, northgate, west, user):
    """C9; a transfer is no sale (rules.md §2)."""
    give(west, ASR=10, TTS=4)

    transfer = pull(quantities=quantities(ASR=3, TTS=4))

    assert balances() == {("northgate-west", "ASR"): (7, 0, 0), ("northgate", "ASR"): (3, 0, 0), ("northgate", "TTS"): (4, 0, 0)}
    assert (transfer.kind, transfer.number[:2], transfer.giver, transfer.receiver) == ("transfer", "T-", west, northgate)
    assert (transfer.posted_by, transfer.acting_as) == (user(northgate), northgate)
    assert_the_books_are_proven()


def test_both_accounts_get_a_notice(pull, link, west):
    """C9: the side that loses licenses hears of it."""
    give(west, ASR=10)

    transfer = pull()

    told = Notice.objects.filter(event=transfer.number).order_by("pk")
    assert [(notice.account, notice.address, notice.email.subject) for notice in told] == [
        ("northgate-west", "northgate-west@example.com", f"3 licenses were transferred out of northgate-west ({transfer.number})"),
        ("northgate", "northgate@example.com", f"3 licenses transferred into northgate ({transfer.number})"),
    ]


def test_deployed_licenses_do_not_move(pull, link, west):
    """C9: "Only available licenses move"; the refusal says where the rest is (B6)."""
    give(west, ASR=10)
    deploy(west, ASR=8)
    before = everything()

    with pytest.raises(InsufficientLicenses, match="2 available, 8 deployed in northgate-west"):
        pull()

    assert everything() == before


def test_if_one_product_falls_short_nothing_moves(pull, link, west):
    """C9, B6."""
    give(west, ASR=10, TTS=1)
    ProductFactory(code="CPA")
    before = everything()

    with pytest.raises(InsufficientLicenses) as refusal:
        pull(quantities=quantities(ASR=3, TTS=2, CPA=1))

    assert refusal.value.problems == [
        Problem("0 available in northgate-west", field="qty-CPA"),
        Problem("1 available in northgate-west", field="qty-TTS"),
    ]
    assert everything() == before


def test_what_the_receiver_has_does_not_count(pull, link, northgate):
    """C9: quantities of what is available there."""
    give(northgate, ASR=50)
    before = everything()

    with pytest.raises(InsufficientLicenses, match="0 available"):
        pull()

    assert everything() == before


@pytest.mark.parametrize("amounts", [{}, {"ASR": 0}])
def test_nothing_entered_is_refused(pull, link, west, amounts):
    """C9."""
    give(west, ASR=10)
    before = everything()

    with pytest.raises(NothingEntered):
        pull(quantities=quantities(**amounts))

    assert everything() == before


def test_a_retired_product_can_still_be_transferred(pull, link, west):
    """rules.md §2."""
    give(west, ASR=10)
    Product.objects.update(retired_at="2026-11-24T00:00Z")

    pull()

    assert balances() == {("northgate-west", "ASR"): (7, 0, 0), ("northgate", "ASR"): (3, 0, 0)}


def test_an_enduser_pulls_from_its_other_account(pull, harborcu, metrotransit, user):
    """C9: the demo's case: a company that buys from two resellers."""
    LinkFactory(holder=harborcu, target=metrotransit)
    give(metrotransit, ASR=10)

    pull(receiver=harborcu, transferred_by=user(harborcu), giver=metrotransit)

    assert balances() == {("metrotransit", "ASR"): (7, 0, 0), ("harborcu", "ASR"): (3, 0, 0)}


def test_everything_that_is_there_can_be_pulled_and_pulled_back(pull, northgate, west, user):
    """C9, A3: each direction over a link of its own; the books balance after any number of times."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=northgate)
    give(west, ASR=3)

    pull()
    pull(receiver=west, transferred_by=user(west), giver=northgate)
    pull()

    assert balances() == {("northgate", "ASR"): (3, 0, 0)}
    assert_the_books_are_proven()


# ── Without a link, and against one ──


def test_without_a_link_nothing_moves(pull, west):
    """A2, C9."""
    give(west, ASR=10)
    before = everything()

    with pytest.raises(NotLinked) as refusal:
        pull()

    assert refusal.value.problems == [Problem("You are not linked to northgate-west", field="linked_account")]
    assert everything() == before


def test_nothing_moves_against_the_direction_of_a_link(pull, link, northgate, west, user):
    """A3: B "can pull nothing from A"."""
    give(northgate, ASR=10)
    before = everything()

    with pytest.raises(NotLinked, match="You are not linked to northgate"):
        pull(receiver=west, transferred_by=user(west), giver=northgate)

    assert everything() == before


def test_links_are_not_followed_on(pull, northgate, west, tideway):
    """A4: A→B and B→C do not let A reach C."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=tideway)
    give(tideway, ASR=10)
    before = everything()

    with pytest.raises(NotLinked, match="You are not linked to tideway"):
        pull(giver=tideway)

    assert everything() == before


def test_an_enduser_of_ones_own_is_not_linked_by_that(pull, northgate, harborcu):
    """A9: a reseller does not see or take what its enduser holds."""
    give(harborcu, ASR=10)
    before = everything()

    with pytest.raises(NotLinked):
        pull(giver=harborcu)

    assert everything() == before


def test_nothing_is_pulled_from_oneself(pull, northgate):
    """A2: no link leads to oneself."""
    give(northgate, ASR=10)
    before = everything()

    with pytest.raises(NotLinked):
        pull(giver=northgate)

    assert everything() == before


def test_nothing_is_pulled_from_the_publisher(pull, publisher):
    """A7: the publisher can be neither linked nor switched to; licenses come from it by issue alone."""
    before = everything()

    with pytest.raises(NotLinked):
        pull(giver=publisher)

    assert everything() == before


def test_a_link_that_was_removed_meanwhile_moves_nothing(pull, link, west):
    """A5: "not even from a form that was already open"."""
    give(west, ASR=10)
    Link.objects.filter(pk=link.pk).delete()
    before = everything()

    with pytest.raises(NotLinked):
        pull()

    assert everything() == before


@pytest.mark.parametrize("change", ["password", "role", "activity", "closed"])
def test_a_link_that_is_not_proven_any_more_moves_nothing(pull, link, west, user, change):
    """A6: it asks for the credentials again, and says where."""
    give(west, ASR=10)
    prover = user(west)
    if change == "password":
        prover.set_password("another good password")
        prover.save()
    elif change == "role":
        User.objects.filter(pk=prover.pk).update(role="manager")
    elif change == "activity":
        User.objects.filter(pk=prover.pk).update(is_active=False)
    else:
        Account.objects.filter(pk=west.pk).update(closed_at=west.created_at)
    before = everything()

    with pytest.raises(NotLinked) as refusal:
        pull()

    assert refusal.value.problems == [
        Problem("The link to northgate-west needs its username and password again. Open Link User Admin", field="linked_account")
    ]
    assert everything() == before


# ── Who ──


def test_a_viewer_transfers_nothing_and_a_manager_does(pull, link, northgate, west, user):
    """rules.md §1."""
    give(west, ASR=10)
    viewer, manager = user(northgate, "viewer"), user(northgate, "manager")
    before = everything()

    with pytest.raises(NotAllowed):
        pull(transferred_by=viewer)

    assert everything() == before
    assert pull(transferred_by=manager).posted_by == manager


def test_the_publisher_receives_nothing_back(pull, publisher, northgate, staff):
    """C11: what staff put right goes through the journal's own kinds."""
    LinkFactory(holder=publisher, target=northgate)
    give(northgate, ASR=10)
    before = everything()

    with pytest.raises(NotAllowed):
        pull(receiver=publisher, transferred_by=staff, giver=northgate)

    assert everything() == before


def test_while_acting_licenses_are_pulled_from_ones_own_account_over_a_link_back(pull, northgate, west, user):
    """A7, A4: acting for northgate-west, which has a link back to northgate."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=northgate)
    give(northgate, ASR=10)

    transfer = pull(receiver=west, transferred_by=user(northgate), giver=northgate)

    assert balances() == {("northgate", "ASR"): (7, 0, 0), ("northgate-west", "ASR"): (3, 0, 0)}
    assert (transfer.posted_by, transfer.acting_as) == (user(northgate), west)


def test_while_acting_no_third_account_is_reached(pull, northgate, west, tideway, user):
    """A4, A7: "of B's links only one that leads back to A can be used"."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=tideway)
    give(tideway, ASR=10)
    before = everything()

    with pytest.raises(NotLinked):
        pull(receiver=west, transferred_by=user(northgate), giver=tideway)

    assert everything() == before


def test_a_person_without_a_link_to_the_receiver_pulls_nothing_into_it(pull, northgate, west, user):
    """A7, A3: west's link to northgate does not let a person of northgate act for west, not even to give it something."""
    LinkFactory(holder=west, target=northgate)
    give(northgate, ASR=10)
    before = everything()

    with pytest.raises(NotAllowed):
        pull(receiver=west, transferred_by=user(northgate), giver=northgate)

    assert everything() == before


# ── One press ──


def test_the_same_form_again_gives_the_first_transfer(pull, link, west):
    """B5: though nothing is left there."""
    give(west, ASR=3)
    key = fresh_key()
    transfer = pull(key=key)
    before = everything()

    assert pull(key=key) == transfer
    assert everything() == before


def test_the_same_form_again_gives_the_first_transfer_though_the_link_is_gone(pull, link, west):
    """B5: it changes nothing, so there is nothing to refuse."""
    give(west, ASR=10)
    key = fresh_key()
    transfer = pull(key=key)
    Link.objects.all().delete()
    before = everything()

    assert pull(key=key) == transfer
    assert everything() == before


@pytest.mark.parametrize("change", ["quantities", "giver"])
def test_the_same_key_with_other_content_is_refused_and_leads_to_the_transfer(pull, link, northgate, west, tideway, change):
    """B5."""
    LinkFactory(holder=northgate, target=tideway)
    give(west, ASR=10)
    give(tideway, ASR=10)
    key = fresh_key()
    transfer = pull(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed) as refusal:
        pull(key=key, **({"quantities": quantities(ASR=4)} if change == "quantities" else {"giver": tideway}))

    assert (refusal.value.problems[0].url, everything()) == (transfer.get_absolute_url(), before)


def test_a_refused_key_is_still_good(pull, link, west):
    """B6."""
    give(west, ASR=10)
    key = fresh_key()
    with pytest.raises(InsufficientLicenses):
        pull(key=key, quantities=quantities(ASR=11))

    pull(key=key, quantities=quantities(ASR=10))

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}
