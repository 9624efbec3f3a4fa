"""G7: My Licenses beside a plain Django page, each asked for in a process of its own, with no server between."""

import statistics
from collections.abc import Iterator

from tests.bench.big import browser_of, make_licenses, seconds_of
from tests.bench.lines import Line
from tests.bench.peers.process import Peer
from tests.bench.stage import Stage
from tests.factories.accounts import ResellerFactory, UserFactory
from tests.factories.licenses import ProductFactory

PRODUCTS, DEPLOYMENTS = 10, 50
TIMES, TURNS = 40, 3


def my_licenses_beside_a_plain_page(stage: Stage) -> Iterator[Line]:
    """G7: how many of the portal's pages in the time of a plain one. The plain one has 50 rows by four cells, a date among them."""
    person = UserFactory(account=ResellerFactory(username="page-reader"))
    make_licenses(person, [ProductFactory(code=f"PAGE-{number}") for number in range(PRODUCTS)], deployments=DEPLOYMENTS)
    browser, ours, plain = browser_of(person.username), [], []
    for turn in range(TURNS):
        ours += seconds_of(browser, "/", TIMES)
        peer = Peer(stage.server, "plain_list", f"plain_list_{turn}")
        peer.make_database()
        plain.append(float(peer.answer("plain_list", str(TIMES))))
    page, beside = statistics.median(ours) * 1000, statistics.median(plain)
    what = f"My Licenses, {PRODUCTS} products and {DEPLOYMENTS} deployments / a plain Django page of 50 rows, {page:.1f} / {beside:.1f} ms"
    yield Line("G7", what, beside / page, floor=0.8)
