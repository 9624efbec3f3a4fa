"""The letters about transfers: the side that loses licenses always hears of it (C9).

They come in the portal's own name: whoever took licenses by a stolen password must not choose from whom the warning seems to be.
"""

from licenses.models import JournalEntry
from licenses.notices import about_entry
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notice_kinds import Group, NoticeKind, register

TRANSFERRED_OUT = register(
    NoticeKind(
        "transfers/emails/licenses_transferred_out",
        Group.LICENSES,
        "Licenses transferred out",
        "Another account took licenses of yours over its link. If it was not to, you can end the link at once.",
        has_copies=True,
    )
)
TRANSFERRED_IN = register(
    NoticeKind(
        "transfers/emails/licenses_transferred_in",
        Group.LICENSES,
        "Licenses transferred in",
        "Licenses of a linked account came into yours.",
        has_copies=True,
    )
)


def licenses_transferred_out(entry: JournalEntry) -> list[Notice]:
    """Tell the account that the licenses were pulled from."""
    return about_entry(TRANSFERRED_OUT, entry, to=entry.giver, available_label="Left")


def licenses_transferred_in(entry: JournalEntry) -> list[Notice]:
    """Tell the account that pulled them."""
    return about_entry(TRANSFERRED_IN, entry, to=entry.receiver, available_label="Now available")
