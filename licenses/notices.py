"""The letters about sales and issues, one function each, named after the letter."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Account
from accounts.telling import tell
from licenses.models import JournalEntry, JournalLine, Product
from licenses.presentation import who
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notice_kinds import Group, NoticeKind, register

LICENSES_SOLD = register(
    NoticeKind(
        "licenses/emails/licenses_sold",
        Group.LICENSES,
        "Licenses sold to you",
        "Your reseller sold you licenses.",
        has_copies=True,
        endusers_alone=True,
    )
)
LICENSES_ISSUED = register(
    NoticeKind(
        "licenses/emails/licenses_issued",
        Group.LICENSES,
        "Licenses issued to you",
        "The publisher issued licenses to you.",
        is_optional=True,
        has_copies=True,
    )
)


@dataclass(frozen=True)
class LetterLine:
    """One product of an entry, as the account that is told sees it: how many moved, and how many it then had available."""

    product: Product
    quantity: int
    available: int


def licenses_sold(sale: JournalEntry) -> list[Notice]:
    """Tell the owner of every sale (C4)."""
    return about_entry(LICENSES_SOLD, sale, to=sale.receiver, sender=sale.giver, reply_to=sale.giver)


def licenses_issued(entry: JournalEntry) -> list[Notice]:
    """Tell an account that the publisher issued licenses to it."""
    return about_entry(LICENSES_ISSUED, entry, to=entry.receiver, sender=entry.giver)


def about_entry(
    kind: NoticeKind, entry: JournalEntry, *, to: Account, sender: Account | None = None, reply_to: Account | None = None, **context: Any
) -> list[Notice]:
    """Queue a letter that tells one of its sides of an entry: who, how many of what, and where to look."""
    own = entry.lines.filter(account=to, state=JournalLine.State.AVAILABLE).select_related("product").order_by("product__code")
    lines = [LetterLine(line.product, abs(line.quantity), line.balance) for line in own]
    return tell(
        kind,
        to,
        event=entry.number,
        sender=sender.company if sender else "",
        reply_to=reply_to.email if reply_to else "",
        context={"entry": entry, "account": to, "by": who(entry, to), "lines": lines, "total": sum(line.quantity for line in lines), **context},
    )
