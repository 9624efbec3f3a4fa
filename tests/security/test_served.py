"""ASVS 4.2.1 and 13.4.4 through the real stack, `manage.py serve`: what no HTTP library would send is refused before any of our code, or by it."""

import re
import socket

import pytest

from tests.mail import free_port
from tests.serving import PATIENCE, Portal, connected_to, durable_server, migrate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

FORM = "login=northgate&password=wrong"


@pytest.fixture(scope="module")
def port(django_db_setup, django_db_blocker):
    """Where the portal is served."""
    server = durable_server()
    with django_db_blocker.unblock(), connected_to(server):
        migrate()
        with Portal(server, mail_port=free_port()) as portal:
            yield portal.port
    server.stop()


def statuses(port, *lines, body=FORM, method="POST"):
    """The statuses of all that is answered on one line: of a request, and of whatever its body was taken for."""
    request = "\r\n".join([f"{method} /sign-in/ HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/x-www-form-urlencoded", *lines, "", body])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(request.encode())
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    return [int(status) for status in re.findall(rb"^HTTP/1\.\d (\d{3})", answer, re.MULTILINE)]


def test_a_good_request_is_answered(port):
    """The counterpart of all the refusals below: the form comes without its token."""
    assert statuses(port, f"Content-Length: {len(FORM)}", "Connection: close") == [403]


@pytest.mark.parametrize("length", ["ten", "-1", "+5", "1e1", "0x10", "1_0", "５", "5, 5", "5 5", "", "9" * 5000])
def test_a_length_that_is_no_number_is_refused(port, length):
    assert statuses(port, f"Content-Length: {length}") == [400]


@pytest.mark.parametrize(
    "lines",
    [
        [f"Content-Length: {len(FORM)}", "Transfer-Encoding: chunked"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ],
)
def test_two_ways_to_tell_the_length_are_refused(port, lines):
    """Whoever stands before us could believe the other one, and take the rest for a request of the next person."""
    assert statuses(port, *lines) == [400]


def test_trace_is_refused(port):
    assert statuses(port, "Connection: close", body="", method="TRACE") == [405]
