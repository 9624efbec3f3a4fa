"""Import endusers, the pages (A1): upload, look, import, and what came of it."""

import csv
import io

import openpyxl
import pytest
from django.db.models.functions import Now

from accounts.models import Account, EnduserImport
from accounts.services import create_enduser
from licensing_portal.foundation.models import Job
from licensing_portal.foundation.submissions import fresh_key
from licensing_portal.foundation.uploads import MOST_BYTES
from tests.factories.accounts import EnduserFactory
from tests.files import csv_of, upload, xlsx_of
from tests.jobs import do_jobs
from tests.views import ALREADY_USED, errors_of, form_of, heading_of, headings_of, links_of, page_of, rows_of, submit_buttons_of, text_of

IMPORT = "/import-endusers/"
CLINIC = ["clinic", "The Clinic", "it@clinic.example.com"]
SCHOOL = ["school", "The School", "it@school.example.com"]
BAD = ["a b", "", "nowhere"]
HARBORCU = ["harborcu", "Harbor Credit Union", "harborcu@example.com"]


@pytest.fixture
def reseller(northgate, signed_in):
    return signed_in(northgate)


@pytest.fixture
def sent(reseller):
    """Choose a file and press Check import; return the answer."""

    def act(content, name="endusers.csv"):
        return reseller.post(IMPORT, form_of(reseller, IMPORT) | {"file": upload(content, name)})

    return act


def usernames():
    return list(Account.objects.filter(kind="enduser").order_by("username").values_list("username", flat=True))


# ── Upload ──


def test_the_endusers_page_leads_to_it_for_administrators_alone(reseller, northgate, signed_in):
    assert links_of(reseller.get("/endusers/"))["Import endusers"] == IMPORT
    assert "Import endusers" not in links_of(signed_in(northgate, "manager").get("/endusers/"))


@pytest.mark.parametrize("content", [csv_of(CLINIC, SCHOOL), xlsx_of(CLINIC, SCHOOL)], ids=["csv", "xlsx"])
def test_a_file_leads_to_the_page_where_one_looks_at_it(sent, reseller, content):
    answer = sent(content)

    uploaded = EnduserImport.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/import-endusers/{uploaded.pk}/")
    page = reseller.get(answer.url)
    assert heading_of(page) == "Check import"
    assert "endusers.csv, 2 rows. Nothing has been saved yet." in text_of(page)
    assert usernames() == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (csv_of(CLINIC, header=["Username", "Company", "e-mail"]), ["Unknown column “e-mail”. Did you mean “Email”?"]),
        (b"\xff\xfe", ["The file is not in UTF-8. Save it as “CSV UTF-8” or as XLSX, and choose it again."]),
        (b"\0", ["The file is neither CSV nor XLSX"]),
        (b"", ["The file is empty"]),
        (csv_of(), ["The file has a header and no rows below it"]),
        (b"x" * (MOST_BYTES + 1), ["The file is larger than 5 MB. Split it into several."]),
        (csv_of(*[CLINIC] * 10_001), ["The file has more than 10,000 rows. Split it into several."]),
    ],
    ids=["column", "encoding", "no table", "empty", "no rows", "too large", "too many rows"],
)
def test_a_file_that_can_not_be_read_is_refused_by_its_field(sent, content, said):
    assert errors_of(sent(content)) == {"file": said}
    assert EnduserImport.objects.count() == 0


def test_no_file_is_refused(reseller):
    assert errors_of(reseller.post(IMPORT, form_of(reseller, IMPORT))) == {"file": ["Choose a file"]}


@pytest.mark.parametrize("name", ["", "\0.csv", "x" * 5_000, "../../etc/passwd", "a\u2028b.csv", "<b>.csv", "\x1b[31m"])
def test_no_name_of_a_file_breaks_anything(sent, reseller, name):
    answer = sent(csv_of(CLINIC), name or "x")

    assert answer.status_code == 302
    assert reseller.get(answer.url).status_code == 200


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_template_has_the_columns_and_no_rows_and_is_understood(reseller, sent, ending):
    response = reseller.get(f"/import-endusers/template.{ending}")
    content = b"".join(response.streaming_content) if response.streaming else response.content

    assert errors_of(sent(content)) == {"file": ["The file has a header and no rows below it"]}
    assert links_of(reseller.get(IMPORT))[f"Template ({ending.upper()})"] == f"/import-endusers/template.{ending}"


# ── Look ──


