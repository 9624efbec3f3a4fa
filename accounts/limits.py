"""How often one may ask for what costs others something (a whole file of rows, a file to read, a letter to somebody), or try a password."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm
from django.http import HttpResponseBase

from accounts.adapter import TOO_MANY_TRIES
from accounts.hashing import MANY_AT_ONCE, RETRY_AFTER
from accounts.requests import PortalRequest

View = Callable[..., HttpResponseBase]


def limited(what: str) -> Callable[[View], View]:
    """Answer 429 to whoever asks for `what` more often than its setting in `REQUEST_LIMITS` says.

    A file is counted however it is asked for; of a form only what is sent, so that looking at one costs nothing.
    """
    is_a_file = what == "files"

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if ratelimit.consume(request, app="accounts", action=what, config=settings.REQUEST_LIMITS, limit_get=is_a_file):
                return view(request, *args, **kwargs)
            too_many: HttpResponseBase = ratelimit.respond_429(request)
            return too_many

        return guarded

    return decorate


def throttled_if_locked(response: HttpResponseBase, *forms: BaseForm) -> HttpResponseBase:
    """Answer with 429 where one of these forms says that passwords or codes were tried too often, or by too many at once, at whichever door (A8)."""
    waits = {TOO_MANY_TRIES: settings.TRIES_WITHIN, MANY_AT_ONCE: RETRY_AFTER}
    for code, seconds in waits.items():
        if any(form.has_error(name, code) for form in forms for name in (NON_FIELD_ERRORS, *form.fields)):
            response.status_code = 429
            response.headers["Retry-After"] = str(seconds)
            break
    return response
