"""Long jobs, the mechanism: begun by a press, done in batches, each with its progress; told of at the end (README, "A job is a row")."""

import io
import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from licensing_portal.foundation import jobs
from licensing_portal.foundation.errors import NotAllowed, Refusal
from licensing_portal.foundation.flows import Busy
from licensing_portal.foundation.jobs import FIRST_RETRY, LEASE, MOST_TRIES, Kind, StillAtWork, do_due, start
from licensing_portal.foundation.models import Job, JobPart
from tests.jobs import make_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    """Of which jobs somebody was told, with how they ended."""
    return []


@pytest.fixture
def kinds(told):
    """Make a kind whose work is this function: kinds(count_up)."""

    def make(work):
        return {"count": Kind("count", title="Count", noun="number", work=work, tell=lambda job: told.append((job.pk, job.state, job.failure)))}

    return make


@pytest.fixture
def job():
    return start("count", account="northgate", started_by="dana", total=3)


def count_up(run):
    """Do what is left, one by one."""
    while run.job.done < run.job.total:
        with run.batch() as job:
            job.done += 1
    run.finish()


def facts(job):
    found = Job.objects.get(pk=job.pk)
    return found.state, found.done, found.failure


def waits(job):
    """How long a job has been put off, by the database's clock."""
    return Job.objects.annotate(wait=F("due_at") - Now()).get(pk=job.pk).wait


# ── From a press to its end ──


def test_a_job_is_done_and_whoever_started_it_is_told(job, kinds, told):
    assert do_due(kinds(count_up)) == 1

    assert facts(job) == ("done", 3, "")
    assert Job.objects.get(pk=job.pk).ended_at is not None
    assert told == [(job.pk, "done", "")]


def test_what_has_ended_is_not_done_again(job, kinds, told):
    do_due(kinds(count_up))
    make_due()

    assert do_due(kinds(count_up)) == 0
    assert len(told) == 1


