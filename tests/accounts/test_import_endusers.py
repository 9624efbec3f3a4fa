"""Import endusers, the flows and the job (A1): nothing before the second press, and then each row by the rules of Create an enduser."""

import pytest
from django.core import mail
from django.db.models.functions import Now

from accounts.importing.files import EnduserRow, read_endusers
from accounts.importing.job import BATCH, forget_old_uploads
from accounts.importing.services import NotImported, import_endusers, upload_endusers
from accounts.models import Account, EnduserImport, EnduserImportRow, Invitation, SecurityEvent, User
from accounts.services import create_enduser
from accounts.team.services import deactivate_user
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.jobs import FILES_KEPT, StillAtWork
from licensing_portal.foundation.models import Job, Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from licensing_portal.foundation.table_files import Unreadable
from licensing_portal.foundation.uploads import UPLOADS_KEPT
from tests.factories.accounts import EnduserFactory, LinkFactory, UserFactory
from tests.files import csv_of, upload, xlsx_of
from tests.jobs import do_jobs

CLINIC = EnduserRow(2, "clinic", "The Clinic", "it@clinic.example.com")
SCHOOL = EnduserRow(3, "school", "The School", "it@school.example.com")


@pytest.fixture
def sent(northgate, user):
    """northgate's administrator uploads these rows: sent(CLINIC, SCHOOL)."""

    def act(*rows, **changes):
        call = {"reseller": northgate, "uploaded_by": user(northgate), "file_name": "endusers.csv", "rows": list(rows), "key": fresh_key()}
        return upload_endusers(**call | changes)

    return act


@pytest.fixture
def imported(northgate, user):
    """northgate's administrator presses Import on what was uploaded."""

    def act(upload, **changes):
        call = {"upload": upload, "reseller": northgate, "imported_by": user(northgate), "key": fresh_key()}
        return import_endusers(**call | changes)

    return act


def rows_of(upload):
    """What became of each row of the file, with what is said of it."""
    return {row.number: (row.state, row.problems) for row in upload.rows.order_by("number")}


def endusers():
    return list(Account.objects.filter(kind="enduser").order_by("username").values_list("username", "company", "email", "reseller__username"))


# ── What is read ──


def read(content):
    return read_endusers(upload(content))


@pytest.mark.parametrize(
    "content", [csv_of(["clinic", "The Clinic", "it@clinic.example.com"]), xlsx_of(["clinic", "The Clinic", "it@clinic.example.com"])]
)
def test_a_file_is_read_row_by_row(content):
    assert read(content) == [CLINIC]


def test_columns_are_found_by_their_names_in_whatever_order_and_letters():
    assert read("EMAIL,problem, username ,Row,Company\nit@clinic.example.com,wrong,clinic,17,The Clinic\n") == [CLINIC]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Username,Company,e-mail", ["Unknown column “e-mail”. Did you mean “Email”?"]),
        ("User name,Company,Email", ["Unknown column “User name”. Did you mean “Username”?"]),
        ("Username,Company,Email,Phone", ["Unknown column “Phone”."]),
        (
            "Username,Companie,mail,Phone",
            ["Unknown column “Companie”. Did you mean “Company”?", "Unknown column “mail”. Did you mean “Email”?", "Unknown column “Phone”."],
        ),
        ("Username,Company", ["Missing: Email. The first row has the names of the columns: Username, Company, Email."]),
        ("Username,Company,Email,email", ["The column Email stands there twice."]),
        ("Username,Company,Email", ["The file has a header and no rows below it"]),
    ],
)
def test_a_header_that_is_not_understood_is_refused_by_the_names_of_its_columns(header, said):
    """ "Did you mean": whoever mends one column at a time uploads four times."""
    with pytest.raises(Unreadable) as refusal:
        read(header + "\na,b,c,d\n" if "header" not in said[0] else header + "\n")

    assert [problem.message for problem in refusal.value.problems] == said


def test_formulas_and_cells_too_many_are_problems_of_their_rows():
    rows = read(xlsx_of(["clinic", "=A1", "it@clinic.example.com"], ["school", "The School", "it@school.example.com", "more"]))

    assert [row.problems for row in rows] == [
        {"company": "Company is a formula. Put its value in its place."},
        {"": "This row has more cells than there are columns."},
    ]


