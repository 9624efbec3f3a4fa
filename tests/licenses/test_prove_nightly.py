"""The proof of every night (B4): what is due when, told by a clock that is given; one a night, whichever machine is first."""

import logging
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings as portal_settings
from django.core.management import call_command
from django.db import connection

from licenses import proving
from licenses.models import LedgerProof
from licenses.proving import prove, prove_what_is_due
from licenses.services import ask_for_proof
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.licenses import give
from tests.licenses.test_check_ledger import holding_of, tamper
from tests.races.crowd import PATIENCE, all_at_once, kinds
from tests.races.holding import held
from tests.roles import the_owner

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def proofs():
    return [(made.night, made.is_full) for made in LedgerProof.objects.order_by("pk")]


@pytest.fixture
def ask(publisher, staff):
    return lambda: ask_for_proof(publisher=publisher, asked_by=staff, key=fresh_key())


# ── What is due when ──


def test_the_first_night_everything_is_proven_and_the_next_ones_what_is_new_until_a_week_is_over(northgate):
    give(northgate, ASR=1)

    for days in range(9):
        prove_what_is_due(NOON + days * DAY)

    nights = [date(2026, 3, day) for day in range(1, 10)]
    assert proofs() == list(zip(nights, [True, *[False] * 6, True, False], strict=True))


def test_a_night_is_proven_once():
    assert [prove_what_is_due(NOON + hours * HOUR) is not None for hours in range(3)] == [True, False, False]
    assert proving.what_is_due(NOON + HOUR) is None  # or it would be made every five seconds, and not written down


def test_a_night_begins_at_two_in_the_morning():
    prove_what_is_due(datetime(2026, 3, 3, 1, 59, tzinfo=UTC))
    prove_what_is_due(datetime(2026, 3, 3, 2, tzinfo=UTC))

    assert [night for night, _ in proofs()] == [date(2026, 3, 2), date(2026, 3, 3)]


def test_nights_that_were_missed_are_made_up_by_one_proof():
    prove_what_is_due(NOON)

    prove_what_is_due(NOON + 4 * DAY)
    prove_what_is_due(NOON + 4 * DAY + HOUR)

    assert proofs() == [(date(2026, 3, 1), True), (date(2026, 3, 5), False)]


def test_a_proof_that_somebody_made_does_not_stand_for_the_night_but_a_full_one_for_the_week():
    prove_what_is_due(NOON)
    prove()  # on the day on which this test runs, long after

    prove_what_is_due(NOON + 8 * DAY)

    assert proofs() == [(date(2026, 3, 1), True), (None, True), (date(2026, 3, 9), False)]


def test_what_is_wrong_is_told_to_whoever_watches_the_logs_every_night_until_it_is_right(northgate, caplog):
    give(northgate, ASR=10)
    prove_what_is_due(NOON)
    tamper("UPDATE licenses_holding SET sold = 1 WHERE id = %s", holding_of("northgate").pk)

    for days in (1, 2):
        prove_what_is_due(NOON + days * DAY)

    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            logging.ERROR,
            f"The books are not proven ({sort} proof of 2026-03-0{day} 12:00): 1 fault, the first one: northgate: ASR: holds 1 sold; its lines sum to 0",
        )
        for day, sort in ((2, "incremental"), (3, "full"))
    ]


# ── What was asked for ──


def test_whoever_asks_gets_a_full_proof_once(ask):
    prove_what_is_due(NOON)
    request = ask()

    made = [prove_what_is_due(NOON + hours * HOUR) for hours in (1, 2)]

    assert (made[0].is_full, made[0].answers, made[0].night, made[1]) == (True, request, None, None)


def test_one_proof_answers_all_who_asked_and_the_night(ask):
    prove_what_is_due(NOON)
    requests = [ask(), ask()]

    made = [prove_what_is_due(NOON + DAY + hours * HOUR) for hours in (0, 1)]

    assert (made[0].is_full, made[0].answers, made[0].night, made[1]) == (True, requests[1], date(2026, 3, 2), None)
    assert proving.unanswered_request() is None


# ── Several machines ──


def test_of_many_machines_one_proves_the_night(northgate):
    give(northgate, ASR=10)

    outcomes = all_at_once([lambda: prove_what_is_due(NOON)] * 6)

    assert kinds(outcomes) == {"LedgerProof": 1, "NoneType": 5}
    assert proofs() == [(date(2026, 3, 1), True)]


def test_while_another_machine_is_at_it_nothing_is_done():
    def lock():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [proving._LOCK])

    with held(lock):
        assert prove_what_is_due(NOON) is None
    assert prove_what_is_due(NOON).night == date(2026, 3, 1)


def test_the_moment_between_the_end_of_a_proof_and_its_record_makes_no_second_one():
    """The constraint's turn: another machine that proved the same night writes it down first."""

    def prove_elsewhere():
        try:
            return prove_what_is_due(NOON)
        finally:
            connection.close()

    made = []

    def write_after_the_other(execute, sql, params, many, context):
        if 'INSERT INTO "licenses_ledgerproof"' in sql:
            with ThreadPoolExecutor(1) as another:
                made.append(another.submit(prove_elsewhere).result(PATIENCE))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(write_after_the_other):
        ours = prove_what_is_due(NOON)

    assert (ours, [other.night for other in made]) == (None, [date(2026, 3, 1)])
    assert proofs() == [(date(2026, 3, 1), True)]


# ── The worker ──


def test_the_command_makes_what_is_due_once_and_ends(capsys):
    call_command("prove_nightly", "--once")
    call_command("prove_nightly", "--once")

    made = LedgerProof.objects.get()
    assert capsys.readouterr().out.splitlines() == [str(made), "nothing was due"]


@pytest.fixture
def worker(process_environment):
    with subprocess.Popen(
        [sys.executable, "manage.py", "prove_nightly"],
        env=process_environment,
        cwd=portal_settings.BASE_DIR,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_worker_proves_what_was_missed_at_its_start_and_ends_in_peace(worker):
    first = worker.stderr.readline()
    worker.send_signal(signal.SIGTERM)
    rest = worker.communicate(timeout=PATIENCE)[1]

    made = LedgerProof.objects.get()
    assert first.split(" ", 4)[2:] == ["-", "INFO", f"licenses.proving The books are proven ({made}): 0 entries, 0 lines, 0 holdings\n"]
    assert (made.is_full, worker.returncode, rest) == (True, 0, "")


@pytest.fixture
def no_records():
    """The table of the proofs is gone for a while."""
    with the_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE licenses_ledgerproof RENAME TO elsewhere")
    yield
    with the_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE elsewhere RENAME TO licenses_ledgerproof")


def test_a_worker_that_can_not_prove_says_so_and_lives_on(no_records, worker):
    """An end within seconds of the start would end the web server with it (serve)."""
    first = worker.stderr.readline()
    is_alive = worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=PATIENCE)

    assert first.endswith("The books could not be proven; this is tried again in 300 seconds\n")
    assert (is_alive, worker.returncode) == (True, 0)
