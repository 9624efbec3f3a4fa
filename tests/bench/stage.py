"""The portal as it is served, on a PostgreSQL that keeps what it has committed, with as many people as are asked for."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import Account, User
from tests.factories.accounts import PASSWORD, ResellerFactory
from tests.mail import MailServer, running
from tests.serving import Portal, connected_to, durable_server, migrate

LINKER = "northgate"


@dataclass
class Stage:
    """What goals are measured on: where the portal is served, and who there is. Each known name is used once."""

    port: int
    rounds: int
    seed: int
    chance: random.Random

    def in_words(self) -> str:
        return f"data: {User.objects.count()} users, {self.rounds} rounds, seed {self.seed}"


@contextmanager
def on_stage(*, rounds: int, seed: int) -> Iterator[Stage]:
    server = durable_server()
    with connected_to(server):
        migrate()
        make_people(rounds)
        # Mails that nobody takes would be tried again all the time, and each try takes a part of the machine.
        with running(MailServer()) as mail_server, Portal(server, mail_port=mail_server.port, options=["--hold-mail"], TRUSTED_PROXIES="1") as portal:
            yield Stage(portal.port, rounds, seed, random.Random(seed))  # noqa: S311 - the same seed makes the same order
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
