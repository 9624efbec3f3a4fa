"""A worker of long jobs in a process of its own that stops at one point, to be killed there.

    python -m tests.faults.worker POINT

It goes through all of the portal's own `run_jobs --once`, and says "stopped" when it has come to the point.
"""

import sys

import django
from django.core.management import call_command
from django.db import connection, transaction

from tests.faults.presser import stop

# How often a statement that begins so has been answered when the process stops. Two batches are twenty rows and five.
POINTS = {
    "half of the first batch is made": ('INSERT INTO "accounts_account"', 10),
    "an invitation of the first batch is queued": ("SELECT its_mail, its_notice FROM queue_mail", 3),
    "only the commit of the first batch is left": ('UPDATE "foundation_job" SET "done"', 1),
    "half of the second batch is made": ('INSERT INTO "accounts_account"', 22),
    "only the commit of the second batch is left": ('UPDATE "foundation_job" SET "done"', 2),
    "the end is written": ('UPDATE "foundation_job" SET "state"', 1),
    "the letter about the end is queued": ("SELECT its_mail, its_notice FROM queue_mail", 26),
}
AFTER_A_COMMIT = {
    "the job is taken up": ('UPDATE "foundation_job" SET "lease"', 1),
    "the first batch is committed": ('UPDATE "foundation_job" SET "done"', 1),
    "the end is committed": ('UPDATE "foundation_job" SET "state"', 1),
}


class StopsAt:
    """Watches what is said to the database, and lets the process stop once it has been answered so often, or committed."""

    def __init__(self, point):
        self.start, self.left = (POINTS | AFTER_A_COMMIT)[point]
        self.is_after_the_commit = point in AFTER_A_COMMIT

    def __call__(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith(self.start):
            self.left -= 1
            if self.left == 0:
                if self.is_after_the_commit:
                    transaction.on_commit(stop)
                else:
                    stop()
        return result


def main(point):
    django.setup()
    with connection.execute_wrapper(StopsAt(point)):
        call_command("run_jobs", once=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
