"""Processes that do one thing over and over for some seconds, let go together: how often a second all of them did it."""

import multiprocessing
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

PATIENCE = 120  # seconds for all to be ready, and for their answers beyond the time that they were given

Act = Callable[[], object]
Way = Callable[[float], float]  # works for so many seconds, and says how often a second it did


@dataclass
class Tally:
    """What came of it: how often it was done, in how many seconds, and how often it ended with what kind of exception."""

    done: int = 0
    seconds: float = 0.0
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        return self.done / self.seconds if self.done else 0.0


def work(begin: Callable[[int], Act], *, processes: int, seconds: float) -> Tally:
    """Fork so many processes; each makes its act by `begin(number)`, waits for the others, and repeats it until the time is over.

    An exception is counted by what it is called; one of `begin` keeps all from beginning.
    """
    context = multiprocessing.get_context("fork")
    gate, answers = context.Barrier(processes), context.Queue()
    workers = [context.Process(target=_run, args=(begin, number, gate, seconds, answers)) for number in range(processes)]
    for worker in workers:
        worker.start()
    tallies = [answers.get(timeout=seconds + PATIENCE) for _ in workers]
    for worker in workers:
        worker.join(PATIENCE)
    whole = Tally(seconds=statistics.mean(tally.seconds for tally in tallies))
    for tally in tallies:
        whole.done += tally.done
        whole.problems += tally.problems
    return whole


def _run(begin: Callable[[int], Act], number: int, gate: Barrier, seconds: float, answers: "Queue[Any]") -> None:
    tally = Tally()
    try:
        act = begin(number)
        gate.wait(PATIENCE)
        began = time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            try:
                act()
                tally.done += 1
            except Exception as problem:
                tally.problems[name_of(problem)] += 1
        tally.seconds = elapsed
    except Exception as problem:  # it could not begin, or another could not
        tally.problems[f"not begun: {name_of(problem)}"] += 1
        gate.abort()  # nobody waits for one that will not come
    finally:
        answers.put(tally)


def name_of(problem: BaseException) -> str:
    """What a problem is counted as: its class, and behind a Busy what the database said."""
    cause = getattr(problem.__cause__, "__cause__", None)
    code = getattr(cause, "pgcode", None)
    return f"{type(problem).__name__} {code}" if code else type(problem).__name__


def medians(ways: Mapping[str, Way], *, rounds: int, seconds: float) -> dict[str, float]:
    """Let the ways take turns, so that whatever else the machine does falls on all of them; return the median of each.

    The first round warms up and does not count.
    """
    seen: dict[str, list[float]] = {name: [] for name in ways}
    for name, way in _turns(ways, rounds + 1):
        seen[name].append(way(seconds))
    return {name: statistics.median(paces[1:]) for name, paces in seen.items()}


def _turns(ways: Mapping[str, Way], rounds: int) -> Iterator[tuple[str, Way]]:
    for number in range(rounds):
        turn = list(ways.items())
        yield from turn if number % 2 else reversed(turn)
