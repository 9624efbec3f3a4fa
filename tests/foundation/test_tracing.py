"""One id for each request: in its log lines, on its error page and in its answer's header."""

import json
import logging
import re

import pytest
from django.test import Client, RequestFactory

from licensing_portal import errors
from licensing_portal.foundation import tracing
from licensing_portal.foundation.logs import JsonFormatter
from licensing_portal.foundation.tracing import Trace, TraceFilter, TraceMiddleware
from tests.views import text_of

IS_ID = re.compile(r"[0-9a-f]{32}")
THEIRS = "0" * 32


@pytest.mark.parametrize("address", ["/", "/sign-in/", "/nowhere/", "/admin/", "/healthz", "/history.csv"])
def test_every_answer_names_its_request(northgate, signed_in, address):
    answers = [browser.get(address) for browser in (Client(), signed_in(northgate)) for _ in range(2)]

    ids = {answer["X-Request-ID"] for answer in answers}
    assert (len(ids), all(IS_ID.fullmatch(one) for one in ids)) == (4, True)


def test_nobody_else_gives_a_request_its_id(db):
    """It could be another request's, or lines for the log."""
    answer = Client().get("/sign-in/", headers={"X-Request-ID": THEIRS})

    assert answer["X-Request-ID"] != THEIRS


@pytest.mark.parametrize(("address", "status"), [("/sell/", 403), ("/admin/", 403)])
def test_an_error_page_names_the_request(harborcu, signed_in, address, status):
    answer = signed_in(harborcu).get(address)

    assert answer.status_code == status
    assert f"If you ask for help, name this request: {answer['X-Request-ID']}" in text_of(answer)


def test_a_fault_names_the_request_too(settings):
    settings.DEBUG = False
    browser = Client(raise_request_exception=False)

    answer = browser.get("/healthz", headers={"host": "evil.example"})

    assert (answer.status_code, answer["X-Request-ID"] in text_of(answer)) == (400, True)


def test_a_page_drawn_outside_of_any_request_names_none():
    assert "name this request" not in errors.server_error(RequestFactory().get("/")).content.decode()


def test_404_names_none():
    """A9: what may not be seen has the very page of what does not exist."""
    assert "name this request" not in text_of(errors.page_not_found(RequestFactory().get("/"), ValueError()))


# ── Log lines ──


def line_of(**extra):
    record = logging.makeLogRecord({"msg": "sold\nagain", "levelname": "INFO", "name": "licenses", **extra})
    TraceFilter().filter(record)
    return json.loads(JsonFormatter().format(record))


def test_a_log_line_names_the_request_in_which_it_was_written():
    lines = []

    def view(request):
        lines.append((tracing.current(), line_of()))
        return errors.page_not_found(request, ValueError())

    answer = TraceMiddleware(view)(RequestFactory(REMOTE_ADDR="192.0.2.1").get("/"))

    ((trace, line),) = lines
    assert (trace.id, trace.address, line["request"]) == (answer["X-Request-ID"], "192.0.2.1", answer["X-Request-ID"])


def test_a_log_line_written_after_its_request_names_it_too():
    """Django tells of a 404 when everything else is done."""
    request = RequestFactory().get("/")
    answer = TraceMiddleware(lambda request: errors.page_not_found(request, ValueError()))(request)

    assert line_of(request=request)["request"] == answer["X-Request-ID"]


def test_a_line_of_no_request_says_so():
    assert (tracing.current(), line_of()["request"], line_of(request=None)["request"]) == (Trace(), "-", "-")


def test_a_request_that_broke_leaves_nothing_to_the_next():
    def view(request):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        TraceMiddleware(view)(RequestFactory().get("/"))

    assert tracing.current() == Trace()
