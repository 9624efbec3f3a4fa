"""The flows of Import endusers: keep an uploaded file to be looked at, and begin the job that imports it. Each is one transaction."""

from django.utils.translation import gettext

from accounts import permissions
from accounts.importing.check import check
from accounts.importing.files import EnduserRow
from accounts.models import Account, EnduserImport, EnduserImportRow, User
from licensing_portal.foundation import jobs, submissions
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.flows import flow
from licensing_portal.foundation.models import Job


class NotImported(Refusal):
    """The uploaded file was imported already, is not kept any more, or has nothing new in it."""


@flow
def upload_endusers(*, reseller: Account, uploaded_by: User, file_name: str, rows: list[EnduserRow], key: str) -> EnduserImport:
    """Keep the rows of a file of endusers with what would become of each, to be looked at and then imported (A1). Makes no enduser.

    Raises NotAllowed, FormAlreadyUsed.
    """
    claim = submissions.claim(key, EnduserImport, file_name, [[row.number, row.username, row.company, row.email] for row in rows])
    if claim.first_result:
        return claim.first_result
    checked = check(rows, reseller=reseller)
    permissions.require(permissions.may_create_endusers, uploaded_by, reseller)
    upload = EnduserImport.objects.create(account=reseller, uploaded_by=uploaded_by, file_name=file_name)
    for row in checked:
        row.upload = upload
    EnduserImportRow.objects.bulk_create(checked, batch_size=1000)
    return claim.settle(upload)


@flow
def import_endusers(*, upload: EnduserImport, reseller: Account, imported_by: User, key: str) -> Job:
    """Have the new rows of an uploaded file created as endusers of `reseller`, by a job: each by `create_enduser` (A1, B5).

    Raises NotAllowed, NotImported, StillAtWork, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Job, upload.pk)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_create_endusers, imported_by, reseller)
    # The row lock makes one job of two tabs that show the same file.
    kept = EnduserImport.objects.select_for_update(of=("self",)).select_related("job").filter(pk=upload.pk, account=reseller).first()
    if kept is None:
        raise NotImported(gettext("This file is not kept any more. Upload it again."))
    if kept.job:
        raise NotImported(gettext("This file was imported already. Nothing more was changed."), url=kept.job.get_absolute_url())
    new = kept.rows.filter(state=EnduserImportRow.State.NEW).count()
    if not new:
        raise NotImported(gettext("There is no new enduser in this file. Nothing was changed."))
    kept.job = jobs.start("import_endusers", account=reseller.username, started_by=imported_by.username, total=new)
    kept.save(update_fields=["job"])
    return claim.settle(kept.job)
