"""G1, G2, G3, G5: how many sales a second the flow makes, beside what PostgreSQL and a peer make of the same work in the same minutes."""

import random
from collections.abc import Iterator
from functools import partial

from django.db import connection

from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests import roles
from tests.bench import pgbench
from tests.bench.crowd import Act, medians, work
from tests.bench.lines import Line
from tests.bench.market import Market
from tests.bench.peers.process import Peer
from tests.bench.stage import Stage

MOST_SOLD = 5  # of a product at a time
CROWD = 4  # processes, where a goal names one number


def sales_of_many(stage: Stage) -> Iterator[Line]:
    """G1: each sale is one reseller's of a hundred."""
    for processes in (1, 2, 4, 8):
        ways = {
            "ours": partial(sold_per_second, stage, processes=processes),
            "limit": partial(pgbench.sold_per_second, stage, processes=processes),
        }
        yield ratio("G1", f"sale service / pgbench, {processes} process{'es' if processes > 1 else ''}", stage, ways, floor=0.30)


def sales_of_one(stage: Stage) -> Iterator[Line]:
    """G2: all sales are of one reseller and one product, so that each waits for the one before."""
    ways = {
        "ours": partial(sold_per_second, stage, processes=CROWD, resellers=1),
        "limit": partial(pgbench.sold_per_second, stage, processes=CROWD, resellers=1),
    }
    yield ratio("G2", f"sale service / pgbench, one reseller, {CROWD} processes", stage, ways, floor=0.40)


def sales_beside_a_peer(stage: Stage) -> Iterator[Line]:
    """G3: the peer has neither key nor notice, and refuses nothing by itself, so it does less."""
    peer = Peer(stage.server, "hordak_settings", "hordak")
    peer.make_database()
    peer.answer("hordak_sale", "seed")
    ways = {
        "ours": partial(sold_per_second, stage, processes=CROWD),
        "peer": lambda seconds: float(peer.answer("hordak_sale", str(CROWD), str(seconds))),
    }
    yield ratio("G3", f"sale service / django-hordak with a lock around it, {CROWD} processes", stage, ways, floor=1.25)


def sales_of_five_products(stage: Stage) -> Iterator[Line]:
    """G5: what each further product of a sale costs."""
    ways = {
        "five": partial(sold_per_second, stage, processes=CROWD, products=5),
        "one": partial(sold_per_second, stage, processes=CROWD, products=1),
    }
    yield ratio("G5", f"sales of five products / of one, {CROWD} processes", stage, ways, floor=0.45)


def ratio(goal: str, what: str, stage: Stage, ways: pgbench.Ways, *, floor: float) -> Line:
    """What the first way does in the time in which the second does one."""
    paces = medians(ways, rounds=stage.turns, seconds=stage.seconds)
    first, second = paces.values()
    return Line(goal, f"{what}, {first:.0f} / {second:.0f} a second", first / second, floor=floor)


def sold_per_second(stage: Stage, seconds: float, *, processes: int, resellers: int | None = None, products: int = 1) -> float:
    """Sell by the flow, as people would: whoever sells, to whom and what is drawn anew for each sale."""
    connection.close()  # no child may inherit it
    tally = work(lambda number: seller(stage.market, resellers=resellers, products=products), processes=processes, seconds=seconds)
    assert not tally.problems, f"a sale was not made: {tally.problems}"
    return tally.per_second


def seller(market: Market, *, resellers: int | None = None, products: int = 1) -> Act:
    """Return the act of one sale of so many products by one of the first resellers (of all, unless said), as the application's role.

    With one reseller it is always the same product.
    """
    as_the_application()
    chance = random.Random()  # noqa: S311 - no two processes may draw alike
    among = range(resellers or len(market.resellers))
    offered = market.products[:1] if resellers == 1 else market.products

    def sell() -> object:
        place = chance.choice(among)
        return sell_licenses(
            seller=market.resellers[place],
            sold_by=market.administrators[place],
            owner=chance.choice(market.endusers[place]),
            quantities={product: chance.randint(1, MOST_SOLD) for product in chance.sample(offered, products)},
            key=fresh_key(),
        )

    return sell


def as_the_application() -> None:
    """Sign in as the role that the portal is served by, with its rights alone."""
    connection.close()
    connection.settings_dict["USER"] = roles.APPLICATION
    connection.ensure_connection()
