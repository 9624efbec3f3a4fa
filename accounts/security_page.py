"""Sign-in and security log, the page: what an account's administrators see of the events that concern it (A9)."""

from dataclasses import dataclass

from accounts.forms import SecurityLogFilterForm
from accounts.models import Account, SecurityEvent
from accounts.security_log import Kind
from licensing_portal.foundation.paging import page_by_key

# What somebody else's person did as this account: it sees who acted, as its journal does (A7).
DONE_AS_THE_ACCOUNT = {Kind.SWITCHED, Kind.RETURNED, Kind.REFUSED, Kind.SIGNED_OUT}


@dataclass(frozen=True)
class EventRow:
    """An event as one account may know it: of others' people the account alone, and no address."""

    event: SecurityEvent
    who: str
    counterpart: str
    address: str


@dataclass(frozen=True)
class SecurityPage:
    """One page of the log. `newer` and `older` are the events that the pages beside it begin from, None at the ends."""

    rows: list[EventRow]
    newer: int | None
    older: int | None


def security_page(form: SecurityLogFilterForm, *, before: str = "", after: str = "") -> SecurityPage:
    """Make the page of events before or after an event, or the first one."""
    events, newer, older = page_by_key(form.events, before=before, after=after)
    return SecurityPage([_row(event, form.account) for event in events], newer, older)


def _row(event: SecurityEvent, viewer: Account) -> EventRow:
    if event.account == viewer:
        return EventRow(event, who=str(event.user or ""), counterpart=str(event.other or ""), address=event.address)
    who = str(event.user) if event.kind in DONE_AS_THE_ACCOUNT else str(event.account or "")
    return EventRow(event, who=who, counterpart=str(event.account or ""), address="")
