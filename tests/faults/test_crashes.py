"""Who dies in the middle, a process, a connection or the whole database, leaves a sale made or not made, and the same form then makes it once (B5, C4).

What was acknowledged is in the books, whatever dies after (I14).
"""

import json
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from post_office.models import STATUS, Email

from accounts.models import User
from licenses.models import JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import Binding, fresh_key
from tests import postgres, roles
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import EnduserFactory, ResellerFactory, UserFactory
from tests.factories.licenses import give, quantities
from tests.faults.presser import COMMITTED, STATEMENTS
from tests.mail import MailServer, all_is_sent, make_due, message_id, notices_of_sales, running, wait_until
from tests.races.crowd import PATIENCE
from tests.races.holding import held
from tests.serving import Browser, CutOff, Portal, connected_to, durable_server, migrate
from tests.views import form_of, heading_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


# ── A process is killed in a sale ──


@pytest.fixture
def seller(northgate, harborcu, user):
    """northgate's, with 10 ASR to sell."""
    give(northgate, ASR=10)
    client = Client()
    client.force_login(user(northgate))
    return client


@pytest.fixture
def sale(seller):
    """A form that is open, filled in."""
    return form_of(seller, "/sell/") | {"owner": "harborcu", "qty-ASR": "3"}


@pytest.fixture
def killed_when(process_environment):
    """Press northgate's form in a process of its own and kill it at a point: killed_when("the mail is queued", sale)."""

    def press_and_kill(point, form):
        presser = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.presser", "northgate", "/sell/", json.dumps(form), point],
            env=process_environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert presser.stdout.readline() == b"stopped\n"
        finally:
            presser.kill()
            presser.communicate()

    return press_and_kill


def assert_the_same_form_leads_to_the_one_sale(browser, form):
    """However often it is sent."""
    answers = [browser.post("/sell/", form) for _ in range(2)]
    sale = JournalEntry.objects.get(kind="sale")
    assert [(answer.status_code, answer.url) for answer in answers] == [(302, sale.get_absolute_url())] * 2
    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}
    assert notices_of_sales() == [sale.number]
    assert_the_books_are_proven()


@pytest.mark.parametrize("point", STATEMENTS)
def test_a_process_killed_before_it_commits_has_sold_nothing_and_the_key_is_still_good(seller, sale, killed_when, point):
    killed_when(point, sale)

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}
    assert (JournalEntry.objects.filter(kind="sale").count(), notices_of_sales()) == (0, [])
    assert_the_same_form_leads_to_the_one_sale(seller, sale)


def test_a_process_killed_between_the_commit_and_the_reply_has_sold_and_the_same_form_gets_the_first_result(seller, sale, killed_when):
    killed_when(COMMITTED, sale)

    made = JournalEntry.objects.get(kind="sale")
    assert notices_of_sales() == [made.number]
    assert_the_same_form_leads_to_the_one_sale(seller, sale)


# ── A worker is killed while it sends (after it gave the mail away and heard nothing: test_mail.py) ──


@pytest.fixture
def told(northgate, harborcu, user):
    """The notice of a sale to harborcu, the only mail that is due."""
    give(northgate, ASR=10)
    Email.objects.update(status=STATUS.sent)
    sale = sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key())
    return Notice.objects.select_related("email").get(event=sale.number)


def ids(mails):
    return [mail["Message-ID"] for mail in mails]


def fate(notice):
    email = Email.objects.get(pk=notice.email_id)
    return email.get_status_display(), email.number_of_retries


def kill(worker):
    worker.kill()
    worker.wait(PATIENCE)


def test_a_worker_killed_before_it_gave_the_mail_away_leaves_it_to_another_who_sends_it_once(told, start_worker):
    with running(MailServer()) as server:
        server.is_mute_at = "harborcu@example.com"
        worker = start_worker(server.port)
        assert server.fell_silent.wait(PATIENCE)
        kill(worker)
        server.is_mute_at = None

        start_worker(server.port, "--once").wait(PATIENCE)
        in_the_lease = (server.mails(), fate(told))
        make_due()
        start_worker(server.port, "--once").wait(PATIENCE)

    assert in_the_lease == ([], ("queued", 1))
    assert (ids(server.mails()), fate(told)) == ([message_id(told)], ("sent", 2))


