"""Alive and ready, for whatever watches the portal (contract.md): 200 or 503, no sign-in, nothing told beyond that."""

import subprocess
import sys

import pytest
from django.conf import settings as portal_settings
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tests.roles import the_owner

ASK_BOTH = """
import django
django.setup()
from django.test import Client
for path in ("/healthz", "/readyz"):
    answer = Client(raise_request_exception=False).get(path, headers={"host": "localhost"})
    print(answer.status_code, answer.content.decode())
"""


def answers(client, method="get"):
    """(status, body) of both pages."""
    return [(response.status_code, response.content) for response in (getattr(client, method)(path) for path in ("/healthz", "/readyz"))]


def test_a_portal_with_a_migrated_database_is_alive_and_ready_to_anybody(db):
    """contract.md."""
    assert answers(Client()) == [(200, b"ok"), (200, b"ok")]


def test_one_migration_that_was_not_applied_makes_it_not_ready(db):
    """contract.md: ready is "database reached and migrated"; a load balancer sends nobody here while a release migrates."""
    with the_owner():
        MigrationRecorder.Migration.objects.filter(app="licenses").latest("name").delete()

    assert answers(Client()) == [(200, b"ok"), (503, b"not ready")]


def test_a_database_that_is_down_makes_it_not_ready_though_alive():
    """contract.md: 503, not a 500 with a stack trace; restarting the process would not help, so it is alive."""
    nobody_listens_there = "postgres://portal:a-secret@127.0.0.1:1/portal"
    environment = {"DJANGO_SETTINGS_MODULE": "licensing_portal.settings", "DEBUG": "1", "DATABASE_URL": nobody_listens_there}

    asked = subprocess.run(
        [sys.executable, "-c", ASK_BOTH], env=environment, cwd=portal_settings.BASE_DIR, capture_output=True, text=True, check=True
    )

    assert asked.stdout.splitlines() == ["200 ok", "503 not ready"]


def test_neither_page_starts_a_session_or_asks_who_one_is(db, django_assert_num_queries):
    """contract.md: no sign-in; a watcher that asks every second leaves no rows behind."""
    client = Client()

    with django_assert_num_queries(0):
        client.get("/healthz")
    client.get("/readyz")

    assert client.cookies == {}


@pytest.mark.parametrize(("method", "expected"), [("head", [(200, b""), (200, b"")]), ("post", [(405, b""), (405, b"")])])
def test_they_are_read_and_nothing_else(db, method, expected):
    """contract.md: they only answer."""
    assert answers(Client(), method) == expected


def test_a_watcher_that_asks_without_https_is_answered_too(db, settings):
    """contract.md: "200 or 503": a watcher on the same machine speaks plain HTTP, and a redirect would tell it nothing."""
    settings.SECURE_SSL_REDIRECT = True

    assert answers(Client()) == [(200, b"ok"), (200, b"ok")]