# ── What would become of it ──


def test_what_is_uploaded_is_kept_for_its_account_and_makes_no_enduser(sent, northgate):
    uploaded = sent(CLINIC, SCHOOL)

    assert (uploaded.account, uploaded.file_name, uploaded.job) == (northgate, "endusers.csv", None)
    assert rows_of(uploaded) == {2: ("new", {}), 3: ("new", {})}
    assert endusers() == []
    assert (Job.objects.count(), Notice.objects.count(), Invitation.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("cells", "problems"),
    [
        ({"username": ""}, {"username": "Enter a username"}),
        ({"username": "a b"}, {"username": "Use 2 to 30 letters a to z, digits and hyphens"}),
        ({"company": ""}, {"company": "Enter a company"}),
        ({"company": "x" * 121}, {"company": "Ensure this value has at most 120 characters (it has 121)."}),
        ({"company": "a\u2028b"}, {"company": "Use plain text on one line"}),
        ({"email": "it@clinic"}, {"email": "Enter an email address like name@example.com"}),
        ({"username": "", "email": ""}, {"username": "Enter a username", "email": "Enter an email address"}),
        ({"username": "tideway"}, {"username": "tideway is taken. Choose another username."}),
        ({"username": "metrotransit"}, {"username": "metrotransit is taken. Choose another username."}),
        ({"username": "dana"}, {"username": "dana is taken. Choose another username."}),
        (
            {"username": "harborcu"},
            {"username": "harborcu is your enduser already, with another company and another email. An import changes nobody."},
        ),
    ],
)
def test_problems_are_those_of_create_an_enduser_in_the_same_words(sent, harborcu, metrotransit, northgate, cells, problems):
    """A9: of somebody else's accounts and users nothing is told but that the name is taken."""
    UserFactory(account=northgate, username="dana")
    row = EnduserRow(2, **{"username": "clinic", "company": "The Clinic", "email": "it@clinic.example.com"} | cells)

    assert rows_of(sent(row)) == {2: ("problem", problems)}


def test_an_enduser_with_the_very_same_data_is_unchanged(sent, harborcu):
    same = EnduserRow(2, "HarborCU", "Harbor Credit Union", "HarborCU@example.com")
    renamed = EnduserRow(2, "harborcu", "Harbor credit union", "harborcu@example.com")

    assert rows_of(sent(same)) == {2: ("unchanged", {})}
    assert rows_of(sent(renamed)) == {
        2: ("problem", {"username": "harborcu is your enduser already, with another company. An import changes nobody."})
    }


def test_a_name_that_stands_in_the_file_twice_is_a_problem_of_the_second_row(sent):
    again = EnduserRow(9, "CLINIC", "Another", "it@another.example.com")

    assert rows_of(sent(CLINIC, again)) == {2: ("new", {}), 9: ("problem", {"username": "clinic stands in row 2 already. Keep one of the two."})}


def test_what_was_read_as_a_problem_stays_one(sent):
    formula = EnduserRow(2, "clinic", "", "it@clinic.example.com", {"company": "Company is a formula. Put its value in its place."})

    assert rows_of(sent(formula)) == {2: ("problem", {"company": "Company is a formula. Put its value in its place."})}


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_whoever_may_not_create_an_enduser_uploads_and_imports_nothing(sent, imported, northgate, user, role):
    uploaded, person = sent(CLINIC), user(northgate, role)

    with pytest.raises(NotAllowed):
        sent(CLINIC, uploaded_by=person)
    with pytest.raises(NotAllowed):
        imported(uploaded, imported_by=person)
    assert (EnduserImport.objects.count(), Job.objects.count()) == (1, 0)


def test_nobody_uploads_or_imports_while_acting(sent, imported, northgate, west, user):
    """A7."""
    LinkFactory(holder=west, target=northgate)
    uploaded = sent(CLINIC)

    with pytest.raises(NotAllowed):
        sent(CLINIC, uploaded_by=user(west))
    with pytest.raises(NotAllowed):
        imported(uploaded, imported_by=user(west))


