"""When mail does not go out as it should: sales go on, no notice is lost, none is sent for what did not happen (C4)."""

import asyncio
import socket
import threading
from datetime import timedelta
from io import StringIO
from itertools import chain

import pytest
import time_machine
from django.conf import settings as portal_settings
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, connections
from django.db.models import F, ProtectedError
from django.db.models.functions import Now
from django.utils import timezone
from post_office.models import STATUS, Email

from licenses.models import JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation import notices
from licensing_portal.foundation.management.commands.deliver_mail import Command
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.licenses import give, quantities
from tests.mail import MailServer, fates, free_port, make_due, message_id, running, wait_until
from tests.races.crowd import PATIENCE, all_at_once
from tests.races.holding import held
from tests.roles import APPLICATION, the_owner
from tests.views import press, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def sell(northgate, harborcu, user):
    """Sell 1 of northgate's 100 ASR to harborcu, who is told of it; return the notice. That of the issue is out of the way."""
    give(northgate, ASR=100)
    Email.objects.update(status=STATUS.sent)

    def act():
        sale = sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key())
        return Notice.objects.select_related("email").get(event=sale.number)

    return act


def tries(notice):
    return Email.objects.get(pk=notice.email_id).number_of_retries


def fate(notice):
    return Notice.objects.select_related("email").get(pk=notice.pk).fate


def ids(mails):
    return [mail["Message-ID"] for mail in mails]


# ── The server is down, or says nothing ──


def test_while_the_server_is_down_all_is_sold_and_when_it_is_back_all_is_sent_in_its_order(sell, start_worker):
    port = free_port()
    told = [sell() for _ in range(10)]
    worker = start_worker(port)

    wait_until(lambda: Notice.objects.filter(last_error__contains="refused").count() == 10)
    fates_while_down = {fate(notice) for notice in told}
    with running(MailServer(), port) as server:
        make_due()
        wait_until(lambda: Email.objects.exclude(status=STATUS.sent).count() == 0)

    assert (fates_while_down, worker.poll()) == ({"queued"}, None)
    assert ids(server.mails()) == [message_id(notice) for notice in told]
    assert balances() == {("northgate", "ASR"): (90, 0, 10), ("harborcu", "ASR"): (10, 0, 0)}
    assert_the_books_are_proven()


def test_a_worker_that_waits_for_a_mute_server_holds_up_nobody_else(sell, northgate, signed_in, start_worker):
    """It holds a mail by its lease and no lock: requests go on, and so does another worker with another mail."""
    caught = sell()
    with socket.create_server(("127.0.0.1", 0)) as mute, running(MailServer()) as server:
        mute.settimeout(PATIENCE)
        stuck = start_worker(mute.getsockname()[1])
        talks_to_nobody, _ = mute.accept()

        answer = press(signed_in(northgate), "/sell/", {"owner": "harborcu", "qty-ASR": "3"})
        sale = JournalEntry.objects.latest("pk")
        receipt = text_of(signed_in(northgate).get(sale.get_absolute_url()))
        other = start_worker(server.port, "--once")
        other.wait(PATIENCE)

        assert (answer.url, "queued" in receipt.lower()) == (sale.get_absolute_url(), True)
        assert ids(server.mails()) == [message_id(Notice.objects.get(event=sale.number))]
        assert (stuck.poll(), fate(caught), tries(caught)) == (None, "queued", 1)
        talks_to_nobody.close()


@pytest.mark.parametrize("step", ["MAIL", "harborcu@example.com", "DATA"])
def test_a_server_that_falls_silent_at_any_step_is_given_up_and_the_mail_tried_later(sell, mail_server, settings, step):
    settings.EMAIL_TIMEOUT = 0.2
    mail_server.is_mute_at = step
    notice = sell()

    assert notices.deliver_due() == 1

    assert (fate(notice), tries(notice)) == ("queued", 1)
    assert Notice.objects.get(pk=notice.pk).last_error == "Connection unexpectedly closed: timed out"
    mail_server.is_mute_at = None
    mail_server.mails()
    make_due()
    notices.deliver_due()
    assert (fate(notice), ids(mail_server.mails())) == ("sent", [message_id(notice)])


def test_a_lease_outlasts_the_slowest_server_that_the_timeout_bears():
    """The greeting, two of EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA and the last reply, each as late as can be."""
    assert (portal_settings.EMAIL_TIMEOUT, notices.LEASE.total_seconds() > 9 * portal_settings.EMAIL_TIMEOUT) == (30, True)


# ── The server refuses ──


