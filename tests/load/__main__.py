"""Let people come for a while, then count: `python -m tests.load --minutes 30 --rate 20`. One line per goal, and an end with 1 if one is missed."""

import logging
import random
import sys
from argparse import ArgumentParser, Namespace

from tests.bench.machine import machine_in_words
from tests.load.run import Run, wish


def main() -> None:
    asked = arguments()
    logging.disable(logging.INFO)  # of the mail server, which runs in this process
    wanted = wish(seconds=asked.minutes * 60, rate=asked.rate, seed=asked.seed, lines=asked.lines, is_quick=asked.quick)
    say(machine_in_words())
    say(wanted.in_words())
    run = Run(wanted, say)
    for told in run.told():
        say(told)
    lines = list(run.lines())
    for line in lines:
        say(str(line))
    sys.exit(0 if all(line.is_kept for line in lines) else 1)


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long people come; a warm-up before and the bursts after it are extra")
    parser.add_argument("--rate", type=float, default=20, help="requests a second")
    parser.add_argument("--seed", type=int, default=random.randrange(1000), help="of the data, the people and the plan")  # noqa: S311 - no secret
    parser.add_argument("--lines", type=int, help="of the journal before anybody comes; 1,000,000 unless set, 200,000 for less than ten minutes")
    parser.add_argument("--quick", action="store_true", help="1,000 accounts and 50 products: to look while one works, never to be quoted")
    return parser.parse_args()


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - told to the person who waits


if __name__ == "__main__":
    main()