def test_an_enduser_imports_nothing(harborcu, user):
    with pytest.raises(NotAllowed):
        upload_endusers(reseller=harborcu, uploaded_by=user(harborcu), file_name="x", rows=[CLINIC], key=fresh_key())


def test_an_upload_of_somebody_else_is_not_there(sent, imported, tideway, user):
    """A9."""
    with pytest.raises(NotImported, match="not kept any more"):
        imported(sent(CLINIC), reseller=tideway, imported_by=user(tideway))


# ── The second press ──


def test_the_press_makes_a_job_that_creates_each_enduser_with_its_invitation(sent, imported, northgate, user):
    job = imported(sent(CLINIC, SCHOOL))

    assert endusers() == []
    assert (job.kind, job.account, job.started_by, job.total, job.state) == ("import_endusers", "northgate", "northgate", 2, "open")
    assert do_jobs() == 1
    assert endusers() == [
        ("clinic", "The Clinic", "it@clinic.example.com", "northgate"),
        ("school", "The School", "it@school.example.com", "northgate"),
    ]
    first_users = User.objects.filter(account__kind="enduser").order_by("username")
    assert [(first.username, first.role, first.has_usable_password()) for first in first_users] == [
        ("clinic", "administrator", False),
        ("school", "administrator", False),
    ]
    invitations = Notice.objects.filter(kind="accounts/emails/invitation").order_by("account")
    assert [(notice.account, notice.address) for notice in invitations] == [
        ("clinic", "it@clinic.example.com"),
        ("school", "it@school.example.com"),
    ]
    assert set(Invitation.objects.values_list("invited_by__username", flat=True)) == {"northgate"}
    assert SecurityEvent.objects.filter(kind="account_created", user=user(northgate)).count() == 2


def test_the_job_tells_how_many_and_the_rows_what_became_of_them(sent, imported, harborcu):
    bad = EnduserRow(4, "", "Nameless", "x@example.com")
    same = EnduserRow(5, "harborcu", "Harbor Credit Union", "harborcu@example.com")
    uploaded = sent(CLINIC, SCHOOL, bad, same)
    job = imported(uploaded)
    do_jobs()

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 2, 2)
    assert job.result == {"import": uploaded.pk, "created": 2, "skipped": 1, "unchanged": 1}
    assert {number: state for number, (state, _) in rows_of(uploaded).items()} == {2: "created", 3: "created", 4: "problem", 5: "unchanged"}
    assert list(uploaded.rows.exclude(enduser=None).order_by("number").values_list("username", "enduser__username")) == [
        ("clinic", "clinic"),
        ("school", "school"),
    ]


def test_whoever_pressed_is_told_at_the_end(sent, imported):
    imported(sent(CLINIC, SCHOOL, EnduserRow(4, "", "Nameless", "x@example.com")))
    do_jobs()
    deliver_due()

    [letter] = [letter for letter in mail.outbox if letter.to == ["northgate@people.example.com"]]
    assert letter.subject == "Import finished: 2 created, 1 skipped"
    assert f"http://testserver{Job.objects.get().get_absolute_url()}" in letter.body
    [(html, kind)] = letter.alternatives
    assert kind == "text/html"
    assert "Import finished: 2 created, 1 skipped" in html
    assert Notice.objects.get(kind="accounts/emails/import_ended").account == "northgate"


def test_a_name_taken_meanwhile_is_a_skipped_row_and_no_failure(sent, imported, northgate, user):
    uploaded = sent(CLINIC, SCHOOL)
    imported(uploaded)
    create_enduser(reseller=northgate, created_by=user(northgate), username="clinic", company="By hand", email="a@example.com", key=fresh_key())

    do_jobs()

    assert rows_of(uploaded) == {2: ("skipped", {"username": "clinic is taken. Choose another username."}), 3: ("created", {})}
    assert Job.objects.get().result == {"import": uploaded.pk, "created": 1, "skipped": 1, "unchanged": 0}
    assert [company for _, company, _, _ in endusers()] == ["By hand", "The School"]


