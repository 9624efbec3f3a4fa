"""Rows that come with what hangs on them: a list's licenses, gathered by the database in the query of the list itself."""

from django.db import connection
from django.db.models import JSONField
from django.db.models.expressions import RawSQL

# What makes one list of many rows, and of one row's values; on PostgreSQL, and on SQLite.
_FUNCTIONS = {"postgresql": ("jsonb_agg", "jsonb_build_array"), "sqlite": ("json_group_array", "json_array")}


def gathered(*values: str, rows: str) -> RawSQL:
    """An expression for a query: a list of these values of all `rows`, in no order, that belong to each of its own; None where there are none.

    Both are SQL of ours, and no text of anybody's: `rows` is what stands behind FROM, with the table that is asked by its own name. Django
    writes the same from its own parts, but needs longer for that than for all else that such a list costs.
    """
    all_of, one_of = _FUNCTIONS[connection.vendor]
    return RawSQL(f"SELECT {all_of}({one_of}({', '.join(values)})) FROM {rows}", [], output_field=JSONField())  # noqa: S608, S611 # nosec B608 B611
