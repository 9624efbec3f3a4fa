"""The security log (A8): who came in, who was kept out, and what they did to accounts, users and links.

`record` is its only door. A line is written in the transaction that is open, so that what is rolled back is not told of; of
what was refused the middleware tells, after the refusal has rolled everything back. It holds no password, no token and no
session key, and so never what was typed: a name that no user has may be a password in the wrong field.
"""

import hashlib

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import translation
from django.utils.text import format_lazy

from accounts.models import Account, SecurityEvent, User
from licensing_portal.foundation import tracing
from licensing_portal.foundation.text import Words, header_text

Kind = SecurityEvent.Kind

ABOUT_LENGTH = 200  # characters
_SECRET_PARTS = {"token", "key", "uidb36"}  # of an address: the links of invitations and password resets


def record(
    kind: SecurityEvent.Kind,
    *,
    request: HttpRequest | None = None,
    user: User | None = None,
    account: Account | None = None,
    other: Account | None = None,
    about: Words = "",
) -> SecurityEvent:
    """Write one line: what happened, whose act it was, which other account it concerns, and what it was about.

    With a `request` the user is the one who is signed in, and the other account the one acted for (A7); `account` is the
    user's own. The address and the request's id are those of the request that is being answered.
    """
    if request is not None and user is None:
        user = signed_in_user(request)
        acting: Account | None = getattr(request, "acting", None)
        if user and acting and acting.pk != user.account_id:
            other = other or acting
    trace = tracing.current()
    with translation.override("en"):  # it stands there for ever, whoever reads it: promises are kept in English, and nothing else is marked
        said = str(about)
    return SecurityEvent.objects.create(
        kind=kind,
        user=user,
        account=account or (user.account if user else None),
        other=other,
        about=header_text(said)[:ABOUT_LENGTH],
        address=trace.address,
        request_id=trace.id,
    )


def record_once(kind: SecurityEvent.Kind, *, request: HttpRequest, user: User | None = None) -> None:
    """Write a line about a door that is shut, unless one says the same of the last minutes: a flood must not fill the log."""
    place, knocking = place_of(request), user or signed_in_user(request)
    whose = knocking.pk if knocking else ""
    same = hashlib.sha256(f"{kind} {tracing.current().address} {whose} {place}".encode(errors="replace")).hexdigest()
    if cache.add(f"security-log:{same}", 1, settings.TRIES_WITHIN):
        record(kind, request=request, user=user, about=place)


def record_refusals(request: HttpRequest) -> None:
    """Write down what the flows of this request refused for want of a right (B7), after their transactions have ended."""
    for refusal in tracing.current().refusals:
        record(Kind.REFUSED, request=request, about=format_lazy("{place}: {refusal}", place=place_of(request), refusal=refusal))


def signed_in_user(request: HttpRequest) -> User | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None


def place_of(request: HttpRequest) -> str:
    """Name the page of a request: its address, or its name where the address has a secret in it."""
    found = request.resolver_match
    if found and _SECRET_PARTS & set(found.kwargs):
        return f"{request.method} {found.view_name}"
    return f"{request.method} {request.path}"
