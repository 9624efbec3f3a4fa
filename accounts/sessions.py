"""Sessions that their owner can see and end: Django's own, kept in rows that say whose they are, since when and from where.

How long they last is written down in docs/security.md; the numbers stand in the settings.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Account, Session, User
from licensing_portal.foundation.addresses import address_of

SIGN_IN = "sign_in"
A_MINUTE = 60  # seconds

# They are kept with the session as they are here, and are names more than words: not translated.
BROWSERS = {r"Edg": "Edge", r"OPR/": "Opera", r"Firefox/|FxiOS/": "Firefox", r"Chrome/|CriOS/": "Chrome", r"Safari/": "Safari"}
DEVICES = {
    r"iPhone": "an iPhone",
    r"iPad": "an iPad",
    r"Android": "Android",
    r"Windows": "Windows",
    r"Macintosh": "a Mac",
    r"CrOS": "a Chromebook",
    r"Linux": "Linux",
}


class SessionStore(DatabaseStore):
    """Django's, with what stands beside the data written from the data."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast("Session", super().create_model_instance(data))
        facts = data.get(SIGN_IN, {})
        session.user_id = data.get(SESSION_KEY)
        session.browser, session.address = facts.get("browser", ""), facts.get("address", "")
        session.started_at, session.seen_at = _moment(facts.get("started_at")), _moment(facts.get("seen_at"))
        return session

    def cycle_key(self) -> None:
        """Give the row of whoever is signed in another key. Django would make a new row, and so bring one back that was ended meanwhile.

        Whoever ends it at this very moment waits for the row, and then finds it under its new key.
        """
        if not self.session_key or SESSION_KEY not in self:
            super().cycle_key()
            return
        key = self._get_new_session_key()  # type: ignore[attr-defined]  # Django’s own, which the stubs leave out
        if not Session.objects.filter(pk=self.session_key).update(session_key=key):
            raise SessionInterrupted("The session was ended before the request completed.")
        self._session_key, self.modified = key, True


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


# ── What becomes of a session ──


def begin(request: HttpRequest) -> None:
    """Let the session of whoever has just signed in count from now."""
    request.session[SIGN_IN] = {"started_at": time.time(), **_seen(request)}


def go_on(request: HttpRequest) -> None:
    """Note that its person is there; once a minute is enough to tell work from silence."""
    facts = request.session.get(SIGN_IN)
    if facts is None:
        begin(request)
    elif time.time() - facts["seen_at"] > A_MINUTE:
        request.session[SIGN_IN] = facts | _seen(request)


def _seen(request: HttpRequest) -> dict[str, Any]:
    browser = browser_in_words(request.headers.get("User-Agent", ""))
    return {"seen_at": time.time(), "browser": browser, "address": address_of(request)}


def is_over(request: HttpRequest, user: User) -> bool:
    """Whether the session was silent, or has lasted, longer than those of its kind may."""
    facts = request.session.get(SIGN_IN)
    return facts is not None and _is_too_old(user, _moment(facts["started_at"]), _moment(facts["seen_at"]))


def _is_too_old(user: User, started_at: datetime | None, seen_at: datetime | None) -> bool:
    idle, longest = limits_of(user)
    now = timezone.now()
    return started_at is None or seen_at is None or now - seen_at > idle or now - started_at > longest


def limits_of(user: User) -> tuple[timedelta, timedelta]:
    """How long a session of this person may be silent, and how long it may last."""
    return settings.SESSION_LIMITS["staff" if user.is_staff else "customer"]


# ── Whose they are ──


def sessions_of(user: User) -> list[Session]:
    """The person's sessions that still open the portal, the one that was used last first."""
    sessions = Session.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-seen_at")
    return [session for session in sessions if not _is_too_old(user, session.started_at, session.seen_at)]


def end(user: User, handle: str) -> None:
    """End one of the person's sessions, at once; one that has ended already is no error."""
    begun = [session.started_at for session in user.sessions.all() if session.handle == handle]
    user.sessions.filter(started_at__in=begun).delete()


def end_all(user: User, *, but: str | None = None) -> None:
    """End the person's sessions, at once, but the one with this key."""
    user.sessions.exclude(pk=but).delete()


def end_all_of(account: Account) -> None:
    """End the sessions of all users of an account that is closed, so that none comes back if it is opened again."""
    Session.objects.filter(user__account=account).delete()


def keep_all(user: User, *, before: list[str], now: str) -> None:
    """Let the person's sessions that match what they had to match before match what they must match now."""
    store = SessionStore()
    for session in user.sessions.all():
        data = store.decode(session.session_data)
        if data.get(HASH_SESSION_KEY) in before:
            Session.objects.filter(pk=session.pk).update(session_data=store.encode(data | {HASH_SESSION_KEY: now}))


def browser_in_words(user_agent: str) -> str:
    """Say which browser runs on what, as its owner knows it: "Firefox on Windows"."""
    browser, device = (next((words for pattern, words in names.items() if re.search(pattern, user_agent)), "") for names in (BROWSERS, DEVICES))
    return " on ".join(filter(None, [browser, device])) or "An unknown browser"
