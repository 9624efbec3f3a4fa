"""Deployments in the admin: to read, and to retire with a reason (C7, C11); they change by the flows alone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.models import Deployment
from licenses.models import JournalEntry
from licensing_portal.foundation.models import Notice
from tests.books import assert_the_books_are_proven, balances
from tests.factories.deployments import deploy, download, upload
from tests.factories.licenses import give
from tests.views import controls_of, errors_of, form_of, kept_in, links_of, messages_of, page_of, press, rows_of, submit_buttons_of, text_of


@pytest.fixture
def ivr(northgate, harborcu):
    """A deployment of 4 ASR that northgate made for harborcu."""
    give(northgate, ASR=10)
    return deploy(northgate, owner=harborcu, name="HCU-IVR-01", host_name="ivr", ASR=4)


def test_staff_see_a_deployment_with_its_licenses_its_entries_and_its_sale(desk, ivr):
    step = ivr.entries.get()

    words = page_of(desk.get(f"/admin/deployments/deployment/{ivr.pk}/change/")).text

    assert [part in words for part in ("HCU-IVR-01", "harborcu", "northgate", "The Asr (ASR)", step.entry.number, step.sale.number)] == [True] * 6


def test_nobody_changes_a_deployment_here_not_even_a_superuser(desk, ivr):
    """C11: retiring is a flow; nothing else touches a deployment."""
    before = balances()
    page = f"/admin/deployments/deployment/{ivr.pk}"

    assert {
        "add": desk.post("/admin/deployments/deployment/add/", {"name": "X"}).status_code,
        "change": desk.post(f"{page}/change/", {"name": "X", "lines-0-quantity": "99"}).status_code,
        "delete": desk.post(f"{page}/delete/", {"post": "yes"}).status_code,
    } == {"add": 403, "change": 403, "delete": 403}
    desk.post("/admin/deployments/deployment/", {"action": "delete_selected", "_selected_action": [ivr.pk], "post": "yes"})
    assert (Deployment.objects.get().name, balances()) == ("HCU-IVR-01", before)


@pytest.mark.parametrize("query", ["", "?q=hcu", "?q=%00", "?state=waiting", "?state=rubbish", "?p=99999999", "?created_at__year=x", "?e=1"])
def test_the_list_opens_and_rubbish_breaks_nothing(desk, ivr, query):
    """rules.md §4."""
    assert desk.get(f"/admin/deployments/deployment/{query}").status_code in {200, 302}


@pytest.mark.parametrize(
    "address", ["deployment/0/change/", "deployment/x/change/", f"deployment/{2**70}/change/", "deployment/%00/change/", "nothing/"]
)
def test_an_address_that_names_nothing_breaks_nothing(desk, address):
    assert desk.get(f"/admin/deployments/{address}").status_code in {302, 404}


# ── Retire deployment ──

REASON = {"reason": "Ticket 4711: wrong enduser"}
AFTER = {("northgate", "ASR"): (6, 0, 4), ("harborcu", "ASR"): (4, 0, 0)}


def retiring(deployment):
    return f"/admin/deployments/deployment/{deployment.pk}/retire/"


def test_staff_retire_a_deployment_of_any_age_from_its_page(desk, ivr, staff):
    """C7, C11: the owner is told, and the journal names the person and the publisher."""
    Deployment.objects.update(state="active", serial=1, created_at=timezone.now() - timedelta(days=900))
    page = f"/admin/deployments/deployment/{ivr.pk}/change/"

    response = press(desk, links_of(desk.get(page))["Retire deployment"], REASON)

    entry = JournalEntry.objects.get(kind="retirement")
    assert (response.status_code, response.url) == (302, page)
    assert balances() == AFTER
    assert (entry.posted_by, entry.acting_as.username, entry.reference, entry.note) == (staff, "publisher", "HCU-IVR-01", REASON["reason"])
    assert [notice.account for notice in Notice.objects.filter(event=entry.number)] == ["harborcu"]
    shown = desk.get(page)
    assert messages_of(shown) == [f"{entry.number}: HCU-IVR-01 is retired, and 4 licenses of it can be used again by harborcu."]
    assert "Retire deployment" not in links_of(shown)
    assert_the_books_are_proven()


def test_the_page_shows_what_comes_back_to_whom(desk, ivr):
    response = desk.get(retiring(ivr))

    assert rows_of(response, "HCU-IVR-01 of harborcu: what comes back") == [["The Asr (ASR)", "4", "4 → 0", "0 → 4"]]
    assert "All licenses return to harborcu’s available. This can’t be undone. The owner gets an email with the reason." in text_of(response)


def test_its_field_and_its_button_have_their_names(desk, ivr):
    response = desk.get(retiring(ivr))

    assert [controls_of(response).count(name) for name in (("field", "Reason"), ("button", "Retire deployment"))] == [1, 1]
    assert submit_buttons_of(response) == [["Sign out"], ["Retire deployment"]]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "Enter a reason"),
        ("too short", "Enter a reason of at least 10 characters"),
        ("x" * 501, "Ensure this value has at most 500 characters (it has 501)."),
    ],
)
def test_a_reason_that_says_nothing_is_refused_and_kept(desk, ivr, reason, said):
    """B6, C11."""
    before = balances()

    response = press(desk, retiring(ivr), reason=reason)

    assert errors_of(response) == {"reason": [said]}
    assert (kept_in(response, {"reason": reason}), balances()) == ({"reason": reason}, before)


def test_the_same_form_again_retires_once(desk, ivr):
    """B5."""
    form = form_of(desk, retiring(ivr)) | REASON

    answers = [desk.post(retiring(ivr), form).status_code for _ in range(2)]

    assert (answers, JournalEntry.objects.filter(kind="retirement").count(), balances()) == ([302, 302], 1, AFTER)


def test_of_a_retired_deployment_the_page_says_so_and_a_form_is_refused(desk, ivr):
    """B7, C7."""
    form = form_of(desk, retiring(ivr))
    press(desk, retiring(ivr), REASON)

    assert "HCU-IVR-01 is retired already." in text_of(desk.get(retiring(ivr)))
    assert errors_of(desk.post(retiring(ivr), form | {"reason": "And once more, please"})) == {"": ["HCU-IVR-01 is retired already."]}
    assert balances() == AFTER


@pytest.mark.parametrize(
    ("permissions", "status"),
    [(["view_deployment"], 403), (["view_deployment", "change_deployment"], 403), (["view_deployment", "retire_deployment"], 200)],
)
def test_staff_need_the_permission(ivr, clerks_desk, permissions, status):
    """C11: and only who has it is offered the way."""
    browser = clerks_desk(*permissions)

    offered = "Retire deployment" in links_of(browser.get(f"/admin/deployments/deployment/{ivr.pk}/change/"))

    assert (offered, browser.get(retiring(ivr)).status_code, browser.post(retiring(ivr), REASON).status_code) == (status == 200, status, status)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["harborcu", "northgate"])
def test_no_customer_comes_here_not_even_its_owner(ivr, request, signed_in, who, method):
    before = balances()

    assert getattr(signed_in(request.getfixturevalue(who)), method)(retiring(ivr), REASON).status_code == 403
    assert balances() == before


@pytest.mark.parametrize("number", ["0", "999999", str(2**70), "x", "%00"])
def test_retiring_what_is_not_there_breaks_nothing(desk, number):
    assert desk.get(f"/admin/deployments/deployment/{number}/retire/").status_code in {302, 404}


# ── Servers (C6, C8) ──


def test_staff_see_server_files_and_who_downloaded_what_and_change_neither(desk, northgate):
    """C6: hash, name, size, who and when."""
    give(northgate, ASR=1)
    made = upload(deploy(northgate, name="LAB", ASR=1))
    download(made)

    page = page_of(desk.get(f"/admin/deployments/deployment/{made.pk}/change/")).text
    listed = page_of(desk.get("/admin/deployments/licensefiledownload/")).text

    file = made.server_files.get()
    assert [part in page for part in ("info.bts", file.sha256, "northgate")] == [True] * 3
    assert re.search(r"LAB 1 northgate northgate", listed)
    assert desk.post(f"/admin/deployments/licensefiledownload/{made.license_files.get().downloads.get().pk}/change/").status_code == 403


def test_staff_allow_one_more_replacement_with_a_reason(desk, northgate):
    """C8."""
    give(northgate, ASR=1)
    made = upload(deploy(northgate, name="LAB", ASR=1))
    address = f"/admin/deployments/deployment/{made.pk}/allow-replacement/"

    refused = press(desk, address, reason="short")
    response = press(desk, address, reason="Flooded data center")

    assert errors_of(refused) == {"reason": ["Enter a reason of at least 10 characters"]}
    assert response.url == f"/admin/deployments/deployment/{made.pk}/change/"
    assert messages_of(desk.get(response.url)) == ["The server of LAB can be replaced once more this year."]
    assert [row.reason for row in made.replacement_allowances.all()] == ["Flooded data center"]


def test_where_there_is_no_server_to_replace_the_page_says_so(desk, northgate):
    """C8."""
    give(northgate, ASR=1)
    made = deploy(northgate, name="LAB", ASR=1)

    response = desk.get(f"/admin/deployments/deployment/{made.pk}/allow-replacement/")

    assert "LAB waits for its server file. Upload that first." in page_of(response).text


def test_staff_without_the_right_for_it_allow_nothing(clerks_desk, northgate):
    """C8."""
    give(northgate, ASR=1)
    made = upload(deploy(northgate, name="LAB", ASR=1))

    assert clerks_desk("view_deployment").get(f"/admin/deployments/deployment/{made.pk}/allow-replacement/").status_code == 403
