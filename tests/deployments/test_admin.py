"""Deployments in the admin: to read; they change by the flows alone."""

import pytest
from django.test import Client

from deployments.models import Deployment
from deployments.services import add_deployment
from licensing_portal.foundation.submissions import fresh_key
from tests.books import balances
from tests.factories.licenses import give, quantities
from tests.views import page_of


@pytest.fixture
def desk(staff):
    browser = Client()
    browser.force_login(staff)
    return browser


@pytest.fixture
def ivr(northgate, harborcu, user):
    """A deployment of 4 ASR that northgate made for harborcu."""
    give(northgate, ASR=10)
    return add_deployment(
        account=northgate, added_by=user(northgate), owner=harborcu, name="HCU-IVR-01", host_name="ivr", quantities=quantities(ASR=4), key=fresh_key()
    )


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
