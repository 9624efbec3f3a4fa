import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, close_old_connections

from accounts.importing.job import forget_old_uploads
from licensing_portal.foundation import jobs
from licensing_portal.foundation.workers import asked_to_stop
from licensing_portal.kinds_of_jobs import KINDS

PAUSE = 1  # seconds between two looks for what is due
BETWEEN_CLEANINGS = 60 * 60  # seconds


class Command(BaseCommand):
    help = "Does long jobs (imports, exports) and goes on until stopped; --once does what is due and ends. Several may run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due and end")

    def handle(self, *, once: bool, **options: Any) -> None:
        self.stopped = asked_to_stop()
        self.cleaned_at: float | None = None
        if once:
            forget_what_is_old()
            self.stdout.write(f"{jobs.do_due(KINDS, self.stopped.is_set)} taken up")
            return
        while not self.stopped.is_set():
            self.work_or_wait_for_the_database()
            self.stopped.wait(PAUSE)

    def work_or_wait_for_the_database(self) -> None:
        """A worker outlives a database restart: the jobs are still there when it is back, each where its last batch left it."""
        try:
            if self.cleaned_at is None or time.monotonic() - self.cleaned_at > BETWEEN_CLEANINGS:
                forget_what_is_old()
                self.cleaned_at = time.monotonic()
            jobs.do_due(KINDS, self.stopped.is_set)
        except (DatabaseError, InterfaceError) as problem:
            self.stderr.write(f"The database cannot be reached: {problem}")
        close_old_connections()


def forget_what_is_old() -> None:
    """Uploads that nobody imported, and files that were there to be fetched."""
    jobs.forget_old_files()
    forget_old_uploads()
