from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from licensing_portal import big
from licensing_portal.foundation.templatetags.portal import count

LINES_PER_WORD = 100_000


class Command(BaseCommand):
    help = "Fills an empty PostgreSQL database with made-up accounts and a journal as large as asked for; check_ledger proves it afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--accounts", type=int, default=5000)
        parser.add_argument("--products", type=int, default=200)
        parser.add_argument("--lines", type=int, default=1_000_000, help="of the journal")
        parser.add_argument("--seed", type=int, default=1, help="the same one makes the same data on the same day")
        parser.add_argument(
            "--in-production", action="store_true", help="where neither DEMO nor DEBUG is set: everybody's password is the demo's, which all know"
        )

    def handle(self, *, accounts: int, products: int, lines: int, seed: int, in_production: bool, **options: Any) -> None:
        if settings.IS_PRODUCTION and not in_production:
            raise CommandError("The passwords of this data are known to everyone. If this is no portal that anybody uses, say --in-production.")
        if connection.vendor != "postgresql":
            raise CommandError("Big data needs PostgreSQL: set DATABASE_URL.")
        if accounts < big.FEWEST_ACCOUNTS or products < 1 or lines < 1:
            raise CommandError(f"There are at least {big.FEWEST_ACCOUNTS} accounts, one product and one line.")
        said = 0
        try:
            for written in big.load(accounts=accounts, products=products, lines=lines, seed=seed):
                if written - said >= LINES_PER_WORD:
                    said = written
                    self.stdout.write(count(said, "line"))
        except big.NotEmpty as problem:
            raise CommandError("The database has accounts or products already; nothing was changed.") from problem
        self.stdout.write("The big data is loaded; check_ledger proves it.")
