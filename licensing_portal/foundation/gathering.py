"""Rows that come with what hangs on them, gathered by the database in the same query: a second one would cost a page more than they do."""

from typing import Any

from django.db.models import Aggregate, Func, JSONField, OuterRef, QuerySet, Subquery


class _Values(Func):
    """One row as a list of its values."""

    function = "jsonb_build_array"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="json_array", **context)


class _Gathered(Aggregate):
    """All rows as one list."""

    function = "jsonb_agg"
    name = "Gathered"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="json_group_array", **context)


def gathered(rows: QuerySet[Any, Any], *values: str, by: str) -> Subquery:
    """An expression for a query: of the rows that refer to each of its own by `by`, a list of these values, in no order; None where there are none.

    Text and whole numbers arrive as they are.
    """
    one = _Values(*values, output_field=JSONField())
    return Subquery(
        rows.filter(**{by: OuterRef("pk")}).order_by().values(by).annotate(gathered=_Gathered(one, output_field=JSONField())).values("gathered")
    )
