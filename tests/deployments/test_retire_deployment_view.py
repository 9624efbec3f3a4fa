"""Retire deployment, the page (C7): what comes back, a reason, one press."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.models import Deployment
from deployments.services import add_licenses, retire_deployment
from licenses.models import JournalEntry
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.views import (
    ALREADY_USED,
    OUT_OF_DATE,
    controls_of,
    errors_of,
    form_of,
    heading_of,
    headings_of,
    kept_in,
    links_of,
    notes_of,
    press,
    rows_of,
    text_of,
    values_of,
)

REASON = {"reason": "The server was taken down"}


@pytest.fixture
def ivr(northgate, harborcu, user):
    """A deployment of 4 ASR that northgate made for harborcu, which added 1 ASR and 2 TTS and has 5 ASR available."""
    give(northgate, ASR=10)
    give(harborcu, ASR=6, TTS=2)
    made = deploy(northgate, owner=harborcu, name="HCU-IVR-01", host_name="ivr-01", ASR=4)
    add_licenses(deployment=made, account=harborcu, added_by=user(harborcu), quantities=quantities(ASR=1, TTS=2), key=fresh_key())
    return made


@pytest.fixture
def page_of_retiring(ivr):
    return f"/deployments/{ivr.pk}/retire/"


BEFORE = {("northgate", "ASR"): (6, 0, 4), ("harborcu", "ASR"): (5, 5, 0), ("harborcu", "TTS"): (0, 2, 0)}
AFTER = {("northgate", "ASR"): (6, 0, 4), ("harborcu", "ASR"): (10, 0, 0), ("harborcu", "TTS"): (2, 0, 0)}


def letters():
    return [notice.account for notice in Notice.objects.filter(kind="deployments/emails/deployment_retired")]


def retired(ivr, account, user):
    return retire_deployment(deployment=ivr, account=account, retired_by=user(account), reason=REASON["reason"], key=fresh_key())


# ── One press ──


def test_its_owner_retires_it_with_one_press_and_is_led_to_the_deployment(ivr, page_of_retiring, harborcu, signed_in):
    """C7: no page between."""
    browser = signed_in(harborcu)

    response = press(browser, page_of_retiring, REASON)

    assert (response.status_code, response.url) == (302, f"/deployments/{ivr.pk}/")
    assert (balances(), Deployment.objects.get().state, letters()) == (AFTER, "retired", [])
    shown = browser.get(response.url)
    assert notes_of(shown) == ["HCU-IVR-01 is retired. Its licenses are available to harborcu again."]
    assert_the_books_are_proven()


def test_the_reseller_who_made_it_retires_it_and_lands_on_a_page_that_it_may_see(ivr, page_of_retiring, northgate, signed_in):
    """C7, A9: the receipt is the owner's; the deployment's page is its maker's too."""
    browser = signed_in(northgate)

    response = press(browser, page_of_retiring, REASON)

    assert (response.status_code, response.url) == (302, f"/deployments/{ivr.pk}/")
    assert (balances(), letters()) == (AFTER, ["harborcu"])
    shown = browser.get(response.url)
    assert notes_of(shown) == ["HCU-IVR-01 is retired. Its licenses are available to harborcu again."]
    assert "Retired" in text_of(shown)
    assert browser.get(JournalEntry.objects.get(kind="retirement").get_absolute_url()).status_code == 404


def test_acting_for_the_owner_one_retires_it_too(page_of_retiring, harborcu, west, signed_in):
    """A7."""
    LinkFactory(holder=west, target=harborcu)
    browser = signed_in(west)
    browser.post("/switch/harborcu/")

    press(browser, page_of_retiring, REASON)

    entry = JournalEntry.objects.get(kind="retirement")
    assert (entry.posted_by.username, entry.acting_as) == ("northgate-west", harborcu)


@pytest.mark.parametrize("who", ["harborcu", "northgate"])
def test_the_same_form_again_leads_to_the_deployment_and_changes_nothing(ivr, page_of_retiring, request, signed_in, who):
    """B5: though it is retired already."""
    browser = signed_in(request.getfixturevalue(who))
    form = form_of(browser, page_of_retiring) | REASON

    answers = [browser.post(page_of_retiring, form) for _ in range(2)]

    assert [(answer.status_code, answer.url) for answer in answers] == [(302, f"/deployments/{ivr.pk}/")] * 2
    assert (balances(), JournalEntry.objects.filter(kind="retirement").count()) == (AFTER, 1)


