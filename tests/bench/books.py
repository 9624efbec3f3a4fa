"""G11: what may not happen at all, counted in this very run: licenses sold that were not there, deadlocks, and books that do not add up."""

import random
from collections.abc import Iterator

from django.db import connection

from accounts.models import Account, Link, User
from licenses import proof
from licenses.models import Holding, Product
from licenses.services import issue_licenses, sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.bench.crowd import Act, Tally, work
from tests.bench.lines import Line
from tests.bench.sales import as_the_application
from tests.bench.stage import Stage
from tests.factories.accounts import EnduserFactory, LinkFactory, ResellerFactory, UserFactory
from tests.factories.licenses import ProductFactory
from transfers.services import transfer_licenses

RIVALS = 8  # processes
SCARCE = 300  # licenses, for which all of them press
CIRCLE = 4  # resellers that are linked with each other
DEADLOCK = "40P01"  # PostgreSQL's code


def nothing_that_may_not_be(stage: Stage) -> Iterator[Line]:
    """G11: it comes last, so that the proof is of all that was written before, pgbench's rows among it."""
    oversold = _sell_what_is_scarce(stage)
    deadlocks = _move_in_all_directions(stage)
    faults = len(list(proof.faults()))
    what = f"oversold {oversold} + deadlocks {deadlocks} + faults of all books {faults}"
    yield Line("G11", what, oversold + deadlocks + faults, ceiling=0)


def _sell_what_is_scarce(stage: Stage) -> int:
    """Have all rivals sell one at a time until nothing is left, and return how many were sold beyond what was there."""
    reseller = UserFactory(account=ResellerFactory(username="scarce")).account
    owner, product = EnduserFactory(username="scarce-owner", reseller=reseller), ProductFactory(code="SCARCE")
    _give(reseller, [product], SCARCE)
    seller = User.objects.select_related("account").get(account=reseller)

    def begin(number: int) -> Act:
        as_the_application()
        return lambda: sell_licenses(seller=reseller, sold_by=seller, owner=owner, quantities={product: 1}, key=fresh_key())

    tally = Tally()
    while not tally.problems:  # until some are refused: then nothing is left
        connection.close()
        batch = work(begin, processes=RIVALS, seconds=stage.seconds)
        tally.done, tally.problems = tally.done + batch.done, batch.problems
    strange = set(tally.problems) - {"InsufficientLicenses"}
    assert not strange, f"a sale ended otherwise than by a sale or a refusal: {tally.problems}"
    left = Holding.objects.get(account=reseller, product=product).available
    return max(tally.done - SCARCE, 0) + max(-left, 0)


def _move_in_all_directions(stage: Stage) -> int:
    """Have all rivals pull random products over links that go both ways, and return how many deadlocks PostgreSQL had to break."""
    people = [UserFactory(account=ResellerFactory(username=f"circle-{number}")) for number in range(CIRCLE)]
    for holder in people:
        _give(holder.account, stage.market.products, 1_000_000)
        for target in people:
            if holder != target:
                LinkFactory(holder=holder.account, target=target.account, proved_by=target)
    pairs = [
        (link.holder, User.objects.get(account=link.holder), link.target) for link in Link.objects.filter(holder__in=[p.account for p in people])
    ]

    def begin(number: int) -> Act:
        as_the_application()
        chance = random.Random()  # noqa: S311 - no two processes may draw alike
        return lambda: _transfer(chance, pairs, stage.market.products)

    connection.close()
    tally = work(begin, processes=RIVALS, seconds=stage.seconds)
    assert tally.done, f"nothing was transferred: {tally.problems}"
    return tally.problems[f"Busy {DEADLOCK}"]


def _transfer(chance: random.Random, pairs: list[tuple[Account, User, Account]], products: list[Product]) -> object:
    receiver, by, giver = chance.choice(pairs)
    moved = {product: chance.randint(1, 3) for product in chance.sample(products, 3)}
    return transfer_licenses(receiver=receiver, transferred_by=by, giver=giver, quantities=moved, key=fresh_key())


def _give(account: Account, products: list[Product], quantity: int) -> None:
    staff = User.objects.select_related("account").get(username="staff")
    issue_licenses(publisher=staff.account, issued_by=staff, account=account, quantities=dict.fromkeys(products, quantity), key=fresh_key())
