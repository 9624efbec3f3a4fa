"""Numbers of entries: a letter, the UTC year and six digits, one per entry (B1, contract.md). Gaps are allowed, doubles are not."""

import re
from datetime import UTC, datetime

import pytest
from django.db import DataError, Error, IntegrityError, connection, transaction

from licenses.models import JournalEntry, NumberSeries
from licenses.numbers import LETTERS, next_number
from tests.factories.licenses import give
from tests.roles import the_owner, walls_down

Kind = JournalEntry.Kind

NEW_YEAR = datetime(2087, 1, 1, tzinfo=UTC)


def counter(number):
    return int(number.rsplit("-", 1)[1])


def test_a_number_is_a_letter_the_year_and_six_digits(db):
    """contract.md: `S-2026-000004`."""
    assert re.fullmatch(r"S-2087-\d{6}", next_number(Kind.SALE, NEW_YEAR))


@pytest.mark.parametrize(
    ("kind", "letter"),
    [
        ("issue", "P"),
        ("sale", "S"),
        ("deployment", "D"),
        ("transfer", "T"),
        ("recall", "R"),
        ("retirement", "R"),
        ("adjustment", "R"),
        ("reversal", "R"),
    ],
)
def test_each_kind_has_its_letter(db, kind, letter):
    """contract.md: P issue, S sale, D deployment, T transfer, R recall, retirement, adjustment or reversal."""
    assert next_number(Kind(kind), NEW_YEAR)[0] == letter


def test_every_kind_of_entry_has_a_letter():
    """B1: no entry without a number."""
    assert set(LETTERS) == set(Kind)


def test_numbers_count_on(db):
    """B1."""
    first, second, third = (counter(next_number(Kind.SALE, NEW_YEAR)) for _ in range(3))

    assert (second, third) == (first + 1, first + 2)


def test_each_letter_counts_by_itself(db):
    """B1: "Numbers count per letter and UTC year"."""
    sale = counter(next_number(Kind.SALE, NEW_YEAR))
    for _ in range(3):
        next_number(Kind.TRANSFER, NEW_YEAR)

    assert counter(next_number(Kind.SALE, NEW_YEAR)) == sale + 1


def test_each_year_counts_from_one(db):
    """B1. The year is one that no other test uses."""
    next_number(Kind.SALE, datetime(2088, 12, 31, 23, 59, 59, tzinfo=UTC))
    next_number(Kind.SALE, datetime(2088, 12, 31, 23, 59, 59, tzinfo=UTC))

    assert next_number(Kind.SALE, datetime(2089, 1, 1, tzinfo=UTC)) == "S-2089-000001"


def test_recalls_retirements_adjustments_and_reversals_share_one_series(db):
    """contract.md: one letter, so no two of them may have one number."""
    numbers = [counter(next_number(kind, NEW_YEAR)) for kind in (Kind.RECALL, Kind.RETIREMENT, Kind.ADJUSTMENT, Kind.REVERSAL)]

    assert numbers == [numbers[0] + step for step in range(4)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_number_that_was_rolled_back_is_not_given_out_again():
    """B1: gaps are allowed; nobody waits for another's transaction to end."""
    with transaction.atomic():
        first = counter(next_number(Kind.SALE, NEW_YEAR))
    with pytest.raises(ValueError, match="refused"), transaction.atomic():
        lost = counter(next_number(Kind.SALE, NEW_YEAR))
        raise ValueError("refused")

    with transaction.atomic():
        assert (lost, counter(next_number(Kind.SALE, NEW_YEAR))) == (first + 1, first + 2)


@pytest.mark.postgres
def test_after_a_million_numbers_grow_a_digit(db):
    """B1: one per entry, however many."""
    next_number(Kind.SALE, NEW_YEAR)
    with the_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT setval('entry_number_s_2087', 999999)")

    assert next_number(Kind.SALE, NEW_YEAR) == "S-2087-1000000"


@pytest.mark.postgres
@pytest.mark.parametrize("series", ["s_2087; DROP TABLE licenses_holding", "S_2087", "ss_2087", "s_20877", "", "s_2087\n", "../s_2087"])
def test_the_database_makes_a_series_for_a_letter_and_a_year_alone(db, series):
    """README, "Numbers come from sequences": the function has its owner's rights, so what it makes is spelled out."""
    with pytest.raises(Error, match="not a series of entry numbers"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT next_entry_number(%s)", [series])


@pytest.mark.postgres
def test_a_double_number_is_refused_by_the_database(northgate):
    """B1: one per entry."""
    first, second = give(northgate, ASR=1), give(northgate, ASR=1)

    with walls_down(), the_owner(), pytest.raises(IntegrityError, match="licenses_journalentry_number"), transaction.atomic():
        JournalEntry.objects.filter(pk=second.pk).update(number=first.number)


@pytest.mark.postgres
def test_on_postgresql_no_row_is_counted_in(northgate):
    """B1: a counter row would make all sales of all resellers queue."""
    give(northgate, ASR=1)

    assert NumberSeries.objects.count() == 0


@pytest.mark.postgres
def test_a_number_that_is_too_long_is_refused_and_never_cut_short(northgate):
    """B1."""
    entry = give(northgate, ASR=1)

    with pytest.raises(DataError), transaction.atomic():
        JournalEntry.objects.filter(pk=entry.pk).update(number="S-2026-" + "9" * 20)
