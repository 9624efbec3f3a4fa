"""Locking one row by its key, which every flow does a few times: in SQL, as making the query anew each time costs Django five times what it takes to run."""

from functools import cache
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)

LOCK = " FOR NO KEY UPDATE"  # against everybody but a foreign key, which looks at the key alone


def locked(model: type[Row], pk: Any) -> Row:
    """Return a row as it is now, locked until the transaction ends; what points to it may be written meanwhile.

    Raises ObjectDoesNotExist.
    """
    row = find_locked(model, pk)
    if row is None:
        raise ObjectDoesNotExist(f"{model.__name__} {pk} is gone.")
    return row


def find_locked(model: type[Row], pk: Any, *, where: str = "TRUE") -> Row | None:
    """The same, but None where the row does not meet the condition (of ours, in SQL) once it is locked."""
    names, statement = _statement(model, where)
    if connection.vendor != "postgresql":  # one writer at a time: nothing to lock, and values that Django has to convert
        return next(iter(model._base_manager.raw(statement.removesuffix(LOCK), [pk])), None)  # noqa: SLF001 - Django documents it
    with connection.cursor() as cursor:
        cursor.execute(statement, [pk])
        values = cursor.fetchone()
    return model.from_db(connection.alias, names, values) if values else None


@cache
def _statement(model: type[models.Model], where: str) -> tuple[list[str], str]:
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django documents it
    if any(hasattr(field, "from_db_value") for field in fields):
        raise TypeError(f"{model.__name__} has values that only Django can read: fetch it with select_for_update.")
    columns, table = ", ".join(f'"{field.column}"' for field in fields), model._meta.db_table  # noqa: SLF001 - the same
    return [field.attname for field in fields], f'SELECT {columns} FROM "{table}" WHERE id = %s AND {where}{LOCK}'  # noqa: S608 - names of ours
