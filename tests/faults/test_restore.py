"""The database is lost, and its last backup is all there is: the drill that `make restore-drill` runs and docs/operations.md describes."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from licenses.models import JournalEntry
from licensing_portal.checks import walls_stand
from licensing_portal.foundation.models import Notice
from tests import postgres, scratch
from tests.books import assert_the_books_are_proven
from tests.factories.accounts import EnduserFactory, ResellerFactory, UserFactory
from tests.factories.licenses import give
from tests.mail import all_is_sent, make_due, message_id, notices_of_sales, wait_until
from tests.serving import DATABASE, PATIENCE, Browser, Portal, connected_to, durable_server, hand_over, migrate
from tests.views import form_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

SELLERS = 4
LICENSES = 100_000  # more than they can sell
SALES_BEFORE_THE_BACKUP = 20


@contextmanager
def step(words):
    """Say what is done, and how long it took."""
    began = time.monotonic()
    yield
    sys.stdout.write(f"{time.monotonic() - began:6.1f} s  {words}\n")


class Sellers:
    """northgate's, who sell one license after the other to harborcu. `told` are the receipts that they saw, by reference."""

    def __init__(self, port):
        self.browsers = [Browser(port).sign_in("northgate") for _ in range(SELLERS)]
        self.forms = {}
        self.told = {}
        self.is_over = threading.Event()

    def sell_until_it_is_over(self, number):
        browser, count = self.browsers[number], 0
        while not self.is_over.is_set():
            count += 1
            reference = f"{number}-{count}"
            form = form_of(browser, "/sell/") | {"owner": "harborcu", "qty-ASR": "1", "reference": reference}
            self.forms[reference], self.told[reference] = form, browser.post("/sell/", form).url


def sales():
    """The page of each sale that is in the books, by its reference."""
    return {sale.reference: sale.get_absolute_url() for sale in JournalEntry.objects.filter(kind="sale")}


def back_up(server, backup):
    command = [server.program("pg_dump"), "--format=custom", "--host", server.socket, "--username", postgres.ROLE, "--file", backup, DATABASE]
    subprocess.run(command, check=True)


def restore(server, backup):
    """Into an empty database: its roles are there already, for they are the server's and in no backup of one database."""
    command = [server.program("pg_restore"), "--exit-on-error", "--host", server.socket, "--username", postgres.ROLE, "--dbname", DATABASE, backup]
    subprocess.run(command, check=True)


@pytest.fixture
def lost(mail_server):
    """A portal with four sellers at work, backed up while they sell, and then lost; what is left is the backup, and what people know."""
    server, backup = durable_server(), scratch.folder("backup") / "portal.dump"
    with connected_to(server):
        migrate()
        northgate = UserFactory(account=ResellerFactory(username="northgate")).account
        EnduserFactory(username="harborcu", reseller=northgate)
        give(northgate, ASR=LICENSES)
        with Portal(server, mail_port=mail_server.port) as portal, ThreadPoolExecutor(SELLERS) as pool:
            sellers = Sellers(portal.port)
            at_work = [pool.submit(sellers.sell_until_it_is_over, number) for number in range(SELLERS)]
            wait_until(lambda: len(sellers.told) >= SALES_BEFORE_THE_BACKUP)
            told_before = dict(sellers.told)
            with step(f"backup, while {SELLERS} sellers sell"):
                back_up(server, backup)
            sellers.is_over.set()
            for seller in at_work:
                seller.result(PATIENCE)
        server.stop_immediately()
    return backup, told_before, sellers.forms


def test_a_portal_restored_from_a_backup_is_whole_and_sells_and_sends_nothing_until_it_may(lost, mail_server):
    backup, told_before, forms = lost
    sent_by_the_lost_one = mail_server.mails()
    copy = durable_server()
    with connected_to(copy):
        with step("restore"):
            restore(copy, backup)
            hand_over()
        with step("the walls stand, and the books are proven"):
            assert walls_stand(None, ["default"]) == []
            assert_the_books_are_proven()
        assert told_before.items() <= sales().items()

        with Portal(copy, mail_port=mail_server.port, options=["--hold-mail"]) as portal:
            with step("sign-in and sale on the copy"):
                browser = Browser(portal.port).sign_in("northgate")
                made = browser.post("/sell/", form_of(browser, "/sell/") | {"owner": "harborcu", "qty-ASR": "1", "reference": "after"})
            assert (made.status_code, sales()["after"]) == (302, made.url)
            # A form that was open before the loss knows that it has been sent.
            reference, receipt = next(iter(told_before.items()))
            token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            assert browser.post("/sell/", forms[reference] | token).url == receipt
        assert mail_server.mails() == []

        assert sorted(notices_of_sales()) == sorted(JournalEntry.objects.filter(kind="sale").values_list("number", flat=True))
        with step("the mails that were held"), Portal(copy, mail_port=mail_server.port):
            make_due()
            wait_until(all_is_sent)
        sent = [mail["Message-ID"] for mail in [*sent_by_the_lost_one, *mail_server.mails()]]
        assert {message_id(notice) for notice in Notice.objects.select_related("email")} <= set(sent)
        assert_the_books_are_proven()
