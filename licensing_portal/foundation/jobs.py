"""Long jobs: a press makes a row, a worker does the work in batches, and whoever pressed is told by e-mail when it has ended.

The row is made in the transaction of the press, so that it stands or falls with it and a press twice makes one (B5). A worker
takes up what is due and puts it off by a lease, with SKIP LOCKED, as `deliver_mail` does. Each batch is one transaction together
with the progress: a worker that is killed leaves whole batches behind, and the next one goes on where they end.
"""

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext

from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.flows import Busy
from licensing_portal.foundation.models import Job, JobPart
from licensing_portal.foundation.text import Words

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # how long one batch may take before another worker takes the job up
FIRST_RETRY = timedelta(seconds=5)
MOST_TRIES = 8  # without coming any further: about twenty minutes
FILES_KEPT = timedelta(days=7)
PART_SIZE = 1024 * 1024  # bytes


class StillAtWork(Refusal):
    """The account has an open job of this kind, and gets a second one when that has ended."""


class LeaseLost(Exception):
    """Another worker has taken the job up since: what this one was about to write is not written."""


class Interrupted(Exception):
    """The worker is to end, and leaves the rest of the job to the next one."""


@dataclass(frozen=True)
class Kind:
    """A kind of job: what it is called, what its progress counts, what does it, and what tells whoever pressed of its end."""

    name: str
    title: Words
    noun: str
    work: Callable[["Run"], None]
    tell: Callable[[Job], object]


def start(kind: str, *, account: str, started_by: str, total: int, arguments: dict[str, Any] | None = None) -> Job:
    """Make a job, due now, in the transaction of the press that starts it.

    Raises StillAtWork.
    """
    try:
        with transaction.atomic():  # the unique constraint judges a rival who pressed at the same moment
            return Job.objects.create(kind=kind, account=account, started_by=started_by, total=total, arguments=arguments or {})
    except IntegrityError:
        at_work = Job.objects.filter(kind=kind, account=account, state=Job.State.OPEN).first()
        url = at_work.get_absolute_url() if at_work else ""
        raise StillAtWork(gettext("The last one is still at work. Nothing was started. Press again when it has ended."), url=url) from None


class Run:
    """A job in the hands of one worker. Its work writes in batches, and ends with `finish`."""

    def __init__(self, job: Job, kind: Kind, is_stopping: Callable[[], bool]) -> None:
        self.job = job
        self.kind = kind
        self.is_stopping = is_stopping

    @contextmanager
    def batch(self, *, is_kept: bool = True) -> Iterator[Job]:
        """One transaction for a batch, with what it writes on the job: its progress and its result so far. Renews the lease.

        What is not kept when the worker ends, and is done anew by the next one, does not bring the job any further.

        Raises LeaseLost, Interrupted.
        """
        if self.is_stopping():
            raise Interrupted
        with transaction.atomic():
            self._hold()
            yield self.job
            if is_kept:
                self.job.tries = 0
            self._save(done=self.job.done, result=self.job.result, tries=self.job.tries, due_at=Now() + LEASE)

    def finish(self, file: IO[bytes] | None = None, *, file_name: str = "") -> None:
        """End the job with the file that it made, if it makes one, and tell whoever started it: all of it or nothing.

        Raises LeaseLost.
        """
        with transaction.atomic():
            self._hold()
            for number, content in enumerate(iter(lambda: file.read(PART_SIZE), b"") if file else ()):
                JobPart.objects.create(job=self.job, number=number, content=content)
            self.job.file_name = file_name
            self._end(Job.State.DONE)

    def fail(self, why: str) -> None:
        """End the job where it stands, and tell whoever started it why.

        Raises LeaseLost.
        """
        with transaction.atomic():
            self._hold()
            self.job.failure = why[:300]
            self._end(Job.State.FAILED)

    def put_off(self, delay: timedelta, *, is_counted: bool = True) -> None:
        """Leave the job to whoever takes it up after this time, as one try or as none."""
        tries = self.job.tries if is_counted else max(self.job.tries - 1, 0)
        Job.objects.filter(pk=self.job.pk, lease=self.job.lease).update(due_at=Now() + delay, tries=tries)

    def _end(self, state: Job.State) -> None:
        self.job.state = state
        self._save(state=state, ended_at=Now(), failure=self.job.failure, file_name=self.job.file_name)
        self.kind.tell(self.job)

    def _hold(self) -> None:
        """Lock the row against another worker that would take the job up, and see that none has: it would do all of it once more.

        A batch that took longer than its lease ends here, or in the batch after it.
        """
        held = Job.objects.select_for_update().get(pk=self.job.pk)
        if held.lease != self.job.lease or not held.is_open:
            raise LeaseLost
        self.job = held

    def _save(self, **changes: Any) -> None:
        Job.objects.filter(pk=self.job.pk).update(**changes)


def do_due(kinds: Mapping[str, Kind], is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Take up every job that is due, one after the other, and return how many; stop between two batches when that is asked."""
    taken_up = 0
    while not is_stopping() and (job := _lease_next(kinds)):
        _do(Run(job, kinds[job.kind], is_stopping))
        taken_up += 1
    return taken_up


def _lease_next(kinds: Mapping[str, Kind]) -> Job | None:
    """Take the job that has been due for longest, and put it off by the lease: a killed worker delays it and loses nothing.

    SKIP LOCKED lets several workers pass each other; without the lock two would take up the same job.
    """
    with transaction.atomic():
        due = Job.objects.filter(state=Job.State.OPEN, kind__in=list(kinds), due_at__lte=Now())
        job = due.select_for_update(skip_locked=True).order_by("due_at", "pk").first()
        if job:
            job.lease, job.tries = uuid.uuid4(), job.tries + 1
            Job.objects.filter(pk=job.pk).update(lease=job.lease, tries=job.tries, due_at=Now() + LEASE)
    return job


def _do(run: Run) -> None:
    """Do a job as far as it goes. Whatever is wrong with one must not stop those behind it; without a database all wait."""
    try:
        _work(run)
    except LeaseLost:
        logger.warning("Another worker has taken up %s", run.job)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("%s could not go on; it is tried again in %s", run.job, _delay(run.job))
        run.put_off(_delay(run.job))


def _work(run: Run) -> None:
    """Raises LeaseLost, and whatever is wrong with the work."""
    try:
        if run.job.tries > MOST_TRIES:
            run.fail(gettext("It was tried again and again, and came no further."))
        else:
            run.kind.work(run)
    except Interrupted:
        run.put_off(timedelta(), is_counted=False)
    except Busy:
        run.put_off(_delay(run.job))
    except Refusal as refusal:
        run.fail(str(refusal))


def _delay(job: Job) -> timedelta:
    """Twice as long each time that it came no further."""
    return FIRST_RETRY * (1 << max(job.tries - 1, 0))


def forget_old_files() -> None:
    """Delete the files of jobs that ended a while ago; what they said stays."""
    JobPart.objects.filter(job__ended_at__lt=Now() - FILES_KEPT).delete()
