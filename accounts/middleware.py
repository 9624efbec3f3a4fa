"""What is decided anew at every request: whether the session goes on, which account the person acts for (A7), and whether a second factor is missing."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import OuterRef
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext

from accounts import security_log, sessions
from accounts.models import Account, Link
from accounts.requests import PortalRequest
from accounts.security import factors
from accounts.security_log import Kind
from accounts.selectors import has_links

LINK = "acting_over"
SEEN_AT = "acting_seen_at"
A_MINUTE = 60  # seconds


# What is open to whoever must set up a second factor first.
WAYS_TO_A_FACTOR = {
    *("accounts:security", "accounts:set_up_authenticator", "accounts:add_passkey", "accounts:save_recovery_codes"),
    *("accounts:return_to_own_account", "account_logout"),
}
WAYS_TO_SAVE_CODES = {"accounts:save_recovery_codes", "account_logout"}
CODES_TO_SAVE = "recovery_codes_to_save"


class SessionLimitsMiddleware:
    """Sign out whose session was silent too long, or has lasted too long."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            if sessions.is_over(request, request.user):
                security_log.record(Kind.SIGNED_OUT, request=request, about="The session was over")
                logout(request)
                messages.info(request, gettext("Your session is over. Sign in again to go on."))
            else:
                sessions.go_on(request)
        return self.get_response(request)


class TimeZoneMiddleware:
    """Show a signed-in person times in the zone that is theirs, as whomever they act."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponseBase:
        with timezone.override(request.user.zone if request.user.is_authenticated else None):
            return self.get_response(request)


class SecondFactorMiddleware:
    """Send whoever must have a second factor, and has none, to where one is set up: staff, and users whose account asks for it (rules.md §1).

    Recovery codes that were just made come before everything else as well: they are shown this once.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: PortalRequest, view: Callable[..., HttpResponseBase], *arguments: object) -> HttpResponseBase | None:
        if not (request.user.is_authenticated and getattr(view, "login_required", True)):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if CODES_TO_SAVE in request.session and name not in WAYS_TO_SAVE_CODES:
            return redirect("accounts:save_recovery_codes")
        if name not in WAYS_TO_A_FACTOR and factors.is_missing(request.user):
            if request.acting_over:
                stop_acting(request, request.acting)
            return redirect("accounts:security")
        return None


class ActingAccountMiddleware:
    """Set `request.acting` to the account acted for: one's own, or a linked one for as long as the link holds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponseBase:
        if request.user.is_authenticated and request.user.account.closed_at:
            security_log.record(Kind.SIGNED_OUT, request=request, about="The account was closed")
            logout(request)
        if request.user.is_authenticated:
            request.acting_over = _link_in_use(request)
            request.acting = request.acting_over.target if request.acting_over else request.user.account
            way: Any = request.acting_over or request.user
            request.has_links = way.has_links
        response = self.get_response(request)
        security_log.record_refusals(request)
        return response


def start_acting(request: PortalRequest, link: Link) -> None:
    """Act for the link's target from the next request on, under a new session key."""
    request.session[LINK] = link.pk
    request.session[SEEN_AT] = time.time()
    request.session.cycle_key()
    security_log.record(Kind.SWITCHED, user=request.user, other=link.target)


def stop_acting(request: PortalRequest, acted_for: Account | None) -> None:
    """Act for one's own account again, under a new session key; whom one acted for is not known any more if the link is gone."""
    if request.session.pop(LINK, None):
        security_log.record(Kind.RETURNED, user=request.user, other=acted_for)
    request.session.pop(SEEN_AT, None)
    request.session.cycle_key()


def _link_in_use(request: PortalRequest) -> Link | None:
    if LINK not in request.session:
        return None
    links = Link.objects.select_related("target", "proved_by").annotate(has_links=has_links(OuterRef("target"), back_to=OuterRef("holder")))
    link = links.filter(pk=request.session[LINK], holder=request.user.account).first()
    idle = time.time() - request.session.get(SEEN_AT, 0)
    if link is None or not link.is_proven or idle > settings.ACTING_TIMEOUT:
        stop_acting(request, link.target if link else None)
        messages.info(request, gettext("You are acting for your own account, %(account)s, again.") % {"account": request.user.account})
        return None
    if idle > A_MINUTE:  # a write to the session once a minute is enough to tell activity from half an hour of silence
        request.session[SEEN_AT] = time.time()
    return link
