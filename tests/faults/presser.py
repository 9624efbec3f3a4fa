"""A process of its own that presses one form and stops at one point of it, to be killed there.

    python -m tests.faults.presser USERNAME PATH FORM POINT

It goes through all of Django, with the portal's settings, and says "stopped" when it has come to the point.
"""

import json
import sys

import django
from django.db import connection, transaction
from django.test import Client
from django.test.utils import setup_test_environment

# After which statement of the flow, with how it begins, the process stops; the last one is the last of the flow.
STATEMENTS = {
    "the key is claimed": "INSERT INTO foundation_submission",
    "the entry is written": "SELECT its_id, its_number, its_lines FROM post_entry",
    "the mail is queued": "SELECT its_mail, its_notice FROM queue_mail",
    "only the commit is left": "UPDATE foundation_submission",
}
COMMITTED = "it is committed"


class StopsAt:
    """Watches what is said to the database, and lets the process stop once it has been answered."""

    def __init__(self, point):
        self.point = point

    def __call__(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith(STATEMENTS.get(self.point, "-")):
            stop()
        if self.point == COMMITTED and sql.startswith(STATEMENTS["the key is claimed"]):
            transaction.on_commit(stop)
        return result


def stop():
    print("stopped", flush=True)  # noqa: T201 - whoever kills us waits for it
    sys.stdin.read()


def main(username, path, form, point):
    django.setup()
    from accounts.models import User

    setup_test_environment()
    browser = Client()
    browser.force_login(User.objects.get(username=username))
    with connection.execute_wrapper(StopsAt(point)):
        browser.post(path, json.loads(form))


if __name__ == "__main__":
    main(*sys.argv[1:])
