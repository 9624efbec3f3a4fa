"""One run, from an empty database to the proof of its books, and the line of each of its goals."""

import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from django.db import connection

from tests.bench.lines import Line
from tests.bench.stage import OPTIONS
from tests.load import books, bursts
from tests.load.mail import NotingServer, seconds_of_notices
from tests.load.people import sign_in, sign_in_by_hand
from tests.load.plan import arrivals, mix, visits_per_second
from tests.load.processes import Watch, connections
from tests.load.scoring import Answered, growth, percentile, score, share_within, table
from tests.load.visits import Visits
from tests.mail import running
from tests.postgres import Server
from tests.serving import HOUSE, Portal, connected_to, durable_server, migrate

WEB_WORKERS, THREADS = 2, 4  # as `manage.py serve` starts them
SALES_PER_SECOND = 5
LONG = 600  # seconds, from which on filling in a million lines is worth its while
MOST_SURPRISES = 20  # that are told

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What is asked for: how long each part lasts, in seconds, how many requests a second, and the data."""

    seconds: float
    rate: float
    seed: int
    accounts: int
    products: int
    lines: int
    warm_up: float
    sales_seconds: float
    attack_seconds: float

    def in_words(self) -> str:
        data = f"{self.accounts:,} accounts, {self.products} products, {self.lines:,} journal lines"
        return f"load: {self.seconds:.0f} s at {self.rate:g} requests a second, seed {self.seed}, on {data}"


def wish(*, seconds: float, rate: float, seed: int, lines: int | None = None, is_quick: bool = False) -> Wish:
    """The parts of a run in proportion to how long the mix lasts; the data of the load targets, but that a short one has a fifth of the lines."""
    accounts, products, usual = (1_000, 50, 20_000) if is_quick else (10_000, 200, 1_000_000 if seconds >= LONG else 200_000)
    lines = lines or usual
    part = min(max(seconds / 4, 10.0), 60.0)
    return Wish(seconds, rate, seed, accounts, products, lines, warm_up=part, sales_seconds=part, attack_seconds=min(part, 30.0))


class Run:
    """What came of it. The parts follow each other in one thread, in which the server was started."""

    def __init__(self, wish: Wish, say: Say) -> None:
        self.wish, self.say = wish, say
        began = time.monotonic()
        with ExitStack() as stack:
            server = durable_server(OPTIONS)
            stack.callback(server.stop)
            stack.enter_context(connected_to(server))
            migrate()
            self._fill(server)
            self.mail_server = stack.enter_context(running(NotingServer()))
            portal = stack.enter_context(Portal(server, mail_port=self.mail_server.port, TRUSTED_PROXIES="1"))
            self._go(portal, server)
            connection.close()
        self.say(f"all of it took {(time.monotonic() - began) / 60:.1f} minutes")

    def _fill(self, server: Server) -> None:
        began = time.monotonic()
        wish = self.wish
        command = ["load_big", f"--accounts={wish.accounts}", f"--products={wish.products}", f"--lines={wish.lines}", f"--seed={wish.seed}"]
        environment = {"PATH": os.environ["PATH"], "DEMO": "1", "DATABASE_URL": server.url("portal")}
        subprocess.run([sys.executable, "manage.py", *command], cwd=HOUSE, env=environment, check=True, stdout=subprocess.DEVNULL)
        self.say(f"filled in {time.monotonic() - began:.0f} s")

    def _go(self, portal: Portal, server: Server) -> None:
        people = sign_in(portal.port, random.Random(self.wish.seed))  # noqa: S311 - the same seed draws the same people
        sign_in_by_hand(people)
        self.say(people.in_words())
        connection.close()
        visits = self.visits = Visits(people)
        self.began_at = time.time()
        self._let_come(visits, self.wish.warm_up, number=0)
        visits.begin_anew()
        self.connections = [connections(server)]
        with Watch(portal) as watch:
            worked = watch.seconds_of_processor()
            self._let_come(visits, self.wish.seconds, number=1)
            self.worked = watch.seconds_of_processor() - worked
            self.memory, self.resident = watch.so_far(), watch.resident("web")
            self.connections.append(connections(server))
            self.mixed, self.late = list(visits.answers), list(visits.late)
            self._measure_the_rest(visits, portal)
        self.most_memory = max(max(samples) for samples in watch.so_far()["web"])
        self.log = portal.log.read_text()

    def _let_come(self, visits: Visits, seconds: float, *, number: int) -> None:
        weights = mix()
        visits.let_come(arrivals(visits_per_second(self.wish.rate, weights), seconds, weights, self.wish.seed * 10 + number))

    def _measure_the_rest(self, visits: Visits, portal: Portal) -> None:
        visits.begin_anew()
        visits.let_come(arrivals(SALES_PER_SECOND, self.wish.sales_seconds, {"sale": 1}, self.wish.seed * 10 + 2))
        self.sales = list(visits.answers)
        self.burst = bursts.fight_for_the_last(visits, portal.port)
        visits.begin_anew()
        with bursts.Attack(portal.port) as self.attack:
            self._let_come(visits, self.wish.attack_seconds, number=3)
        self.attacked = list(visits.answers)
        self.notices = seconds_of_notices(self.mail_server, self.began_at)
        self.faults = books.faults(visits.presses)

    # ── What it says ──

    def told(self) -> Iterator[str]:
        """All that has no limit."""
        yield from table(self.mixed)
        statuses = Counter(answer.status for answer in self.mixed)
        yield f"answers of the mix: {', '.join(f'{count} of {status}' for status, count in sorted(statuses.items()))}"
        yield f"of a processor the web workers took {1000 * self.worked / max(len(self.mixed), 1):.0f} ms for each"
        yield f"visits began at most {max(self.late) * 1000:.0f} ms late, p99 {percentile(self.late, 0.99) * 1000:.0f} ms"
        told = Counter(press.kind for press in self.visits.presses if press.told)
        refused = sum(not press.told for press in self.visits.presses)
        yield f"accepted presses: {', '.join(f'{count} of {kind}' for kind, count in told.most_common())}; refused or unanswered: {refused}"
        yield f"tried passwords: {', '.join(f'{count} of {status}' for status, count in Counter(self.attack.statuses).most_common())}"
        yield f"memory of the worker of jobs {self._last('jobs'):.0f} MB, of the nightly proof {self._last('proof'):.0f} MB"
        yield f"a web worker had {self.resident:.0f} MB in the end of the mix with what it shares, and {self.most_memory:.0f} MB of its own at most in all parts"
        yield from self.visits.surprises[:MOST_SURPRISES]
        yield from self.faults[:MOST_SURPRISES]
        yield from errors_in(self.log)[:MOST_SURPRISES]

    def lines(self) -> Iterator[Line]:
        wish = self.wish
        yield Line("L1", f"score of {len(self.mixed):,} requests at {wish.rate:g} a second, %", score(self.mixed), floor=99.9)
        yield Line("L1", "answers that nobody expects, in all parts", len(self.visits.surprises), ceiling=0)
        yield Line("L1", "errors in the log", len(errors_in(self.log)), ceiling=0)
        yield from _reads("L2", "under load", self.mixed)
        sales = [answer.seconds * 1000 for answer in self.sales if answer.page == "Sale press"]
        yield Line("L3", f"{len(sales)} sales at {SALES_PER_SECOND} a second, p95, ms", percentile(sales, 0.95), ceiling=500)
        yield Line("L3", f"faults of the books after {len(self.visits.presses):,} presses", len(self.faults), ceiling=0)
        yield Line("L4", f"accepted of {bursts.RIVALS} presses for {bursts.LICENSES} licenses", self.burst.accepted, floor=10, ceiling=10)
        yield Line("L4", "the slowest of them, seconds", self.burst.slowest, ceiling=5)
        yield Line("L4", "answers of them that nobody expects", self.burst.unexpected, ceiling=0)
        for share, most in ((99, 10), (100, 60)):
            yield Line("L9", f"{len(self.notices):,} notices handed over within {most} s, %", share_within(self.notices, most), floor=share)
        yield from _reads("L10", f"beside {bursts.TRIES_PER_SECOND} tries of passwords a second", self.attacked)
        yield from self._memory()

    def _memory(self) -> Iterator[Line]:
        web = self.memory["web"]
        yield Line("M1", f"memory of the larger of {len(web)} web workers, MB", self._last("web"), ceiling=150)
        yield Line("M2", "memory of the mail worker, MB", self._last("mail"), ceiling=120)
        grown = max(growth(samples) for samples in web)
        yield Line("M3", "a web worker, from the first third to the last, MB", grown, ceiling=10)
        before, after = self.connections
        most = WEB_WORKERS * THREADS + 3  # the workers of mail, of jobs and of the nightly proof have one each
        yield Line("M4", f"connections to the database, {before} before and after", after, ceiling=most)

    def _last(self, role: str) -> float:
        """What the largest process of a role had in the end of the mix, in megabytes."""
        return max(samples[-1] for samples in self.memory[role])


def _reads(goal: str, when: str, answers: list[Answered]) -> Iterator[Line]:
    read = [answer.seconds * 1000 for answer in answers if not answer.page.endswith(" press")]
    yield Line(goal, f"{len(read):,} pages read {when}, p95, ms", percentile(read, 0.95), ceiling=300)
    yield Line(goal, "the same, p99, ms", percentile(read, 0.99), ceiling=1000)


def errors_in(log: str) -> list[str]:
    """The lines of a log that tell of an error, or of a process that ended."""
    return [line for line in log.splitlines() if re.search(r"\b(?:ERROR|CRITICAL|Traceback)\b|is started again|cannot be reached", line)]
