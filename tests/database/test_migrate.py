"""A migration on a database that people work on: it gives way, and whoever still runs the version before goes on."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader

from licensing_portal.foundation.models import Notice
from licensing_portal.management.commands import migrate
from licensing_portal.roles import grant_rights
from tests.races.holding import held
from tests.roles import APPLICATION, the_owner

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

OURS = {"accounts", "licenses", "deployments", "foundation"}
BEFORE, AFTER = "0002", "0006"  # what follows the first adds columns to the notices


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """A tenth of a second instead of three: what is shown is that waiting ends, not when."""
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", 0.1)
    monkeypatch.setattr(migrate, "TRIES", 2)


@pytest.fixture
def version_before():
    """The notices as they were before a migration; after the test all is there again, what came after them too."""
    with the_owner():
        call_command("migrate", "foundation", BEFORE, verbosity=0)
    yield
    with the_owner():
        call_command("migrate", verbosity=0)
        grant_rights(APPLICATION)


def read_the_notices():
    list(Notice.objects.values_list("pk"))


def columns_of_notices():
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, "foundation_notice")}


def test_it_waits_for_nobody_longer_than_people_wait_for_it_tries_again_and_tells(version_before):
    said = StringIO()

    with held(read_the_notices), the_owner(), pytest.raises(OperationalError, match="lock timeout"):
        call_command("migrate", "foundation", AFTER, verbosity=0, stderr=said)

    assert said.getvalue() == "Somebody is at work on a table that is to change. It is tried again.\n"
    assert "asked_for_by" not in columns_of_notices()


def test_it_goes_through_once_nobody_is_in_its_way(version_before):
    with the_owner():
        call_command("migrate", "foundation", AFTER, verbosity=0)

    assert "asked_for_by" in columns_of_notices()


def new_columns():
    """Every column that a migration adds to a table that was there before it, as (app, migration, column, field)."""
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        for operation in migration.operations:
            if isinstance(operation, AddField) and app in OURS:
                yield app, name, operation.name, operation.field


def test_who_still_runs_the_version_before_may_leave_new_columns_out():
    """While workers are replaced, both versions write: a new column may be empty, or has a default of the database's own."""
    columns = list(new_columns())

    assert ("foundation", "0003_who_asked_for_it", "asked_for_by") in [column[:3] for column in columns]
    assert [column[:3] for column in columns if not (column[3].null or column[3].has_db_default() or column[3].many_to_many)] == []
