"""Proofs on record (B4), all of the journal or what was posted since the last one; what is wrong is put there by raw SQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.db.models import F

from licenses import proof
from licenses.models import Holding, JournalEntry, JournalLine, LedgerProof, Product
from licenses.proving import prove
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.licenses import give, quantities
from tests.licenses.test_check_ledger import holding_of, line_of, tamper
from tests.races.crowd import PATIENCE
from tests.roles import the_owner

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sell(northgate, harborcu, user):
    """Sell from northgate, which has 10 ASR and 4 TTS to begin with, to harborcu."""
    give(northgate, ASR=10, TTS=4)
    seller = user(northgate)

    def act(**by_code):
        return sell_licenses(seller=northgate, sold_by=seller, owner=harborcu, quantities=quantities(**by_code), key=fresh_key())

    return act


def prove_all_with_nobody_else_at_it():
    """Make a full proof and say that no transaction was open: those of the server's other test databases count for PostgreSQL too."""
    made = prove()
    sold = dict(Holding.objects.exclude(sold=0).values_list("pk", "sold"))
    with the_owner():
        LedgerProof.objects.filter(pk=made.pk).update(settled_entry=F("newest_entry"), settled_line=F("newest_line"), sold=sold)
    made.refresh_from_db()
    return made


def mark_of(made):
    return proof.Mark(made.settled_entry, made.settled_line, {int(pk): sold for pk, sold in made.sold.items()})


def facts_of(made):
    return (made.is_full, made.entries, made.lines, made.holdings, made.fault_count, made.first_faults)


# ── On record ──


def test_every_proof_is_on_record(sell):
    sell(ASR=3)

    made = prove()

    recorded = LedgerProof.objects.get()
    assert (recorded, facts_of(recorded)) == (made, (True, 2, 6, 5, 0, ""))
    assert (recorded.night, recorded.answers) == (None, None)
    assert recorded.started_at < recorded.ended_at
    assert (recorded.newest_entry, recorded.newest_line) == (JournalEntry.objects.latest("pk").pk, JournalLine.objects.latest("pk").pk)


def test_what_is_wrong_is_on_record_in_words(sell):
    sale = sell(ASR=3)
    tamper("UPDATE licenses_journalline SET balance = 99 WHERE id = %s", line_of(sale, "harborcu").pk)
    tamper("UPDATE licenses_holding SET deployed = 9 WHERE id = %s", holding_of("harborcu").pk)

    made = prove()

    assert (made.is_good, made.fault_count) == (False, 3)
    assert made.first_faults.splitlines() == [
        f"{sale.number}: says that harborcu then had 99 ASR available; its lines sum to 3",
        "harborcu: ASR: holds 9 deployed; its lines sum to 0",
        "ASR: +9 licenses more than were issued",
    ]


def test_of_very_many_faults_the_first_hundred_are_on_record(sell):
    Product.objects.bulk_create(Product(code=f"P{number:03}", name="P") for number in range(101))
    tamper(
        "INSERT INTO licenses_holding (account_id, product_id, is_source, available, deployed, sold)"
        " SELECT account.id, product.id, false, 0, 0, 1 FROM accounts_account account, licenses_product product"
        " WHERE account.username = 'harborcu' AND product.code LIKE 'P%%'"
    )

    made = prove()

    assert (made.fault_count, len(made.first_faults.splitlines())) == (101, 100)