def test_a_worker_killed_between_the_server_s_yes_and_its_own_note_of_it_lets_the_mail_go_twice_under_one_id(told, start_worker):
    """Its note waits for a lock that we take while the server has the mail and has not said yes."""
    has_come, is_locked = threading.Event(), threading.Event()
    with running(MailServer()) as server:
        server.before_its_reply = lambda: has_come.set() or is_locked.wait(PATIENCE)
        worker = start_worker(server.port)
        assert has_come.wait(PATIENCE)
        with held(lambda: Email.objects.select_for_update().get(pk=told.email_id)):
            is_locked.set()
            wait_until(lambda: waiting("Lock") == 1)
            kill(worker)
        make_due()
        start_worker(server.port, "--once").wait(PATIENCE)

    assert (ids(server.mails()), fate(told)) == ([message_id(told)] * 2, ("sent", 2))


# ── The portal as it is served, on a database that keeps what it has committed ──

CROWD = 20
LICENSES = 100_000  # more than the crowd can sell until the database is killed
# What is committed is on the disk, as in production; a role that asks for more waits for a standby that never comes.
OPTIONS = postgres.DURABLE | {"synchronous_standby_names": "nobody", "synchronous_commit": "local"}


@pytest.fixture(scope="module")
def durable(django_db_setup, django_db_blocker):
    """A server of this module's own, to be killed, with the portal's tables."""
    server = durable_server(OPTIONS)
    with django_db_blocker.unblock(), connected_to(server):
        migrate()
    yield server
    server.stop()


@pytest.fixture
def portal(durable, mail_server):
    """The portal in processes of its own; northgate has licenses to sell to harborcu, and nothing else is going on."""
    with connected_to(durable):
        northgate = UserFactory(account=ResellerFactory(username="northgate")).account
        EnduserFactory(username="harborcu", reseller=northgate)
        give(northgate, ASR=LICENSES)
        try:
            with Portal(durable, mail_port=mail_server.port) as portal:
                wait_until(all_is_sent)
                yield portal
        finally:
            call_command("flush", interactive=False)
            cache.clear()


@pytest.fixture
def served(portal):
    """A browser in which northgate is signed in."""
    return Browser(portal.port).sign_in("northgate")


def waiting(for_what):
    """How many of the database's processes wait for something of this name or kind."""
    with roles.the_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND %s IN (wait_event_type, wait_event)", [for_what])
        return cursor.fetchone()[0]


def as_owner(server, statement):
    with closing(server.connect()) as line, line.cursor() as cursor:
        cursor.execute(statement)


def cut_the_portal_off(server):
    """End every connection of the application's role, whatever it is doing."""
    as_owner(server, "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE usename = 'portal_app'")


@pytest.fixture
def commits_are_not_answered(served, durable):
    """From its next connection on, whoever commits is kept waiting for the answer: the sale is made, and nobody is told."""
    as_owner(durable, "ALTER ROLE portal_app SET synchronous_commit = 'on'")
    cut_the_portal_off(durable)
    yield
    cut_the_portal_off(durable)


def test_a_process_that_is_killed_as_soon_as_it_has_started_is_started_again_and_takes_no_other_with_it(portal):
    """Who is killed by the system, for want of memory, may be killed again at once."""
    seen = set()

    def another_mail_worker():
        return next((worker for worker in portal.processes("deliver_mail") if worker.pid not in seen), None)

    for _ in range(3):
        wait_until(another_mail_worker)
        worker = another_mail_worker()
        seen.add(worker.pid)
        worker.kill()

    wait_until(another_mail_worker)
    assert (portal.process.poll(), Browser(portal.port).get("/readyz").status_code) == (None, 200)


