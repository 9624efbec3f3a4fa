"""What `manage.py check --deploy --database default` says of the database's walls (B2): whether they stand for the role that serves.

A data-only restore, for one, turns triggers that fire always into plain ones, and says nothing.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django calls it so
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

JOURNAL = ("licenses_journalentry", "licenses_journalline")
AS_THE_OWNER = "Serve as a role of its own, to which `manage.py grant_rights` gives its rights (docs/operations.md)."


@register(Tags.database, deploy=True)
def walls_stand(app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any) -> list[CheckMessage]:
    """Tell of a role that could change the journal, and of a trigger that would not stop it (B2)."""
    asked = [connections[alias] for alias in databases or ()]
    return [message for connection in asked if connection.vendor == "postgresql" for message in _of(connection)]


def _of(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    if not {*JOURNAL} <= {*connection.introspection.table_names()}:
        return [Error("There is no journal in the database.", hint="As the owner: `manage.py migrate`.", id="portal.E003")]
    return [*_of_the_role(connection), *_of_triggers(connection)]


def _of_the_role(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        role, is_superuser = cursor.fetchone()
        if is_superuser:
            yield Error(f"{role} is a superuser: no right and no trigger stops it.", hint=AS_THE_OWNER, id="portal.E001")
            return
        cursor.execute("SELECT relname, pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = ANY(%s::regclass[])", [list(JOURNAL)])
        owned = sorted(table for table, is_owner in cursor.fetchall() if is_owner)
        if owned:
            yield Warning(f"{role} owns {' and '.join(owned)}: it can take the triggers down.", hint=AS_THE_OWNER, id="portal.W001")
        for table in sorted({*JOURNAL} - {*owned}):
            for right in _rights_to_change(cursor, table):
                hint = f"As the owner: `manage.py grant_rights {role}` takes it away."
                yield Error(f"{role} has the right to {right} {table}.", hint=hint, id="portal.E002")


def _rights_to_change(cursor: Any, table: str) -> list[str]:
    """Which of them the role has on the table, be it on a single column."""
    cursor.execute("SELECT has_any_column_privilege(%s, 'UPDATE')", [table])
    has = {"UPDATE": cursor.fetchone()[0]}
    for right in ("DELETE", "TRUNCATE"):
        cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
        has[right] = cursor.fetchone()[0]
    return [right for right, is_given in has.items() if is_given]


def _of_triggers(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgrelid::regclass::text, tgenabled FROM pg_trigger WHERE NOT tgisinternal")
        found = {(name, table): enabled for name, table, enabled in cursor.fetchall()}
    for name, table in sorted(walls()):
        if (name, table) not in found:
            hint = "Restore the whole dump into an empty database, not its data alone (docs/operations.md)."
            yield Error(f"The trigger {name} of {table} is missing.", hint=hint, id="portal.E004")
        elif found[name, table] != "A":
            hint = f"As the owner: ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}; then `manage.py check_ledger`."
            yield Error(f"The trigger {name} of {table} does not fire always.", hint=hint, id="portal.E005")


def walls() -> set[tuple[str, str]]:
    """The triggers that the migrations have put up, each with its table."""
    modules = [sys.modules[migration.__module__] for migration in MigrationLoader(None).disk_migrations.values()]
    return {(name, trigger[0]) for module in modules for name, trigger in getattr(module, "TRIGGERS", {}).items()}
