"""What every test stands on: no test is left out in silence, and none finds what another has left."""

import os
import signal

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connection

from tests import postgres, roles

# A database answers as fast as the machine lets it: a slow example is no finding.
hypothesis.settings.register_profile("portal", deadline=None, print_blob=True)
hypothesis.settings.load_profile("portal")

if "PYTEST_XDIST_WORKER" in os.environ:
    # A worker whose pytest was killed would sit in its test, with its browser, until that ends.
    postgres.end_with_parent(signal.SIGTERM)()

NEVER_SKIPPED = ("postgres", "browser")
TRANSACTIONAL = {"transactional_db", "live_server", "django_db_reset_sequences", "django_db_serialized_rollback"}


def pytest_runtest_setup(item):
    """On SQLite a test of row locks would pass and show nothing; so it must be deselected by name, or fail."""
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        pytest.fail('This test needs PostgreSQL: run without TEST_SQLITE, or with -m "not postgres".', pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skip into a failure where the test is a proof: a green run must mean that it has run."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and any(item.get_closest_marker(name) for name in NEVER_SKIPPED):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and no test with one of the markers {', '.join(NEVER_SKIPPED)} may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Hand the database over to the application's role once the owner has made and migrated it (B2)."""
    if connection.vendor != "postgresql":
        yield
        return
    with django_db_blocker.unblock():
        roles.become_the_application()
    yield
    with django_db_blocker.unblock():
        roles.become("NONE")
        _end_the_other_sessions()


def _end_the_other_sessions():
    """Nobody may be left in the database that is dropped now, as the session of a process that a test killed can be for a while."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")


@pytest.fixture(autouse=True)
def _failed_sign_ins_are_forgotten(request, django_db_blocker):
    """The cache table belongs to no model, so the flush after a transactional test leaves it: counts would add up to a 429."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if TRANSACTIONAL & set(request.fixturenames) or (marker and marker.kwargs.get("transaction")):
        with django_db_blocker.unblock():
            cache.clear()


@pytest.fixture
def process_environment():
    """Return the environment for a process of its own (a worker to kill, a command) that is to see this test's database.

    The test must be transactional, or the process sees an empty database.
    """
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "licensing_portal.settings",
        "DATABASE_URL": postgres.url(connection.settings_dict),
    }
