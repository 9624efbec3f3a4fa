"""Add Licenses, the page (C7): the owner of a deployment puts more of its licenses on it."""

import pytest
from django.utils import timezone

from deployments.models import Deployment
from licenses.models import JournalEntry
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give
from tests.views import ALREADY_USED, controls_of, errors_of, form_of, heading_of, headings_of, kept_in, links_of, notes_of, press, rows_of, text_of


@pytest.fixture
def ivr(northgate, harborcu):
    """A deployment of 4 ASR that northgate made for harborcu, which has 10 ASR and 2 TTS available besides."""
    give(northgate, ASR=10)
    give(harborcu, ASR=10, TTS=2)
    return deploy(northgate, owner=harborcu, name="HCU-IVR-01", ASR=4)


@pytest.fixture
def page_of_adding(ivr):
    return f"/deployments/{ivr.pk}/add-licenses/"


NOTHING_MOVED = {("northgate", "ASR"): (6, 0, 4), ("harborcu", "ASR"): (10, 4, 0), ("harborcu", "TTS"): (2, 0, 0)}


def additions():
    return JournalEntry.objects.filter(kind="deployment").order_by("pk")[1:]


def retire(deployment):
    Deployment.objects.filter(pk=deployment.pk).update(state="retired", retired_at=timezone.now())


# ── One press ──


def test_one_press_adds_and_leads_to_the_deployment(ivr, page_of_adding, harborcu, signed_in):
    """C7: available licenses become deployed ones, as an entry of its own."""
    browser = signed_in(harborcu)

    response = press(browser, page_of_adding, {"qty-ASR": "7", "qty-TTS": " 2 "})

    assert (response.status_code, response.url) == (302, f"/deployments/{ivr.pk}/")
    assert balances() == NOTHING_MOVED | {("harborcu", "ASR"): (3, 11, 0), ("harborcu", "TTS"): (0, 2, 0)}
    shown = browser.get(response.url)
    assert (heading_of(shown), notes_of(shown)) == ("HCU-IVR-01", ["9 licenses added to HCU-IVR-01."])
    assert rows_of(shown) == [["The AsrASR", "11"], ["The TtsTTS", "2"]]
    assert_the_books_are_proven()


def test_one_license_is_told_as_one(page_of_adding, harborcu, signed_in):
    browser = signed_in(harborcu)

    assert notes_of(browser.get(press(browser, page_of_adding, {"qty-ASR": "1"}).url)) == ["1 license added to HCU-IVR-01."]


def test_a_manager_adds(page_of_adding, harborcu, signed_in):
    press(signed_in(harborcu, "manager"), page_of_adding, {"qty-ASR": "1"})

    assert [entry.posted_by.username for entry in additions()] == ["harborcu-manager"]


def test_acting_for_the_owner_one_adds_too(page_of_adding, harborcu, west, signed_in):
    """A7."""
    LinkFactory(holder=west, target=harborcu)
    browser = signed_in(west)
    browser.post("/switch/harborcu/")

    press(browser, page_of_adding, {"qty-ASR": "1"})

    assert [(entry.posted_by.username, entry.acting_as) for entry in additions()] == [("northgate-west", harborcu)]


def test_the_same_form_again_leads_to_the_deployment_and_adds_nothing(page_of_adding, harborcu, signed_in):
    """B5: though nothing is left of what the first press took."""
    browser = signed_in(harborcu)
    form = form_of(browser, page_of_adding) | {"qty-ASR": "10"}

    answers = [browser.post(page_of_adding, form) for _ in range(2)]

    assert [(answer.status_code, answer.url) for answer in answers] == [(302, page_of_adding.removesuffix("add-licenses/"))] * 2
    assert balances() == NOTHING_MOVED | {("harborcu", "ASR"): (0, 14, 0)}


def test_back_edited_and_pressed_again_is_refused(page_of_adding, harborcu, signed_in):
    """B5."""
    browser = signed_in(harborcu)
    form = form_of(browser, page_of_adding)
    browser.post(page_of_adding, form | {"qty-ASR": "1"})

    response = browser.post(page_of_adding, form | {"qty-ASR": "2"})

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert balances() == NOTHING_MOVED | {("harborcu", "ASR"): (9, 5, 0)}


