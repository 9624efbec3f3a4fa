"""One id for each request: in its log lines, its rows of the security log, its error page and its answer's X-Request-ID."""

import logging
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponseBase

from licensing_portal.foundation.addresses import address_of
from licensing_portal.foundation.errors import NotAllowed


@dataclass(frozen=True)
class Trace:
    """What is being answered: the request's id, where it came from, and which flows it was refused. A command has none of them."""

    id: str = ""
    address: str = ""
    refusals: list[NotAllowed] = field(default_factory=list)


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace:
    """The trace of the request that is being answered; an empty one outside of any."""
    return _current.get() or Trace()


class TraceMiddleware:
    """Give each request an id of our own: what a client sends as one could be anything, and could be somebody else's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        trace = Trace(uuid.uuid4().hex, address_of(request))
        request.META[__name__] = trace.id  # for log lines about the request that are written after it
        token = _current.set(trace)
        try:
            response = self.get_response(request)
        finally:
            _current.reset(token)
        response.headers["X-Request-ID"] = trace.id
        return response


class TraceFilter(logging.Filter):
    """Write on each log record which request it belongs to; "-" if to none."""

    def filter(self, record: logging.LogRecord) -> bool:
        about = getattr(getattr(record, "request", None), "META", {})  # as Django says of which request a record is
        record.request_id = current().id or about.get(__name__) or "-"
        return True
