import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from accounts.tidying import clear_what_has_expired
from licenses import proving
from licensing_portal.foundation.workers import asked_to_stop

logger = logging.getLogger(__name__)

PAUSE = 5  # seconds between two looks at what is due: staff who ask for a proof wait no longer than that
PAUSE_AFTER_A_FAULT = 5 * 60  # seconds: a proof that can't be made is not tried all the time
BETWEEN_TIDYINGS = 60 * 60  # seconds


class Command(BaseCommand):
    help = (
        "Proves the books every night, and when staff ask for it, and clears expired sessions and counts away every hour, until stopped; "
        "--once does what is due and ends. Several may run at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="make the proof that is due, clear away what has expired, and end")

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            made = proving.prove_what_is_due(timezone.now())
            self.stdout.write(str(made or "nothing was due"))
            clear_what_has_expired()
            return
        stopped = asked_to_stop()
        tidy_at = time.monotonic()
        while not stopped.wait(prove_and_say_when_to_look_again()):
            if time.monotonic() >= tidy_at:
                tidy_at = time.monotonic() + BETWEEN_TIDYINGS
                tidy()


def tidy() -> None:
    """Clear away what has expired; if it can't be done now, it is done an hour later."""
    try:
        clear_what_has_expired()
    except (DatabaseError, InterfaceError):
        logger.exception("Expired sessions and counts could not be cleared away")
    finally:
        close_old_connections()


def prove_and_say_when_to_look_again() -> int:
    """Make what is due, and return in how many seconds to look again; a worker outlives whatever stops a proof."""
    try:
        proving.prove_what_is_due(timezone.now())
    except Exception:  # whatever it is, it is told: an end of this worker would be taken for one of the portal (serve)
        logger.exception("The books could not be proven; this is tried again in %s seconds", PAUSE_AFTER_A_FAULT)
        return PAUSE_AFTER_A_FAULT
    finally:
        close_old_connections()
    return PAUSE
