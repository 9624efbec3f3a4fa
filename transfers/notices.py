"""The letters about transfers: the side that loses licenses always hears of it (C9)."""

from licenses.models import JournalEntry
from licenses.notices import entry_context
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice


def licenses_transferred_out(entry: JournalEntry) -> Notice:
    """Tell the account that the licenses were pulled from."""
    return notices.queue(
        "transfers/emails/licenses_transferred_out",
        event=entry.number,
        account=entry.giver.username,
        address=entry.giver.email,
        context=entry_context(entry),
    )


def licenses_transferred_in(entry: JournalEntry) -> Notice:
    """Tell the account that pulled them."""
    return notices.queue(
        "transfers/emails/licenses_transferred_in",
        event=entry.number,
        account=entry.receiver.username,
        address=entry.receiver.email,
        context=entry_context(entry),
    )
