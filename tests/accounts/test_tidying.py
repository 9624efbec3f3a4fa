"""What has expired is cleared away by the worker of `manage.py serve`, and nothing else: no mail, no line of a log, no session that opens something."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as portal_settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from post_office.models import Email

from accounts.models import SecurityEvent, Session
from accounts.tidying import clear_what_has_expired
from licensing_portal.foundation.models import Notice, Submission
from tests.factories.accounts import PASSWORD
from tests.factories.licenses import give
from tests.mail import wait_until
from tests.views import press

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def cached():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cache")
        return cursor.fetchone()[0]


def kept():
    return [model.objects.count() for model in (Email, Notice, Submission, SecurityEvent)]


def sign_in(password=PASSWORD):
    browser = Client()
    return browser, press(browser, "/sign-in/", {"login": "northgate", "password": password}).status_code


def opens(browser):
    return browser.get("/history/").status_code == 200


def test_expired_sessions_go_and_those_that_open_something_stay(northgate):
    """A session expires fourteen days after it was last used."""
    start = timezone.now()
    old, _ = sign_in()
    with time_machine.travel(start + 13 * DAY, tick=False):
        new, _ = sign_in()
        unexpired = clear_what_has_expired()
    with time_machine.travel(start + 14 * DAY + HOUR, tick=False):
        expired = clear_what_has_expired()

        assert (unexpired[0], expired[0], [session.pk for session in Session.objects.all()]) == (0, 1, [new.session.session_key])
        assert old.session.session_key != new.session.session_key
    with time_machine.travel(start + 13 * DAY + HOUR, tick=False):
        assert opens(new)


def test_counts_of_tries_go_when_they_are_over_and_not_before(northgate):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        for _ in range(5):
            sign_in("wrong horse battery")
    with time_machine.travel(start + timedelta(minutes=4), tick=False):
        cache.set("other", 1, 10 * 60)
        clear_what_has_expired()
        assert sign_in()[1] == 429
    before = cached()
    with time_machine.travel(start + timedelta(minutes=12), tick=False):
        assert (clear_what_has_expired()[1], cached(), cache.get("other"), before > 2) == (before - 1, 1, 1, True)


def test_nothing_else_is_touched_however_old_it_is(northgate, staff):
    """Mails that were not sent yet, one-use keys and the security log among it."""
    give(northgate, ASR=1)
    sign_in()
    before = kept()

    with time_machine.travel(timezone.now() + 4000 * DAY, tick=False):
        clear_what_has_expired()

    assert (kept(), [count > 0 for count in before], Session.objects.count()) == (before, [True] * 4, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_by_hand_it_is_done_along_with_the_proof(northgate):
    sign_in()
    Session.objects.update(expire_date=timezone.now() - HOUR)

    call_command("prove_nightly", "--once")

    assert Session.objects.count() == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_worker_that_serve_starts_does_it_soon_after_its_start(northgate, process_environment):
    sign_in()
    Session.objects.update(expire_date=timezone.now() - HOUR)

    worker = subprocess.Popen([sys.executable, "manage.py", "prove_nightly"], cwd=portal_settings.BASE_DIR, env=os.environ | process_environment)
    try:
        wait_until(lambda: Session.objects.count() == 0)
    finally:
        worker.send_signal(signal.SIGTERM)

    assert worker.wait(30) == 0
