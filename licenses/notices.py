"""The letters about sales and issues, one function each, named after the letter."""

from typing import Any

from licenses.models import JournalEntry
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice


def licenses_sold(sale: JournalEntry) -> Notice:
    """Tell the owner of every sale (C4)."""
    return notices.queue(
        "licenses/emails/licenses_sold",
        event=sale.number,
        account=sale.receiver.username,
        address=sale.receiver.email,
        sender=sale.giver.company,
        reply_to=sale.giver.email,
        context=entry_context(sale),
    )


def licenses_issued(entry: JournalEntry) -> Notice:
    """Tell an account that the publisher issued licenses to it."""
    return notices.queue(
        "licenses/emails/licenses_issued",
        event=entry.number,
        account=entry.receiver.username,
        address=entry.receiver.email,
        sender=entry.giver.company,
        context=entry_context(entry),
    )


def entry_context(entry: JournalEntry) -> dict[str, Any]:
    """What every letter about an entry shows: who, how many of what, and where to look."""
    received = [line for line in entry.lines.select_related("product").order_by("product__code") if line.quantity > 0]
    return {"entry": entry, "lines": received, "total": sum(line.quantity for line in received)}