def test_a_press_that_is_rolled_back_starts_nothing():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        start("count", account="northgate", started_by="dana", total=1 // 0)

    assert not Job.objects.exists()


def test_an_account_has_one_open_job_of_a_kind(job, kinds):
    with pytest.raises(StillAtWork) as refusal:
        start("count", account="northgate", started_by="dana", total=1)

    assert [problem.url for problem in refusal.value.problems] == [f"/jobs/{job.pk}/"]
    start("count", account="tideway", started_by="dana", total=1)
    do_due(kinds(count_up))
    start("count", account="northgate", started_by="dana", total=1)


def test_a_kind_that_this_worker_does_not_know_waits_for_one_that_does(job, kinds):
    other = start("paint", account="northgate", started_by="dana", total=1)

    assert do_due(kinds(count_up)) == 1
    assert (facts(job)[0], facts(other)[0]) == ("done", "open")


def test_the_job_that_waited_longest_comes_first(job, kinds, told):
    later = start("count", account="tideway", started_by="dana", total=1)
    Job.objects.filter(pk=job.pk).update(due_at=Now() - timedelta(hours=1))
    Job.objects.filter(pk=later.pk).update(due_at=Now() - timedelta(minutes=1))

    do_due(kinds(count_up))

    assert [pk for pk, _, _ in told] == [job.pk, later.pk]


# ── The file of a job ──


def test_the_file_of_a_job_is_kept_in_pieces_and_forgotten_after_a_week(job, kinds):
    content = bytes(range(256)) * 5000  # more than a piece

    do_due(kinds(lambda run: run.finish(io.BytesIO(content), file_name="numbers.xlsx")))

    parts = JobPart.objects.filter(job=job).order_by("number")
    assert [part.number for part in parts] == [0, 1]
    assert b"".join(bytes(part.content) for part in parts) == content
    jobs.forget_old_files()
    assert JobPart.objects.count() == 2
    Job.objects.update(ended_at=Now() - timedelta(days=7, minutes=1))
    jobs.forget_old_files()
    assert (JobPart.objects.count(), Job.objects.get(pk=job.pk).file_name) == (0, "numbers.xlsx")


def test_an_end_of_which_nobody_can_be_told_is_no_end(job, kinds):
    kind = kinds(lambda run: run.finish(io.BytesIO(b"file"), file_name="x"))["count"]
    mute = Kind(kind.name, title=kind.title, noun=kind.noun, work=kind.work, tell=lambda job: 1 / 0)

    do_due({"count": mute})

    assert (facts(job)[0], JobPart.objects.count()) == ("open", 0)


# ── What may go wrong ──


def count_to_one_and(do):
    def work(run):
        if not run.job.done:
            with run.batch() as job:
                job.done += 1
        do(run)

    return work


def fail_with(problem):
    def do(run):
        raise problem

    return do


def test_a_worker_that_ended_is_followed_by_another_after_the_lease(job, kinds, told):
    """Killed between two batches: nothing of it runs any more, not even an `except`."""

    class Killed(BaseException):
        pass

    with pytest.raises(Killed):
        do_due(kinds(count_to_one_and(fail_with(Killed()))))

    assert LEASE - timedelta(seconds=30) < waits(job) <= LEASE
    assert do_due(kinds(count_up)) == 0
    make_due()
    assert do_due(kinds(count_up)) == 1
    assert facts(job) == ("done", 3, "")
    assert len(told) == 1


def test_a_batch_stands_or_falls_with_its_progress(job, kinds):
    def half_a_batch(run):
        with run.batch() as held:
            held.done += 1
            start("other", account="northgate", started_by="dana", total=1)
            raise RuntimeError

    do_due(kinds(half_a_batch))

    assert facts(job) == ("open", 0, "")
    assert Job.objects.count() == 1


def test_a_worker_that_was_taken_for_dead_writes_nothing_more(job, kinds, told):
    """Its batch took longer than its lease, and another worker is at it: what it did last is rolled back."""

    def be_slow(run):
        with run.batch() as held:
            held.done += 1
        Job.objects.filter(pk=run.job.pk).update(lease=uuid.uuid4())
        with run.batch() as held:
            held.done += 1
        raise AssertionError("it went on")

    do_due(kinds(be_slow))

    assert facts(job) == ("open", 1, "")
    assert told == []


def test_a_worker_that_was_taken_for_dead_does_not_end_the_job_either(job, kinds, told):
    def end_late(run):
        Job.objects.filter(pk=run.job.pk).update(lease=uuid.uuid4())
        run.finish()

    do_due(kinds(end_late))

    assert (facts(job), told) == (("open", 0, ""), [])


def test_a_worker_that_is_to_end_leaves_the_rest_at_once_to_the_next_one(job, kinds):
    stopping = []

    def stop_after_one(run):
        with run.batch() as held:
            held.done += 1
        stopping.append(True)
        count_up(run)

    do_due(kinds(stop_after_one), lambda: bool(stopping))

    assert facts(job) == ("open", 1, "")
    assert Job.objects.get(pk=job.pk).tries == 0
    assert do_due(kinds(count_up)) == 1
    assert facts(job) == ("done", 3, "")


@pytest.mark.parametrize("problem", [Busy("busy"), RuntimeError("anything")])
def test_what_may_get_better_is_tried_again_later_and_later(job, kinds, problem, caplog):
    for tries in range(3):
        do_due(kinds(fail_with(problem)))
        assert FIRST_RETRY * 2**tries - timedelta(seconds=4) < waits(job) <= FIRST_RETRY * 2**tries
        make_due()

    do_due(kinds(count_up))
    assert facts(job) == ("done", 3, "")


def test_the_tries_count_anew_once_it_comes_further(job, kinds, caplog):
    for _ in range(2):
        do_due(kinds(fail_with(RuntimeError())))
        make_due()
    do_due(kinds(count_to_one_and(fail_with(RuntimeError()))))

    assert Job.objects.get(pk=job.pk).tries == 0


@pytest.mark.parametrize("refusal", [NotAllowed("dana may not do this."), Refusal("There is none.")])
def test_a_refusal_ends_it_with_its_words(job, kinds, told, refusal):
    do_due(kinds(count_to_one_and(fail_with(refusal))))

    assert facts(job) == ("failed", 1, str(refusal))
    assert told == [(job.pk, "failed", str(refusal))]


def test_what_never_gets_better_is_given_up(job, kinds, told, caplog):
    """Workers that it kills count too: the try is counted when it begins."""
    for _ in range(MOST_TRIES):
        do_due(kinds(fail_with(RuntimeError())))
        make_due()
    assert facts(job)[0] == "open"

    do_due(kinds(fail_with(RuntimeError())))

    assert facts(job) == ("failed", 0, "It was tried again and again, and came no further.")
    assert [end for _, end, _ in told] == ["failed"]


def test_what_is_wrong_with_one_job_stops_none_behind_it(job, kinds, caplog):
    other = start("count", account="tideway", started_by="dana", total=1)

    def fail_for_northgate(run):
        if run.job.account == "northgate":
            raise RuntimeError
        count_up(run)

    do_due(kinds(fail_for_northgate))

    assert (facts(job)[0], facts(other)[0]) == ("open", "done")
