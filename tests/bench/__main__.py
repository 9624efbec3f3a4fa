"""Measure what no test may: `python -m tests.bench --rounds 200 --seed 7`. One line per goal, and an end with 1 if one is missed.

A goal is a function of the stage that gives its lines, in the module of its group; a new one is one entry more in GOALS.
"""

import logging
import random
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from tests.bench import big, books, doors, exports, growth, load, pages, presses, sales
from tests.bench.lines import Line, NotMeasured
from tests.bench.machine import machine_in_words
from tests.bench.stage import Stage, on_stage

GOALS: dict[str, Callable[[Stage], Iterator[Line]]] = {
    # The sale.
    "G1": sales.sales_of_many,
    "G2": sales.sales_of_one,
    "G3": sales.sales_beside_a_peer,
    "G5": sales.sales_of_five_products,
    "G6": presses.whole_press,
    # Pages, and large data.
    "G7": pages.my_licenses_beside_a_plain_page,
    "G9": big.history_far_down,
    "G10": big.my_licenses_of_many_lines,
    "G12": big.proof_in_full,
    "G13": big.proof_since_the_last,
    "L": big.pages_of_large_data,
    "E": exports.export_of_many_rows,
    "GROWTH": growth.growth,
    # The doors.
    "T1": doors.who_exists_at_the_sign_in,
    "T2": doors.who_exists_at_the_link_form,
    "T3": doors.who_exists_at_the_reset,
    # Many people at once, for two minutes.
    **load.GOALS,
    # Last, as it proves all that was written before.
    "G11": books.nothing_that_may_not_be,
}
WHEN_NAMED = {"GROWTH"}  # as it takes as long as all others together


def main() -> None:
    asked = arguments()
    logging.disable(logging.INFO)
    missed = 0
    with on_stage(rounds=asked.rounds, seed=asked.seed, is_quick=asked.quick) as stage:
        say(machine_in_words())
        say(stage.in_words())
        for name in asked.only or [name for name in GOALS if name not in WHEN_NAMED]:
            missed += how_many_are_missed(name, stage)
    sys.exit(1 if missed else 0)


def how_many_are_missed(name: str, stage: Stage) -> int:
    missed = 0
    try:
        for line in GOALS[name](stage):
            say(str(line))
            missed += not line.is_kept
    except NotMeasured as why:
        say(f"{name} NOT MEASURED: {why}")
        missed += 1
    return missed


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how often each thing is measured")
    parser.add_argument("--seed", type=int, default=random.randrange(1000), help="of the order in which it is")  # noqa: S311 - no secret
    parser.add_argument("--only", nargs="+", choices=GOALS, help="these goals and no others, in this order")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns: to look while one works, never to be quoted")
    return parser.parse_args()


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - told to the person who waits


if __name__ == "__main__":
    main()
