"""Proving the books on record: whenever somebody asks, and every night, once, whichever machine is first (B4).

A proof since the last one is what a night needs. Everything is proven again once a week, and as long as the last proof found
something: what is wrong stays on record until a full proof finds it put right.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from licenses import figures, proof
from licenses.models import JournalEntry, JournalLine, LedgerProof, ProofRequest
from licenses.proof import Mark
from licensing_portal.foundation.templatetags.portal import count

logger = logging.getLogger(__name__)

NIGHT_BEGINS = timedelta(hours=2)  # after midnight, UTC
BETWEEN_FULL_PROOFS = timedelta(days=7)
FAULTS_ON_RECORD = 100

_LOCK = 4_000_002  # the number of PostgreSQL's advisory lock that a nightly proof holds


@dataclass(frozen=True)
class Due:
    """A proof that is owed: for this night, for this request, or for both."""

    is_full: bool
    night: date | None
    answers: ProofRequest | None


def prove(*, since_last: bool = False) -> LedgerProof:
    """Prove the books in a snapshot of them, and put on record what was found.

    `since_last` asks for what was posted since the last proof alone (proof.py says what that can't see); if there was none, or
    it found something, all is proven nevertheless.
    """
    with proof.snapshot():
        made = _made(timezone.now(), is_full=not since_last)
    made.save()
    return _told(made)


def prove_what_is_due(now: datetime) -> LedgerProof | None:
    """Make the proof that is owed at this moment, if there is one and nobody else is at it, and return it."""
    if what_is_due(now) is None:
        return None
    with proof.snapshot(), _alone() as is_alone:
        # Looked at again: whoever was at it may have ended since.
        due = what_is_due(now) if is_alone else None
        if due is None:
            return None
        made = _made(now, is_full=due.is_full)
    made.night, made.answers = due.night, due.answers
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError:  # between our look and theirs was the moment in which they had ended and not yet written
        return None
    return _told(made)


def what_is_due(now: datetime) -> Due | None:
    """What is owed at this moment: a proof for the last night that has begun, and a full one for whoever asked for it."""
    night = _night_of(now)
    owed = None if LedgerProof.objects.filter(night=night).exists() else night
    asked = unanswered_request()
    if owed is None and asked is None:
        return None
    last_full = LedgerProof.objects.filter(is_full=True).defer("sold").order_by("pk").last()
    is_full = asked is not None or last_full is None or _night_of(last_full.started_at) <= night - BETWEEN_FULL_PROOFS
    return Due(is_full, owed, asked)


def unanswered_request() -> ProofRequest | None:
    """The newest request for a full proof, unless one was made since."""
    answered = LedgerProof.objects.aggregate(newest=Max("answers"))["newest"] or 0
    return ProofRequest.objects.filter(pk__gt=answered).select_related("asked_by").order_by("pk").last()


def _night_of(moment: datetime) -> date:
    """The day on which the last night began."""
    return (moment.astimezone(UTC) - NIGHT_BEGINS).date()


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else makes what is due, until the end of the transaction."""
    if connection.vendor != "postgresql":
        yield True  # who writes on SQLite is alone
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        yield bool(cursor.fetchone()[0])


def _made(started_at: datetime, *, is_full: bool) -> LedgerProof:
    """Make a proof, in the snapshot that is open; what it says is saved when that is closed."""
    oldest_open, horizon = _open_transactions()
    last = LedgerProof.objects.order_by("pk").last()
    since = None if is_full or last is None or not last.is_good else _mark_of(last)
    found = list(proof.faults(since))
    made = LedgerProof(
        started_at=started_at,
        is_full=since is None,
        horizon=horizon,
        fault_count=len(found),
        first_faults="\n".join(found[:FAULTS_ON_RECORD]),
        **proof.counts(since),
    )
    _settle(made, oldest_open)
    made.ended_at = timezone.now()
    return made


def _mark_of(last: LedgerProof) -> Mark:
    return Mark(last.settled_entry, last.settled_line, {int(pk): sold for pk, sold in last.sold.items()})


def _settle(made: LedgerProof, oldest_open: int) -> None:
    """Write down where the next proof may begin.

    Whoever writes has a transaction number before their entry and lines have theirs. So once all have ended that had begun when
    a proof saw its newest line, nothing is committed below that line any more: whatever comes has begun later and counts on.
    """
    made.newest_entry = JournalEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0
    made.newest_line = JournalLine.objects.aggregate(newest=Max("pk"))["newest"] or 0
    seen = LedgerProof.objects.filter(horizon__lte=oldest_open).order_by("-newest_line")
    candidates = list(seen.values_list("newest_line", "newest_entry")[:1])
    if made.horizon <= oldest_open:
        candidates.append((made.newest_line, made.newest_entry))
    made.settled_line, made.settled_entry = max(candidates, default=(0, 0))
    made.sold = proof.sold_up_to(made.settled_line)
    made.moved = figures.counted_up_to(made.settled_line, made.started_at, afresh=made.is_full)


def _open_transactions() -> tuple[int, int]:
    """The number below which no transaction is open in this snapshot, and a number that none had yet; the same, if nobody writes.

    The second is our own, for what PostgreSQL's snapshots call their end leaves out whoever began last and is still open.
    """
    if connection.vendor != "postgresql":
        return 0, 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (oldest_open,) = cursor.fetchone()
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (horizon,) = cursor.fetchone()
    return oldest_open, horizon


def _told(made: LedgerProof) -> LedgerProof:
    """Have whoever watches the logs know."""
    if made.is_good:
        logger.info("The books are proven (%s): %s entries, %s lines, %s holdings", made, made.entries, made.lines, made.holdings)
    else:
        logger.error("The books are not proven (%s): %s, the first one: %s", made, count(made.fault_count, "fault"), made.faults[0])
    return made
