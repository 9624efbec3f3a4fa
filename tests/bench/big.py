"""G9, G10, G12, G13 and what pages promise of large data (L): on a database of its own that `load_big` has filled.

All is asked of the portal in this process, as the role that serves it: with no server between, what a page costs is seen best.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import cache
from typing import TypeVar

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, Min
from django.test import Client

from accounts.models import Account, User
from deployments.services import add_deployment
from licenses import proving
from licenses.models import JournalEntry, JournalLine, Product
from licenses.selectors import holdings_of
from licenses.services import issue_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests import roles
from tests.bench.lines import Line
from tests.bench.stage import QUICK, Stage
from tests.factories.accounts import ResellerFactory, UserFactory
from tests.serving import HOUSE, hand_over

DATABASE = "big"
SIZE = {False: (10_000, 1_000_000), True: (1_000, 50_000)}  # accounts and lines, by whether it is a quick look
Result = TypeVar("Result")

ROWS_OF_A_PAGE = 50
DEPLOYMENTS_OF_A_PAGE = 25
DEEP = 20_000  # pages down, or the last one
TIMES = 20  # that a page is asked for

MOST_MS, MOST_MS_OF_SUGGESTIONS = 300, 50


def history_far_down(stage: Stage) -> Iterator[Line]:
    """G9: the page of lines far down an account's journal beside its first one."""
    with on_big_data(stage):
        largest = Account.objects.get(username="atlas")
        lines = JournalLine.objects.filter(account=largest).order_by("-pk")
        number = lines.count()
        far = min(DEEP, number // ROWS_OF_A_PAGE - 1)
        before = lines.values_list("pk", flat=True)[far * ROWS_OF_A_PAGE]
        deep, first = _medians(browser_of("atlas"), [f"/history/?before={before}", "/history/"])
        what = f"history page {far:,} / page 1 of an account with {number:,} lines, {deep:.0f} / {first:.0f} ms"
        yield Line("G9", what, deep / first, ceiling=1.2)


def my_licenses_of_many_lines(stage: Stage) -> Iterator[Line]:
    """G10: beside that of a newcomer who holds the same products, each from one line, and as many deployments as a page shows."""
    with on_big_data(stage):
        largest = Account.objects.get(username="atlas")
        newcomer = Account.objects.filter(username="newcomer").first() or _make_newcomer(largest)
        large, small = (_medians(browser_of(account.username), ["/"])[0] for account in (largest, newcomer))
        many, few = largest.lines.count(), newcomer.lines.count()
        yield Line("G10", f"My Licenses of {many:,} lines / of {few:,}, {large:.0f} / {small:.0f} ms", large / small, ceiling=1.2)


def _make_newcomer(largest: Account) -> Account:
    person = UserFactory(account=ResellerFactory(username="newcomer"))
    products = [holding.product for holding in holdings_of(largest)]
    make_licenses(person, products, deployments=DEPLOYMENTS_OF_A_PAGE)
    return person.account


def proof_in_full(stage: Stage) -> Iterator[Line]:
    """G12: its ceiling is for ten million lines, and comes down with them."""
    with on_big_data(stage):
        made, seconds = _timed(proving.prove)
        assert made.is_good, made.first_faults
        yield Line("G12", f"check_ledger in full over {made.lines:,} lines, seconds", seconds, ceiling=15 * made.lines / 10_000_000)


def proof_since_the_last(stage: Stage) -> Iterator[Line]:
    """G13: nothing was posted since; what it costs is what does not depend on news."""
    with on_big_data(stage):
        proving.prove()
        made, seconds = _timed(lambda: proving.prove(since_last=True))
        assert made.is_good, made.first_faults
        assert not made.is_full
        yield Line("G13", "check_ledger since the last proof, seconds", seconds, ceiling=1)


def pages_of_large_data(stage: Stage) -> Iterator[Line]:
    """L: the pages that lists and searches of the largest reseller are made of."""
    with on_big_data(stage):
        browser = browser_of("atlas")
        for page in _pages():
            slowest = statistics.quantiles(seconds_of(browser, page), n=20)[-1] * 1000
            yield Line("L2", f"{page}, p95, ms", slowest, ceiling=MOST_MS_OF_SUGGESTIONS if page.startswith("/suggest") else MOST_MS)


def _pages() -> list[str]:
    sale = JournalEntry.objects.filter(kind="sale", giver__username="atlas").select_related("receiver").latest("pk")
    searches = ["/history/?q=zzzzzz", "/sold/?q=zzzzzz", "/search/?q=zzzzzz", "/history/?user=atlas", f"/history/?account={sale.receiver}"]
    numbers = ["/history/?column=sold", "/history/?column=purchased", f"/history/?to={_in_the_middle():%Y-%m-%d}"]
    lists = [
        "/",
        "/?whose=endusers",
        "/history/",
        "/sold/",
        "/endusers/",
        "/sell/",
        "/transfer/",
        f"/endusers/{sale.receiver}/",
        f"/receipts/{sale}/",
    ]
    return [*lists, *searches, *numbers, "/suggest-endusers/?q=harbor", "/suggest-endusers/?q=zzzzzz"]


def _in_the_middle() -> date:
    ends = JournalEntry.objects.aggregate(first=Min("posted_at"), last=Max("posted_at"))
    return ends["first"] + (ends["last"] - ends["first"]) / 2  # type: ignore[no-any-return]


# ── How ──


def make_licenses(person: User, products: list[Product], *, deployments: int) -> None:
    """Issue a thousand of each of these products to a person's account, in one entry, and deploy some on so many servers."""
    staff = User.objects.select_related("account").filter(is_superuser=True).earliest("pk")
    account = person.account
    issue_licenses(publisher=staff.account, issued_by=staff, account=account, quantities=dict.fromkeys(products, 1000), key=fresh_key())
    for number in range(deployments):
        quantities = dict.fromkeys(products[:2], 1)
        add_deployment(account=account, added_by=person, owner=account, name=f"IVR-{number}", host_name="ivr", quantities=quantities, key=fresh_key())


@contextmanager
def on_big_data(stage: Stage) -> Iterator[None]:
    """Use the large database in place of the stage's, as the application's role; it is made when it is first asked for."""
    ours = dict(connection.settings_dict)
    _fill(stage)
    move_to(NAME=DATABASE, USER=roles.APPLICATION)
    try:
        yield
    finally:
        move_to(**ours)


def move_to(**database: object) -> None:
    connection.close()
    connection.settings_dict.update(database)
    ContentType.objects.clear_cache()


@cache
def _fill_once(owner: str, accounts: int, lines: int, seed: int) -> None:
    command = ["load_big", f"--accounts={accounts}", f"--lines={lines}", f"--seed={seed}"]
    subprocess.run([sys.executable, "manage.py", *command], cwd=HOUSE, check=True, stdout=sys.stderr,
        env={"PATH": os.environ["PATH"], "DEMO": "1", "DATABASE_URL": owner})  # fmt: skip


def _fill(stage: Stage) -> None:
    with closing(stage.server.connect()) as line, line.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
            move_to(NAME=DATABASE, USER="portal")
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            hand_over()
    accounts, lines = SIZE[(stage.turns, stage.seconds) == QUICK]
    _fill_once(stage.server.url(DATABASE), accounts, lines, stage.seed)


def browser_of(username: str) -> Client:
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(User.objects.get(username=username))
    return browser


def _medians(browser: Client, pages: list[str]) -> list[float]:
    """The median of each in milliseconds; they take turns, so that whatever else the machine does falls on all."""
    rounds = [[_timed(lambda page=page: _get(browser, page))[1] for page in pages] for _ in range(TIMES + 1)]
    return [statistics.median(seconds) * 1000 for seconds in zip(*rounds[1:], strict=True)]


def seconds_of(browser: Client, page: str, times: int = TIMES) -> list[float]:
    """How long each of so many answers took; the first is not counted."""
    return [_timed(lambda: _get(browser, page))[1] for _ in range(times + 1)][1:]


def _get(browser: Client, page: str) -> None:
    assert browser.get(page).status_code == 200, page


def _timed(act: Callable[[], Result]) -> tuple[Result, float]:
    began = time.perf_counter()
    return act(), time.perf_counter() - began
