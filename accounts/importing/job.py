"""The job behind Import endusers: each new row of the file becomes an enduser by the flow of Create an enduser, or is skipped (A1).

A few rows are one transaction with the progress. So a worker that is killed leaves no row half done, and none is done twice.
"""

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts import notices, selectors
from accounts.models import EnduserImport, EnduserImportRow, User
from accounts.services import UsernameTaken, create_enduser
from licensing_portal.foundation.jobs import FILES_KEPT, Kind, Run
from licensing_portal.foundation.models import Job
from licensing_portal.foundation.submissions import fresh_key
from licensing_portal.foundation.uploads import UPLOADS_KEPT

State = EnduserImportRow.State

BATCH = 20  # rows: the person's own row is locked for as long as they take


def import_rows(run: Run) -> None:
    """Create the endusers of all rows that are still new, by the right of whoever pressed, as it is at each of them (B7).

    Raises NotAllowed, Busy, LeaseLost, Interrupted.
    """
    upload = EnduserImport.objects.select_related("account").get(job=run.job)
    person = User.objects.get(username=run.job.started_by)
    while _import_some(run, upload, person):
        pass
    run.finish()


def _import_some(run: Run, upload: EnduserImport, person: User) -> bool:
    """Return whether there was anything left to do."""
    with run.batch() as job:
        some = list(upload.rows.filter(state=State.NEW).order_by("number")[:BATCH])
        for row in some:
            _import(row, upload, person)
        job.done += len(some)
        job.result = _counts(upload)
    return bool(some)


def _import(row: EnduserImportRow, upload: EnduserImport, person: User) -> None:
    """Raises NotAllowed, Busy. A name that was taken since the file was checked is a row that is skipped, and no failure."""
    facts = {"username": row.username, "company": row.company, "email": row.email}
    try:
        row.enduser = create_enduser(reseller=upload.account, created_by=person, key=fresh_key(), **facts)
        row.state = State.CREATED
    except UsernameTaken as refusal:
        row.state, row.problems = State.SKIPPED, {"username": str(refusal)}
    row.save(update_fields=["enduser", "state", "problems"])


def _counts(upload: EnduserImport) -> dict[str, int]:
    """What the page and the letter tell. Whatever was not created and is not there already was skipped."""
    by_state = dict(upload.rows.values_list("state").annotate(rows=Count("pk")))
    skipped = by_state.get(State.PROBLEM, 0) + by_state.get(State.SKIPPED, 0)
    return {"import": upload.pk, "created": by_state.get(State.CREATED, 0), "skipped": skipped, "unchanged": by_state.get(State.UNCHANGED, 0)}


@transaction.atomic
def forget_old_uploads() -> None:
    """Delete files that nobody imported, and of those that were imported, in the end, the rows that made no enduser."""
    # Whoever presses Import at this moment has the row locked, and gives it a job: without a lock here it would be deleted after that.
    old = EnduserImport.objects.select_for_update(skip_locked=True).filter(job=None, uploaded_at__lt=Now() - UPLOADS_KEPT)
    EnduserImport.objects.filter(pk__in=[upload.pk for upload in old]).delete()
    EnduserImportRow.objects.filter(upload__job__ended_at__lt=Now() - FILES_KEPT, enduser=None).delete()


def tell(job: Job) -> None:
    """Mail whoever pressed how it ended."""
    person = User.objects.select_related("account").get(username=job.started_by)
    notices.import_ended(job, person=person, address=selectors.address_of(person))


KIND = Kind("import_endusers", title=_("Import endusers"), noun="enduser", work=import_rows, tell=tell)
