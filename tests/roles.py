"""What only the owner of the database may do, done in sight: everything else in a test is done as the application."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from django.db import connection, connections

from licensing_portal.roles import grant_rights

APPLICATION = "portal_app"
WALLS = import_module("licenses.migrations.0004_walls").TRIGGERS | import_module("licenses.migrations.0007_recalls_and_corrections").TRIGGERS
# The books' walls, the security log's, and those of server and license files.
ALL_WALLS = (
    WALLS | import_module("accounts.migrations.0003_security_log").TRIGGERS | import_module("deployments.migrations.0003_server_files").TRIGGERS
)


def become(role: str) -> None:
    """Use a role on this connection and on every later one."""
    type(connections["default"]).role = role  # of the class, from which each thread makes its own
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")


def become_the_application() -> None:
    """Make the role, once per server, and give it its rights on this database."""
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN CREATE ROLE {APPLICATION}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$")
    grant_rights(APPLICATION)
    become(APPLICATION)


@contextmanager
def the_owner() -> Iterator[None]:
    """Do something as the owner."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APPLICATION}")


@contextmanager
def walls_down(*names: str) -> Iterator[None]:
    """Take these walls down (all of them, if none is named), as the owner, and put them up again."""
    _alter("DISABLE TRIGGER", names or ALL_WALLS)
    try:
        yield
    finally:
        _alter("ENABLE ALWAYS TRIGGER", names or ALL_WALLS)


def _alter(what, names) -> None:
    with the_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come can't be altered
        for name in names:
            cursor.execute(f"ALTER TABLE {ALL_WALLS[name][0]} {what} {name}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
