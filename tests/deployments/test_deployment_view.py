"""The page of a deployment: whole for its owner; for the reseller who made it, its name, owner and given licenses (A9)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.models import Deployment
from deployments.services import add_deployment, add_licenses, retire_deployment
from licenses.models import JournalEntry
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.views import heading_of, headings_of, links_of, page_of, rows_of, text_of


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
    hidden = ["ivr.harborcu.example.com", "door code 4711", "Waiting", "Tts", "TTS", "3 licenses", *numbers("deployment")]
    assert [part for part in hidden if part in response.content.decode()] == []


def test_the_reseller_who_made_it_finds_the_sale(ivr, northgate, signed_in):
    (sale,) = numbers("sale")

    assert links_of(signed_in(northgate).get(ivr))[sale] == f"/receipts/{sale}/"


# ── What happened ──


def story_of(response):
    """The timeline, the newest first: what happened, and the number that is linked there."""
    events = next(part for part in page_of(response).first("main").all("ul") if "feed" in part.classes)
    return [(event.first("p").text, "".join(link.text for link in event.all("a"))) for event in events.all("li")]


def retire(address, account, by):
    deployment = Deployment.objects.get(pk=address.split("/")[2])
    return retire_deployment(deployment=deployment, account=account, retired_by=by, reason="Moved to new <hardware>", key=fresh_key())


def test_its_owner_reads_the_whole_story_with_its_numbers(ivr, harborcu, user, signed_in):
    """C7: every entry, the newest first."""
    retirement = retire(ivr, harborcu, user(harborcu))

    (sale,), (deployed, added) = numbers("sale"), numbers("deployment")
    assert story_of(signed_in(harborcu).get(ivr)) == [
        ("Retired by harborcu of Harbor Credit Union: Moved to new <hardware>", retirement.number),
        ("1 ASR, 2 TTS added by harborcu of Harbor Credit Union", added),
        ("4 ASR deployed", deployed),
        ("4 ASR sold to harborcu", sale),
        ("Created by northgate of Northgate Voice Systems", ""),
    ]


def test_every_number_of_the_story_leads_to_a_page_that_its_reader_may_see(ivr, northgate, harborcu, user, signed_in):
    retire(ivr, northgate, user(northgate))

    for account, count in ((harborcu, 4), (northgate, 1)):
        browser = signed_in(account)
        receipts = [link for link in links_of(browser.get(ivr)).values() if link.startswith("/receipts/")]
        assert [browser.get(receipt).status_code for receipt in receipts] == [200] * count


def test_its_maker_reads_of_the_making_the_sale_and_its_own_retirement(ivr, northgate, user, signed_in):
    """A9: not of what the owner added."""
    retire(ivr, northgate, user(northgate))

    response = signed_in(northgate).get(ivr)

    (sale,) = numbers("sale")
    assert story_of(response) == [
        ("Retired by northgate of Northgate Voice Systems: Moved to new <hardware>", ""),
        ("4 ASR sold to harborcu", sale),
        ("Created by northgate of Northgate Voice Systems", ""),
    ]
    assert "Retired Made for Harbor Credit Union, who owns it." in text_of(response)


@pytest.mark.parametrize("who", ["harborcu", "publisher"])
def test_of_a_retirement_by_others_its_maker_sees_the_state_alone(ivr, who, request, northgate, staff, user, signed_in):
    """A9: neither who, nor when, nor why."""
    account = request.getfixturevalue(who)
    retirement = retire(ivr, account, staff if account.is_publisher else user(account))

    response = signed_in(northgate).get(ivr)

    (sale,) = numbers("sale")
    assert story_of(response) == [("4 ASR sold to harborcu", sale), ("Created by northgate of Northgate Voice Systems", "")]
    assert "Retired Made for Harbor Credit Union, who owns it." in text_of(response)
    assert [part for part in (retirement.number, "hardware", "Returned on") if part in response.content.decode()] == []


def test_a_deployment_of_ones_own_was_not_sold(northgate, signed_in):
    """C5."""
    give(northgate, ASR=4)
    lab = deploy(northgate, ASR=4)

    assert [words for words, _ in story_of(signed_in(northgate).get(lab.get_absolute_url()))] == [
        "4 ASR deployed",
        "Created by northgate of Northgate Voice Systems",
    ]


def test_of_a_retired_deployment_its_owner_sees_what_was_on_it_as_returned(ivr, harborcu, user, signed_in):
    """C7."""
    retire(ivr, harborcu, user(harborcu))

    response = signed_in(harborcu).get(ivr)

    assert headings_of(response) == ["HCU-IVR-01", "About this deployment", "Licenses returned", "What happened"]
    assert rows_of(response) == [["The AsrASR", "5"], ["The TtsTTS", "2"]]
    assert "They count as available again." in text_of(response)


# ── What can be done ──


def actions_of(response):
    return [words for words in links_of(response) if words in {"Add Licenses", "Retire deployment"}]


def test_its_owner_can_retire_it_and_with_licenses_available_add_some(ivr, harborcu, signed_in):
    """C7: only what would work is offered."""
    browser = signed_in(harborcu)

    assert actions_of(browser.get(ivr)) == ["Retire deployment"]
    give(harborcu, ASR=1)
    assert {words: links_of(browser.get(ivr))[words] for words in actions_of(browser.get(ivr))} == {
        "Retire deployment": f"{ivr}retire/",
        "Add Licenses": f"{ivr}add-licenses/",
    }


def test_its_maker_can_retire_it_within_the_window_and_while_it_waits(ivr, northgate, signed_in):
    """C7."""
    browser = signed_in(northgate)
    in_time = actions_of(browser.get(ivr))

    Deployment.objects.update(created_at=timezone.now() - timedelta(days=31))
    too_late = actions_of(browser.get(ivr))
    Deployment.objects.update(created_at=timezone.now(), state="active", serial=1)
    in_use = actions_of(browser.get(ivr))

    assert (in_time, in_use, too_late) == (["Retire deployment"], [], [])


def test_a_viewer_is_offered_nothing(ivr, harborcu, northgate, signed_in):
    """rules.md §1: "only looks"."""
    give(harborcu, ASR=1)

    assert [actions_of(signed_in(account, "viewer").get(ivr)) for account in (harborcu, northgate)] == [[], []]


def test_a_retired_deployment_offers_nothing_more(ivr, harborcu, northgate, user, signed_in):
    """C7."""
    retire(ivr, harborcu, user(harborcu))

    assert [actions_of(signed_in(account).get(ivr)) for account in (harborcu, northgate)] == [[], []]


# ── Who sees it ──


@pytest.mark.parametrize("stranger", ["stmarys", "tideway", "west", "metrotransit"])
def test_to_anybody_else_it_does_not_exist(ivr, signed_in, request, stranger):
    """A9: also not to another enduser of the same reseller."""
    assert signed_in(request.getfixturevalue(stranger)).get(ivr).status_code == 404


def test_a_deployment_that_an_enduser_made_is_not_its_resellers_to_see(harborcu, northgate, signed_in):
    """A9: only what was made for it."""
    give(harborcu, ASR=4)
    own = deploy(harborcu, name="OWN", host_name="own", ASR=4)

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


@pytest.mark.parametrize(
    "address", ["/deployments/0/", f"/deployments/{2**63}/", f"/deployments/{'9' * 400}/", "/deployments/-1/", "/deployments/x/"]
)
def test_an_address_that_names_no_deployment_answers_404(harborcu, signed_in, address):
    assert signed_in(harborcu).get(address).status_code == 404
