"""Search: by number, name or host over all that one may see, and nothing else (A9)."""

import re

import pytest
from django.utils.http import urlencode

from licenses.models import JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import EnduserFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.views import RUBBISH, headings_of, links_of, page_of

SEARCH = "/search/"


@pytest.fixture
def sale(northgate, harborcu, user):
    """northgate sold harborcu 3 ASR, under a reference of its own."""
    give(northgate, ASR=10)
    return sell_licenses(
        seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), reference="PO 20931", key=fresh_key()
    )


def search(browser, text):
    return browser.get(f"{SEARCH}?{urlencode({'q': text})}")


def found_in(response):
    """What the answer links to within the page: receipts, deployments and endusers by their names."""
    links = page_of(response).first("main").all("a")
    return [link.text for link in links if re.fullmatch(r"/(receipts|deployments|endusers)/[^?]+/", link["href"])]


@pytest.mark.parametrize("spelled", [str, str.lower, "  {}  ".format])
def test_the_whole_number_of_an_entry_leads_to_its_receipt(sale, northgate, signed_in, spelled):
    assert search(signed_in(northgate), spelled(sale.number)).url == sale.get_absolute_url()


def test_the_number_of_a_strangers_entry_leads_nowhere_and_is_not_found(sale, tideway, signed_in):
    """A9."""
    response = search(signed_in(tideway), sale.number)

    assert (response.status_code, found_in(response), headings_of(response)[-1]) == (200, [], "Nothing matches")


def test_entries_are_found_by_part_of_their_number_and_by_their_reference(sale, northgate, harborcu, signed_in):
    issue = JournalEntry.objects.get(kind="issue")
    browser = signed_in(northgate)

    assert found_in(search(browser, sale.number[2:9])) == [sale.number, issue.number]
    assert found_in(search(browser, "20931")) == [sale.number]
    assert found_in(search(signed_in(harborcu), "20931")) == [sale.number]


def test_endusers_are_found_by_username_company_and_address_by_their_reseller_alone(northgate, harborcu, stmarys, tideway, signed_in):
    """A9."""
    browser = signed_in(northgate)

    assert [found_in(search(browser, text)) for text in ("harborc", "CREDIT", "stmarys@")] == [["harborcu"], ["harborcu"], ["stmarys"]]
    assert found_in(search(signed_in(tideway), "harborc")) == []


def test_ones_own_deployments_are_found_by_name_and_host(harborcu, signed_in):
    give(harborcu, ASR=5)
    deploy(harborcu, name="HCU-IVR-01", host_name="ivr.harborcu.example.com", ASR=2)

    browser = signed_in(harborcu)
    entry = JournalEntry.objects.get(kind="deployment")  # whose reference is the deployment's name

    assert found_in(search(browser, "ivr-0")) == [entry.number, "HCU-IVR-01"]
    assert found_in(search(browser, "ivr.harbor")) == ["HCU-IVR-01"]


def test_a_reseller_finds_what_it_made_for_an_enduser_by_name_and_owner_not_by_host(northgate, harborcu, signed_in):
    """A9."""
    give(northgate, ASR=5)
    deploy(northgate, owner=harborcu, name="HCU-IVR-01", host_name="secret-host", ASR=2)
    browser = signed_in(northgate)

    assert "HCU-IVR-01" in found_in(search(browser, "hcu-ivr"))
    assert found_in(search(browser, "secret-host")) == []


def test_each_group_shows_a_few_and_leads_to_all(northgate, signed_in):
    for number in range(10):
        EnduserFactory(username=f"clinic-{number}", reseller=northgate)

    response = search(signed_in(northgate), "clinic")

    assert found_in(response) == [f"clinic-{number}" for number in range(8)]
    assert links_of(response)["All endusers that match"] == "/endusers/?q=clinic"


def test_without_a_text_it_only_asks_for_one(northgate, signed_in):
    response = signed_in(northgate).get(SEARCH)

    assert (found_in(response), headings_of(response)) == ([], ["Search"])


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_finds_nothing_and_breaks_nothing(sale, northgate, signed_in, text):
    """rules.md §4."""
    response = search(signed_in(northgate), text)

    assert (response.status_code, found_in(response)) == (200, [])


def test_it_is_in_reach_on_every_page_and_once_on_its_own(northgate, signed_in):
    browser = signed_in(northgate)

    assert [len([form for form in page_of(browser.get(path)).all("form") if form["role"] == "search"]) for path in ("/endusers/", SEARCH)] == [1, 1]
