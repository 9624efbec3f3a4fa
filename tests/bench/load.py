"""L1 to L4, L9, L10 and M: the two-minute version of `make load`, whose lines are told apart by their goals. The run is made when one is first asked for."""

from collections.abc import Callable, Iterator
from functools import cache, partial

from tests.bench.lines import Line
from tests.bench.stage import QUICK, Stage
from tests.load.run import Run, wish

SECONDS, SECONDS_OF_A_QUICK_LOOK = 75, 20  # of the mix; warming up, sales alone and the bursts are extra
RATE = 20  # requests a second


@cache
def _lines(seed: int, seconds: float, is_quick: bool) -> list[Line]:
    wanted = wish(seconds=seconds, rate=RATE, seed=seed, is_quick=is_quick)
    return list(Run(wanted, say=lambda line: None).lines())


def _goal(name: str, stage: Stage) -> Iterator[Line]:
    is_quick = (stage.turns, stage.seconds) == QUICK
    seconds = SECONDS_OF_A_QUICK_LOOK if is_quick else SECONDS
    return (line for line in _lines(stage.seed, seconds, is_quick) if line.goal == name)


GOALS: dict[str, Callable[[Stage], Iterator[Line]]] = {
    name: partial(_goal, name) for name in ("L1", "L2", "L3", "L4", "L9", "L10", "M1", "M2", "M3", "M4")
}
