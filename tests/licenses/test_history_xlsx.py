"""History as XLSX (C12): at once where one can wait for it, else as a job, and in both cases what the CSV has."""

import csv
import io

import openpyxl
import pytest
from django.core import mail
from django.http import QueryDict

from accounts.models import Account
from licenses import exports
from licenses.exporting import CHUNK
from licenses.history import HistoryFilterForm
from licenses.models import JournalLine
from licenses.services import NothingToExport, export_history, sell_licenses
from licensing_portal.foundation.jobs import MOST_TRIES, StillAtWork
from licensing_portal.foundation.models import Job, JobPart, Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from licensing_portal.foundation.tables import XlsxTable
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.jobs import do_jobs, make_due
from tests.views import errors_of, form_of, links_of, text_of

HEADER = ["Number", "Time", "Kind", "Code", "Product", "State", "Quantity", "Balance", "Other account", "By", "Acting as", "Reference", "Note"]


@pytest.fixture
def reseller(northgate, signed_in):
    return signed_in(northgate)


@pytest.fixture
def story(northgate, harborcu, user):
    """10 ASR and 4 TTS came in, 3 ASR were sold, 2 were deployed."""
    give(northgate, ASR=10, TTS=4)
    Account.objects.filter(pk=harborcu.pk).update(company="=1+1")
    sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), reference="=HYPERLINK(1)", key=fresh_key())
    deploy(northgate, ASR=2)


@pytest.fixture
def few(monkeypatch):
    """Three lines are too many to wait for."""
    monkeypatch.setattr(exports, "MOST_ROWS_AT_ONCE", 3)


def sheet(content):
    """The rows of a workbook, empty cells as empty text; nothing in it is a formula."""
    cells = [list(row) for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows()]
    assert {cell.data_type for row in cells for cell in row} <= {"s", "n"}
    return [["" if cell.value is None else cell.value for cell in row] for row in cells]


def as_csv(browser, query=""):
    """What the CSV of the same page has, its numbers as numbers and without the apostrophes."""
    rows = csv.reader(io.StringIO(b"".join(browser.get(f"/history.csv{query}").streaming_content).decode()))
    return [[int(cell) if place in {6, 7} and line else cell.removeprefix("'") for place, cell in enumerate(row)] for line, row in enumerate(rows)]


def file_of(job):
    return b"".join(bytes(part.content) for part in JobPart.objects.filter(job=job).order_by("number"))


# ── At once ──


@pytest.mark.parametrize("query", ["", "?product=ASR", "?kind=sale", "?q=HYPERLINK", "?kind=recall"])
def test_it_has_the_lines_of_the_csv_with_numbers_as_numbers_and_names_literal(story, reseller, query):
    """contract.md."""
    rows = sheet(reseller.get(f"/history.xlsx{query}").content)

    assert rows == as_csv(reseller, query)
    assert rows[0] == HEADER


def test_history_leads_to_it_with_the_filters_that_are_on(story, reseller):
    assert links_of(reseller.get("/history/?kind=sale"))["Export XLSX"] == "/history.xlsx?kind=sale"


def test_filters_that_make_no_sense_export_nothing(reseller):
    assert [reseller.get(f"{address}?from=nonsense").status_code for address in ("/history.xlsx", "/history/export/")] == [404, 404]


# ── As a job ──


def test_what_takes_too_long_leads_to_a_page_that_offers_a_job(story, reseller, few):
    answer = reseller.get("/history.xlsx?state=x")

    assert (answer.status_code, answer.url) == (302, "/history/export/?state=x")
    assert Job.objects.count() == 0
    assert reseller.get("/history.xlsx?kind=issue").status_code == 200


def test_exactly_as_many_lines_as_one_can_wait_for_come_at_once(story, reseller, monkeypatch):
    total = JournalLine.objects.filter(account__username="northgate").count()

    for most, status in ((total, 200), (total - 1, 302)):
        monkeypatch.setattr(exports, "MOST_ROWS_AT_ONCE", most)
        assert reseller.get("/history.xlsx").status_code == status


