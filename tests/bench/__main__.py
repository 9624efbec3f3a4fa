"""Measure what no test may: `python -m tests.bench --rounds 200 --seed 7`. One line per goal, and an end with 1 if one is missed.

A goal is a function of the stage that gives its lines; a new one is one entry more in GOALS.
"""

import logging
import random
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from tests.bench import doors
from tests.bench.lines import Line
from tests.bench.machine import machine_in_words
from tests.bench.stage import Stage, on_stage

GOALS: list[Callable[[Stage], Iterator[Line]]] = [
    doors.who_exists_at_the_sign_in,
    doors.who_exists_at_the_link_form,
    doors.who_exists_at_the_reset,
]


def main() -> None:
    asked = arguments()
    logging.disable(logging.INFO)
    missed = 0
    with on_stage(rounds=asked.rounds, seed=asked.seed) as stage:
        say(machine_in_words())
        say(stage.in_words())
        for goal in GOALS:
            for line in goal(stage):
                say(str(line))
                missed += not line.is_kept
    sys.exit(1 if missed else 0)


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how often each thing is measured")
    parser.add_argument("--seed", type=int, default=random.randrange(1000), help="of the order in which it is")  # noqa: S311 - no secret
    return parser.parse_args()


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - told to the person who waits


if __name__ == "__main__":
    main()