def test_the_same_form_with_another_reason_is_refused_and_leads_to_the_deployment(ivr, page_of_retiring, northgate, signed_in):
    """B5."""
    browser = signed_in(northgate)
    form = form_of(browser, page_of_retiring)
    browser.post(page_of_retiring, form | REASON)

    response = browser.post(page_of_retiring, form | {"reason": "Something else altogether"})

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert links_of(response)[ALREADY_USED] == f"/deployments/{ivr.pk}/"


# ── What the page shows ──


def test_its_owner_sees_what_comes_back_and_its_numbers_before_and_after(page_of_retiring, harborcu, signed_in):
    """C7: everything on it, whoever put it there."""
    response = signed_in(harborcu).get(page_of_retiring)

    assert heading_of(response) == "Retire deployment"
    assert rows_of(response) == [["The AsrASR", "5", "5 to 0", "5 to 10"], ["The TtsTTS", "2", "2 to 0", "0 to 2"]]
    assert "All licenses return to harborcu’s available. This can’t be undone." in text_of(response)
    assert "The owner gets an email" not in text_of(response)


def test_what_else_is_deployed_stays_deployed(page_of_retiring, harborcu, signed_in):
    deploy(harborcu, name="OTHER", ASR=2)

    assert rows_of(signed_in(harborcu).get(page_of_retiring))[0] == ["The AsrASR", "5", "7 to 2", "3 to 8"]


def test_its_maker_sees_what_it_gave_and_none_of_its_endusers_numbers(page_of_retiring, northgate, signed_in):
    """A9."""
    response = signed_in(northgate).get(page_of_retiring)

    assert rows_of(response) == [["The AsrASR", "4"]]
    assert "All licenses return to harborcu’s available. This can’t be undone. The owner gets an email with your reason." in text_of(response)
    assert [part for part in ("Tts", "TTS", "→", "ivr-01") if part in response.content.decode()] == []


def test_the_field_and_the_button_have_their_names(page_of_retiring, harborcu, signed_in):
    """contract.md: "Retire deployment (Reason, button Retire deployment)"."""
    controls = controls_of(signed_in(harborcu).get(page_of_retiring))

    assert controls.count(("field", "Reason")) == 1
    assert controls.count(("button", "Retire deployment")) == 1


# ── Refusals ──


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "Enter a reason"),
        (" ", "Enter a reason"),
        ("too short", "Enter a reason of at least 10 characters"),
        ("         a         ", "Enter a reason of at least 10 characters"),
        ("x" * 501, "Ensure this value has at most 500 characters (it has 501)."),
        ("turned \x1b[31mred", "Use plain text on one line"),
    ],
)
def test_a_reason_that_says_nothing_is_refused_by_the_field_and_kept(page_of_retiring, harborcu, signed_in, reason, said):
    """B6."""
    response = press(signed_in(harborcu), page_of_retiring, reason=reason)

    assert errors_of(response) == {"reason": [said]}
    assert kept_in(response, {"reason": reason}) == {"reason": reason}
    assert balances() == BEFORE


def test_a_reason_may_have_several_lines(ivr, page_of_retiring, harborcu, signed_in):
    press(signed_in(harborcu), page_of_retiring, reason="x" * 480 + "\r\nas agreed")

    assert JournalEntry.objects.get(kind="retirement").note == "x" * 480 + "\nas agreed"


def test_of_a_retired_deployment_the_page_says_so_and_leads_back(ivr, page_of_retiring, harborcu, user, signed_in):
    """C7: a page that is opened by its address says why not."""
    retired(ivr, harborcu, user)

    response = signed_in(harborcu).get(page_of_retiring)

    assert (response.status_code, headings_of(response)) == (200, ["Retire deployment", "This deployment can’t be retired"])
    assert "HCU-IVR-01 is retired already." in text_of(response)
    assert links_of(response)["Back to HCU-IVR-01"] == f"/deployments/{ivr.pk}/"


def test_a_form_that_was_open_when_it_was_retired_is_refused_and_kept(ivr, page_of_retiring, northgate, harborcu, user, signed_in):
    """B6, B7: its maker was quicker."""
    browser = signed_in(harborcu)
    form = form_of(browser, page_of_retiring) | REASON
    retired(ivr, northgate, user)

    response = browser.post(page_of_retiring, form)

    assert errors_of(response) == {"": ["HCU-IVR-01 is retired already."]}
    assert values_of(response)["reason"] == REASON["reason"]
    assert rows_of(response) == []
    assert (balances(), JournalEntry.objects.filter(kind="retirement").count()) == (AFTER, 1)


