"""T: whether the time tells who exists (A8): at each door as many names that somebody has as names that nobody has, each once, in one shuffled order.

The figure is how far apart the two distributions are at most: Kolmogorov and Smirnov's D, 0 for the same, 1 for two that have
nothing in common. Its ceiling is what two samples of one distribution pass once in a hundred times. The controls show that the
figure would tell: there the second name is left empty, for which nothing is hashed and no row is written.
"""

import statistics
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from math import sqrt

from tests.bench.lines import Line
from tests.bench.stage import LINKER, Stage, known, unknown
from tests.serving import Browser
from tests.views import form_of

WRONG = "wrong horse battery"
IN_SIGHT = 0.5  # from here on nobody overlooks a difference
ONCE_IN_A_HUNDRED = 1.63  # Smirnov's factor for a level of 0.01
TO_WARM_UP = 10
KINDS: dict[str, Callable[[int], str]] = {"known": known, "unknown": unknown, "empty": lambda index: ""}


def who_exists_at_the_sign_in(stage: Stage) -> Iterator[Line]:
    return _compare(stage, "T1", "sign-in", "/sign-in/", Browser(stage.port), lambda name: {"login": name, "password": WRONG})


def who_exists_at_the_link_form(stage: Stage) -> Iterator[Line]:
    browser = Browser(stage.port).sign_in(LINKER)
    return _compare(stage, "T2", "link form", "/linked-accounts/", browser, lambda name: {"username": name, "password": WRONG})


def who_exists_at_the_reset(stage: Stage) -> Iterator[Line]:
    return _compare(stage, "T3", "reset", "/password/reset/", Browser(stage.port), lambda name: {"email": name})


def _compare(stage: Stage, goal: str, door: str, address: str, browser: Browser, typed: Callable[[str], dict[str, str]]) -> Iterator[Line]:
    """Send a form with each name, every time from another address, so that no limit is met."""
    form = form_of(browser, address)
    names = [(kind, name(index)) for kind, name in KINDS.items() for index in range(stage.rounds)]
    stage.chance.shuffle(names)
    warm_up = [("warm-up", f"warm-{index}") for index in range(TO_WARM_UP)]
    seconds: dict[str, list[float]] = {kind: [] for kind in ("warm-up", *KINDS)}
    for place, (kind, name) in enumerate([*warm_up, *names]):
        browser.headers["X-Forwarded-For"] = f"10.{place // 65_536}.{place // 256 % 256}.{place % 256}"
        began = time.perf_counter()
        answer = browser.post(address, form | typed(name))
        seconds[kind].append(time.perf_counter() - began)
        assert answer.status_code in {200, 302}, f"{address} answered {answer.status_code}"
    yield Line(goal, _words(door, "unknown", seconds), distance(seconds["unknown"], seconds["known"]), ceiling=chance_limit(stage.rounds))
    yield Line(f"{goal}c", _words(door, "empty", seconds), distance(seconds["empty"], seconds["known"]), floor=IN_SIGHT)


def _words(door: str, kind: str, seconds: dict[str, list[float]]) -> str:
    medians = [statistics.median(seconds[name]) * 1000 for name in (kind, "known")]
    return f"{door}, {kind} / known name, medians {medians[0]:.1f} and {medians[1]:.1f} ms"


def chance_limit(size: int) -> float:
    """Return what the distance of two samples of that size, both of one distribution, passes once in a hundred times."""
    return ONCE_IN_A_HUNDRED * sqrt(2 / size)


def distance(first: Sequence[float], second: Sequence[float]) -> float:
    """Return by how much the shares of the two samples that are no longer than some time differ at most."""
    sorted_ones = sorted(first), sorted(second)
    return max(abs(_share(sorted_ones[0], value) - _share(sorted_ones[1], value)) for value in [*first, *second])


def _share(sample: list[float], value: float) -> float:
    return bisect_right(sample, value) / len(sample)
