"""A flow is one transaction that waits for others no longer than a person would, and moves everything or nothing."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext

from licensing_portal.foundation import tracing
from licensing_portal.foundation.errors import NotAllowed, Refusal

LOCK_TIMEOUT = 3  # seconds for a lock that somebody else holds
STATEMENT_TIMEOUT = 10  # seconds for any one statement

# What ends a flow that waited for others: a lock not given in time, a statement cut off, a deadlock broken at our cost, a
# conflict of serializable transactions (PostgreSQL's SQLSTATEs), and SQLite's one writer who did not end in time.
_GAVE_UP_WAITING = {"55P03", "57014", "40P01", "40001", "SQLITE_BUSY"}

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Busy(Refusal):
    """Others hold what this flow needs. It was rolled back, so its key is still good."""


def flow(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Make a function a flow: its refusals roll everything back, and so does waiting too long, which raises Busy."""

    @wraps(function)
    def bounded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            with transaction.atomic():
                _wait_no_longer()
                return function(*args, **kwargs)
        except NotAllowed as refusal:
            tracing.current().refusals.append(refusal)  # whoever answers the request writes it down, outside of this transaction
            raise
        except OperationalError as problem:
            if code_of(problem) not in _GAVE_UP_WAITING:
                raise
            raise Busy(gettext("The portal is busy. Nothing was moved. Press again in a moment.")) from problem

    return bounded


def _wait_no_longer() -> None:
    """For this transaction alone, so that behind a pool of connections nobody inherits it. SQLite's own limit is in the settings."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
                [f"{LOCK_TIMEOUT}s", f"{STATEMENT_TIMEOUT}s"],
            )


def code_of(problem: Exception) -> str:
    """Return PostgreSQL's SQLSTATE or SQLite's name of an error, "" if it has neither."""
    cause = problem.__cause__
    return str(getattr(cause, "pgcode", None) or getattr(cause, "sqlite_errorname", None) or "")