def test_a_percent_sign_in_its_name_is_shown_as_it_is(northgate, user, signed_in):
    """rules.md §4: no input gives a 500."""
    give(northgate, ASR=1)
    load = deploy(northgate, name="50% load", ASR=1)
    browser, address = signed_in(northgate), f"/deployments/{load.pk}/retire/"
    form = form_of(browser, address) | REASON
    retired(load, northgate, user)

    assert errors_of(browser.post(address, form)) == {"": ["50% load is retired already."]}


def test_after_the_window_its_maker_is_told_so_and_the_owner_still_may(ivr, page_of_retiring, northgate, harborcu, signed_in):
    """C7: on the page, and for a form that was opened in time."""
    maker = signed_in(northgate)
    form = form_of(maker, page_of_retiring) | REASON
    Deployment.objects.update(created_at=timezone.now() - timedelta(days=31))
    said = "The 30 days in which you could retire HCU-IVR-01 are over. Ask its owner."

    assert said in text_of(maker.get(page_of_retiring))
    assert errors_of(maker.post(page_of_retiring, form)) == {"": [said]}
    assert balances() == BEFORE
    press(signed_in(harborcu), page_of_retiring, REASON)
    assert balances() == AFTER


def test_a_form_without_its_key_is_refused(page_of_retiring, harborcu, signed_in):
    """B5."""
    response = signed_in(harborcu).post(page_of_retiring, REASON)

    assert errors_of(response) == {"": [OUT_OF_DATE]}
    assert balances() == BEFORE


# ── Who may ──


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("stranger", ["stmarys", "tideway", "west"])
def test_to_a_stranger_it_does_not_exist(page_of_retiring, request, signed_in, stranger, method):
    """A9."""
    assert getattr(signed_in(request.getfixturevalue(stranger)), method)(page_of_retiring, REASON).status_code == 404
    assert balances() == BEFORE


# ── Where it is read afterwards ──


def test_the_owners_receipt_says_what_came_back_from_where_and_why(ivr, harborcu, northgate, user, signed_in):
    """C7, A9: also when its reseller did it."""
    entry = retired(ivr, northgate, user)

    response = signed_in(harborcu).get(entry.get_absolute_url())

    assert heading_of(response) == f"Retirement {entry.number}"
    assert rows_of(response) == [["The AsrASR", "5", "5 to 10"], ["The TtsTTS", "2", "0 to 2"]]
    facts = ["Retired HCU-IVR-01", "Account Harbor Credit Union harborcu", "Deployment HCU-IVR-01", f"Reason {REASON['reason']}", "Notice queued"]
    assert [fact for fact in facts if fact not in text_of(response)] == []
    assert "Send again" not in [name for _, name in controls_of(response)]


def test_the_journal_says_it_in_words_and_in_columns(ivr, harborcu, user, signed_in):
    """C12."""
    entry = retired(ivr, harborcu, user)
    browser = signed_in(harborcu)

    shown = [row[1:5] for row in rows_of(browser.get("/history/?kind=retirement"))]
    exported = b"".join(browser.get("/history.csv?kind=retirement").streaming_content).decode().splitlines()

    assert shown == [
        [f"Retired HCU-IVR-01{entry.number}", "The Ttsavailable", "+2", "2"],
        [f"Retired HCU-IVR-01 {entry.number}", "The Ttsdeployed", "−2", "0"],
        [f"Retired HCU-IVR-01 {entry.number}", "The Asravailable", "+5", "10"],
        [f"Retired HCU-IVR-01 {entry.number}", "The Asrdeployed", "−5", "0"],
    ]
    assert [line.split(",", 2)[2] for line in exported[1:]] == [
        f"retirement,ASR,The Asr,deployed,-5,0,,harborcu,harborcu,HCU-IVR-01,{REASON['reason']}",
        f"retirement,ASR,The Asr,available,5,10,,harborcu,harborcu,HCU-IVR-01,{REASON['reason']}",
        f"retirement,TTS,The Tts,deployed,-2,0,,harborcu,harborcu,HCU-IVR-01,{REASON['reason']}",
        f"retirement,TTS,The Tts,available,2,2,,harborcu,harborcu,HCU-IVR-01,{REASON['reason']}",
    ]


def test_my_licenses_counts_it_as_available_and_purchased_stays(ivr, harborcu, user, signed_in):
    """C1: purchased = sold + deployed + available."""
    browser = signed_in(harborcu)
    before = {row[0]: row[1] for row in rows_of(browser.get("/"), "Licenses in this account")}
    retired(ivr, harborcu, user)

    response = browser.get("/")

    assert {row[0]: row[1] for row in rows_of(response, "Licenses in this account")} == before
    assert "Retired HCU-IVR-01: 5 ASR, 2 TTS" in text_of(response)
    assert [row[2] for row in rows_of(response, "Deployments of this account")] == ["Retired"]
