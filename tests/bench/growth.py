"""GROWTH: what a journal of 10,000 to 10,000,000 lines makes of sales, pages and proofs, as one table and one chart.

Each size has a database of its own with the same 10,000 accounts. Up to BASE lines `load_big` posts them all; beyond that its years
are copied (copies.py), so that three years have passed in each. It takes some ten minutes, and is measured when it is named alone.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from django.core.management import call_command
from django.db import connection

from accounts.models import Account, User
from licenses import proving
from licenses.models import JournalEntry, JournalLine, LedgerProof, Product
from licenses.services import issue_licenses
from licensing_portal import big
from licensing_portal.foundation.submissions import fresh_key
from tests import postgres, roles
from tests.bench import chart, copies
from tests.bench.big import browser_of, move_to, seconds_of
from tests.bench.crowd import work
from tests.bench.lines import Line
from tests.bench.market import Market
from tests.bench.sales import CROWD, seller
from tests.bench.stage import QUICK, Stage
from tests.serving import HOUSE, hand_over

CHART, QUICK_CHART, TABLE = HOUSE / "docs/images/growth.svg", HOUSE / "var/growth.svg", HOUSE / "var/growth.md"

SIZES = {False: (10_000, 100_000, 1_000_000, 10_000_000), True: (1_000, 10_000, 100_000)}  # lines, by whether it is a quick look
BASE = {False: 100_000, True: 10_000}  # lines that are posted; all others are copies
ACCOUNTS = {False: 10_000, True: 500}
PRODUCTS = 200

Result = TypeVar("Result")

SELLERS, OFFERED, STOCK = 100, 5, 1_000_000
TIMES = 20  # that a page is asked for
NEWS = 200  # sales since the last proof


@dataclass(frozen=True)
class Measured:
    """What there was, and each column of the table with its figure."""

    lines: int
    figures: dict[str, float]


def growth(stage: Stage) -> Iterator[Line]:
    """Measure each size, write the table and the chart, and give what the largest makes of the smallest's figures."""
    is_quick = (stage.turns, stage.seconds) == QUICK
    _make_empty_database(stage)
    measured = []
    for size in SIZES[is_quick]:
        with _database_of(stage, size):
            _timed(f"filled with {size:,} lines", lambda size=size: _fill(stage, size, is_quick=is_quick))
            measured.append(_timed(f"measured with {size:,} lines", lambda: _measure(stage)))
    table = table_of(measured)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(table)
    chart.write(table, QUICK_CHART if is_quick else CHART)
    print(table, flush=True)  # noqa: T201 - told to the person who waits
    first, last = measured[0], measured[-1]
    for name, figure in last.figures.items():
        what = f"{name} with {last.lines:,} lines / with {first.lines:,}, {figure:,.4g} / {first.figures[name]:,.4g}"
        yield Line("GROWTH", what, figure / first.figures[name])


def table_of(measured: list[Measured]) -> str:
    """The table in Markdown, as chart.py reads it."""
    names = list(measured[0].figures)
    rows = [[f"{size.lines:,}", *(_cell(size.figures[name]) for name in names)] for size in measured]
    return "\n".join("| " + " | ".join(row) + " |" for row in [[chart.FIRST_COLUMN, *names], ["---:"] * (len(names) + 1), *rows]) + "\n"


def _cell(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}"


# ── What is measured ──


def _measure(stage: Stage) -> Measured:
    """In this order: the proof in full is the last one that the first one since can go on from."""
    lines = JournalLine.objects.count()
    in_full = _milliseconds(proving.prove)
    market = _market()
    figures = {f"{chart.RATE}{_processes(number)}": _sold_per_second(stage, market, number) for number in (1, CROWD)}
    browser = browser_of("atlas")
    for name, page in _pages().items():
        figures[name] = statistics.median(seconds_of(browser, page, TIMES)) * 1000
    figures["Proof since the last"] = _proof_of_news(stage, market)
    figures["Proof in full"] = in_full
    assert LedgerProof.objects.exclude(fault_count=0).count() == 0, "the books are not proven"
    return Measured(lines, figures)


