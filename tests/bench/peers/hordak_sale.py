"""django-hordak's sale, in a process with its own settings: `python -m tests.bench.peers.hordak_sale 4 2.0` prints how many a second.

Double entry; a balance is the sum of its legs, kept by triggers of hordak's own. It refuses nothing and locks nothing by itself, so the
lock around it is the caller's: both accounts, in one order, as its users have to. It writes no notice and claims no key.
"""

import random
import sys

from django.core.management import call_command
from django.db import connection, transaction
from hordak.models import Account
from moneyed import Money

from tests.bench.crowd import work

EUROS = "EUR"
HOLDERS = 400
STOCK = 1_000_000


class Short(Exception):
    """The giver has less."""


def seed() -> None:
    """Make the tables, half of the holders as givers and half as receivers, and give each of them the stock."""
    call_command("migrate", verbosity=0)
    reserve = Account.objects.create(name="reserve", type="EQ", currencies=[EUROS])
    for number in range(HOLDERS):
        with transaction.atomic():
            reserve.transfer_to(Account.objects.create(name=f"holder-{number}", type="AS", currencies=[EUROS]), Money(STOCK, EUROS))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def seller(number: int):
    connection.ensure_connection()
    holders = list(Account.objects.filter(type="AS").order_by("pk"))
    givers, receivers = holders[: HOLDERS // 2], holders[HOLDERS // 2 :]
    return lambda: sell(random.choice(givers), random.choice(receivers), random.randint(1, 5))  # noqa: S311 - no secret


def sell(giver: Account, receiver: Account, quantity: int) -> None:
    with transaction.atomic():
        list(Account.objects.select_for_update().filter(pk__in=[giver.pk, receiver.pk]).order_by("pk").values_list("pk"))
        if giver.get_simple_balance()[EUROS].amount < quantity:
            raise Short
        giver.transfer_to(receiver, Money(quantity, EUROS))


if __name__ == "__main__":
    if sys.argv[1] == "seed":
        seed()
    else:
        random.seed()
        tally = work(seller, processes=int(sys.argv[1]), seconds=float(sys.argv[2]))
        if tally.problems:
            sys.exit(f"a sale of hordak's was not made: {tally.problems}")
        print(tally.per_second)  # noqa: T201 - the answer to who started this process
