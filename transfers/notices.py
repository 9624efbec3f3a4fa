"""The letters about transfers: the side that loses licenses always hears of it (C9)."""

from licenses.models import JournalEntry
from licenses.notices import about_entry
from licensing_portal.foundation.models import Notice


def licenses_transferred_out(entry: JournalEntry) -> Notice:
    """Tell the account that the licenses were pulled from."""
    return about_entry("transfers/emails/licenses_transferred_out", entry, to=entry.giver)


def licenses_transferred_in(entry: JournalEntry) -> Notice:
    """Tell the account that pulled them."""
    return about_entry("transfers/emails/licenses_transferred_in", entry, to=entry.receiver)
