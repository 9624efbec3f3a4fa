"""The letters about sales and issues, one function each, named after the letter."""

from typing import Any

from django.conf import settings

from accounts.models import Account, User
from licenses.models import JournalEntry
from licensing_portal.foundation import notices
from licensing_portal.foundation.jobs import FILES_KEPT
from licensing_portal.foundation.models import Job, Notice


def licenses_sold(sale: JournalEntry) -> Notice:
    """Tell the owner of every sale (C4)."""
    return about_entry("licenses/emails/licenses_sold", sale, to=sale.receiver, sender=sale.giver, reply_to=sale.giver)


def licenses_issued(entry: JournalEntry) -> Notice:
    """Tell an account that the publisher issued licenses to it."""
    return about_entry("licenses/emails/licenses_issued", entry, to=entry.receiver, sender=entry.giver)


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


def export_ended(job: Job, *, person: User, address: str) -> Notice:
    """Tell whoever exported the History that the file is ready, or why there is none (C12)."""
    return notices.queue(
        "licenses/emails/export_ended",
        event=f"job {job.pk}",
        account=person.username,
        address=address,
        context={"person": person, "job": job, "days_kept": FILES_KEPT.days, "url": settings.PORTAL_URL + job.get_absolute_url()},
    )