def test_the_job_makes_the_file_and_tells_whoever_pressed(story, reseller):
    address = "/history/export/?product=ASR"

    answer = reseller.post(address, form_of(reseller, address))

    job = Job.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/jobs/{job.pk}/")
    assert (job.total, JobPart.objects.count()) == (4, 0)
    assert do_jobs() == 1
    page = reseller.get(answer.url)
    assert "4 of 4" in text_of(page)
    assert sheet(b"".join(reseller.get(links_of(page)["Download"]).streaming_content)) == as_csv(reseller, "?product=ASR")
    deliver_due()
    [letter] = [letter for letter in mail.outbox if letter.to == ["northgate@people.example.com"]]
    assert letter.subject == "Your export is ready"
    assert f"http://testserver{answer.url}" in letter.body
    assert f"http://testserver{answer.url}" in letter.alternatives[0][0]
    assert Notice.objects.filter(event=f"job {job.pk}").count() == 1


def test_what_is_posted_after_the_press_is_not_in_it(story, reseller, northgate):
    before = as_csv(reseller)
    reseller.post("/history/export/", form_of(reseller, "/history/export/"))
    give(northgate, ASR=1)

    do_jobs()

    assert sheet(file_of(Job.objects.get())) == before


def test_a_long_file_is_written_in_chunks(story, reseller, monkeypatch):
    monkeypatch.setattr("licenses.exporting.CHUNK", 2)
    assert CHUNK > 2
    reseller.post("/history/export/", form_of(reseller, "/history/export/"))

    do_jobs()

    assert sheet(file_of(Job.objects.get())) == as_csv(reseller)


def test_whoever_takes_the_file_up_again_begins_it_anew_and_has_no_line_twice(story, reseller, monkeypatch):
    monkeypatch.setattr("licenses.exporting.CHUNK", 2)
    reseller.post("/history/export/", form_of(reseller, "/history/export/"))
    asked = []
    do_jobs(lambda: asked.append(True) or len(asked) > 3)
    assert Job.objects.get().done == 2
    said = []

    do_jobs(lambda: said.append(Job.objects.get().done))

    job = Job.objects.get()
    assert (job.state, job.done) == ("done", job.total)
    assert said[:4] == [2, 2, 0, 2]  # before it is taken up, before it begins, and before each chunk
    assert sheet(file_of(job)) == as_csv(reseller)


def test_a_file_that_can_never_be_written_is_given_up_however_often_its_lines_were_read(story, reseller, monkeypatch, caplog):
    def full(self, file):
        raise OSError("no space left on device")

    monkeypatch.setattr(XlsxTable, "write_to", full)
    reseller.post("/history/export/", form_of(reseller, "/history/export/"))

    for _ in range(MOST_TRIES + 1):
        do_jobs()
        make_due()

    assert Job.objects.get().state == "failed"
    deliver_due()
    assert [letter.subject for letter in mail.outbox if "export" in letter.subject] == ["Your export could not be made"]


def test_nothing_is_no_file(northgate, reseller):
    assert errors_of(reseller.post("/history/export/", form_of(reseller, "/history/export/"))) == {
        "": ["No line matches these filters. Nothing was started."]
    }


def test_more_than_a_sheet_holds_is_refused(story, reseller, monkeypatch):
    monkeypatch.setattr("licenses.services.MOST_ROWS_OF_A_SHEET", 4)

    assert errors_of(reseller.post("/history/export/", form_of(reseller, "/history/export/"))) == {
        "": ["5 lines are more than an XLSX file holds. Filter them, or export them as CSV."]
    }
    assert Job.objects.count() == 0


def history_of(account):
    return HistoryFilterForm(QueryDict(), account=account, products=())


def test_a_second_press_while_the_first_is_at_work_is_refused_and_the_same_press_is_not(story, northgate, user):
    key = fresh_key()
    job = export_history(form=history_of(northgate), exported_by=user(northgate), key=key)

    assert export_history(form=history_of(northgate), exported_by=user(northgate), key=key) == job
    with pytest.raises(StillAtWork):
        export_history(form=history_of(northgate), exported_by=user(northgate), key=fresh_key())


def test_whoever_acts_for_the_account_exports_its_history_and_is_told_in_person(story, northgate, west, user):
    """A7; the letter goes to the person, and the file stays with the account."""
    LinkFactory(holder=west, target=northgate)
    job = export_history(form=history_of(northgate), exported_by=user(west), key=fresh_key())
    do_jobs()
    deliver_due()

    assert (job.account, job.started_by) == ("northgate", "northgate-west")
    assert [letter.to for letter in mail.outbox if letter.subject == "Your export is ready"] == [["northgate-west@people.example.com"]]
    assert "Sign in to download it, and switch to northgate." in mail.outbox[-1].body


def test_an_empty_account_exports_nothing(northgate, user):
    with pytest.raises(NothingToExport):
        export_history(form=history_of(northgate), exported_by=user(northgate), key=fresh_key())
