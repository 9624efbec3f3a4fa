"""Several workers of long jobs at the same moment: each job is one worker's, and each row is made once (B5)."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.importing.files import EnduserRow
from accounts.importing.job import forget_old_uploads
from accounts.importing.services import import_endusers, upload_endusers
from accounts.models import Account, EnduserImport
from accounts.services import create_enduser
from licensing_portal.foundation import jobs
from licensing_portal.foundation.jobs import start
from licensing_portal.foundation.models import Job, Notice
from licensing_portal.foundation.submissions import fresh_key
from licensing_portal.foundation.uploads import UPLOADS_KEPT
from licensing_portal.kinds_of_jobs import KINDS
from tests.jobs import do_jobs
from tests.races.crowd import all_at_once, kinds
from tests.races.holding import queued_behind

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def uploaded(northgate, user):
    """A file of 45 clinics: three batches."""
    rows = [EnduserRow(number, f"clinic-{number}", "A clinic", "it@clinic.example.com") for number in range(2, 47)]
    return upload_endusers(reseller=northgate, uploaded_by=user(northgate), file_name="clinics.csv", rows=rows, key=fresh_key())


@pytest.fixture
def press(uploaded, northgate, user):
    """Press Import, each time with a form of its own."""
    person = user(northgate)
    return lambda: import_endusers(upload=uploaded, reseller=northgate, imported_by=person, key=fresh_key())


def test_four_workers_do_a_job_once(press):
    press()

    assert sorted(all_at_once([do_jobs] * 4)) == [0, 0, 0, 1]

    job = Job.objects.get()
    assert (job.state, job.done, job.result["created"], job.result["skipped"]) == ("done", 45, 45, 0)
    assert Account.objects.filter(kind="enduser").count() == 45
    assert Notice.objects.filter(kind="accounts/emails/import_ended").count() == 1


def test_four_workers_take_up_four_jobs():
    for number in range(4):
        start("export_history", account=f"account-{number}", started_by="dana", total=1)

    taken = all_at_once([lambda: jobs._lease_next(KINDS)] * 4)

    assert len({job.pk for job in taken}) == 4


def let_all_look_first(monkeypatch, rivals):
    """Let so many workers see what is due before any of them takes it."""
    gate, first = threading.Barrier(rivals), QuerySet.first

    def look_and_wait(self):
        found = first(self)
        if self.model is Job:
            with suppress(threading.BrokenBarrierError):
                gate.wait(2)
        return found

    monkeypatch.setattr(QuerySet, "first", look_and_wait)


def test_without_the_lock_two_workers_take_up_the_same_job(monkeypatch):
    """The control: it is the row's lock that gives a job to one of them."""
    start("export_history", account="northgate", started_by="dana", total=1)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    let_all_look_first(monkeypatch, rivals=2)

    taken = all_at_once([lambda: jobs._lease_next(KINDS)] * 2)

    assert [job.pk for job in taken] == [Job.objects.get().pk] * 2


def test_with_it_the_same_two_workers_take_it_up_once(monkeypatch):
    start("export_history", account="northgate", started_by="dana", total=1)
    let_all_look_first(monkeypatch, rivals=2)

    taken = all_at_once([lambda: jobs._lease_next(KINDS)] * 2)

    assert sorted(job is None for job in taken) == [False, True]


def test_a_worker_that_is_only_slow_and_the_one_that_follows_it_make_each_row_once(press, monkeypatch):
    """The lease of the first ran out while it was in a batch: it loses the batch, or the other one waits for it."""
    press()
    monkeypatch.setattr(jobs, "LEASE", timedelta())

    outcomes = all_at_once([do_jobs] * 3)

    assert kinds(outcomes) == {"int": 3}
    job = Job.objects.get()
    assert (job.state, job.done, job.result["created"], job.result["skipped"]) == ("done", 45, 45, 0)
    assert Notice.objects.filter(kind="accounts/emails/invitation").count() == 45
    assert Notice.objects.filter(kind="accounts/emails/import_ended").count() == 1


def test_an_enduser_created_by_hand_at_the_same_moment_is_a_skipped_row(press, northgate, user):
    press()
    person = user(northgate)

    def by_hand():
        return create_enduser(reseller=northgate, created_by=person, username="clinic-46", company="By hand", email="a@example.com", key=fresh_key())

    outcomes = all_at_once([do_jobs, by_hand])

    job = Job.objects.get()
    assert (outcomes[0], job.state) == (1, "done")
    by_hand_came_first = type(outcomes[1]) is Account
    assert (job.result["created"], job.result["skipped"]) == ((44, 1) if by_hand_came_first else (45, 0))


def test_two_tabs_that_import_one_file_make_one_job(press):
    outcomes = all_at_once([press] * 4)

    assert kinds(outcomes) == {"Job": 1, "NotImported": 3}
    assert Job.objects.count() == 1


def test_two_exports_pressed_at_once_are_one_job_and_a_refusal(publisher):
    outcomes = all_at_once([lambda: start("export_history", account="northgate", started_by="dana", total=1)] * 2)

    assert kinds(outcomes) == {"Job": 1, "StillAtWork": 1}


def test_a_file_that_is_imported_while_old_ones_are_forgotten_is_kept(press, uploaded):
    """Whoever forgets looks for files without a job; the one that is being pressed at this moment has none yet that others see (A1)."""
    EnduserImport.objects.update(uploaded_at=Now() - UPLOADS_KEPT)

    def an_open_job():
        Job.objects.create(kind="import_endusers", account="northgate", started_by="dana", total=1)

    job, _ = queued_behind(an_open_job, [press, forget_old_uploads])

    assert EnduserImport.objects.get().job == job
    assert uploaded.rows.count() == 45
