"""The letters about issues, sales and what is taken back or put right, one function each, named after the letter."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts.models import Account, User
from accounts.telling import tell
from licenses.models import JournalEntry, JournalLine, Product
from licenses.presentation import who
from licensing_portal.foundation import notices
from licensing_portal.foundation.jobs import FILES_KEPT
from licensing_portal.foundation.models import Job, Notice
from licensing_portal.foundation.notice_kinds import Group, NoticeKind, register
from licensing_portal.foundation.notices import Context, written_from_facts

LICENSES_SOLD = register(
    NoticeKind(
        "licenses/emails/licenses_sold",
        Group.LICENSES,
        "Licenses sold to you",
        "Your reseller sold you licenses.",
        has_copies=True,
        only_of=Account.Kind.ENDUSER,
    )
)
LICENSES_ISSUED = register(
    NoticeKind(
        "licenses/emails/licenses_issued",
        Group.LICENSES,
        "Licenses issued to you",
        "The publisher issued licenses to you.",
        is_optional=True,
        has_copies=True,
    )
)
SALE_RECALLED = register(
    NoticeKind(
        "licenses/emails/sale_recalled",
        Group.LICENSES,
        "A sale recalled",
        "Your reseller took back licenses that it had sold you.",
        has_copies=True,
        only_of=Account.Kind.ENDUSER,
    )
)
RECALL_MADE = register(
    NoticeKind(
        "licenses/emails/recall_made",
        Group.LICENSES,
        "Your own recalls",
        "One of your people took back licenses of a sale.",
        has_copies=True,
        only_of=Account.Kind.RESELLER,
    )
)
ENTRY_REVERSED = register(
    NoticeKind(
        "licenses/emails/entry_reversed",
        Group.LICENSES,
        "Entries reversed",
        "The publisher took an entry of yours back, whole or in part.",
        has_copies=True,
    )
)
LICENSES_ADJUSTED = register(
    NoticeKind(
        "licenses/emails/licenses_adjusted",
        Group.LICENSES,
        "Licenses adjusted",
        "The publisher put right how many licenses you have available.",
        has_copies=True,
    )
)


@dataclass(frozen=True)
class LetterLine:
    """One product of an entry, as the account that is told sees it: how many moved, and how many it then had available."""

    product: Product
    quantity: int
    available: int


def licenses_sold(sale: JournalEntry) -> list[Notice]:
    """Tell the owner of every sale (C4). Nobody who sells waits until the letter is written."""
    seller, owner = sale.giver, sale.receiver
    by, lines = who(sale, owner), _lines_of(sale, owner)
    total = sum(line.quantity for line in lines)
    facts = {
        "sale": sale.pk,
        "seller": seller.company,
        "owner": owner.username,
        "by": by,
        "lines": [[line.product.name, line.quantity, line.available] for line in lines],
    }
    context = {"entry": sale, "total": total}
    return tell(LICENSES_SOLD, owner, event=sale.number, sender=seller.company, reply_to=seller.email, context=context, facts=facts)


@written_from_facts(LICENSES_SOLD.letter)
def _sale_as_it_was(facts: Context) -> Context:
    """The journal never changes; accounts, people and products may have other names by now."""
    sale = JournalEntry.objects.select_related("giver", "receiver").get(pk=facts["sale"])
    sale.giver.company, sale.receiver.username = facts["seller"], facts["owner"]
    lines = [LetterLine(Product(name=name), quantity, available) for name, quantity, available in facts["lines"]]
    return {"entry": sale, "account": sale.receiver, "by": facts["by"], "lines": lines, "total": sum(line.quantity for line in lines)}


def licenses_issued(entry: JournalEntry) -> list[Notice]:
    """Tell an account that the publisher issued licenses to it."""
    return about_entry(LICENSES_ISSUED, entry, to=entry.receiver, sender=entry.giver)


def sale_recalled(recall: JournalEntry) -> list[Notice]:
    """Tell the enduser that its reseller took licenses back, how many and why (C10)."""
    reseller = recall.receiver
    return about_entry(SALE_RECALLED, recall, to=recall.giver, sender=reseller, reply_to=reseller)


def recall_made(recall: JournalEntry) -> list[Notice]:
    """Tell the reseller that one of its people took licenses back (C10)."""
    return about_entry(RECALL_MADE, recall, to=recall.receiver)


def entry_reversed(reversal: JournalEntry) -> list[Notice]:
    """Tell both sides of an entry that the publisher took it back, and why (C11); the publisher itself needs no letter."""
    sides = [side for side in (reversal.giver, reversal.receiver) if not side.is_publisher]
    return [notice for side in sides for notice in about_entry(ENTRY_REVERSED, reversal, to=side, sender=reversal.acting_as)]


def licenses_adjusted(adjustment: JournalEntry) -> list[Notice]:
    """Tell an account that the publisher put its available right, and why (C11)."""
    publisher = adjustment.acting_as
    account = adjustment.receiver if adjustment.giver_id == publisher.pk else adjustment.giver
    return about_entry(LICENSES_ADJUSTED, adjustment, to=account, sender=publisher)


def side_to_tell_again(entry: JournalEntry) -> Account:
    """Whose notice of an entry can be sent again: that of whoever got the licenses, or lost them by a recall (C4, C10)."""
    return entry.giver if entry.kind == JournalEntry.Kind.RECALL else entry.receiver


def about_entry(
    kind: NoticeKind, entry: JournalEntry, *, to: Account, sender: Account | None = None, reply_to: Account | None = None, **context: Any
) -> list[Notice]:
    """Queue a letter that tells one of its sides of an entry: who, how many of what, and where to look."""
    lines = _lines_of(entry, to)
    return tell(
        kind,
        to,
        event=entry.number,
        sender=sender.company if sender else "",
        reply_to=reply_to.email if reply_to else "",
        context={"entry": entry, "account": to, "by": who(entry, to), "lines": lines, "total": sum(line.quantity for line in lines), **context},
    )


def export_ended(job: Job, *, person: User, address: str) -> Notice:
    """Tell whoever exported the History that the file is ready, or why there is none (C12)."""
    return notices.queue(
        "licenses/emails/export_ended",
        event=f"job {job.pk}",
        account=person.username,
        address=address,
        context={"person": person, "job": job, "days_kept": FILES_KEPT.days, "url": settings.PORTAL_URL + job.get_absolute_url()},
    )


def _lines_of(entry: JournalEntry, account: Account) -> list[LetterLine]:
    """What an account is told of the lines of an entry, by product code."""
    own = [line for line in entry.lines_at_hand if line.account_id == account.pk and line.state == JournalLine.State.AVAILABLE]
    return [LetterLine(line.product, abs(line.quantity), line.balance) for line in sorted(own, key=lambda line: line.product.code)]