def test_problems_stand_first_and_each_tab_says_how_many(sent, reseller, harborcu):
    address = sent(csv_of(CLINIC, BAD, HARBORCU, SCHOOL)).url

    page = reseller.get(address)
    assert rows_of(page) == [
        ["3", "a b", "(empty)", "nowhere", (
            "Use 2 to 30 letters a to z, digits and hyphens. Enter a company. Enter an email address like name@example.com."
        )]
    ]  # fmt: skip
    assert {"Problems 1", "New 2", "Unchanged 1"} <= links_of(page).keys()
    assert rows_of(reseller.get(f"{address}?rows=new")) == [["2", *CLINIC], ["5", *SCHOOL]]
    assert rows_of(reseller.get(f"{address}?rows=unchanged")) == [["4", *HARBORCU]]
    assert "1 row has a problem. Fix it in the file and upload it again, or import the 2 new endusers and skip this one." in text_of(page)
    assert "Import 2 endusers" in [button for form in submit_buttons_of(page) for button in form]


def test_the_cells_that_a_problem_is_about_are_marked(sent, reseller):
    address = sent(csv_of(["clinic", "The Clinic", "nowhere"])).url

    assert [mark.text for mark in page_of(reseller.get(address)).all("mark")] == ["nowhere"]


def test_a_file_without_a_problem_opens_at_its_new_rows(sent, reseller):
    assert rows_of(reseller.get(sent(csv_of(CLINIC)).url)) == [["2", *CLINIC]]


@pytest.mark.parametrize("row", [BAD, HARBORCU])
def test_where_nothing_is_new_there_is_no_button(sent, reseller, harborcu, row):
    page = reseller.get(sent(csv_of(row)).url)

    assert [button for form in submit_buttons_of(page) for button in form if button.startswith("Import")] == []


def test_a_long_file_is_shown_in_pages_that_keep_their_tab(sent, reseller):
    address = sent(csv_of(*([f"clinic-{number}", "A clinic", "it@clinic.example.com"] for number in range(120)))).url

    first = reseller.get(f"{address}?rows=new")
    assert len(rows_of(first)) == 50
    assert [row[0] for row in rows_of(reseller.get(address + links_of(first)["Next"]))] == [str(number) for number in range(52, 102)]


def test_problem_rows_are_a_file_that_can_be_put_right_and_uploaded(sent, reseller):
    address = sent(csv_of(CLINIC, BAD)).url

    response = reseller.get(links_of(reseller.get(address))["Problem rows (CSV)"])

    content = b"".join(response.streaming_content).decode()
    header, row = csv.reader(io.StringIO(content))
    assert header == ["Row", "Username", "Company", "Email", "Problem"]
    assert row[:4] == ["3", *BAD]
    assert row[4].startswith("Use 2 to 30 letters")
    mended = sent(content.replace("a b,,nowhere", "library,The Library,it@library.example.com")).url
    assert rows_of(reseller.get(f"{mended}?rows=new")) == [["2", "library", "The Library", "it@library.example.com"]]


def test_markup_in_a_file_is_shown_as_text(sent, reseller):
    page = reseller.get(sent(csv_of(["<b>x</b>", "<script>alert(1)</script>", "<i>"])).url)

    assert rows_of(page)[0][1:4] == ["<b>x</b>", "<script>alert(1)</script>", "<i>"]
    assert "alert(1)</script>" not in page.content.decode()


# ── Import ──


def test_the_button_starts_the_job_and_leads_to_its_page(sent, reseller):
    address = sent(csv_of(CLINIC, BAD)).url

    answer = reseller.post(address, form_of(reseller, address))

    job = Job.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/jobs/{job.pk}/")
    assert usernames() == []
    assert "0 of 1 enduser" in text_of(reseller.get(answer.url))
    do_jobs()
    page = reseller.get(answer.url)
    assert headings_of(page) == ["Import endusers", "Finished"]
    assert "Created 1 Invitations queued 1 Skipped 1 Unchanged 0" in text_of(page)
    assert usernames() == ["clinic"]


def test_the_result_leads_to_what_was_created_and_to_what_was_skipped(sent, reseller, harborcu):
    address = sent(csv_of(CLINIC, BAD)).url
    job = reseller.post(address, form_of(reseller, address)).url
    do_jobs()

    links = links_of(reseller.get(job))
    assert [row[0] for row in rows_of(reseller.get(links["View the new endusers"]))] == ["clinic"]
    assert b"a b" in b"".join(reseller.get(links["Problem rows (CSV)"]).streaming_content)


