"""Locking one row by its key, which every flow does a few times: in SQL, as making the query anew each time costs Django five times what it takes to run."""

from functools import cache
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)

LOCK = " FOR NO KEY UPDATE"  # against everybody but a foreign key, which looks at the key alone
SHARED_LOCK = " FOR SHARE"  # against whoever changes the row, and nobody who only goes by it as well


def locked(model: type[Row], pk: Any, *, shared: bool = False) -> Row:
    """Return a row as it is now, locked until the transaction ends; what points to it may be written meanwhile.

    `shared` is for transactions that leave the row as it is: others that do as well need not wait for them.

    Raises ObjectDoesNotExist.
    """
    row = find_locked(model, pk, shared=shared)
    if row is None:
        raise ObjectDoesNotExist(f"{model.__name__} {pk} is gone.")
    return row


def find_locked(model: type[Row], pk: Any, *, where: str = "TRUE", shared: bool = False) -> Row | None:
    """The same, but None where the row does not meet the condition (of ours, in SQL) once it is locked."""
    is_postgresql = connection.vendor == "postgresql"
    lock = (SHARED_LOCK if shared else LOCK) if is_postgresql else ""
    names, statement = _statement(model, where, lock)
    if not is_postgresql:  # one writer at a time: nothing to lock, and values that Django has to convert
        return next(iter(model._base_manager.raw(statement, [pk])), None)  # noqa: SLF001 - Django documents it
    with connection.cursor() as cursor:
        cursor.execute(statement, [pk])
        values = cursor.fetchone()
    return model.from_db(connection.alias, names, values) if values else None


@cache
def _statement(model: type[models.Model], where: str, lock: str) -> tuple[list[str], str]:
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django documents it
    if any(hasattr(field, "from_db_value") for field in fields):
        raise TypeError(f"{model.__name__} has values that only Django can read: fetch it with select_for_update.")
    # All of the text is ours: the names of a model, and a condition that a module of the house gives.
    columns, table = ", ".join(f'"{field.column}"' for field in fields), model._meta.db_table  # noqa: SLF001 - the same
    return [field.attname for field in fields], f'SELECT {columns} FROM "{table}" WHERE id = %s AND {where}{lock}'  # noqa: S608 # nosec B608
