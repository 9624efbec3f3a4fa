"""The job behind a long XLSX of History (C12): the lines that there were when somebody pressed, in chunks, to a file for the account.

The journal is only ever added to, so the chunks fit together although each is read by itself. A worker that is killed leaves
nothing but its progress, and the next one begins the file anew.
"""

import tempfile

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, User
from accounts.selectors import address_of
from licenses import notices
from licenses.exports import HISTORY_HEADER, OF_A_LINE, Lines, history_row
from licenses.history import HistoryFilterForm
from licensing_portal.foundation.jobs import Kind, Run
from licensing_portal.foundation.models import Job
from licensing_portal.foundation.tables import XlsxTable

CHUNK = 2000  # lines


def export_history(run: Run) -> None:
    """Write the lines to a workbook on this machine's disk, and hand it over when it is whole.

    Raises LeaseLost, Interrupted.
    """
    account = Account.objects.get(username=run.job.account)
    lines = lines_of(run.job, account)
    with XlsxTable("History") as table, tempfile.TemporaryFile() as file:
        table.append(HISTORY_HEADER)
        _append_all(lines, account, table, run)
        table.write_to(file)
        run.finish(file, file_name=f"history_{account}_{run.job.started_at:%Y-%m-%d}.xlsx")


def _append_all(lines: Lines, account: Account, table: XlsxTable, run: Run) -> None:
    with run.batch(is_kept=False) as job:
        job.done = 0
    last = 0
    while chunk := list(lines.filter(pk__gt=last).values_list(*OF_A_LINE)[:CHUNK]):
        for of_a_line in chunk:
            table.append(history_row(of_a_line, account))
        last = chunk[-1][0]
        with run.batch(is_kept=False) as job:
            job.done = min(job.done + len(chunk), job.total)


def lines_of(job: Job, account: Account) -> Lines:
    """The account's lines that pass the filters of the page from which the job was started, up to the newest one of then."""
    form = HistoryFilterForm(QueryDict(job.arguments["query"]), account=account, products=())
    return form.lines.filter(pk__lte=job.arguments["newest"]).order_by("pk")


def tell(job: Job) -> None:
    """Mail whoever pressed that the file is ready, or why there is none."""
    person = User.objects.select_related("account").get(username=job.started_by)
    notices.export_ended(job, person=person, address=address_of(person))


KIND = Kind("export_history", title=_("Export History"), noun="line", work=export_history, tell=tell)
