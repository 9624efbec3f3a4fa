"""What PostgreSQL refuses of server files, license files and who got them (C6 to C8): what was given is never changed, and serials only rise."""

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from deployments.models import Deployment
from tests.factories.deployments import deploy, download, replace, upload
from tests.factories.licenses import give
from tests.roles import the_owner, walls_down

pytestmark = pytest.mark.postgres

GIVEN = ["deployments_signedlicensefile", "deployments_licensefiledownload", "deployments_replacementallowance"]


@pytest.fixture
def moved(northgate, staff):
    """LAB, downloaded, with a second server and an allowance: a row in every table."""
    give(northgate, ASR=1)
    lab = upload(deploy(northgate, name="LAB", ASR=1))
    download(lab)
    replace(lab, "ivr-02")
    lab.replacement_allowances.create(year=2026, reason="Flooded data center", allowed_by=staff)
    return lab


def run(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        transaction.set_rollback(True)


def refusal(statement):
    with pytest.raises(DatabaseError) as refused:
        run(statement)
    return str(refused.value).partition("\n")[0]


@pytest.mark.parametrize("table", [*GIVEN, "deployments_serverfile"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_application_has_no_right_to_change_what_was_given(moved, table, statement):
    """Without the triggers, for a privilege is a wall of its own."""
    with walls_down(), pytest.raises(ProgrammingError, match=f"permission denied for table {table}"):
        run(statement.format(table))


@pytest.mark.parametrize("table", GIVEN)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_owner_does_not_change_it_by_a_slip(moved, table, statement):
    with the_owner():
        assert refusal(statement.format(table)).startswith("what was given is never changed: ")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deployments_serverfile SET name = 'x', ended_at = now() WHERE ended_at IS NULL",
        "UPDATE deployments_serverfile SET content = '\\x00', ended_at = now() WHERE ended_at IS NULL",
        "UPDATE deployments_serverfile SET ended_at = now() WHERE ended_at IS NOT NULL",
        "UPDATE deployments_serverfile SET ended_at = NULL WHERE ended_at IS NOT NULL",
        "DELETE FROM deployments_serverfile",
    ],
)
def test_of_a_server_file_only_its_end_is_told_and_that_once(moved, statement):
    """C8: a superseded file does not come back into use."""
    with the_owner():
        assert refusal(statement).startswith("a server file is never changed: ")


def test_its_end_is_told(moved):
    """The control."""
    run("UPDATE deployments_serverfile SET ended_at = now() WHERE ended_at IS NULL")


def test_a_serial_never_falls(moved):
    """C6: a license file that was given would seem to be the newest again."""
    assert refusal("UPDATE deployments_deployment SET serial = serial - 1") == "serials only rise: 1 after 2"
    run("UPDATE deployments_deployment SET serial = serial + 1")
    assert Deployment.objects.get().serial == 2
