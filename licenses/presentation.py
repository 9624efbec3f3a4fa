"""How the books read to people: sentences instead of kinds and signs."""

from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from licenses.models import JournalEntry
from licensing_portal.foundation.templatetags.portal import licenses as in_words
from licensing_portal.foundation.templatetags.portal import number

Kind = JournalEntry.Kind

TOLD_ONE_BY_ONE = 3  # products
NO_BREAK = "\N{NO-BREAK SPACE}"


ICONS = {
    Kind.DEPLOYMENT: "server",
    Kind.RETIREMENT: "arrow-uturn-left",
    Kind.TRANSFER: "arrows-right-left",
    Kind.RECALL: "arrow-uturn-left",
    Kind.REVERSAL: "arrow-uturn-left",
    Kind.ADJUSTMENT: "scale",
}

# As the giver sees it, and as the receiver does.
SENTENCES = {
    Kind.ISSUE: (_("Issued to %(name)s"), _("Issued by %(name)s")),
    Kind.SALE: (_("Sold to %(name)s"), _("Bought from %(name)s")),
    Kind.TRANSFER: (_("Transferred to %(name)s"), _("Transferred from %(name)s")),
    Kind.DEPLOYMENT: (_("Deployed on %(name)s"), _("Deployed on %(name)s")),
    Kind.RETIREMENT: (_("Retired %(name)s"), _("Retired %(name)s")),
    Kind.RECALL: (_("Recalled by %(name)s"), _("Recalled from %(name)s")),
    Kind.ADJUSTMENT: (_("Adjusted by %(name)s"), _("Adjusted by %(name)s")),
    Kind.REVERSAL: (_("Reversal of %(name)s"), _("Reversal of %(name)s")),
}


def other_account(entry: JournalEntry, account: Account) -> str:
    """The username of the other party, as `account` sees it; "" where licenses stayed with their owner."""
    return other_of(entry.giver.username, entry.receiver.username, account.username)


def other_of(giver: str, receiver: str, own: str) -> str:
    """The same, by usernames."""
    if giver == receiver:
        return ""
    return receiver if giver == own else giver


def who(entry: JournalEntry, viewer: Account) -> str:
    """Who made an entry, by username; with the name to the person's own account and to the enduser that it acted upon (A9)."""
    person = entry.posted_by
    acted_for_own = person.account_id == entry.acting_as_id
    return person.name_in_full if acted_for_own and entry.acting_as_id in {viewer.pk, viewer.reseller_id} else person.username


def sentence(entry: JournalEntry, account: Account) -> str:
    """Tell what happened, as `account` sees it: "Sold to harborcu"."""
    as_giver, as_receiver = SENTENCES[Kind(entry.kind)]
    words = str(as_giver if entry.giver_id == account.pk else as_receiver)
    return words % {"name": _named(entry, account)}


def _named(entry: JournalEntry, account: Account) -> str:
    match entry.kind:
        case Kind.DEPLOYMENT | Kind.RETIREMENT:
            return entry.reference
        case Kind.REVERSAL:
            return str(entry.reverses)
    return other_account(entry, account)


def icon(entry: JournalEntry) -> str:
    """Name the icon of what happened; a key where licenses came or went for good."""
    return ICONS.get(Kind(entry.kind), "key")


def amounts(entry: JournalEntry) -> str:
    """Tell how many of what an entry moved: "24 ASR-FULL, 24 TTS"."""
    return ", ".join(f"{number(quantity)}{NO_BREAK}{code}" for code, quantity in _moved(entry))


def amounts_in_short(entry: JournalEntry) -> str:
    """The same, or only how many ("352 licenses") where it would be long."""
    moved = _moved(entry)
    return amounts(entry) if len(moved) <= TOLD_ONE_BY_ONE else in_words(sum(quantity for _, quantity in moved))


def _moved(entry: JournalEntry) -> list[tuple[str, int]]:
    return sorted((code, quantity) for code, quantity in entry.moved)