def _processes(number: int) -> str:
    return f"{number} process{'es' if number > 1 else ''}"


def _pages() -> dict[str, str]:
    """The largest reseller's, by what they are called."""
    sale = JournalEntry.objects.filter(kind="sale", giver__username="atlas").latest("pk")
    return {"My Licenses": "/", "History": "/history/", "Sold": "/sold/", "Sell Licenses": "/sell/", "Receipt": f"/receipts/{sale}/"}


def _market() -> Market:
    """The resellers with endusers, the largest first; each has enough of the same products for all sales that are made."""
    staff = User.objects.select_related("account").filter(is_superuser=True).earliest("pk")
    products = list(Product.objects.order_by("pk")[:OFFERED])
    resellers = list(Account.objects.filter(endusers__isnull=False).distinct().order_by("pk")[:SELLERS])
    for reseller in resellers:
        issue_licenses(publisher=staff.account, issued_by=staff, account=reseller, quantities=dict.fromkeys(products, STOCK), key=fresh_key())
    administrators = [User.objects.select_related("account").get(username=reseller.username) for reseller in resellers]
    return Market(resellers, administrators, [list(reseller.endusers.order_by("pk")[:SELLERS]) for reseller in resellers], products)


def _sold_per_second(stage: Stage, market: Market, processes: int) -> float:
    """The median of the turns; the first one warms up and does not count."""
    paces = []
    for _ in range(stage.turns + 1):
        connection.close()  # no child may inherit it
        tally = work(lambda number: seller(market), processes=processes, seconds=stage.seconds)
        assert not tally.problems, f"a sale was not made: {tally.problems}"
        paces.append(tally.per_second)
    return statistics.median(paces[1:])


def _proof_of_news(stage: Stage, market: Market) -> float:
    """Of so many sales since the last one, in milliseconds: the median of some."""
    sell, found = seller(market), []
    proving.prove(since_last=True)
    for _ in range(stage.turns):
        for _ in range(NEWS):
            sell()
        found.append(_milliseconds(lambda: proving.prove(since_last=True)))
    return statistics.median(found)


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


# ── Where ──


def _make_empty_database(stage: Stage) -> None:
    """The one that all others are begun as."""
    _statement(stage, "CREATE DATABASE growth")
    with _connected("growth", postgres.ROLE):
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        hand_over()


@contextmanager
def _database_of(stage: Stage, size: int) -> Iterator[None]:
    """Use a new database as the application's role, and drop it afterwards: the largest takes some gigabytes."""
    name = f"growth_{size}"
    _statement(stage, f"CREATE DATABASE {name} TEMPLATE growth")
    try:
        with _connected(name, roles.APPLICATION):
            yield
    finally:
        _statement(stage, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _connected(name: str, role: str) -> Iterator[None]:
    ours = dict(connection.settings_dict)
    move_to(NAME=name, USER=role)
    try:
        yield
    finally:
        move_to(**ours)


def _statement(stage: Stage, sql: str) -> None:
    with closing(stage.server.connect()) as line, line.cursor() as cursor:
        cursor.execute(sql)


def _fill(stage: Stage, size: int, *, is_quick: bool) -> None:
    """Post the lines, or as many as are copied often enough; afterwards PostgreSQL knows its tables, and nothing is left to write."""
    name, posted = str(connection.settings_dict["NAME"]), min(size, BASE[is_quick])
    times = size // posted
    with _connected(name, postgres.ROLE):
        for _ in big.load(accounts=ACCOUNTS[is_quick], products=PRODUCTS, lines=posted, seed=stage.seed, part=1 / times):
            pass
    with closing(stage.server.connect(name)) as line, line.cursor() as cursor:
        if times > 1:
            copies.copy_journal(cursor, copies=times - 1, passed=big.SPAN / times)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _timed(what: str, act: Callable[[], Result]) -> Result:
    """Do something, and say how long it took to whoever waits."""
    began = time.perf_counter()
    result = act()
    print(f"{what} in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
    return result
