"""How passwords are hashed. It costs a fifth of a second of a processor and 100 MiB, by intent, and must cost nobody else their page.

Each process hashes one at a time, in one thread, whichever door asks; and of those who sign in few wait for it, so that the process
keeps threads for everybody else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from django.contrib.auth.hashers import Argon2PasswordHasher

PLACES = 2  # of a process's four threads (`serve`): one that hashes, and one that waits
RETRY_AFTER = 5  # seconds
MANY_AT_ONCE = "many_sign_in_at_once"  # the code of what is said to whoever finds no place

_turn = Lock()
_places = BoundedSemaphore(PLACES)


class OneAtATimeHasher(Argon2PasswordHasher):
    """Django's, as strong as it is; but its lanes are worked off by one thread, where eight would push all pages aside."""

    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _turn:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _turn:
            return super().verify(password, encoded)


@contextmanager
def a_place() -> Iterator[bool]:
    """Whether there is a place for one more who signs in; it is theirs while the block lasts."""
    has_one = _places.acquire(blocking=False)
    try:
        yield has_one
    finally:
        if has_one:
            _places.release()
