"""The letters about transfers: the side that loses licenses always hears of it (C9).

They come in the portal's own name: whoever took licenses by a stolen password must not choose from whom the warning seems to be.
"""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from licenses.models import JournalEntry
from licenses.notices import about_entry
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notice_kinds import Group, NoticeKind, register

# How a list of notices names these letters: after their templates (kind_in_words).
LETTERS = (gettext_noop("Licenses transferred in"), gettext_noop("Licenses transferred out"))

TRANSFERRED_OUT = register(
    NoticeKind(
        "transfers/emails/licenses_transferred_out",
        Group.LICENSES,
        _("Licenses transferred out"),
        _("Another account took licenses of yours over its link. If it was not to, you can end the link at once."),
        has_copies=True,
    )
)
TRANSFERRED_IN = register(
    NoticeKind(
        "transfers/emails/licenses_transferred_in",
        Group.LICENSES,
        _("Licenses transferred in"),
        _("Licenses of a linked account came into yours."),
        has_copies=True,
    )
)


def licenses_transferred_out(entry: JournalEntry) -> list[Notice]:
    """Tell the account that the licenses were pulled from."""
    return about_entry(TRANSFERRED_OUT, entry, to=entry.giver, available_label=pgettext_lazy("licenses that are there still", "Left"))


def licenses_transferred_in(entry: JournalEntry) -> list[Notice]:
    """Tell the account that pulled them."""
    return about_entry(TRANSFERRED_IN, entry, to=entry.receiver, available_label=_("Now available"))
