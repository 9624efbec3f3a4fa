"""The books: opened before anything moves, balanced, and refused in words before the database has to refuse."""

import pytest
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError

from licenses import ledger
from licenses.ledger import InsufficientLicenses, NothingEntered, open_books
from licenses.models import Holding, JournalEntry, JournalLine
from licensing_portal.foundation.errors import Problem
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import ProductFactory, give, quantities
from tests.roles import the_owner, walls_down

Kind = JournalEntry.Kind


def post(kind, amounts, *, giver, receiver, by):
    with transaction.atomic():
        books = open_books([giver, receiver], amounts)
        return books.post(kind, amounts, giver=giver, receiver=receiver, posted_by=by, acting_as=giver)


def lines_of(entry):
    return [
        (line.account.username, line.product.code, line.state, line.quantity, line.balance)
        for line in entry.lines.select_related("account", "product").order_by("pk")
    ]


@pytest.mark.django_db(transaction=True)
def test_books_are_not_opened_outside_a_transaction(northgate):
    with pytest.raises(TransactionManagementError):
        open_books([northgate], [])


def test_a_sale_takes_from_the_givers_available_and_counts_as_sold(northgate, harborcu, user):
    """B1: each change is a line; per product the lines of an entry sum to zero."""
    give(northgate, ASR=10)

    entry = post(Kind.SALE, quantities(ASR=3), giver=northgate, receiver=harborcu, by=user(northgate))

    assert lines_of(entry) == [("northgate", "ASR", "available", -3, 7), ("harborcu", "ASR", "available", 3, 3)]
    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}
    assert_the_books_are_proven()


def test_a_deployment_takes_from_available_to_deployed_of_the_same_account(northgate, user):
    give(northgate, ASR=10)

    entry = post(Kind.DEPLOYMENT, quantities(ASR=4), giver=northgate, receiver=northgate, by=user(northgate))

    assert lines_of(entry) == [("northgate", "ASR", "available", -4, 6), ("northgate", "ASR", "deployed", 4, 4)]
    assert balances() == {("northgate", "ASR"): (6, 4, 0)}
    assert_the_books_are_proven()


def test_a_retirement_takes_from_deployed_to_available_of_the_same_account(northgate, harborcu, user):
    """C7: what was sold stays sold."""
    give(northgate, ASR=10)
    post(Kind.SALE, quantities(ASR=2), giver=northgate, receiver=harborcu, by=user(northgate))
    post(Kind.DEPLOYMENT, quantities(ASR=4), giver=northgate, receiver=northgate, by=user(northgate))

    entry = post(Kind.RETIREMENT, quantities(ASR=4), giver=northgate, receiver=northgate, by=user(northgate))

    assert (entry.kind, entry.number[:2]) == ("retirement", "R-")
    assert lines_of(entry) == [("northgate", "ASR", "deployed", -4, 0), ("northgate", "ASR", "available", 4, 8)]
    assert balances() == {("northgate", "ASR"): (8, 0, 2), ("harborcu", "ASR"): (2, 0, 0)}
    assert_the_books_are_proven()


def test_a_retirement_looks_at_what_is_deployed_and_not_at_what_is_available(northgate, user):
    """B3: ten are available, and still only the four that are deployed can come back."""
    give(northgate, ASR=14)
    post(Kind.DEPLOYMENT, quantities(ASR=4), giver=northgate, receiver=northgate, by=user(northgate))
    before = balances()

    with pytest.raises(InsufficientLicenses, match="10 available, 4 deployed"):
        post(Kind.RETIREMENT, quantities(ASR=5), giver=northgate, receiver=northgate, by=user(northgate))

    assert balances() == before == {("northgate", "ASR"): (10, 4, 0)}


def test_more_than_one_form_takes_comes_back_at_once(northgate, user):
    """C7: a deployment grows in steps of up to a million each, and is retired whole."""
    for _ in range(2):
        give(northgate, ASR=1_000_000)
        post(Kind.DEPLOYMENT, quantities(ASR=1_000_000), giver=northgate, receiver=northgate, by=user(northgate))

    post(Kind.RETIREMENT, quantities(ASR=2_000_000), giver=northgate, receiver=northgate, by=user(northgate))

    assert balances() == {("northgate", "ASR"): (2_000_000, 0, 0)}


