"""A receipt: an entry as one of its two sides sees it, and what became of its notices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import Account
from licenses.counting import remains_of, seller_of
from licenses.models import JournalEntry, JournalLine
from licenses.notices import side_to_tell_again
from licenses.presentation import amounts, sentence, who
from licenses.recalls import recall_ends_at, recallable, refusal_to_recall
from licenses.selectors import entries_that_reverse
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import notices_of

TAKEN_BACK_LISTED = 10


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
class TakenBack:
    """A recall or a reversal of the entry, and how many of what it took."""

    entry: JournalEntry
    amounts: str


@dataclass(frozen=True)
class RecallOffer:
    """What the receipt of a sale says of its recall (C10): to the seller how many, or why none; to the owner until when."""

    is_for_seller: bool
    ends_at: datetime
    possible: int
    refusal: str  # why it can't be recalled, "" where it can

    @property
    def is_over(self) -> bool:
        return timezone.now() > self.ends_at


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
    told: Account  # whose notice can be sent again
    has_failed: bool  # the notice that was queued last for the enduser that bought or gave back
    may_correct_address: bool  # of that enduser, as nobody has signed in there yet
    came_back: int  # how many licenses of it were recalled or reversed by now
    taken_back: list[TakenBack]  # by which entries, the newest
    recall: RecallOffer | None

    @property
    def total(self) -> int:
        return sum(line.quantity for line in self.lines)


def receipt_of(entry: JournalEntry, viewer: Account) -> Receipt:
    """Make the receipt of an entry for the giver or the receiver."""
    own = entry.lines.filter(account=viewer, state=JournalLine.State.AVAILABLE).select_related("product").order_by("product__code")
    lines = [ReceiptLine(line.product.code, line.product.name, abs(line.quantity), line.balance - line.quantity, line.balance) for line in own]
    notices = [notice for notice in notices_of(entry.number) if _may_see(notice, entry, viewer)]
    side = side_to_tell_again(entry)
    to_side = [notice for notice in notices if notice.account == side.username and not notice.copy_to]
    has_failed = _has_sold(entry, viewer) and bool(to_side) and to_side[-1].fate == "failed"
    return Receipt(
        entry=entry,
        sentence=sentence(entry, viewer),
        by=who(entry, viewer),
        lines=lines,
        notices=[ReceiptNotice(notice, _addressee(notice, entry, viewer)) for notice in notices],
        has_sold=_has_sold(entry, viewer),
        may_send_again=entry.acting_as_id == viewer.pk and bool(to_side),
        told=side,
        has_failed=has_failed,
        may_correct_address=has_failed and side.is_invited,
        came_back=sum(line.quantity for line in lines) - sum(remains_of(entry).values()) if entry.is_reversible else 0,
        taken_back=[TakenBack(taker, amounts(taker)) for taker in entries_that_reverse(entry)[:TAKEN_BACK_LISTED]],
        recall=_recall_offer(entry, viewer),
    )


def _recall_offer(entry: JournalEntry, viewer: Account) -> RecallOffer | None:
    """Nothing of what the owner does with the licenses is told to the seller beyond how many can be recalled (A9)."""
    if entry.kind != JournalEntry.Kind.SALE:
        return None
    if entry.giver_id != viewer.pk:
        return RecallOffer(is_for_seller=False, ends_at=recall_ends_at(entry), possible=0, refusal="")
    possible = recallable(entry)
    refusal = refusal_to_recall(entry, viewer, possible)
    return RecallOffer(
        is_for_seller=True, ends_at=recall_ends_at(entry), possible=0 if refusal else sum(possible.values()), refusal=str(refusal or "")
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
    return seller_of(entry) == viewer


def _addressee(notice: Notice, entry: JournalEntry, viewer: Account) -> str:
    """An address is shown to the account that it belongs to, and to the reseller that sold to it."""
    return notice.address if _has_sold(entry, viewer) or notice.account == viewer.username else notice.account