def test_the_press_sent_again_leads_to_the_same_job(sent, reseller):
    address = sent(csv_of(CLINIC)).url
    form = form_of(reseller, address)

    answers = [reseller.post(address, form) for _ in range(2)]

    assert {answer.url for answer in answers} == {Job.objects.get().get_absolute_url()}


def test_the_upload_sent_again_with_another_file_is_refused(sent, reseller):
    form = form_of(reseller, IMPORT)
    reseller.post(IMPORT, form | {"file": upload(csv_of(CLINIC))})

    assert errors_of(reseller.post(IMPORT, form | {"file": upload(csv_of(SCHOOL))})) == {"": [ALREADY_USED]}


def test_a_file_that_was_imported_says_so_and_has_no_button(sent, reseller):
    address = sent(csv_of(CLINIC)).url
    form = form_of(reseller, address)
    job = reseller.post(address, form).url

    page = reseller.get(address)
    assert links_of(page)["view the result"] == job
    assert [button for buttons in submit_buttons_of(page) for button in buttons if button.startswith("Import")] == []


def test_what_was_skipped_at_last_stands_among_the_problems(sent, reseller, northgate, user):
    address = sent(csv_of(CLINIC)).url
    reseller.post(address, form_of(reseller, address))
    create_enduser(reseller=northgate, created_by=user(northgate), username="clinic", company="By hand", email="a@example.com", key=fresh_key())
    do_jobs()

    assert rows_of(reseller.get(address)) == [["2", *CLINIC, "clinic is taken. Choose another username."]]


def test_earlier_imports_lead_to_their_jobs(sent, reseller):
    address = sent(csv_of(CLINIC), "november.csv").url
    job = reseller.post(address, form_of(reseller, address)).url

    assert links_of(reseller.get(IMPORT))["november.csv"] == job


# ── There and back ──


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_is_exported_can_be_imported_and_is_unchanged(sent, reseller, northgate, metrotransit, ending):
    for number, company in enumerate(
        ["=1+1", "'=1", "'quoted'", "_x0041_", "<r>a</r>", 'St. Mary\'s, "Inc."', "漢字", "-", "12", "1e3", "#N/A", "; x"]
    ):
        EnduserFactory(username=f"clinic-{number}", company=company, reseller=northgate)
    response = reseller.get(f"/endusers.{ending}")
    content = b"".join(response.streaming_content) if response.streaming else response.content

    page = reseller.get(sent(content).url)

    assert {"Problems 0", "New 0", "Unchanged 12"} <= links_of(page).keys()


def test_the_export_has_what_the_list_shows_and_is_linked_there(reseller, northgate, harborcu, stmarys, metrotransit):
    listed = links_of(reseller.get("/endusers/?q=harbor"))

    assert b"".join(reseller.get(listed["Export CSV"]).streaming_content).decode() == csv_of(HARBORCU)
    sheet = openpyxl.load_workbook(io.BytesIO(reseller.get(listed["Export XLSX"]).content)).active
    assert [list(row) for row in sheet.values] == [["Username", "Company", "Email"], HARBORCU]


def test_filters_that_make_no_sense_export_nothing(reseller):
    assert [reseller.get(f"/endusers.{ending}?state=nonsense").status_code for ending in ("csv", "xlsx")] == [404, 404]


def test_more_than_ten_thousand_endusers_come_as_csv(reseller, northgate, publisher):
    Account.objects.bulk_create(
        Account(username=f"clinic-{number}", company="A clinic", email="a@example.com", kind="enduser", reseller=northgate, created_at=Now())
        for number in range(10_001)
    )

    answer = reseller.get("/endusers.xlsx?q=clinic")

    assert (answer.status_code, answer.url) == (302, "/endusers/?q=clinic")
    assert "More than 10,000 endusers match. Export them as CSV, or filter them." in text_of(reseller.get(answer.url))
    assert len(b"".join(reseller.get("/endusers.csv").streaming_content).splitlines()) == 10_002


def test_the_list_of_an_import_shows_nothing_of_another_reseller(sent, reseller, tideway, signed_in):
    """A9."""
    address = sent(csv_of(CLINIC)).url
    reseller.post(address, form_of(reseller, address))
    do_jobs()

    assert rows_of(signed_in(tideway).get(f"/endusers/?import={EnduserImport.objects.get().pk}")) == []