@pytest.mark.parametrize("greeting", [b"421 Too busy\r\n", b"554 No service here\r\n"])
def test_a_server_that_greets_with_a_refusal_says_nothing_about_the_mail(sell, mail_by_smtp, greeting):
    """RFC 5321 3.1: 554 instead of a greeting is about the server, and the next one may be better."""
    notice = sell()
    with socket.create_server(("127.0.0.1", 0)) as unwilling:
        mail_by_smtp(unwilling.getsockname()[1])

        def greet():
            line, _ = unwilling.accept()
            line.sendall(greeting)
            line.recv(100)
            line.close()

        greeter = threading.Thread(target=greet)
        greeter.start()
        notices.deliver_due()
        greeter.join(PATIENCE)

    assert (fate(notice), Notice.objects.get(pk=notice.pk).last_error) == ("queued", greeting.decode().strip())


# ── A worker is killed ──


def test_a_worker_killed_after_it_gave_the_mail_away_delays_the_rest_and_loses_nothing(sell, start_worker):
    """The server has the first mail and the database does not know: it goes out once more, by the same Message-ID, after the lease."""
    first, second = sell(), sell()
    with running(MailServer()) as server:
        server.is_mute_at = "DATA"
        worker = start_worker(server.port)
        given_away = server.received.get(timeout=PATIENCE)
        worker.kill()
        worker.wait(PATIENCE)
        server.is_mute_at = None
        in_the_lease = (fate(first), tries(first))

        start_worker(server.port, "--once").wait(PATIENCE)
        before_the_lease_ends = server.mails()
        make_due()
        start_worker(server.port, "--once").wait(PATIENCE)

    assert (given_away["Message-ID"], in_the_lease) == (message_id(first), ("queued", 1))
    assert ids(before_the_lease_ends) == [message_id(second)]
    assert ids(server.mails()) == [message_id(first)]
    assert (fate(first), fate(second), tries(first), tries(second)) == ("sent", "sent", 2, 1)


def test_a_worker_whose_connection_breaks_between_two_statements_goes_on_with_a_new_one(sell, mail_server):
    """It has the mail in its hands by then, and can't note either that it failed: the lease ends, and it goes out."""
    notice, worker, is_cut = sell(), Command(stderr=StringIO()), threading.Event()

    def cut_off(execute, sql, params, many, context):
        if 'FROM "foundation_notice"' in sql and not is_cut.is_set():
            is_cut.set()
            end_connection_of(connection)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(cut_off):
        worker.deliver_or_wait_for_the_database()
    make_due()
    worker.deliver_or_wait_for_the_database()

    assert worker.stderr.getvalue().startswith("The database cannot be reached")
    assert (is_cut.is_set(), ids(mail_server.mails()), fate(notice), tries(notice)) == (True, [message_id(notice)], "sent", 2)


def end_connection_of(victim):
    with victim.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT pg_terminate_backend(%s, 30000)", [pid])
    other.close()


def test_a_mail_that_ends_its_worker_in_every_try_is_given_up(write, mail_server):
    """Or it would be tried for ever, and nobody told."""
    Email.objects.filter(pk=write("deadly").email_id).update(number_of_retries=notices.MOST_TRIES)
    write("behind")

    notices.deliver_due()

    assert fates() == {"deadly": ("failed", "Given up: the worker ended in the middle of every try"), "behind": ("sent", "")}
    assert mail_server.subjects() == ["behind"]


def test_a_worker_that_outlived_its_lease_does_not_put_off_what_another_has_sent(sell, mail_server, settings):
    """Its own connection breaks at last, and by then the mail is sent."""
    settings.EMAIL_TIMEOUT = PATIENCE
    notice = sell()

    def another_worker_takes_it_up():
        make_due()
        notices.deliver_due()
        connection.close()
        mail_server.cuts_before_its_reply = True

    mail_server.before_its_reply = another_worker_takes_it_up
    notices.deliver_due()

    assert ids(mail_server.mails()) == [message_id(notice)] * 2
    assert (fate(notice), Notice.objects.get(pk=notice.pk).last_error) == ("sent", "")


# ── Several workers ──


def test_four_workers_send_forty_mails_once_each(sell, start_worker):
    """Each worker has a mail server of its own; all four have their first mail in their hands at the same moment."""
    told = [sell() for _ in range(40)]
    all_have_one = threading.Barrier(4)
    servers = [MailServer() for _ in range(4)]
    with running(servers[0]), running(servers[1]), running(servers[2]), running(servers[3]):
        for server in servers:
            server.before_its_reply = lambda: all_have_one.wait(PATIENCE)
            start_worker(server.port)
        wait_until(lambda: Email.objects.exclude(status=STATUS.sent).count() == 0)

    received = [ids(server.mails()) for server in servers]
    assert sorted(chain.from_iterable(received)) == sorted(message_id(notice) for notice in told)
    assert (all_have_one.broken, min(map(len, received)) > 0) == (False, True)
    assert {tries(notice) for notice in told} == {1}


