"""A receipt: an entry as one of its two sides sees it, and what became of its notices."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import Account
from licenses.counting import remains_of, seller_of
from licenses.models import JournalEntry, JournalLine
from licenses.notices import side_to_tell_again
from licenses.presentation import amounts, sentence
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
    lines: list[ReceiptLine]
    notices: list[ReceiptNotice]
    has_sold: bool  # the viewer is the reseller that sold
    may_send_again: bool
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
    has_acted = entry.acting_as_id == viewer.pk
    has_sold = seller_of(entry) == viewer
    notices = [notice for notice in notices_of(entry.number) if has_acted or notice.account == viewer.username]
    return Receipt(
        entry=entry,
        sentence=sentence(entry, viewer),
        lines=lines,
        notices=[ReceiptNotice(notice, _addressee(notice, viewer, has_sold=has_sold)) for notice in notices],
        has_sold=has_sold,
        may_send_again=has_acted and any(notice.account == side_to_tell_again(entry).username for notice in notices),
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


def _addressee(notice: Notice, viewer: Account, *, has_sold: bool) -> str:
    """An address is shown to the account that it belongs to, and to the reseller that sold to it."""
    return notice.address if has_sold or notice.account == viewer.username else notice.account
