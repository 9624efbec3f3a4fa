"""The letters about issues, sales and what is taken back or put right, one function each, named after the letter."""

from typing import Any

from accounts.models import Account
from licenses.models import JournalEntry
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice


def licenses_sold(sale: JournalEntry) -> Notice:
    """Tell the owner of every sale (C4)."""
    return about_entry("licenses/emails/licenses_sold", sale, to=sale.receiver, sender=sale.giver, reply_to=sale.giver)


def licenses_issued(entry: JournalEntry) -> Notice:
    """Tell an account that the publisher issued licenses to it."""
    return about_entry("licenses/emails/licenses_issued", entry, to=entry.receiver, sender=entry.giver)


def sale_recalled(recall: JournalEntry) -> Notice:
    """Tell the enduser that its reseller took licenses back, how many and why (C10)."""
    reseller = recall.receiver
    return about_entry("licenses/emails/sale_recalled", recall, to=recall.giver, sender=reseller, reply_to=reseller)


def recall_made(recall: JournalEntry) -> Notice:
    """Tell the reseller that one of its people took licenses back (C10)."""
    return about_entry("licenses/emails/recall_made", recall, to=recall.receiver)


def entry_reversed(reversal: JournalEntry) -> list[Notice]:
    """Tell both sides of an entry that the publisher took it back, and why (C11); the publisher itself needs no letter."""
    sides = [side for side in (reversal.giver, reversal.receiver) if not side.is_publisher]
    return [about_entry("licenses/emails/entry_reversed", reversal, to=side, sender=reversal.acting_as, account=side) for side in sides]


def licenses_adjusted(adjustment: JournalEntry) -> Notice:
    """Tell an account that the publisher put its available right, and why (C11)."""
    publisher = adjustment.acting_as
    account = adjustment.receiver if adjustment.giver_id == publisher.pk else adjustment.giver
    return about_entry("licenses/emails/licenses_adjusted", adjustment, to=account, sender=publisher, account=account)


def side_to_tell_again(entry: JournalEntry) -> Account:
    """Whose notice of an entry can be sent again: that of whoever got the licenses, or lost them by a recall (C4, C10)."""
    return entry.giver if entry.kind == JournalEntry.Kind.RECALL else entry.receiver


def about_entry(
    letter: str, entry: JournalEntry, *, to: Account, sender: Account | None = None, reply_to: Account | None = None, **context: Any
) -> Notice:
    """Queue a letter that tells one of its sides of an entry: who, how many of what, and where to look."""
    received = [line for line in entry.lines.select_related("product").order_by("product__code") if line.quantity > 0]
    return notices.queue(
        letter,
        event=entry.number,
        account=to.username,
        address=to.email,
        sender=sender.company if sender else "",
        reply_to=reply_to.email if reply_to else "",
        context={"entry": entry, "lines": received, "total": sum(line.quantity for line in received), **context},
    )