@pytest.mark.parametrize("table", ["licenses_ledgerproof", "licenses_proofrequest"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_changes_and_deletes_nothing_on_record(table, statement):
    with pytest.raises(ProgrammingError, match=f"permission denied for table {table}"), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


# ── Since the last proof ──


def test_only_what_was_posted_since_is_proven(sell):
    prove_all_with_nobody_else_at_it()
    sell(ASR=3, TTS=1)
    sell(ASR=1)

    assert facts_of(prove(since_last=True)) == (False, 2, 6, 4, 0, "")


def test_without_an_earlier_proof_all_is_proven(sell):
    assert facts_of(prove(since_last=True)) == (True, 1, 4, 4, 0, "")


def test_after_a_proof_that_found_something_all_is_proven_until_it_is_put_right(sell):
    """Else a proof of what is new would be the last word on what is old."""
    sale = sell(ASR=3)
    line = line_of(sale, "harborcu")
    prove_all_with_nobody_else_at_it()
    tamper("UPDATE licenses_journalline SET balance = 99 WHERE id = %s", line.pk)
    prove()

    again = prove(since_last=True)
    tamper("UPDATE licenses_journalline SET balance = 3 WHERE id = %s", line.pk)
    right = prove(since_last=True)

    assert [(made.is_full, made.fault_count) for made in (again, right)] == [(True, 1), (True, 0)]


HELD = "account_id = (SELECT id FROM accounts_account WHERE username = '{}') AND product_id = (SELECT id FROM licenses_product WHERE code = 'ASR')"
PLACES = {
    "NEW_LINE": "(SELECT max(id) FROM licenses_journalline)",
    "NEW_ENTRY": "(SELECT max(id) FROM licenses_journalentry)",
    "SELLER": HELD.format("northgate"),
    "BUYER": HELD.format("harborcu"),
}
FORGERIES = {
    "an entry without lines": "DELETE FROM licenses_journalline WHERE entry_id = {NEW_ENTRY}",
    "a line of another quantity": "UPDATE licenses_journalline SET quantity = quantity + 1 WHERE id = {NEW_LINE}",
    "a line of another balance": "UPDATE licenses_journalline SET balance = 99 WHERE id = {NEW_LINE}",
    "both sides changed alike": "UPDATE licenses_journalline SET quantity = quantity * 2 WHERE entry_id = {NEW_ENTRY}",
    "a line in another state": "UPDATE licenses_journalline SET state = 'deployed' WHERE id = {NEW_LINE}",
    "a line of another account": "UPDATE licenses_journalline SET account_id = (SELECT min(id) FROM accounts_account) WHERE id = {NEW_LINE}",
    "a sale that was made a transfer": "UPDATE licenses_journalentry SET kind = 'transfer' WHERE id = {NEW_ENTRY}",
    "more available": "UPDATE licenses_holding SET available = available + 1 WHERE {BUYER}",
    "more deployed": "UPDATE licenses_holding SET deployed = deployed + 1 WHERE {BUYER}",
    "more sold": "UPDATE licenses_holding SET sold = sold + 1 WHERE {SELLER}",
    "nothing sold": "UPDATE licenses_holding SET sold = 0 WHERE {SELLER}",
    "what was sold before forgotten": "UPDATE licenses_holding SET sold = sold - 2 WHERE {SELLER}",
    "sold by whoever never sold": "UPDATE licenses_holding SET sold = 1 WHERE {BUYER}",
    "no holding": "DELETE FROM licenses_holding WHERE {BUYER}",
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_of_what_is_new_a_proof_since_the_last_one_says_what_a_full_one_says(sell, forgery):
    """B4: it names the same entry first, and says nothing that the full one does not say; holdings that lost their new lines it leaves out."""
    sell(ASR=2)
    last = prove_all_with_nobody_else_at_it()
    sell(ASR=3)

    tamper(forgery.format(**PLACES))

    found, in_full = list(proof.faults(mark_of(last))), list(proof.faults())
    assert found[0] == in_full[0]
    assert found == [fault for fault in in_full if fault in found]


def test_what_is_old_only_a_full_proof_sees(sell):
    """proof.py says so: what was changed before the mark, and holdings that nothing was posted for, if they make up for each other."""
    sale = sell(ASR=3, TTS=1)
    prove_all_with_nobody_else_at_it()
    tamper("UPDATE licenses_journalline SET balance = 99 WHERE id = %s", line_of(sale, "harborcu", "TTS").pk)
    tamper("UPDATE licenses_holding SET available = available + 1 WHERE id = %s", holding_of("harborcu", "TTS").pk)
    tamper("UPDATE licenses_holding SET available = available - 1 WHERE id = %s", holding_of("northgate", "TTS").pk)
    sell(ASR=1)

    since, full = prove(since_last=True), prove()

    assert (since.is_full, since.first_faults) == (False, "")
    assert full.first_faults.splitlines() == [
        f"{sale.number}: says that harborcu then had 99 TTS available; its lines sum to 1",
        "harborcu: TTS: holds 2 available; its lines sum to 1",
        "northgate: TTS: holds 2 available; its lines sum to 3",
    ]


def test_a_mark_between_the_lines_of_an_entry_is_no_fault(sell):
    """Two who write at once get their lines' numbers in turns."""
    sale = sell(ASR=3, TTS=1)
    first, *_ = sale.lines.order_by("pk")

    assert list(proof.faults(proof.Mark(sale.pk - 1, first.pk, proof.sold_up_to(first.pk)))) == []


# ── Entries that are open while the books are proven ──


@pytest.fixture
def open_sale(sell):
    """Return a context in which a sale of northgate's is written and not yet committed, which it is at the end."""

    @contextmanager
    def opened():
        written, over = threading.Event(), threading.Event()

        def act():
            try:
                with transaction.atomic():
                    sale = sell(ASR=3)
                    written.set()
                    over.wait(PATIENCE)
                return sale
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            seller = pool.submit(act)
            assert written.wait(PATIENCE)
            try:
                yield seller
            finally:
                over.set()
                seller.result(PATIENCE)

    return opened


@pytest.mark.parametrize("before", ["INSERT INTO foundation_submission", "FROM post_entry("], ids=["it began first", "the other began first"])
def test_an_entry_that_was_open_during_a_proof_is_proven_by_the_next_one(open_sale, tideway, before):
    """Its lines have lower numbers than some that the proof saw: to begin after the newest line would be to leave it out for ever."""
    sellers = []
    with ExitStack() as until_then:

        def open_before_the_other_writes(execute, sql, params, many, context):
            if before in sql and not sellers:
                sellers.append(until_then.enter_context(open_sale()))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(open_before_the_other_writes):
            give(tideway, ASR=5)
        first = prove()
    (seller,) = sellers
    sale = seller.result()
    tamper("UPDATE licenses_journalline SET quantity = quantity * 2 WHERE entry_id = %s", sale.pk)

    second = prove(since_last=True)

    assert sale.lines.latest("pk").pk < first.newest_line
    assert (first.is_good, first.settled_line < sale.lines.earliest("pk").pk) == (True, True)
    assert second.first_faults.splitlines()[0] == f"{sale.number}: says that northgate then had 7 ASR available; its lines sum to 4"
    assert second.is_full is False


def test_once_all_that_was_open_has_ended_the_next_one_begins_after_it(open_sale, tideway):
    with open_sale():
        give(tideway, ASR=5)
        first = prove()
    with the_owner():  # of the server's other test databases, as if all transactions had ended too
        LedgerProof.objects.update(horizon=0)

    with open_sale():
        second = prove(since_last=True)

        assert second.lines == JournalLine.objects.filter(pk__gt=first.settled_line).count()
    assert second.settled_line > first.settled_line
    assert (second.settled_entry, second.settled_line) == (first.newest_entry, first.newest_line)
    second.refresh_from_db()
    assert second.sold == {str(holding_of("northgate").pk): 3}


# ── The command ──


def test_the_command_proves_what_is_new_and_says_so(sell, capsys):
    prove_all_with_nobody_else_at_it()
    sell(ASR=3)

    call_command("check_ledger", "--since-last-proof")

    assert capsys.readouterr().out == "The books are proven since the last proof: 1 entries, 2 lines, 2 holdings.\n"
    assert LedgerProof.objects.count() == 2


def test_the_command_fails_when_what_is_new_is_wrong(sell, capsys):
    prove_all_with_nobody_else_at_it()
    tamper("UPDATE licenses_holding SET sold = 1 WHERE id = %s", holding_of("northgate").pk)

    with pytest.raises(CommandError) as failure:
        call_command("check_ledger", "--since-last-proof")

    assert failure.value.returncode == 1
    assert capsys.readouterr().err == "northgate: ASR: holds 1 sold; its lines sum to 0\n"
