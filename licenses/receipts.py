"""A receipt: an entry as one of its two sides sees it, and what became of its notices."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import Account
from licenses.models import JournalEntry, JournalLine
from licenses.presentation import sentence, who
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import notices_of


@dataclass(frozen=True)
class ReceiptLine:
    """One product: how many moved, and what the viewer then had of the number that it changed."""

    code: str
    name: str
    quantity: int
    before: int
    after: int


@dataclass(frozen=True)
class ReceiptNotice:
    """One mail about the entry, and to whom it went, as far as the viewer may know it: a username or an address (A9)."""

    notice: Notice
    addressee: str


@dataclass(frozen=True)
class Receipt:
    """What the page shows. A side never sees the other's numbers (A9)."""

    entry: JournalEntry
    sentence: str
    by: str
    lines: list[ReceiptLine]
    notices: list[ReceiptNotice]
    has_sold: bool  # the viewer is the reseller that sold
    may_send_again: bool
    has_failed: bool  # the notice that was queued last for the enduser that it was sold to
    may_correct_address: bool  # of that enduser, as nobody has signed in there yet

    @property
    def total(self) -> int:
        return sum(line.quantity for line in self.lines)


def receipt_of(entry: JournalEntry, viewer: Account) -> Receipt:
    """Make the receipt of an entry for the giver or the receiver."""
    own = entry.lines.filter(account=viewer, state=JournalLine.State.AVAILABLE).select_related("product").order_by("product__code")
    lines = [ReceiptLine(line.product.code, line.product.name, abs(line.quantity), line.balance - line.quantity, line.balance) for line in own]
    notices = [notice for notice in notices_of(entry.number) if _may_see(notice, entry, viewer)]
    to_receiver = [notice for notice in notices if notice.account == entry.receiver.username and not notice.copy_to]
    has_failed = _has_sold(entry, viewer) and bool(to_receiver) and to_receiver[-1].fate == "failed"
    return Receipt(
        entry=entry,
        sentence=sentence(entry, viewer),
        by=who(entry, viewer),
        lines=lines,
        notices=[ReceiptNotice(notice, _addressee(notice, entry, viewer)) for notice in notices],
        has_sold=_has_sold(entry, viewer),
        may_send_again=entry.acting_as_id == viewer.pk and bool(to_receiver),
        has_failed=has_failed,
        may_correct_address=has_failed and entry.receiver.is_invited,
    )


def last_notices(entries: Iterable[JournalEntry], viewer: Account) -> dict[str, Notice]:
    """Return for each entry, by its number, the last mail about it to its receiver, as far as the viewer may know of it; in one query."""
    by_number = {entry.number: entry for entry in entries}
    notices = [notice for notice in notices_of(*by_number) if not notice.copy_to]
    last = {notice.event: notice for notice in notices if notice.account == by_number[notice.event].receiver.username}
    return {number: notice for number, notice in last.items() if _may_see(notice, by_number[number], viewer)}


def _may_see(notice: Notice, entry: JournalEntry, viewer: Account) -> bool:
    """A mail and its fate are known to whoever acted, and to the account that it is for; to whom else that sends copies is its own affair (A9)."""
    return notice.account == viewer.username or (viewer.pk == entry.acting_as_id and not notice.copy_to)


def _has_sold(entry: JournalEntry, viewer: Account) -> bool:
    return entry.kind == JournalEntry.Kind.SALE and entry.giver_id == viewer.pk


def _addressee(notice: Notice, entry: JournalEntry, viewer: Account) -> str:
    """An address is shown to the account that it belongs to, and to the reseller that sold to it."""
    return notice.address if _has_sold(entry, viewer) or notice.account == viewer.username else notice.account
