"""Many people who press at the same moment: threads with a database connection each, let go together."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import connection

PATIENCE = 30  # seconds, after which a race that hangs fails


def all_at_once(acts: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run all acts at the same moment; return what each gave, or the exception that it ended with, in their order."""
    acts = list(acts)
    gate = threading.Barrier(len(acts))

    def wait_and_run(act: Callable[[], Any]) -> Any:
        connection.ensure_connection()
        gate.wait(PATIENCE)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        begun = [pool.submit(outcome_of, partial(wait_and_run, act)) for act in acts]
        return [act.result(PATIENCE) for act in begun]


def outcome_of(act: Callable[[], Any]) -> Any:
    """Run an act in a thread of its own; return what it gave, or the exception that it ended with."""
    try:
        return act()
    except Exception as problem:
        return problem
    finally:
        connection.close()


def kinds(outcomes: Iterable[Any]) -> dict[str, int]:
    """Count the outcomes by the name of their class."""
    names = [type(outcome).__name__ for outcome in outcomes]
    return {name: names.count(name) for name in sorted(set(names))}
