"""Let people press and a killer kill for a while, then count: `python -m tests.soak --seconds 60 --seed 7`. Ends with 1 on a violation."""

import logging
import random
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from contextlib import ExitStack

from django.db import connection

from tests.mail import MailServer, all_is_sent, make_due, running
from tests.serving import Browser, Portal, connected_to, durable_server, migrate
from tests.soak.killer import Killer
from tests.soak.people import Person
from tests.soak.reckoning import Reckoning, claimed_keys
from tests.soak.world import RESELLERS, make_world

PATIENCE = 60  # seconds for the last forms to be answered and the last mails to be sent, once nobody kills any more


def main() -> None:
    asked = arguments()
    logging.disable(logging.INFO)  # of the mail server, which runs in this process
    chance = random.Random(asked.seed)  # noqa: S311 - the same seed makes the same people and the same killer
    with ExitStack() as stack:
        server = durable_server()
        stack.enter_context(connected_to(server))
        migrate()
        make_world()
        keys_before = claimed_keys()
        connection.close()
        mail_server = stack.enter_context(running(MailServer()))
        portal = stack.enter_context(Portal(server, mail_port=mail_server.port))
        people = sign_in(portal, chance)
        killer = Killer(portal, server, chance)
        let_them_press(people, killer, asked.seconds)
        wait_for_the_mail()
        reckoning = Reckoning(people, mail_server.mails(), keys_before)
        say([f"seed {asked.seed}, {asked.seconds} seconds, {len(people)} people", *killer.figures(), *reckoning.figures()])
    sys.exit(1 if reckoning.violations else 0)


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long it is killed for")
    parser.add_argument("--seed", type=int, default=random.randrange(1000), help="of the people and the killer")  # noqa: S311 - no secret
    return parser.parse_args()


def sign_in(portal: Portal, chance: random.Random) -> list[Person]:
    """Every account's administrator, each in a browser of their own."""
    accounts = [account for reseller in RESELLERS for account in reseller.accounts]
    return [Person(account, Browser(portal.port).sign_in(account.username), random.Random(chance.random())) for account in accounts]  # noqa: S311


def let_them_press(people: list[Person], killer: Killer, seconds: int) -> None:
    """Whoever waits for an answer when the time is over gets it before this ends; whoever gets none in time is left waiting."""
    is_over = threading.Event()
    threads = [threading.Thread(target=person.press_on, args=[is_over], daemon=True) for person in people]
    for thread in threads:
        thread.start()
    killer.kill_for(seconds)
    is_over.set()
    deadline = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))


def wait_for_the_mail() -> None:
    """A mail whose worker was killed has its lease to the end; here that comes at once."""
    deadline = time.monotonic() + PATIENCE
    while not all_is_sent() and time.monotonic() < deadline:
        make_due()
        time.sleep(1)


def say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)  # noqa: T201 - told to the person who waits


if __name__ == "__main__":
    main()
