"""ASVS 2.4.1, limits on what costs: files of rows, files to be read, and letters to people whom one names. Those on guessing stand in tests/accounts/test_one_lock.py."""

from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account, Invitation, SecurityEvent, User
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give, quantities
from tests.views import form_of, heading_of, links_of, press

TOO_MANY = "Too many tries"


@pytest.fixture
def limits(settings):
    settings.REQUEST_LIMITS = {"files": "5/300s/user", "uploads": "3/300s/user", "letters": "3/300s/user"}


def test_the_numbers_are_settings(settings):
    """docs/security.md names them."""
    assert settings.REQUEST_LIMITS == {"files": "30/300s/user", "uploads": "30/300s/user", "letters": "60/300s/user", "verifications": "60/300s/ip"}


def test_files_are_limited_by_person_and_all_together(limits, northgate, tideway, signed_in):
    browser, addresses = signed_in(northgate), ["/history.csv", "/history.xlsx", "/licenses.csv", "/sold.csv", "/endusers.csv"]
    answers = [browser.get(address) for address in addresses]

    refused = [browser.get("/history.csv"), browser.get("/sold.csv"), browser.head("/licenses.csv")]
    refused += [browser.get("/history.xlsx"), browser.get("/endusers.xlsx")]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert [(answer.status_code, answer["Retry-After"]) for answer in refused] == [(429, "300")] * 5
    assert (heading_of(refused[0]), list(links_of(refused[0]))) == (TOO_MANY, ["License Portal", "My Licenses"])
    assert [browser.get("/history/").status_code, signed_in(tideway).get("/history.csv").status_code] == [200, 200]


def test_the_limit_is_the_persons_whomever_they_act_for(limits, northgate, west, signed_in):
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    for _ in range(5):
        browser.get("/history.csv")

    browser.post("/switch/northgate-west/")

    assert browser.get("/history.csv").status_code == 429


def test_a_limit_opens_by_itself(limits, northgate, signed_in, time_machine):
    time_machine.move_to("2030-01-01T12:00:00Z", tick=False)
    browser = signed_in(northgate)
    statuses = [browser.get("/history.csv").status_code for _ in range(6)]
    time_machine.move_to("2030-01-01T12:05:01Z", tick=False)

    assert (statuses, browser.get("/history.csv").status_code) == ([200] * 5 + [429], 200)


def test_uploads_are_limited_by_person_and_looking_at_the_form_costs_nothing(limits, northgate, signed_in):
    browser = signed_in(northgate)
    upload = partial(press, browser, "/import-endusers/")
    statuses = [upload({"file": SimpleUploadedFile("endusers.csv", b"Username,Company,Email\n")}).status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert browser.get("/import-endusers/").status_code == 200


def new_enduser(browser, number):
    typed = {"username": f"clinic-{number}", "company": "Clinic", "email": f"clinic-{number}@example.com"}
    return browser.post("/create-enduser/", form_of(browser, "/create-enduser/") | typed)


def test_letters_are_limited_by_person_and_what_is_refused_changes_nothing(limits, northgate, harborcu, signed_in):
    browser = signed_in(northgate)
    pressed = [new_enduser(browser, number).status_code for number in range(2)]
    user = {"username": "jo", "email": "jo@example.com", "role": "viewer"}
    pressed.append(press(browser, "/settings/invite-user/", user).status_code)
    before = (Account.objects.count(), User.objects.count(), Invitation.objects.count())

    refused = [
        new_enduser(browser, 3),
        press(browser, "/settings/invite-user/", user | {"username": "kim"}),
        browser.post("/endusers/clinic-1/invite-again/"),
        press(browser, "/endusers/clinic-1/address/", {"email": "right@example.com"}),
        browser.post("/settings/team/jo/invite-again/"),
    ]

    assert (pressed, [answer.status_code for answer in refused]) == ([302] * 3, [429] * 5)
    assert (Account.objects.count(), User.objects.count(), Invitation.objects.count()) == before == (5, 5, 3)
    assert SecurityEvent.objects.filter(kind="throttled", user__username="northgate").count() == 5


def test_a_form_that_met_the_limit_can_be_sent_later(limits, northgate, signed_in, time_machine):
    """B5, B6: its key is still good."""
    time_machine.move_to("2030-01-01T12:00:00Z", tick=False)
    browser = signed_in(northgate)
    for number in range(3):
        new_enduser(browser, number)
    form = form_of(browser, "/create-enduser/") | {"username": "late", "company": "Late", "email": "late@example.com"}
    first = browser.post("/create-enduser/", form)
    time_machine.move_to("2030-01-01T12:05:01Z", tick=False)

    assert (first.status_code, browser.post("/create-enduser/", form).url) == (429, "/endusers/late/")


def test_a_notice_is_sent_again_no_more_often_either(limits, northgate, west, signed_in, user):
    from licensing_portal.foundation.submissions import fresh_key
    from transfers.services import transfer_licenses

    give(west, ASR=2)
    LinkFactory(holder=northgate, target=west)
    moved = transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(ASR=1), key=fresh_key())
    browser, address = signed_in(northgate), f"/receipts/{moved.number}/send-again/"

    assert [browser.post(address).status_code for _ in range(4)] == [302, 302, 302, 429]


def test_who_has_not_the_right_is_told_so_and_not_of_limits(limits, northgate, harborcu, signed_in):
    """A9: and spends nothing of anybody's."""
    browser = signed_in(northgate, "viewer")

    assert [browser.post("/create-enduser/").status_code for _ in range(4)] == [403] * 4
