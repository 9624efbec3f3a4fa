"""Import endusers in the browser: with the keyboard alone, without scripts, and with a job page that follows its job."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Account
from licensing_portal.foundation.models import Job
from tests.browser.elements import button, choose_by_key, h1
from tests.browser.test_keyboard import go_to, press
from tests.factories.accounts import PASSWORD
from tests.files import csv_of
from tests.jobs import do_jobs

CLINIC = ["clinic", "The Clinic", "it@clinic.example.com"]
BAD = ["school", "The School", "nowhere"]


@pytest.fixture
def file(tmp_path):
    """A file with one new enduser and one problem."""
    path = tmp_path / "endusers.csv"
    path.write_text(csv_of(CLINIC, BAD))
    return path


def usernames():
    return list(Account.objects.filter(kind="enduser").values_list("username", flat=True))


@pytest.mark.parametrize("width", [1280, 390])
def test_endusers_are_imported_with_the_keyboard_alone(northgate, user, visit_as, file, width):
    page = visit_as(user(northgate))
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/endusers/")
    press(page, "link", "Import endusers")
    expect(h1(page)).to_have_text("Import endusers")
    go_to(page, page.get_by_label("File", exact=True))
    choose_by_key(page, "Space", file)
    press(page, "button", "Check import")
    expect(h1(page)).to_have_text("Check import")
    expect(page.get_by_text("Nothing has been saved yet.")).to_be_visible()
    press(page, "link", "New 1")
    expect(page.get_by_role("cell", name="The Clinic")).to_be_visible()
    assert usernames() == []
    press(page, "button", "Import 1 enduser")
    expect(page.get_by_text("0 of 1 enduser")).to_be_visible()

    do_jobs()
    expect(page.get_by_role("heading", name="Finished", exact=True)).to_be_visible()
    press(page, "link", "View the new endusers")
    expect(page.get_by_role("rowheader", name="clinic", exact=True)).to_be_visible()


def test_a_file_that_is_refused_says_why_at_its_field(northgate, user, visit_as, tmp_path):
    path = tmp_path / "endusers.csv"
    path.write_text("Username,Company,e-mail\na1,A,a@example.com\n")
    page = visit_as(user(northgate))
    page.goto("/import-endusers/")
    page.get_by_label("File", exact=True).set_input_files(path)
    button(page, "Check import").click()

    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(page.get_by_label("File", exact=True)).to_have_accessible_description(re.compile("Did you mean “Email”"))


def test_the_page_follows_its_job_and_says_so(northgate, user, visit_as, publisher):
    job = Job.objects.create(kind="export_history", account="northgate", started_by="northgate", total=20)
    page = visit_as(user(northgate))
    page.goto(job.get_absolute_url())
    expect(page.get_by_role("progressbar", name="0 of 20 lines", exact=True)).to_be_visible()

    Job.objects.update(done=7)
    expect(page.get_by_role("progressbar", name="7 of 20 lines", exact=True)).to_have_attribute("value", "7")
    expect(page.get_by_role("status")).to_have_text("7 of 20 lines")

    Job.objects.update(done=20, state="done", ended_at="2026-01-01T00:00Z")
    expect(page.get_by_role("heading", name="Ready", exact=True)).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Ready")


def test_endusers_are_imported_without_scripts(northgate, user, page_without_scripts, file):
    """The page of the job loads itself anew, by what its markup says."""
    page = page_without_scripts
    page.goto("/")
    page.get_by_role("textbox", name="Username", exact=True).fill("northgate")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    button(page, "Sign in").click()
    page.get_by_role("link", name="Endusers", exact=True).click()
    page.get_by_role("link", name="Import endusers", exact=True).click()
    page.get_by_label("File", exact=True).set_input_files(file)
    button(page, "Check import").click()
    expect(page.get_by_role("rowheader", name="3", exact=True)).to_be_visible()
    expect(page.get_by_text("Enter an email address like name@example.com.")).to_be_visible()
    button(page, "Import 1 enduser").click()
    expect(page.get_by_text("0 of 1 enduser")).to_be_visible()

    do_jobs()
    expect(page.get_by_role("heading", name="Finished", exact=True)).to_be_visible()
    page.get_by_role("link", name="View the new endusers", exact=True).click()
    expect(page.get_by_role("rowheader", name="clinic", exact=True)).to_be_visible()
    assert usernames() == ["clinic"]
