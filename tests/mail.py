"""A real mail server on loopback that does what a test tells it to, workers in processes of their own, and what became of each mail."""

import asyncio
import email
import queue
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from email import policy

import pytest
from aiosmtpd.controller import Controller
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from post_office.models import STATUS, Email

from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice
from tests.factories.accounts import PublisherFactory

PATIENCE = 30  # seconds until a process must have done what it is there for


class MailServer:
    """Keeps what it accepts, and answers to an address or to a whole mail what a test tells it to."""

    def __init__(self):
        self.replies = {}  # an address, or the name of a step, to what is answered
        self.received = queue.Queue()
        self.cuts_before_its_reply = False
        self.is_mute_at = None  # the step, or the address, after which nothing is said any more
        self.fell_silent = threading.Event()
        self.before_its_reply = None  # called once, when the first whole mail has come
        self.replies_together = None  # an asyncio.Barrier, where mails are to be answered at the same moment

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        envelope.mail_from = address
        await self._fall_silent_at("MAIL")
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        await self._fall_silent_at(address)
        reply = self.replies.get(address, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        reply = self.replies.get("DATA", "250 OK")
        if reply.startswith("250"):
            self.received.put(email.message_from_bytes(envelope.content, policy=policy.default))
        await self._fall_silent_at("DATA")
        if self.replies_together:
            await self.replies_together.wait()
        if self.before_its_reply:
            act, self.before_its_reply = self.before_its_reply, None
            await asyncio.to_thread(act)
        if self.cuts_before_its_reply:
            server.transport.abort()
        return reply

    async def _fall_silent_at(self, step):
        if step == self.is_mute_at:
            self.fell_silent.set()
            await asyncio.Event().wait()

    def mails(self):
        """All that was received since this was asked last."""
        return [self.received.get() for _ in range(self.received.qsize())]

    def subjects(self):
        return [mail["Subject"] for mail in self.mails()]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(handler, port=None):
    """Let a mail server run, on this port if one is named."""
    controller = Controller(handler, hostname="127.0.0.1", port=port or free_port())
    controller.start()
    handler.port = controller.port
    try:
        yield handler
    finally:
        controller.stop()


@pytest.fixture
def mail_by_smtp(settings):
    """Return a function that sets the portal up with the mail server at this port."""

    def use(port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port

    return use


@pytest.fixture
def mail_server(mail_by_smtp):
    """A mail server that the portal is set up with."""
    with running(MailServer()) as handler:
        mail_by_smtp(handler.port)
        yield handler


@pytest.fixture
def start_worker(process_environment):
    """Start `deliver_mail` in a process of its own that sends to this port: start_worker(port). It is killed at the end at the latest."""
    workers = []

    def start(port, *arguments):
        environment = process_environment | {"EMAIL_URL": f"smtp://127.0.0.1:{port}"}
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "deliver_mail", *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()
        worker.communicate()


@pytest.fixture
def write(db):
    """Queue a mail with a subject to an address, as the flows do: write("1") goes to 1@example.com."""

    def act(name, **changes):
        PublisherFactory()
        holder = {"username": name, "company": name}
        call = {
            "event": f"event {name}",
            "account": name,
            "address": f"{name}@example.com",
            "context": {"holder": holder, "target": "account", "proved_by": "somebody", "linked_at": timezone.now()},
        }
        with transaction.atomic():  # a worker that runs must not see it between the two
            notice = notices.queue("accounts/emails/link_created", **call | changes)
            Email.objects.filter(pk=notice.email_id).update(subject=name)
        return notice

    return act


def make_due():
    """Let the time of every put-off mail come, without waiting for it; they stay in their order."""
    Email.objects.filter(status__in=[STATUS.queued, STATUS.requeued]).update(scheduled_time=F("scheduled_time") - timedelta(hours=1))


def fates():
    return {notice.account: (notice.fate, notice.last_error) for notice in Notice.objects.select_related("email")}


def all_is_sent():
    return not Email.objects.exclude(status=STATUS.sent).exists()


def notices_of_sales():
    """The numbers of the sales that somebody is told of, one for each notice."""
    return list(Notice.objects.filter(kind="licenses/emails/licenses_sold").values_list("event", flat=True))


def message_id(notice):
    return notice.email.headers["Message-ID"]


def wait_until(is_so):
    """Ask until it is so; fail after a while."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        pause.wait(0.02)
