"""A worker of long jobs that is killed, at whatever point, leaves whole batches behind, and the next one does the rest once (B5)."""

import subprocess
import sys

import pytest

from accounts.importing.files import EnduserRow
from accounts.importing.job import BATCH
from accounts.importing.services import import_endusers, upload_endusers
from accounts.models import Account, Invitation, User
from licensing_portal.foundation.models import Job, Notice
from licensing_portal.foundation.submissions import fresh_key
from tests.faults.worker import AFTER_A_COMMIT, POINTS
from tests.jobs import do_jobs, make_due

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

ROWS = BATCH + 5


@pytest.fixture
def job(northgate, user):
    """northgate's import of 25 clinics, which no worker has seen yet."""
    person = user(northgate)
    rows = [EnduserRow(number, f"clinic-{number}", "A clinic", "it@clinic.example.com") for number in range(2, ROWS + 2)]
    uploaded = upload_endusers(reseller=northgate, uploaded_by=person, file_name="clinics.csv", rows=rows, key=fresh_key())
    return import_endusers(upload=uploaded, reseller=northgate, imported_by=person, key=fresh_key())


def kill_a_worker_at(point, environment):
    worker = subprocess.Popen([sys.executable, "-m", "tests.faults.worker", point], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert worker.stdout.readline() == b"stopped\n"
    finally:
        worker.kill()
        worker.communicate()


def made():
    """How many accounts, first users and invitations there are, and how many letters of each kind."""
    letters = list(Notice.objects.values_list("kind", flat=True))
    counts = [model.objects.filter(**condition).count() for model, condition in MADE.items()]
    return [*counts, letters.count("accounts/emails/invitation"), letters.count("accounts/emails/import_ended")]


MADE = {Account: {"kind": "enduser"}, User: {"account__kind": "enduser"}, Invitation: {}}


@pytest.mark.parametrize("point", [*POINTS, *AFTER_A_COMMIT])
def test_a_worker_killed_anywhere_is_followed_by_one_that_makes_the_rest_and_nothing_twice(job, process_environment, point):
    kill_a_worker_at(point, process_environment)

    job.refresh_from_db()
    done = job.done
    assert done in {0, BATCH, ROWS}
    assert made() == [done] * 4 + [1 if job.state == "done" else 0]

    assert do_jobs() == 0  # the lease of the dead one holds
    make_due()
    do_jobs()

    job.refresh_from_db()
    assert (job.state, job.done, job.result["created"], job.result["skipped"]) == ("done", ROWS, ROWS, 0)
    assert made() == [ROWS] * 4 + [1]


def test_the_points_are_where_they_say(job, process_environment):
    """The control: at some the first batch is lost, at others it stands."""
    kill_a_worker_at("half of the second batch is made", process_environment)

    job.refresh_from_db()
    assert (job.state, job.done, made()) == ("open", BATCH, [BATCH] * 4 + [0])


def test_a_worker_that_is_asked_to_end_ends_between_two_batches(job, process_environment):
    """As at an upgrade: SIGTERM, and the next one goes on at once."""
    kill = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.worker", "the first batch is committed"],
        env=process_environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert kill.stdout.readline() == b"stopped\n"
    kill.terminate()
    kill.communicate(b"")
    assert kill.returncode == 0

    job.refresh_from_db()
    assert (job.state, job.done) == ("open", BATCH)
    assert do_jobs() == 1
    assert Job.objects.get().state == "done"
