"""G6: a whole press of Sell Licenses, from the form that is sent to the answer, beside a plain Django page on the same server with the same workers."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPResponse
from urllib.parse import urlencode

from django.db import connection

from accounts.requests import Binding
from licensing_portal.management.commands.serve import web_server
from tests import postgres
from tests.bench.crowd import Act, medians, work
from tests.bench.lines import Line
from tests.bench.peers.process import Peer
from tests.bench.stage import Stage
from tests.mail import free_port
from tests.serving import HOUSE, PATIENCE, Browser
from tests.views import form_of

BROWSERS = 8  # at a time


def whole_press(stage: Stage) -> Iterator[Line]:
    """G6: with session, rights, form, key, sale, notice and the message above the next page."""
    senders = [_sale_of(stage, place) for place in range(BROWSERS)]
    with _plain_site(stage.server) as (port, session):
        ways = {
            "press": partial(_answered_per_second, stage.port, senders, 302),
            "page": partial(_answered_per_second, port, [lambda: _get(session)] * BROWSERS, 200),
        }
        paces = medians(ways, rounds=stage.turns, seconds=stage.seconds)
    what = f"POST of a sale / a Django page with one query, {paces['press']:.0f} / {paces['page']:.0f} a second"
    yield Line("G6", what, paces["press"] / paces["page"], floor=0.40)


def _answered_per_second(port: int, requests: list[Callable[[], bytes]], status: int, seconds: float) -> float:
    connection.close()
    tally = work(lambda number: _asker(port, requests[number], status), processes=len(requests), seconds=seconds)
    assert not tally.problems, f"not every request was answered with {status}: {tally.problems}"
    return tally.per_second


def _asker(port: int, request: Callable[[], bytes], status: int) -> Act:
    """Return the act of one request and its answer, over a connection that is kept, as a browser keeps its own."""
    line = socket.create_connection(("127.0.0.1", port), PATIENCE)

    def ask() -> None:
        nonlocal line
        line.sendall(request())
        response = HTTPResponse(line)
        response.begin()
        response.read()
        assert response.status == status, f"answered {response.status}"
        if response.will_close:
            line.close()
            line = socket.create_connection(("127.0.0.1", port), PATIENCE)

    return ask


def _sale_of(stage: Stage, place: int) -> Callable[[], bytes]:
    """Sign a reseller in, open its form once, and return what writes one sale after the other, each with a key of its own."""
    market = stage.market
    person, seller, owner = market.administrators[place], market.resellers[place], market.endusers[place][0]
    browser = Browser(stage.port).sign_in(person.username)
    form = form_of(browser, "/sell/") | {"owner": owner.username, f"qty-{market.products[0].code}": "1"}
    binding = Binding(person.pk, seller.username, "sell_licenses")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    def write() -> bytes:
        body = urlencode(form | {"key": binding.new_key()}).encode()
        head = f"POST /sell/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    return write


def _get(session: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={session}\r\n\r\n".encode()


@contextmanager
def _plain_site(server: postgres.Server) -> Iterator[tuple[int, str]]:
    """Serve the plain site with the portal's own options, and give its port and the key of a session."""
    peer = Peer(server, "plain_site", "plain")
    peer.make_database()
    session = peer.answer("plain_site").strip()
    port = free_port()
    command = ["tests.bench.peers.plain_wsgi" if word == "licensing_portal.wsgi" else word for word in web_server(port)]
    process = subprocess.Popen(command, cwd=HOUSE, env=peer.environment)
    try:
        _wait_for(port, session)
        yield port, session
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait_for(port: int, session: str) -> None:
    for _ in range(PATIENCE * 20):
        try:
            _asker(port, lambda: _get(session), 200)()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("The plain site did not start.")
