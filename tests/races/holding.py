"""Somebody who holds a lock for as long as a test needs, in a transaction of their own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, transaction

from tests.races.crowd import PATIENCE


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