def test_whoever_loses_the_right_meanwhile_creates_nothing_more_and_keeps_what_is_there(sent, imported, northgate, user):
    """B7: at each row as it is then. The batch in which it happens is not half done."""
    colleague = UserFactory(account=northgate, username="dana")
    rows = [EnduserRow(number, f"clinic-{number}", "A clinic", "it@clinic.example.com") for number in range(2, BATCH + 4)]
    imported(sent(*rows))

    def after_the_first_batch():
        if Account.objects.filter(kind="enduser").exists() and User.objects.get(username="northgate").is_active:
            deactivate_user(account=northgate, user=user(northgate), deactivated_by=colleague, key=fresh_key())
        return False

    do_jobs(after_the_first_batch)

    job = Job.objects.get()
    assert (job.state, job.done, job.failure) == ("failed", BATCH, "northgate may not do this for northgate. Nothing was changed.")
    assert len(endusers()) == BATCH == Notice.objects.filter(kind="accounts/emails/invitation").count()
    deliver_due()
    assert [letter.subject for letter in mail.outbox if "Import" in letter.subject] == [f"Import stopped: {BATCH} created, 0 skipped"]


# ── Exactly once ──


def test_the_same_press_again_leads_to_the_same_job(sent, imported):
    uploaded, key = sent(CLINIC), fresh_key()

    assert imported(uploaded, key=key) == imported(uploaded, key=key)
    do_jobs()
    imported(uploaded, key=key)
    assert do_jobs() == 0
    assert len(endusers()) == 1


def test_the_same_upload_again_is_the_first_one_and_another_file_is_refused(sent):
    key = fresh_key()
    first = sent(CLINIC, key=key)

    assert sent(CLINIC, key=key) == first
    with pytest.raises(FormAlreadyUsed):
        sent(SCHOOL, key=key)
    assert EnduserImport.objects.count() == 1


def test_a_file_is_imported_once_from_however_many_tabs(sent, imported):
    uploaded = sent(CLINIC)
    job = imported(uploaded)

    with pytest.raises(NotImported) as refusal:
        imported(uploaded)

    assert [(problem.message, problem.url) for problem in refusal.value.problems] == [
        ("This file was imported already. Nothing more was changed.", f"/jobs/{job.pk}/")
    ]


def test_a_second_import_waits_for_the_end_of_the_first(sent, imported):
    imported(sent(CLINIC))
    second = sent(SCHOOL)

    with pytest.raises(StillAtWork):
        imported(second)
    do_jobs()
    imported(second)
    do_jobs()
    assert [username for username, *_ in endusers()] == ["clinic", "school"]


def test_a_file_with_nothing_new_is_not_imported(sent, imported):
    with pytest.raises(NotImported, match="no new enduser"):
        imported(sent(EnduserRow(2, "", "", "")))
    assert Job.objects.count() == 0


# ── For how long ──


def test_an_upload_that_nobody_imported_is_forgotten_after_a_day(sent, imported):
    old, young, taken = sent(CLINIC), sent(CLINIC), sent(SCHOOL)
    imported(taken)
    EnduserImport.objects.filter(pk__in=[old.pk, taken.pk]).update(uploaded_at=Now() - UPLOADS_KEPT)

    forget_old_uploads()

    assert set(EnduserImport.objects.all()) == {young, taken}
    assert set(EnduserImportRow.objects.values_list("upload", flat=True)) == {young.pk, taken.pk}
    with pytest.raises(NotImported, match="not kept any more"):
        imported(old)


def test_of_an_import_the_rows_that_made_an_enduser_stay_and_the_others_are_forgotten_after_a_week(sent, imported):
    uploaded = sent(CLINIC, EnduserRow(3, "", "Nameless", "x@example.com"))
    imported(uploaded)
    do_jobs()
    forget_old_uploads()
    assert len(rows_of(uploaded)) == 2

    Job.objects.update(ended_at=Now() - FILES_KEPT)
    forget_old_uploads()

    assert rows_of(uploaded) == {2: ("created", {})}


def test_a_closed_enduser_is_unchanged_and_stays_closed(sent, northgate):
    enduser = EnduserFactory(username="clinic", company="The Clinic", email="it@clinic.example.com", reseller=northgate)
    Account.objects.filter(pk=enduser.pk).update(closed_at=Now())

    assert rows_of(sent(CLINIC)) == {2: ("unchanged", {})}
