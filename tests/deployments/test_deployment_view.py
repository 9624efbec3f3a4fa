"""The page of a deployment: whole for its owner; for the reseller who made it, its name, owner and given licenses (A9)."""

import pytest

from deployments.models import Deployment
from deployments.services import add_deployment, add_licenses
from licenses.models import JournalEntry
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give, quantities
from tests.views import heading_of, links_of, rows_of, text_of


@pytest.fixture
def ivr(northgate, harborcu, user):
    """A deployment of 4 ASR that northgate made for harborcu, to which harborcu later added 1 ASR and 2 TTS of its own."""
    give(northgate, ASR=10)
    give(harborcu, ASR=1, TTS=2)
    made = add_deployment(
        account=northgate, added_by=user(northgate), owner=harborcu, name="HCU-IVR-01", host_name="ivr.harborcu.example.com",
        notes="door code 4711", quantities=quantities(ASR=4), key=fresh_key(),
    )  # fmt: skip
    add_licenses(deployment=made, account=harborcu, added_by=user(harborcu), quantities=quantities(ASR=1, TTS=2), key=fresh_key())
    return f"/deployments/{made.pk}/"


def numbers(kind):
    return list(JournalEntry.objects.filter(kind=kind).order_by("pk").values_list("number", flat=True))


def test_its_owner_sees_all_of_it(ivr, harborcu, signed_in):
    response = signed_in(harborcu).get(ivr)

    assert (response.status_code, heading_of(response)) == (200, "HCU-IVR-01")
    assert rows_of(response) == [["The AsrASR", "5"], ["The TtsTTS", "2"]]
    words = text_of(response)
    assert [part in words for part in ("ivr.harborcu.example.com", "door code 4711", "Waiting for server file")] == [True, True, True]
    assert "3 licenses deployed by harborcu" in words
    assert "4 licenses deployed by northgate of northgate" in words


def test_its_owner_finds_its_sale_and_its_entries(ivr, harborcu, signed_in):
    """contract.md: the deployment names its sale."""
    links = links_of(signed_in(harborcu).get(ivr))

    entries = numbers("sale") + numbers("deployment")
    assert {number: links.get(number) for number in entries} == {number: f"/receipts/{number}/" for number in entries}


def test_the_reseller_who_made_it_sees_what_it_gave_and_no_more(ivr, northgate, signed_in):
    """A9: not the host, the notes, the state, nor what the owner added later."""
    response = signed_in(northgate).get(ivr)

    assert (response.status_code, heading_of(response)) == (200, "HCU-IVR-01")
    assert rows_of(response) == [["The AsrASR", "4"]]
    words = text_of(response)
    assert "Harbor Credit Union" in words
    hidden = ["ivr.harborcu.example.com", "door code 4711", "Waiting", "Tts", "3 licenses", *numbers("deployment")]
    assert [part for part in hidden if part in response.content.decode()] == []


def test_the_reseller_who_made_it_finds_the_sale(ivr, northgate, signed_in):
    (sale,) = numbers("sale")

    assert links_of(signed_in(northgate).get(ivr))[sale] == f"/receipts/{sale}/"


def test_a_viewer_sees_it(ivr, harborcu, signed_in):
    assert signed_in(harborcu, "viewer").get(ivr).status_code == 200


@pytest.mark.parametrize("stranger", ["stmarys", "tideway", "west", "metrotransit"])
def test_to_anybody_else_it_does_not_exist(ivr, signed_in, request, stranger):
    """A9: also not to another enduser of the same reseller."""
    assert signed_in(request.getfixturevalue(stranger)).get(ivr).status_code == 404


def test_a_deployment_that_an_enduser_made_is_not_its_reseller_s_to_see(harborcu, northgate, user, signed_in):
    """A9: only what was made for it."""
    give(harborcu, ASR=4)
    own = add_deployment(
        account=harborcu, added_by=user(harborcu), owner=harborcu, name="OWN", host_name="own", quantities=quantities(ASR=4), key=fresh_key()
    )

    assert signed_in(northgate).get(f"/deployments/{own.pk}/").status_code == 404


def test_over_a_link_it_is_seen_while_acting_and_not_otherwise(ivr, harborcu, west, signed_in):
    """A7, A9."""
    LinkFactory(holder=west, target=harborcu)
    browser = signed_in(west)

    assert browser.get(ivr).status_code == 404
    browser.post("/switch/harborcu/")
    assert browser.get(ivr).status_code == 200


def test_the_reseller_acting_as_the_enduser_sees_it_as_its_owner_does(ivr, northgate, harborcu, signed_in):
    LinkFactory(holder=northgate, target=harborcu)
    browser = signed_in(northgate)
    browser.post("/switch/harborcu/")

    assert rows_of(browser.get(ivr)) == [["The AsrASR", "5"], ["The TtsTTS", "2"]]


def test_the_page_sends_nothing_by_get(ivr, harborcu, signed_in):
    assert signed_in(harborcu).post(ivr).status_code == 405
    assert Deployment.objects.count() == 1


@pytest.mark.parametrize(
    "address", ["/deployments/0/", f"/deployments/{2**63}/", f"/deployments/{'9' * 400}/", "/deployments/-1/", "/deployments/x/"]
)
def test_an_address_that_names_no_deployment_answers_404(harborcu, signed_in, address):
    assert signed_in(harborcu).get(address).status_code == 404