# ── What the page shows ──


def test_the_page_names_the_deployment_and_shows_both_numbers_of_what_is_available(page_of_adding, harborcu, signed_in):
    response = signed_in(harborcu).get(page_of_adding)

    assert heading_of(response) == "Add Licenses"
    assert "Put more of your available licenses on HCU-IVR-01" in text_of(response)
    assert rows_of(response) == [
        ["The AsrASR", "All 10", "10 available, then 10", "4 on it, then 4"],
        ["The TtsTTS", "All 2", "2 available, then 2", "0 on it, then 0"],
    ]


def test_every_field_and_the_button_have_their_names(page_of_adding, harborcu, signed_in):
    """contract.md: "Add Licenses (Qty, …, button Add Licenses)"."""
    controls = controls_of(signed_in(harborcu).get(page_of_adding))

    assert [name for role, name in controls if role == "field" and name.startswith("Qty")] == ["Qty, The Asr", "Qty, The Tts"]
    assert controls.count(("button", "Add Licenses")) == 1


def test_with_nothing_available_the_page_says_so_and_leads_back(ivr, page_of_adding, harborcu, signed_in):
    deploy(harborcu, name="ALL", host_name="all", ASR=10, TTS=2)

    response = signed_in(harborcu).get(page_of_adding)

    assert headings_of(response) == ["Add Licenses", "You have no licenses to add"]
    assert links_of(response)["Back to HCU-IVR-01"] == f"/deployments/{ivr.pk}/"


def test_of_a_retired_deployment_the_page_says_why_not_and_leads_back(ivr, page_of_adding, harborcu, signed_in):
    """C7."""
    retire(ivr)

    response = signed_in(harborcu).get(page_of_adding)

    assert (response.status_code, headings_of(response)) == (200, ["Add Licenses", "Licenses can’t be added"])
    assert "HCU-IVR-01 is retired. Licenses can’t be added to it." in text_of(response)
    assert links_of(response)["Back to HCU-IVR-01"] == f"/deployments/{ivr.pk}/"


# ── Refusals ──


def test_a_form_that_was_open_when_the_deployment_was_retired_is_refused_and_kept(ivr, page_of_adding, harborcu, signed_in):
    """B6, B7, C7."""
    browser = signed_in(harborcu)
    form = form_of(browser, page_of_adding) | {"qty-ASR": "3"}
    retire(ivr)

    response = browser.post(page_of_adding, form)

    assert errors_of(response) == {"": ["HCU-IVR-01 is retired. Licenses can’t be added to it."]}
    assert kept_in(response, {"qty-ASR": "3"}) == {"qty-ASR": "3"}
    assert balances() == NOTHING_MOVED


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({}, {"": ["Enter a Qty for at least one product"]}),
        ({"qty-ASR": "0"}, {"": ["Enter a Qty for at least one product"]}),
        ({"qty-ASR": "11", "qty-TTS": "2"}, {"qty-ASR": ["10 available, 4 deployed"]}),
        ({"qty-ASR": "-1", "qty-TTS": "3"}, {"qty-ASR": ["Enter a whole number, like 2"], "qty-TTS": ["2 available"]}),
        ({"qty-NOPE": "1"}, {"": ["“NOPE” is not a product", "Enter a Qty for at least one product"]}),
    ],
)
def test_what_can_not_be_added_is_refused_by_the_field_and_kept(page_of_adding, harborcu, signed_in, typed, errors):
    """B6, rules.md §4: all or nothing."""
    response = press(signed_in(harborcu), page_of_adding, typed)

    assert errors_of(response) == errors
    shown = {name: value for name, value in typed.items() if name != "qty-NOPE"}
    assert kept_in(response, shown) == shown
    assert balances() == NOTHING_MOVED


# ── Who may ──


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("stranger", ["stmarys", "tideway", "west"])
def test_to_a_stranger_it_does_not_exist(page_of_adding, request, signed_in, stranger, method):
    """A9."""
    assert getattr(signed_in(request.getfixturevalue(stranger)), method)(page_of_adding, {"qty-ASR": "1"}).status_code == 404
    assert balances() == NOTHING_MOVED