def test_a_connection_cut_between_the_commit_and_its_answer_is_a_page_that_says_so_and_the_same_form_gets_the_first_result(
    served, durable, commits_are_not_answered
):
    form = form_of(served, "/sell/") | {"owner": "harborcu", "qty-ASR": "3"}
    with ThreadPoolExecutor(1) as pool:
        pressed = pool.submit(served.post, "/sell/", form)
        wait_until(lambda: waiting("SyncRep") == 1)
        as_owner(durable, "ALTER ROLE portal_app RESET synchronous_commit")
        cut_the_portal_off(durable)
        answer = pressed.result(PATIENCE)

    made = JournalEntry.objects.get(kind="sale")
    assert (answer.status_code, heading_of(answer)) == (503, "Back soon")
    assert [served.post("/sell/", form).url for _ in range(2)] == [made.get_absolute_url()] * 2
    assert balances() == {("northgate", "ASR"): (LICENSES - 3, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}
    assert notices_of_sales() == [made.number]
    assert_the_books_are_proven()


class Crowd:
    """Many sellers in one browser who press form after form, and what they were told: the page of each sale, by its reference."""

    def __init__(self, browser):
        self.browser = browser
        self.binding = Binding(User.objects.get(username="northgate").pk, "northgate", "sell_licenses")
        self.told = {}
        self.all_goes_well = threading.Event()

    def press_on(self, seller):
        """Press one form after the other until one brings no receipt; return that one, and what it brought."""
        for n in count():
            form = self.new_form(f"{seller}-{n}")
            outcome = self.press(form)
            if outcome != "told":
                return form, outcome
            if len(self.told) >= CROWD:
                self.all_goes_well.set()
        raise AssertionError

    def new_form(self, reference):
        """As the page would carry it."""
        token = self.browser.cookies["csrftoken"]
        return {"key": self.binding.new_key(), "csrfmiddlewaretoken": token, "owner": "harborcu", "qty-ASR": "1", "reference": reference}

    def press(self, form):
        try:
            answer = self.browser.post("/sell/", form)
        except CutOff:
            return "cut off"
        if answer.status_code != 302:
            return answer.status_code
        self.told[form["reference"]] = answer.url
        return "told"


def times_made():
    """How many sales there are of each reference."""
    return Counter(JournalEntry.objects.filter(kind="sale").values_list("reference", flat=True))


def pages_of_sales():
    return {sale.reference: sale.get_absolute_url() for sale in JournalEntry.objects.filter(kind="sale")}


def test_twenty_sellers_lose_nothing_that_they_were_told_when_the_database_is_killed_and_press_the_rest_again(served, durable, mail_server):
    """Each finds one form unanswered, and presses that very form again once the database is back."""
    crowd = Crowd(served)
    with ThreadPoolExecutor(CROWD) as pool:
        sellers = [pool.submit(crowd.press_on, seller) for seller in range(CROWD)]
        assert crowd.all_goes_well.wait(PATIENCE)
        durable.stop_immediately()
        untold, outcomes = zip(*[seller.result(PATIENCE) for seller in sellers], strict=True)
        told_before = dict(crowd.told)
        connection.close()
        durable.start()
        made_before, pages_before = times_made(), pages_of_sales()
        outcomes_of_the_first_requests_after = list(pool.map(crowd.press, untold))

    assert set(outcomes) <= {503, "cut off"}
    assert {reference: made_before[reference] for reference in told_before} == dict.fromkeys(told_before, 1)
    assert told_before.items() <= pages_before.items()
    assert {made_before[form["reference"]] for form in untold} <= {0, 1}

    assert outcomes_of_the_first_requests_after == ["told"] * CROWD
    assert (times_made(), pages_of_sales()) == (dict.fromkeys(crowd.told, 1), crowd.told)
    sold = len(crowd.told)
    assert balances() == {("northgate", "ASR"): (LICENSES - sold, 0, sold), ("harborcu", "ASR"): (sold, 0, 0)}
    assert_the_books_are_proven()

    assert sorted(notices_of_sales()) == sorted(JournalEntry.objects.filter(kind="sale").values_list("number", flat=True))
    make_due()
    wait_until(all_is_sent)
    assert {message_id(notice) for notice in Notice.objects.select_related("email")} <= set(ids(mail_server.mails()))
