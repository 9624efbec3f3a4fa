from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from licensing_portal.foundation.flows import code_of

LOCK_TIMEOUT = 3  # seconds
TRIES = 20
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's SQLSTATE


class Command(Migrate):
    """Django's own, for a database that people work on.

    Whoever changes a table waits until nobody reads it, and meanwhile nobody else is let in. So it waits no longer than a
    person would, gives way, and tries again: each migration is a transaction, and those that were made are not made again.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                wait_no_longer(options.get("database", DEFAULT_DB_ALIAS))
                super().handle(*args, **options)
            except OperationalError as problem:
                if code_of(problem) != LOCK_NOT_AVAILABLE or not tries_left:
                    raise
                self.stderr.write("Somebody is at work on a table that is to change. It is tried again.")
            else:
                return


def wait_no_longer(database: str) -> None:
    """For this connection, which is migrate's own."""
    connection = connections[database]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{LOCK_TIMEOUT}s"])
