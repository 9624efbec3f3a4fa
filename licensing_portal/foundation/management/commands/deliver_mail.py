from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, close_old_connections

from licensing_portal.foundation import notices
from licensing_portal.foundation.workers import asked_to_stop

PAUSE = 1  # seconds between two looks at an empty queue


class Command(BaseCommand):
    help = "Delivers what is queued and goes on until stopped; --once empties the queue and ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="deliver what is due and end")

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            self.stdout.write(f"{notices.deliver_due()} tried")
            return
        stopped = asked_to_stop()
        while not stopped.is_set():
            self.deliver_or_wait_for_the_database()
            stopped.wait(PAUSE)

    def deliver_or_wait_for_the_database(self) -> None:
        """A worker outlives a database restart: the mails are still queued when it is back."""
        try:
            notices.deliver_due()
        except (DatabaseError, InterfaceError) as problem:
            self.stderr.write(f"The database cannot be reached: {problem}")
        close_old_connections()
