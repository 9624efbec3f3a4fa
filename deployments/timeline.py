"""What happened to a deployment, in words with numbers, as its owner or the reseller who made it may know it (A9)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Case, Prefetch, Q, QuerySet, When
from django.utils.translation import gettext

from accounts.models import Account, User
from deployments.models import Deployment, LicenseFileDownload, ReplacementAllowance, ServerFile
from licenses.models import JournalEntry, JournalLine
from licenses.presentation import amounts, icon

PAGE_SIZE = 25  # events


@dataclass(frozen=True)
class Event:
    """One line of the timeline; `entry` is the journal entry that it tells of, where the viewer may see its receipt."""

    icon: str
    words: str
    at: datetime
    entry: JournalEntry | None = None


@dataclass(frozen=True)
class Timeline:
    """One page of it, the newest first; `older` is what the address of the next page says, "" at the end."""

    events: list[Event]
    older: str
    is_first_page: bool


def timeline_of(deployment: Deployment, viewer: Account, *, before: str = "") -> Timeline:
    """Tell the deployment's story, the newest first: all of it to its owner, a page at a time.

    The reseller who made it hears of the making, of the sale and of a retirement of its own: not what its owner did later.
    """
    moment = _moment(before)
    events = list(_of_entries(deployment, viewer, moment))
    if deployment.owner_id == viewer.pk and deployment.serial:  # before there was a server file, none of these can be
        events += [*_of_server_files(deployment, moment), *_of_downloads(deployment, moment), *_of_allowances(deployment, moment)]
    events = [event for event in events if moment is None or event.at < moment]
    events.sort(key=lambda event: event.at, reverse=True)
    shown = events[:PAGE_SIZE]
    return Timeline(shown, older=_text(shown[-1].at) if len(events) > PAGE_SIZE else "", is_first_page=moment is None)


def _moment(text: str) -> datetime | None:
    """Read a moment as `_text` writes it; None for anything else."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", text, re.ASCII):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _latest(rows: QuerySet[Any, Any], field: str, moment: datetime | None, or_else: Q | None = None) -> QuerySet[Any, Any]:
    """As many rows as can be on a page, and one more, from before the moment."""
    is_wanted = Q((f"{field}__lt", moment)) | (or_else or Q(pk__in=[])) if moment else Q()
    return rows.filter(is_wanted).order_by(f"-{field}", "-pk")[: PAGE_SIZE + 1]


def _of_entries(deployment: Deployment, viewer: Account, moment: datetime | None) -> Iterator[Event]:
    is_owner = deployment.owner_id == viewer.pk
    lines = JournalLine.objects.select_related("product")
    steps = deployment.entries.select_related("entry__posted_by", "entry__acting_as", "sale")
    steps = steps.prefetch_related(Prefetch("entry__lines", lines), Prefetch("sale__lines", lines))
    first = deployment.entries.order_by("pk").values("pk")[:1]
    steps = steps.annotate(is_first=Case(When(pk=first, then=True), default=False))
    # The first one tells of three moments, the earliest before its own: a page may end between them.
    for step in _latest(steps, "entry__posted_at", moment, or_else=Q(is_first=True)):
        yield from _told(deployment, step, is_owner=is_owner)


def _told(deployment: Deployment, step: Any, *, is_owner: bool) -> Iterator[Event]:
    entry: JournalEntry = step.entry
    if step.is_first:
        words = gettext("Created by %(who)s") % {"who": _who(entry.posted_by, entry.acting_as)}
        yield Event("document-plus", words, _created_at(deployment, step.sale))
    if step.sale:
        words = gettext("%(licenses)s sold to %(owner)s") % {"licenses": amounts(step.sale), "owner": deployment.owner}
        yield Event(icon(step.sale), words, step.sale.posted_at, step.sale)
    if step.is_retirement and (is_owner or entry.acting_as_id == deployment.made_by_id):
        words = gettext("Retired by %(who)s: %(reason)s") % {"who": _who(entry.posted_by, entry.acting_as), "reason": entry.note}
        yield Event(icon(entry), words, entry.posted_at, entry if is_owner else None)
    elif is_owner:
        yield _deployed(entry, is_first=step.is_first)


def _created_at(deployment: Deployment, sale: JournalEntry | None) -> datetime:
    """The flow posts the sale before it makes the deployment that is its reason; people read it the other way round."""
    return min(deployment.created_at, sale.posted_at - timedelta.resolution) if sale else deployment.created_at


def _deployed(entry: JournalEntry, *, is_first: bool) -> Event:
    said = gettext("%(licenses)s deployed") if is_first else gettext("%(licenses)s added by %(who)s")
    words = said % {"licenses": amounts(entry), "who": _who(entry.posted_by, entry.acting_as)}
    return Event(icon(entry) if is_first else "plus", words, entry.posted_at, entry)


def _of_server_files(deployment: Deployment, moment: datetime | None) -> Iterable[Event]:
    files: QuerySet[ServerFile] = deployment.server_files.defer("content").select_related("uploaded_by", "uploaded_as")
    return [_uploaded(file) for file in _latest(files, "uploaded_at", moment)]


def _uploaded(file: ServerFile) -> Event:
    who = _who(file.uploaded_by, file.uploaded_as)
    if file.reason:
        return Event("arrow-path", gettext("Server replaced by %(who)s: %(reason)s") % {"who": who, "reason": file.reason}, file.uploaded_at)
    return Event("arrow-up-tray", gettext("Server file uploaded by %(who)s") % {"who": who}, file.uploaded_at)


def _of_downloads(deployment: Deployment, moment: datetime | None) -> Iterable[Event]:
    downloads = LicenseFileDownload.objects.filter(license_file__deployment=deployment)
    downloads = downloads.select_related("license_file", "downloaded_by", "downloaded_as").defer("license_file__text")
    return [_downloaded(download) for download in _latest(downloads, "downloaded_at", moment)]


def _downloaded(download: LicenseFileDownload) -> Event:
    who = _who(download.downloaded_by, download.downloaded_as)
    words = gettext("License file %(serial)s downloaded by %(who)s") % {"serial": download.license_file.serial, "who": who}
    return Event("arrow-down-tray", words, download.downloaded_at)


def _of_allowances(deployment: Deployment, moment: datetime | None) -> Iterable[Event]:
    allowances: QuerySet[ReplacementAllowance] = deployment.replacement_allowances.all()
    return [_allowed(allowance) for allowance in _latest(allowances, "allowed_at", moment)]


def _allowed(allowance: ReplacementAllowance) -> Event:
    words = gettext("One more replacement in %(year)s allowed by the publisher: %(reason)s")
    return Event("plus", words % {"year": allowance.year, "reason": allowance.reason}, allowance.allowed_at)


def _who(person: User, account: Account) -> str:
    return gettext("%(person)s of %(company)s") % {"person": person, "company": account.company}
