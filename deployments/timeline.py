"""What happened to a deployment, in words with numbers, as its owner or the reseller who made it may know it (A9)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account
from deployments.models import Deployment, DeploymentEntry
from licenses.models import JournalEntry
from licenses.presentation import amounts, icon


@dataclass(frozen=True)
class Event:
    """One line of the timeline; `entry` is the journal entry that it tells of, where the viewer may see its receipt."""

    icon: str
    words: str
    at: datetime
    entry: JournalEntry | None = None


def events_of(deployment: Deployment, viewer: Account) -> list[Event]:
    """Tell the deployment's story, the newest first: all of it to its owner.

    The reseller who made it hears of the making, of the sale and of a retirement of its own: not what its owner did later.
    """
    steps = deployment.entries.select_related("entry__posted_by", "entry__acting_as", "sale").order_by("pk")
    is_owner = deployment.owner_id == viewer.pk
    return list(_told(deployment, steps.prefetch_related("entry__lines__product", "sale__lines__product"), is_owner=is_owner))[::-1]


def _told(deployment: Deployment, steps: Iterable[DeploymentEntry], *, is_owner: bool) -> Iterator[Event]:
    for number, step in enumerate(steps):
        if number == 0:
            yield _created(deployment, step.entry)
        if step.sale:
            yield _sold(deployment, step.sale)
        if step.is_retirement and (is_owner or step.entry.acting_as_id == deployment.made_by_id):
            yield _retired(step.entry, has_receipt=is_owner)
        elif is_owner:
            yield _deployed(step.entry, is_first=number == 0)


def _created(deployment: Deployment, first: JournalEntry) -> Event:
    return Event("document-plus", f"Created by {_who(first)}", deployment.created_at)


def _sold(deployment: Deployment, sale: JournalEntry) -> Event:
    return Event(icon(sale), f"{amounts(sale)} sold to {deployment.owner}", sale.posted_at, sale)


def _deployed(entry: JournalEntry, *, is_first: bool) -> Event:
    words = f"{amounts(entry)} deployed" if is_first else f"{amounts(entry)} added by {_who(entry)}"
    return Event(icon(entry) if is_first else "plus", words, entry.posted_at, entry)


def _retired(entry: JournalEntry, *, has_receipt: bool) -> Event:
    return Event(icon(entry), f"Retired by {_who(entry)}: {entry.note}", entry.posted_at, entry if has_receipt else None)


def _who(entry: JournalEntry) -> str:
    return f"{entry.posted_by} of {entry.acting_as.company}"
