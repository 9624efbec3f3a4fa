"""The proof reads the books as they are at one moment (B4): what is posted in the middle of it gives no false fault."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from licenses import proof
from licenses.models import JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.licenses import give, quantities
from tests.races.crowd import PATIENCE

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sale_in_the_middle(northgate, harborcu, user):
    """Return a context in which, as soon as the entries are looked at and before the holdings are read, somebody else sells."""
    give(northgate, ASR=10)
    seller = user(northgate)

    def sell():
        try:
            sell_licenses(seller=northgate, sold_by=seller, owner=harborcu, quantities=quantities(ASR=1), key=fresh_key())
        finally:
            connection.close()

    def sell_before_the_holdings_are_read(execute, sql, params, many, context):
        if "licenses_holding" in sql and not JournalEntry.objects.filter(kind="sale").exists():
            with ThreadPoolExecutor(1) as another:
                another.submit(sell).result(PATIENCE)
        return execute(sql, params, many, context)

    @contextmanager
    def opened():
        with connection.execute_wrapper(sell_before_the_holdings_are_read):
            yield
        assert JournalEntry.objects.filter(kind="sale").count() > 0

    return opened


def test_a_sale_in_the_middle_of_a_proof_is_no_fault(sale_in_the_middle, capsys):
    with sale_in_the_middle():
        call_command("check_ledger")

    assert capsys.readouterr().out.startswith("The books are proven: 1 entries, 2 lines, ")  # as they were when it began


def test_without_a_snapshot_the_same_sale_would_be_proven_though_nobody_looked_at_it(sale_in_the_middle):
    """The control: the sale comes in at a place that matters."""
    with sale_in_the_middle():
        found, seen = list(proof.faults()), proof.counts()

    assert (found, seen) == ([], {"entries": 2, "lines": 4, "holdings": 3})


def test_nothing_is_written_in_a_snapshot(northgate):
    with pytest.raises(DatabaseError, match="read-only transaction"), proof.snapshot():
        give(northgate, ASR=1)


def test_a_snapshot_does_not_begin_in_a_transaction_that_has_read_already(northgate):
    """There it would be silently what the transaction sees: each statement something else."""
    with transaction.atomic(), pytest.raises(transaction.TransactionManagementError), proof.snapshot():
        pass
