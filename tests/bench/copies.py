"""Years of journal in minutes, for measurements alone: what `load_big` has posted happens again and again, copied within PostgreSQL.

Done as the owner, with every trigger and foreign key of these tables down, in one transaction: nothing of it is judged while it is
written. So it is made right in every number, and `check_ledger` proves it afterwards: each copy of a line has the balance of the
line and what the copies before it added, holdings are as many times what they were, what reverses an entry reverses its own copy.
Copies of deployments go with those of their entries; letters are not copied.
"""

from datetime import timedelta
from typing import Any

from psycopg2 import extensions

from deployments.models import Deployment, DeploymentEntry, DeploymentLine
from licenses.models import Holding, JournalEntry, JournalLine

GROWING = [JournalEntry, JournalLine, Deployment, DeploymentLine, DeploymentEntry]
ENTRY, LINE, HOLDING, DEPLOYMENT, OF_DEPLOYMENT, ON_DEPLOYMENT = (
    model._meta.db_table for model in (JournalEntry, JournalLine, Holding, Deployment, DeploymentLine, DeploymentEntry)
)

# One copy, the so-manieth. The keys of each row are those of the first one and as many times all keys that there were,
# so that they rise with time. Numbers may have gaps: the entry's own key is one that no other entry can have.
COPY = f"""
INSERT INTO {ENTRY} (id, number, kind, posted_at, giver_id, receiver_id, posted_by_id, acting_as_id, reference, note, reverses_id)
    SELECT one.id + %(copy)s * %(entries)s,
        split_part(number, '-', 1) || to_char((posted_at + %(copy)s * %(passed)s) AT TIME ZONE 'UTC', '-YYYY-')
            || to_char(one.id + %(copy)s * %(entries)s, 'FM099999999'),
        kind, posted_at + %(copy)s * %(passed)s, giver_id, receiver_id, posted_by_id, acting_as_id, reference, note,
        reverses_id + %(copy)s * %(entries)s
    FROM {ENTRY} one WHERE one.id <= %(entries)s;
INSERT INTO {LINE} (id, entry_id, account_id, product_id, state, quantity, balance)
    SELECT one.id + %(copy)s * %(lines)s, entry_id + %(copy)s * %(entries)s, account_id, product_id, state, quantity,
        balance + %(copy)s * CASE state WHEN 'available' THEN available ELSE deployed END
    FROM {LINE} one JOIN {HOLDING} USING (account_id, product_id) WHERE one.id <= %(lines)s ORDER BY one.id;
INSERT INTO {DEPLOYMENT} (id, name, host_name, notes, state, created_at, changed_at, made_by_id, owner_id, retired_at, serial)
    SELECT one.id + %(copy)s * %(deployments)s, name, host_name, notes, state, created_at + %(copy)s * %(passed)s, changed_at + %(copy)s * %(passed)s,
        made_by_id, owner_id, retired_at + %(copy)s * %(passed)s, serial
    FROM {DEPLOYMENT} one WHERE one.id <= %(deployments)s;
INSERT INTO {OF_DEPLOYMENT} (id, quantity, deployment_id, product_id)
    SELECT one.id + %(copy)s * %(of_deployments)s, quantity, deployment_id + %(copy)s * %(deployments)s, product_id
    FROM {OF_DEPLOYMENT} one WHERE one.id <= %(of_deployments)s;
INSERT INTO {ON_DEPLOYMENT} (id, deployment_id, entry_id, sale_id, is_retirement)
    SELECT one.id + %(copy)s * %(on_deployments)s, deployment_id + %(copy)s * %(deployments)s, entry_id + %(copy)s * %(entries)s,
        sale_id + %(copy)s * %(entries)s, is_retirement
    FROM {ON_DEPLOYMENT} one WHERE one.id <= %(on_deployments)s;
"""  # noqa: S608 - our own names

MULTIPLY_HOLDINGS = f"UPDATE {HOLDING} SET available = available * %(times)s, deployed = deployed * %(times)s, sold = sold * %(times)s"  # noqa: S608 - our own names


def copy_journal(cursor: extensions.cursor, *, copies: int, passed: timedelta) -> None:
    """Let all that happened happen so many times more, each time so much later. The connection is the owner's.

    Afterwards the tables have been counted by PostgreSQL, and it knows which of their pages all may see.
    """
    cursor.execute("BEGIN")
    cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
    cursor.execute("SET LOCAL session_replication_role = replica")  # foreign keys
    triggers, indexes = _take_triggers_down(cursor), _take_indexes_down(cursor)
    spans = _spans(cursor)
    for copy in range(1, copies + 1):
        cursor.execute(COPY, spans | {"copy": copy, "passed": passed})
    cursor.execute(MULTIPLY_HOLDINGS, {"times": copies + 1})
    for statement in [*indexes, *triggers]:
        cursor.execute(statement)
    _count_on(cursor)
    cursor.execute("COMMIT")
    cursor.execute("VACUUM ANALYZE")


def _spans(cursor: extensions.cursor) -> dict[str, int]:
    """How far the keys of a copy are from those of the one before."""
    tables = {"entries": ENTRY, "lines": LINE, "deployments": DEPLOYMENT, "of_deployments": OF_DEPLOYMENT, "on_deployments": ON_DEPLOYMENT}
    return {name: _one(cursor, f"SELECT coalesce(max(id), 0) FROM {table}") for name, table in tables.items()}  # noqa: S608 - our own names


def _take_triggers_down(cursor: extensions.cursor) -> list[str]:
    """Return what puts them up again as they were."""
    cursor.execute(
        "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A' AND tgrelid = ANY (%s::regclass[])",
        [[ENTRY, LINE, HOLDING, DEPLOYMENT, OF_DEPLOYMENT, ON_DEPLOYMENT]],
    )
    found = cursor.fetchall()
    for table, name in found:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    return [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for table, name in found]


def _take_indexes_down(cursor: extensions.cursor) -> list[str]:
    """Return what makes them again, which takes a part of the time that keeping them up would; those that a constraint has stay."""
    cursor.execute(
        "SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = ANY (%s::regclass[])"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
        [[ENTRY, LINE, DEPLOYMENT, OF_DEPLOYMENT, ON_DEPLOYMENT]],
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f"DROP INDEX {name}")
    return [statement for _, statement in found]


def _count_on(cursor: extensions.cursor) -> None:
    """Have keys and numbers go on behind those of the copies."""
    for model in GROWING:
        table = model._meta.db_table
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")  # noqa: S608 - our own names
    cursor.execute(f"SELECT DISTINCT lower(split_part(number, '-', 1)) || '_' || split_part(number, '-', 2) FROM {ENTRY}")  # noqa: S608
    for (series,) in cursor.fetchall():
        cursor.execute("SELECT next_entry_number(%s)", [series])  # makes the sequence where there is none yet
        cursor.execute(f"SELECT setval('entry_number_{series}', (SELECT max(id) FROM {ENTRY}))")  # noqa: S608


def _one(cursor: extensions.cursor, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchone()[0]