def test_a_transfer_is_no_sale(northgate, west, user):
    LinkFactory(holder=northgate, target=west)
    give(west, ASR=10)

    post(Kind.TRANSFER, quantities(ASR=10), giver=west, receiver=northgate, by=user(northgate))

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}
    assert_the_books_are_proven()


def test_the_publishers_available_alone_goes_below_zero(publisher, northgate):
    give(northgate, ASR=10)

    source = Holding.objects.get(account=publisher)

    assert (source.available, source.is_source) == (-10, True)


def test_every_product_that_falls_short_is_named_and_none_moves(northgate, harborcu, user):
    """C2, B6: all products or none; the refusal says what is possible."""
    give(northgate, ASR=10, CPA=5, TTS=4)
    post(Kind.DEPLOYMENT, quantities(ASR=6), giver=northgate, receiver=northgate, by=user(northgate))
    before = balances()

    with pytest.raises(InsufficientLicenses) as refusal:
        post(Kind.SALE, quantities(ASR=5, CPA=5, TTS=9), giver=northgate, receiver=harborcu, by=user(northgate))

    assert refusal.value.problems == [
        Problem("4 available, 6 deployed", field="qty-ASR"),
        Problem("4 available", field="qty-TTS"),
    ]
    assert balances() == before


def test_a_product_that_was_never_held_is_refused_like_one_that_is_used_up(northgate, harborcu, user):
    ProductFactory(code="ASR")

    with pytest.raises(InsufficientLicenses, match="0 available"):
        post(Kind.SALE, quantities(ASR=1), giver=northgate, receiver=harborcu, by=user(northgate))

    assert Holding.objects.count() == 0


@pytest.mark.parametrize("amounts", [{}, {"ASR": 0}])
def test_nothing_entered_is_refused(northgate, harborcu, user, amounts):
    give(northgate, ASR=10)

    with pytest.raises(NothingEntered):
        post(Kind.SALE, quantities(**amounts), giver=northgate, receiver=harborcu, by=user(northgate))

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


@pytest.mark.parametrize("quantity", [-1, 1_000_001])
def test_a_quantity_out_of_bounds_is_a_fault_of_the_program(northgate, harborcu, user, quantity):
    """A negative sale would pull licenses from the receiver; forms refuse it, and so do the books."""
    give(northgate, ASR=10)
    give(harborcu, ASR=10)

    with pytest.raises(ValueError, match="from 0 to 1,000,000"):
        post(Kind.SALE, quantities(ASR=quantity), giver=northgate, receiver=harborcu, by=user(northgate))

    assert balances() == {("northgate", "ASR"): (10, 0, 0), ("harborcu", "ASR"): (10, 0, 0)}


@pytest.mark.parametrize("column", ["available", "deployed", "sold"])
def test_the_database_refuses_a_number_below_zero(northgate, column):
    """B3: whatever the code does, the wall stands."""
    give(northgate, ASR=10)

    with pytest.raises(IntegrityError, match=f"{column}_is_never_negative"), transaction.atomic():
        Holding.objects.filter(account=northgate).update(**{column: -1})


def test_entries_and_lines_stay_when_something_points_to_them(northgate):
    """B2: history outlives everything; its rows protect each other."""
    entry = give(northgate, ASR=10)

    with walls_down(), the_owner(), pytest.raises(IntegrityError), transaction.atomic():
        JournalEntry.objects.filter(pk=entry.pk)._raw_delete("default")
        transaction.get_connection().check_constraints()

    assert JournalLine.objects.filter(entry=entry).count() == 2


def test_opening_books_makes_only_the_holdings_that_are_missing(northgate, harborcu):
    give(northgate, ASR=10)
    known = ProductFactory(code="ASR")
    new = ProductFactory(code="TTS")

    with transaction.atomic():
        ledger.open_books([northgate, harborcu], [known, new])

    held = Holding.objects.exclude(account__kind="publisher").values_list("account__username", "product__code", "available")
    assert sorted(held) == [("harborcu", "ASR", 0), ("harborcu", "TTS", 0), ("northgate", "ASR", 10), ("northgate", "TTS", 0)]
