"""What hashing may cost everybody else: one at a time in a process, and few who wait for it at the sign-in."""

import threading

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.test import Client

from accounts import hashing
from accounts.hashing import OneAtATimeHasher
from tests.factories.accounts import PASSWORD
from tests.hashers import CountingPasswordHasher, FastArgon2PasswordHasher
from tests.views import errors_of, form_of, kept_in, press

MANY = {"": ["Many people are signing in just now. Press again in a few seconds."]}


def test_it_is_as_strong_as_djangos_own_and_one_thread_does_it():
    kept = [(hasher.time_cost, hasher.memory_cost) for hasher in (OneAtATimeHasher, Argon2PasswordHasher)]

    assert (kept[0], OneAtATimeHasher.parallelism) == (kept[1], 1)


class MeetingHasher(FastArgon2PasswordHasher):
    """Waits in the middle of hashing for a second one to come; nobody does, as long as they take turns."""

    meeting = threading.Barrier(2)
    met: list[bool] = []

    def params(self):
        try:
            self.meeting.wait(0.5)
        except threading.BrokenBarrierError:
            self.met.append(False)
            self.meeting.reset()
        else:
            self.met.append(True)
        return super().params()


def test_a_process_hashes_one_password_at_a_time(settings):
    """Each takes 100 MiB: what all threads hash at once would be no measure of a process's memory."""
    settings.PASSWORD_HASHERS = [f"{__name__}.MeetingHasher"]
    threads = [threading.Thread(target=make_password, args=[PASSWORD]) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert MeetingHasher.met == [False, False]


def test_who_finds_no_place_at_the_sign_in_is_told_at_once_and_nothing_is_hashed(northgate, settings):
    """429, as for too many tries; what was typed is kept, and the next press signs in."""
    settings.PASSWORD_HASHERS = ["tests.hashers.CountingPasswordHasher"]
    browser, typed = Client(), {"login": "northgate", "password": PASSWORD}
    form = form_of(browser, "/sign-in/")
    CountingPasswordHasher.hashed.clear()

    with hashing.a_place(), hashing.a_place():
        refused = browser.post("/sign-in/", form | typed)

    assert (refused.status_code, refused["Retry-After"], errors_of(refused)) == (429, "5", MANY)
    assert (kept_in(refused, {"login": ""}), CountingPasswordHasher.hashed) == ({"login": "northgate"}, [])
    assert press(browser, "/sign-in/", typed).status_code == 302


@pytest.mark.parametrize("username", ["northgate", "nobody"])
def test_who_is_refused_for_that_is_told_the_same_whoever_it_is_and_it_counts_as_no_try(northgate, username):
    with hashing.a_place(), hashing.a_place():
        answers = [press(Client(), "/sign-in/", {"login": username, "password": "wrong horse battery"}) for _ in range(6)]

    assert [errors_of(answer) for answer in answers] == [MANY] * 6
    assert press(Client(), "/sign-in/", {"login": username, "password": "wrong horse battery"}).status_code == 200


def test_a_place_is_free_again_whatever_became_of_the_one_before(northgate):
    for _ in range(4):
        assert press(Client(), "/sign-in/", {"login": "northgate", "password": "wrong horse battery"}).status_code == 200


def test_a_password_that_djangos_hasher_has_hashed_is_still_right():
    assert check_password(PASSWORD, make_password(PASSWORD, hasher=Argon2PasswordHasher()), preferred=FastArgon2PasswordHasher())
