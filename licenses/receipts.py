"""A receipt: an entry as one of its two sides sees it, and what became of its notices."""

from dataclasses import dataclass

from accounts.models import Account
from licenses.models import JournalEntry, JournalLine
from licenses.presentation import sentence
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
class Receipt:
    """What the page shows. A side never sees the other's numbers (A9)."""

    entry: JournalEntry
    sentence: str
    lines: list[ReceiptLine]
    notices: list[Notice]
    is_giver: bool
    may_send_again: bool

    @property
    def total(self) -> int:
        return sum(line.quantity for line in self.lines)


def receipt_of(entry: JournalEntry, viewer: Account) -> Receipt:
    """Make the receipt of an entry for the giver or the receiver."""
    own = entry.lines.filter(account=viewer, state=JournalLine.State.AVAILABLE).select_related("product").order_by("product__code")
    lines = [ReceiptLine(line.product.code, line.product.name, abs(line.quantity), line.balance - line.quantity, line.balance) for line in own]
    has_acted = entry.acting_as_id == viewer.pk
    notices = [notice for notice in notices_of(entry.number) if has_acted or notice.account == viewer.username]
    return Receipt(
        entry=entry,
        sentence=sentence(entry, viewer),
        lines=lines,
        notices=notices,
        is_giver=entry.giver_id == viewer.pk,
        may_send_again=has_acted and any(notice.account == entry.receiver.username for notice in notices),
    )
