"""The page of a long job: how far it is, what came of it, and for whom (A7, A9)."""

import pytest

from licensing_portal.foundation.jobs import start
from licensing_portal.foundation.models import Job, JobPart
from tests.factories.accounts import LinkFactory
from tests.views import headings_of, links_of, page_of, text_of


@pytest.fixture
def job(northgate):
    """An export of northgate's, started by west's person over a link."""
    return start("export_history", account="northgate", started_by="northgate-west", total=25_000)


@pytest.fixture
def reseller(northgate, signed_in):
    return signed_in(northgate)


def refresh_of(response):
    """How a page asks to be loaded anew where no script does it."""
    return [meta["content"] for part in page_of(response).all("noscript") for meta in part.all("meta") if meta["http-equiv"] == "refresh"]


def test_while_it_is_at_work_it_says_how_far_it_is_and_loads_itself_anew(job, reseller):
    Job.objects.update(done=1200)

    page = reseller.get(job.get_absolute_url())

    assert "1,200 of 25,000 lines" in text_of(page)
    assert [(bar["value"], bar["max"]) for bar in page_of(page).all("progress")] == [("1200", "25000")]
    assert refresh_of(page) == ["5"]
    assert headings_of(page) == ["Export History", "At work"]


def test_at_its_end_it_loads_itself_no_more_and_has_the_file(job, reseller):
    Job.objects.update(state="done", done=25_000, file_name="history.xlsx", ended_at="2026-01-01T00:00Z")
    for number, content in ((1, b"of it"), (0, b"all ")):
        JobPart.objects.create(job=job, number=number, content=content)

    page = reseller.get(job.get_absolute_url())

    assert refresh_of(page) == []
    assert headings_of(page) == ["Export History", "Ready"]
    file = reseller.get(links_of(page)["Download"])
    assert b"".join(file.streaming_content) == b"all of it"
    assert file["Content-Disposition"] == 'attachment; filename="history.xlsx"'


def test_a_file_that_is_kept_no_more_is_not_offered(job, reseller):
    Job.objects.update(state="done", done=25_000, file_name="history.xlsx", ended_at="2026-01-01T00:00Z")

    page = reseller.get(job.get_absolute_url())

    assert "Download" not in links_of(page)
    assert "The file was kept for 7 days and is deleted now." in text_of(page)
    assert reseller.get(f"{job.get_absolute_url()}file").status_code == 404


def test_a_job_that_failed_says_why(job, reseller):
    Job.objects.update(state="failed", failure="It came no further.", ended_at="2026-01-01T00:00Z")

    page = reseller.get(job.get_absolute_url())

    assert headings_of(page) == ["Export History", "Stopped"]
    assert "It came no further." in text_of(page)


def test_everybody_of_the_account_sees_it_and_whoever_acts_for_it_as_long_as_they_do(job, northgate, west, signed_in):
    """A7: the account's work; A9: back in one's own account, it is somebody else's."""
    JobPart.objects.create(job=job, number=0, content=b"x")
    LinkFactory(holder=west, target=northgate)
    starter, addresses = signed_in(west), [job.get_absolute_url(), f"{job.get_absolute_url()}file"]
    viewer = signed_in(northgate, "viewer")

    assert [viewer.get(address).status_code for address in addresses] == [200, 200]
    assert [starter.get(address).status_code for address in addresses] == [404, 404]
    starter.post("/switch/northgate/")
    assert [starter.get(address).status_code for address in addresses] == [200, 200]
    starter.post("/switch-back/")
    assert [starter.get(address).status_code for address in addresses] == [404, 404]
