"""Somebody who holds a lock for as long as a test needs, in a transaction of their own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import QuerySet

from licenses.ledger import Books, ByFunctions
from licenses.models import Holding
from licensing_portal.foundation import locks
from tests.races.crowd import PATIENCE, outcome_of
from tests.roles import the_owner


def queued_behind(lock, acts):
    """Have somebody hold a lock, and let the acts begin one after the other, each once those before it wait or have ended.

    Then the lock is let go. So a second lock is taken while others wait for it, in an order that is the same every time.
    """
    with ThreadPoolExecutor(len(acts)) as pool:
        begun = []
        with held(lock):
            for act in acts:
                begun.append(pool.submit(outcome_of, act))
                wait_until_waiting(lambda: sum(not act.done() for act in begun))
        return [act.result(PATIENCE) for act in begun]


def wait_until_waiting(count):
    """Return once this many sessions wait for a lock; `count()` is asked anew each time, as some may end meanwhile."""
    for _ in range(10_000):
        wanted = count()
        with the_owner(), connection.cursor() as cursor:  # who alone sees what other sessions wait for
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction the first look would be the last
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
            if cursor.fetchone()[0] >= wanted:
                return
    raise AssertionError("nobody waited: the act does not lock what the change decides")


def unlock(monkeypatch, *models):
    """Take away the locks on rows of these models, of all if none is named, wherever one is taken: by a query, by key, by opening the books."""

    def is_meant(model):
        return not models or model in models

    def statement_without(model, where, lock):
        return statement_of(model, where, "" if is_meant(model) else lock)

    lock, statement_of = QuerySet.select_for_update, locks._statement
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self if is_meant(self.model) else lock(self, **options))
    monkeypatch.setattr(locks, "_statement", statement_without)
    if is_meant(Holding):
        make_a_function_that_opens_books_without_locks()
        monkeypatch.setattr(ByFunctions, "OPEN", ByFunctions.OPEN.replace("open_books", "open_books_without_locks"))


def make_a_function_that_opens_books_without_locks():
    """The database's own, to the letter, but for its lock."""
    with the_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('open_books'::regproc)")
        (definition,) = cursor.fetchone()
        assert definition.count(locks.LOCK.strip()) == 1
        cursor.execute(definition.replace("open_books", "open_books_without_locks").replace(locks.LOCK.strip(), ""))


def let_nobody_lock(monkeypatch, *, rivals):
    """Take all locks away, and let so many rivals look at the numbers before any of them writes."""
    gate = threading.Barrier(rivals)
    check = Books._check

    def check_and_wait(self, *args, **options):
        check(self, *args, **options)
        gate.wait(PATIENCE)

    unlock(monkeypatch)
    monkeypatch.setattr(Books, "_check", check_and_wait)


@contextmanager
def held(lock):
    """Run `lock` in an open transaction on another connection, and roll it back at the end."""
    locked, over = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                lock()
                locked.set()
                over.wait(PATIENCE)
                transaction.set_rollback(True)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        assert locked.wait(PATIENCE), holder.result()
        try:
            yield
        finally:
            over.set()
            holder.result(PATIENCE)


@contextmanager
def without_constraint(model, name):
    """Take a constraint of a table away, as the owner, and put it back; what breaks it must be gone by then."""
    (constraint,) = [constraint for constraint in model._meta.constraints if constraint.name == name]
    with the_owner(), connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        with the_owner(), connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)
