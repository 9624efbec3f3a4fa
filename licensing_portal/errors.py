"""Error pages in the portal's own design: plain words and a way on, never a stack trace."""

import sys
from collections.abc import Iterator

from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import security_log
from accounts.security_log import Kind
from licensing_portal.foundation import tracing
from licensing_portal.foundation.flows import code_of

RETRY_AFTER = 10  # seconds
READ_ONLY = "25006"  # PostgreSQL's SQLSTATE


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django calls a session that could not be written a bad request, whatever kept it from being written, and one that is too large as well."""
    if isinstance(exception, SessionInterrupted) and any(map(_is_out_of_reach, _with_what_led_to(exception))):
        return _back_soon()
    if isinstance(exception, RequestDataTooBig):
        return _page(request, "errors/413.html", 413)
    return _page(request, "errors/400.html", 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Who is signed in and has not the right for a page; it stands in the security log."""
    security_log.record_once(Kind.REFUSED, request=request)
    return _page(request, "errors/403.html", 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, "errors/403_csrf.html", 403)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """allauth's limits on how often a form is sent at all answer with this page."""
    security_log.record_once(Kind.THROTTLED, request=request)
    response = _page(request, "errors/429.html", 429)
    response.headers["Retry-After"] = str(settings.TRIES_WITHIN)
    return response


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Without the request's id: nothing needs looking into, and what may not be seen has the very page of what does not exist (A9)."""
    return render(request, "errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Drawn without the frame: what broke may be the very thing that the frame asks for."""
    if _is_out_of_reach(sys.exception()):
        return _back_soon()
    return _page(None, "errors/500.html", 500)


def _page(request: HttpRequest | None, name: str, status: int) -> HttpResponse:
    return render(request, name, {"reference": tracing.current().id}, status=status)


def _back_soon() -> HttpResponse:
    response = _page(None, "errors/503.html", 503)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _with_what_led_to(problem: BaseException | None) -> Iterator[BaseException]:
    while problem:
        yield problem
        problem = problem.__context__


def _is_out_of_reach(problem: BaseException | None) -> bool:
    """Whether it is the database's state that is wrong, and not ours: gone, full, read-only, or too busy to let us in."""
    if isinstance(problem, OperationalError | InterfaceError):
        return True
    return isinstance(problem, DatabaseError) and (code_of(problem) == READ_ONLY or _ended_without_a_word(problem))


def _ended_without_a_word(problem: DatabaseError) -> bool:
    """Whether the server died under a statement: the driver then has no code to tell, and raises the bare class.

    Django raises that class too, of itself, and then there is no cause.
    """
    return type(problem) is DatabaseError and problem.__cause__ is not None and not code_of(problem)
