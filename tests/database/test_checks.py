"""`manage.py check --deploy --database default` (B2): it says nothing while every wall stands, and names each that is truly down."""

import pytest
from django.core.checks import Tags, run_checks
from django.db import connection

from licensing_portal.checks import walls
from tests.roles import APPLICATION, WALLS, the_owner, walls_down

pytestmark = pytest.mark.postgres


def said(databases=("default",), *, deploy=True):
    """What the checks say, in their order, each with its number."""
    return [(message.id, message.msg) for message in run_checks(tags=[Tags.database], databases=databases, include_deployment_checks=deploy)]


def owner_says(statement):
    with the_owner(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_while_the_walls_stand_nothing_is_said(db):
    assert said() == []


def test_without_a_database_or_before_it_is_deployed_nothing_is_asked(db):
    """`make check` has none, and `migrate`, which checks too, runs as the owner and before there is a table."""
    with the_owner():
        assert (said(None), said(deploy=False)) == ([], [])
        assert said() == [("portal.E001", f"{connection.settings_dict['USER']} is a superuser: no right and no trigger stops it.")]


def test_a_database_that_was_never_migrated_is_told_as_such(db):
    owner_says("ALTER TABLE licenses_journalline RENAME TO elsewhere")

    assert said() == [("portal.E003", "There is no journal in the database.")]


@pytest.mark.parametrize("table", ["licenses_journalentry", "licenses_journalline"])
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE"])
def test_a_right_to_change_the_journal_is_named(db, table, right):
    owner_says(f"GRANT {right} ON {table} TO {APPLICATION}")

    assert said() == [("portal.E002", f"portal_app has the right to {right} {table}.")]


def test_a_right_to_change_a_single_column_is_named(db):
    owner_says(f"GRANT UPDATE (note) ON licenses_journalentry TO {APPLICATION}")

    assert said() == [("portal.E002", "portal_app has the right to UPDATE licenses_journalentry.")]


def test_a_role_that_owns_the_journal_is_named(db):
    for table in ("licenses_journalentry", "licenses_journalline"):
        owner_says(f"ALTER TABLE {table} OWNER TO {APPLICATION}")

    assert said() == [("portal.W001", "portal_app owns licenses_journalentry and licenses_journalline: it can take the triggers down.")]


@pytest.mark.parametrize("wall", WALLS)
def test_a_wall_that_is_down_is_named(db, wall):
    with walls_down(wall):
        assert said() == [("portal.E005", f"The trigger {wall} of {WALLS[wall][0]} does not fire always.")]
    assert said() == []


def test_a_wall_that_was_disarmed_by_a_restore_of_the_data_alone_is_named(db):
    """What `pg_restore --data-only --disable-triggers` leaves behind: a trigger that some sessions pass by."""
    owner_says("ALTER TABLE licenses_journalline DISABLE TRIGGER ALL")
    owner_says("ALTER TABLE licenses_journalline ENABLE TRIGGER ALL")

    of_lines = sorted(name for name, trigger in WALLS.items() if trigger[0] == "licenses_journalline")
    assert said() == [("portal.E005", f"The trigger {name} of licenses_journalline does not fire always.") for name in of_lines]


@pytest.mark.parametrize("wall", WALLS)
def test_a_wall_that_is_missing_is_named(db, wall):
    owner_says(f"DROP TRIGGER {wall} ON {WALLS[wall][0]}")

    assert said() == [("portal.E004", f"The trigger {wall} of {WALLS[wall][0]} is missing.")]


def test_the_checks_know_every_wall():
    """Also those of migrations to come, which they read."""
    assert {(name, trigger[0]) for name, trigger in WALLS.items()} <= walls()
