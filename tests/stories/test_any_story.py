"""Any story: the portal, its database and a plain dictionary come to the same end after every act (B1 to B7, C1 to C11).

The machine is worth what it sees: with any one wall taken down it must go red, and for that wall.
"""

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from licenses.models import Holding, JournalEntry, JournalLine
from tests.roles import APPLICATION, WALLS, the_owner
from tests.stories.forgery import privilege
from tests.stories.machine import AnyStory, Disagreement, set_the_scene

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

CONSTRAINTS = {constraint.name: model._meta.db_table for model in (Holding, JournalEntry, JournalLine) for constraint in model._meta.constraints}
PRIVILEGES = [(right, table) for table in ("licenses_journalentry", "licenses_journalline") for right in ("UPDATE", "DELETE", "TRUNCATE")]

EVERYTHING_GOES = list(HealthCheck)
GREEN = settings(max_examples=20, stateful_step_count=30, deadline=None, database=None, suppress_health_check=EVERYTHING_GOES)
RED = settings(
    GREEN, max_examples=20, stateful_step_count=12, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False, print_blob=False
)


@pytest.fixture
def machine(db):
    """The machine with the cast in place, in this test's transaction."""
    return type("AnyStory", (AnyStory,), {"scene": set_the_scene()})


def owner_says(statement):
    with the_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come can't be altered
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def what_is_seen_by(machine):
    with pytest.raises(Disagreement) as seen:
        run_state_machine_as_test(machine, settings=RED)
    return seen.value.act


def test_any_story_comes_to_the_end_that_the_rules_foresee(machine):
    run_state_machine_as_test(machine, settings=GREEN)


@pytest.mark.parametrize("wall", WALLS)
def test_the_machine_sees_that_a_trigger_is_gone(machine, wall):
    owner_says(f"ALTER TABLE {WALLS[wall][0]} DISABLE TRIGGER {wall}")  # with this test's transaction it comes back

    assert what_is_seen_by(machine) == wall


@pytest.mark.parametrize("wall", CONSTRAINTS)
def test_the_machine_sees_that_a_constraint_is_gone(machine, wall):
    owner_says(f"ALTER TABLE {CONSTRAINTS[wall]} DROP CONSTRAINT {wall}")

    assert what_is_seen_by(machine) == wall


@pytest.mark.parametrize(("right", "table"), PRIVILEGES)
def test_the_machine_sees_that_the_application_may_change_the_journal(machine, right, table):
    owner_says(f"GRANT {right} ON {table} TO {APPLICATION}")

    assert what_is_seen_by(machine) == privilege(right, table)
