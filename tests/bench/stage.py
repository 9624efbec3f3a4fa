"""The portal as it is served, on a PostgreSQL that keeps what it has committed, with as many people as are asked for."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import Account, User
from licenses.models import JournalLine
from tests import postgres
from tests.bench.market import Market, make_market
from tests.factories.accounts import PASSWORD, ResellerFactory
from tests.mail import MailServer, running
from tests.serving import Portal, connected_to, durable_server, migrate

LINKER = "northgate"
# As in production: what PostgreSQL knows of its tables is kept up to date, and a long query takes more than one processor.
OPTIONS = postgres.DURABLE | {"autovacuum": "on", "max_parallel_workers_per_gather": "2"}
QUICK, THOROUGH = (2, 1.0), (5, 3.0)  # turns, and the seconds of each


@dataclass
class Stage:
    """What goals are measured on: where the portal is served, and who there is. Each known name is used once.

    What is measured beside something else is measured in turns, each for so many seconds.
    """

    server: postgres.Server
    port: int
    rounds: int
    seed: int
    chance: random.Random
    market: Market
    turns: int
    seconds: float

    def in_words(self) -> str:
        people = f"{User.objects.count()} users, {self.market.in_words()}, {JournalLine.objects.count()} journal lines"
        return f"data: {people}; {self.rounds} rounds, {self.turns} turns of {self.seconds:g} s, seed {self.seed}"


@contextmanager
def on_stage(*, rounds: int, seed: int, is_quick: bool) -> Iterator[Stage]:
    server = durable_server(OPTIONS)
    with connected_to(server):
        migrate()
        make_people(rounds)
        market = make_market()
        # Mails that nobody takes would be tried again all the time, and each try takes a part of the machine.
        with running(MailServer()) as mail_server, Portal(server, mail_port=mail_server.port, options=["--hold-mail"], TRUSTED_PROXIES="1") as portal:
            chance = random.Random(seed)  # noqa: S311 - the same seed makes the same order
            turns, seconds = QUICK if is_quick else THOROUGH
            yield Stage(server, portal.port, rounds, seed, chance, market, turns, seconds)
        connection.close()
    server.stop()


def make_people(number: int) -> None:
    """As many resellers with one user each, and one who links accounts; all have a password that is hashed as in production."""
    names, password = [LINKER, *map(known, range(number))], make_password(PASSWORD)
    made = Account.objects.bulk_create([ResellerFactory.build(username=name) for name in names])
    User.objects.bulk_create(
        [
            User(account=account, username=account.username, email=f"{account.username}@people.example.com", role="administrator", password=password)
            for account in made
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def known(index: int) -> str:
    return f"known-{index:05}"


def unknown(index: int) -> str:
    return f"nobod-{index:05}"