def test_without_lock_and_lease_four_workers_would_send_one_mail_four_times(sell, mail_by_smtp, monkeypatch):
    """The control."""

    def next_without_lease():
        return Email.objects.filter(status__in=notices.UNSENT).order_by("scheduled_time", "pk").first()

    monkeypatch.setattr(notices, "_lease_next", next_without_lease)
    notice = sell()
    with running(MailServer()) as server:
        mail_by_smtp(server.port)
        server.replies_together = asyncio.Barrier(4)
        all_at_once([notices.deliver_due] * 4)

    assert ids(server.mails()) == [message_id(notice)] * 4


# ── What did not happen ──


def test_a_flow_that_is_rolled_back_mails_nothing_neither_meanwhile_nor_after(sell, mail_server):
    """A worker that looks while the flow is open must not see its mail."""
    with held(sell):
        meanwhile = notices.deliver_due()

    assert (meanwhile, notices.deliver_due(), mail_server.mails()) == (0, 0, [])
    assert balances() == {("northgate", "ASR"): (100, 0, 0)}
    sell()  # the control
    assert (notices.deliver_due(), len(mail_server.mails())) == (1, 1)


# ── Clocks that are wrong ──

FLOOD = 100  # mails
SKEWS = [timedelta(days=1), timedelta(days=-1)]


@pytest.mark.parametrize("skew", SKEWS, ids=["fast", "slow"])
def test_a_mail_queued_by_a_host_with_a_wrong_clock_is_due_at_once(sell, mail_server, skew):
    """The database's clock alone decides."""
    with time_machine.travel(timezone.now() + skew):
        notice = sell()

    assert notices.deliver_due() == 1
    assert ids(mail_server.mails()) == [message_id(notice)]


@pytest.mark.parametrize("skew", SKEWS, ids=["fast", "slow"])
def test_a_worker_with_a_wrong_clock_sends_nothing_early_and_holds_nothing_back(sell, mail_server, skew):
    """A lease of another's stands, what is due goes out, and what is put off waits ten seconds of the database's."""
    leased, due, later = sell(), sell(), sell()
    assert notices._lease_next() == leased.email
    Email.objects.filter(pk=later.email_id).update(scheduled_time=Now() + timedelta(seconds=30))

    with time_machine.travel(timezone.now() + skew):
        mail_server.replies["harborcu@example.com"] = "451 Try later"
        refused = notices.deliver_due()
        put_off = Email.objects.filter(pk=due.email_id, scheduled_time__range=(Now() + timedelta(seconds=1), Now() + timedelta(seconds=10))).count()
        mail_server.replies.clear()
        Email.objects.filter(pk=due.email_id).update(scheduled_time=Now())
        sent = notices.deliver_due()

    assert (refused, put_off, sent) == (1, 1, 1)
    assert ids(mail_server.mails()) == [message_id(due)]
    assert [fate(notice) for notice in (leased, due, later)] == ["queued", "sent", "queued"]


def test_the_library_s_own_sender_sends_nothing(sell, mail_server):
    """It knows no row locks, and would write no fate."""
    sell()

    with pytest.raises(CommandError, match="delivered by deliver_mail"):
        call_command("send_queued_mail")

    assert mail_server.mails() == []


def test_a_flood_is_sent_in_the_order_in_which_it_was_queued(sell, mail_server):
    """Whoever sells into it is not lost behind it."""
    flood = [message_id(sell()) for _ in range(FLOOD)]

    assert notices.deliver_due() == FLOOD

    assert ids(mail_server.mails()) == flood


# ── Nothing is cleaned up ──


def test_nothing_unsent_can_be_cleaned_up_not_even_by_the_librarys_own_command(sell, capsys):
    """The application's role may not delete a mail, and the notice beside it stops the owner too."""
    sell()
    Email.objects.update(created=F("created") - timedelta(days=900))
    before = sorted(Email.objects.values_list("pk", "status"))

    with pytest.raises(ProtectedError):
        call_command("cleanup_mail", "--days", "1")
    with the_owner(), pytest.raises(ProtectedError):
        call_command("cleanup_mail", "--days", "1")
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM post_office_email")

    assert sorted(Email.objects.values_list("pk", "status")) == before
    assert STATUS.queued in [status for _, status in before]


@pytest.mark.parametrize("table", ["post_office_email", "post_office_log", "post_office_attachment", "foundation_notice"])
def test_the_applications_role_may_not_delete_what_mail_stands_on(db, table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, %s, 'DELETE'), has_table_privilege(%s, %s, 'TRUNCATE')", [APPLICATION, table] * 2)
        assert cursor.fetchone() == (False, False)
