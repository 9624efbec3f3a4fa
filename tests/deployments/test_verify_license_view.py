"""Verifying a license file on the web (C6): for whoever holds one; it says what the file says, and nothing beyond it."""

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import SecurityEvent
from deployments import license_files
from deployments.models import Deployment
from deployments.services import add_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.deployments import deploy
from tests.factories.license_files import CONTENT
from tests.factories.licenses import give, quantities
from tests.keys import other_key, pem_of
from tests.views import RUBBISH, controls_of, errors_of, form_of, heading_of, kept_in, links_of, notes_of, page_of, rows_of, text_of, values_of

VERIFY, KEY = "/verify/", "/license-signing-key.pem"
NONE = "This isn’t a license file of this portal."
CHANGED = "The signature doesn’t fit: this was changed after it was signed, or isn’t the publisher’s at all."


@pytest.fixture
def text(db):
    return license_files.signed(CONTENT)


@pytest.fixture
def stranger(db):
    return Client()


def with_file(browser, content, name="license.json", **typed):
    return browser.post(VERIFY, {"file": SimpleUploadedFile(name, content)} | typed)


def with_text(browser, text):
    return browser.post(VERIFY, {"text": text})


def facts_of(response):
    facts = list(page_of(response).first("main").all("dt", "dd"))
    return {name.text: fact.text for name, fact in zip(facts[::2], facts[1::2], strict=True)}


# ── What it shows ──


def test_the_page_asks_for_a_file_or_its_text(stranger):
    response = stranger.get(VERIFY)

    assert (response.status_code, heading_of(response), errors_of(response)) == (200, "Verify a license file", {})
    assert controls_of(response) == [
        ("link", "License Portal"),
        ("field", "License file"),
        ("field", "Or its text"),
        ("button", "Verify"),
        ("link", "the publisher’s public key"),
    ]
    assert links_of(response)["the publisher’s public key"] == KEY


def test_the_sign_in_leads_to_it(stranger):
    """Whoever holds a license file need have no account."""
    assert links_of(stranger.get("/sign-in/"))["Verify a license file"] == VERIFY


@pytest.mark.parametrize("send", [lambda browser, text: with_file(browser, text.encode()), with_text], ids=["file", "text"])
def test_a_genuine_file_is_told_in_words(stranger, text, send):
    response = send(stranger, text)

    assert (response.status_code, heading_of(response)) == (200, "This license file is genuine")
    assert notes_of(response) == ["Voice Publisher signed it, and nothing in it was changed."]
    assert facts_of(response) == {
        "Deployment": "HCU-IVR-01 D-2026-000001",
        "Owned by": "Harbor Credit Union harborcu",
        "Host": "ivr-01.harborcu.example.com",
        "Server file": f"SHA-256 {CONTENT.server_file_sha256}",
        "Issued": "24 Nov 2026, 8:00 pm UTC",
        "Serial": "3",
    }
    assert rows_of(response) == [["Speech Engine (ASR) FullASR-FULL", "24"], ["Text-to-Speech ServerTTS", "12"]]
    assert values_of(response)["text"] == ""  # the form is there for the next one


def test_what_is_pasted_may_have_lost_the_end_of_its_line_or_got_another(stranger, text):
    for pasted in (text.strip(), text.strip() + "\r\n", f"\n  {text}\n"):
        assert heading_of(with_text(stranger, pasted)) == "This license file is genuine"


def test_somebody_signed_in_gets_it_in_the_frame_of_the_portal(northgate, signed_in, text):
    browser = signed_in(northgate)

    assert [crumb.text for crumb in page_of(browser.get(VERIFY)).all("ol")] == ["Verify a license file"]
    assert heading_of(with_text(browser, text)) == "This license file is genuine"


def test_names_are_shown_as_text(stranger):
    response = with_text(stranger, license_files.signed(replace(CONTENT, deployment="<script>alert(1)</script>")))

    assert facts_of(response)["Deployment"] == "<script>alert(1)</script> D-2026-000001"


# ── What it refuses ──


def test_nothing_is_said_to_be_missing(stranger):
    response = stranger.post(VERIFY, form_of(stranger, VERIFY) | {"text": "  "})

    assert errors_of(response) == {"file": ["Choose a license file, or paste its text"]}


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (b"", NONE),
        (b"a letter", NONE),
        (bytes(range(256)), NONE),
        (b"[" * 60_000, NONE),
        (b"x" * (64 * 1024 + 1), "A license file has at most 64 KiB."),
    ],
    ids=["empty", "a letter", "a server file", "deep", "large"],
)
def test_a_file_that_is_none_is_refused_at_its_field(stranger, content, refused):
    response = with_file(stranger, content)

    assert (errors_of(response), heading_of(response)) == ({"file": [refused]}, "Verify a license file")


def test_a_file_that_was_changed_is_refused(stranger, text):
    response = with_file(stranger, text.replace('"quantity":24', '"quantity":25').encode())

    assert errors_of(response) == {"file": [CHANGED]}
    assert "HCU-IVR-01" not in text_of(response)


def test_text_that_was_changed_is_refused_and_kept(stranger, text):
    typed = {"text": text.strip().replace("24", "25")}

    response = stranger.post(VERIFY, typed)

    assert (errors_of(response), kept_in(response, typed)) == ({"text": [CHANGED]}, typed)


def test_a_file_of_another_publisher_is_refused(stranger, text, settings):
    settings.LICENSE_SIGNING_KEY = pem_of(other_key())

    assert errors_of(with_text(stranger, text)) == {"text": ["This is signed with a key that isn’t one of the publisher’s."]}


def test_of_a_file_and_a_text_the_file_counts(stranger, text):
    assert heading_of(with_file(stranger, text.encode(), text="nonsense")) == "This license file is genuine"
    assert errors_of(with_file(stranger, b"nonsense", text=text)) == {"file": [NONE]}


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_breaks_nothing(stranger, rubbish):
    for response in (with_text(stranger, rubbish), with_file(stranger, rubbish.encode()), stranger.post(VERIFY, {"file": rubbish})):
        assert (response.status_code, heading_of(response), len(errors_of(response))) == (200, "Verify a license file", 1)


def test_more_than_a_license_file_can_be_is_not_read(stranger):
    """The whole of it is turned away by the length that it announces."""
    response = with_file(stranger, b"x" * 300_000)

    assert (response.status_code, heading_of(response)) == (413, "That is too much at once")


# ── Whether it was overtaken ──


@pytest.fixture
def ivr(northgate, harborcu):
    """A deployment whose license file of now has the serial 3."""
    give(northgate, ASR=10)
    made = deploy(northgate, owner=harborcu, name="HCU-IVR-01", ASR=4)
    Deployment.objects.filter(pk=made.pk).update(state="active", serial=3)
    return made


def answer_for(ivr, browser, *, serial):
    return with_text(browser, license_files.signed(replace(CONTENT, deployment_number=ivr.number, serial=serial)))


OVERTAKEN = (
    "A newer license file was made for this deployment, or the deployment was retired. "
    "This one is genuine: Voice Publisher signed it, and nothing in it was changed."
)


def test_the_newest_is_said_to_be_that(ivr, stranger):
    response = answer_for(ivr, stranger, serial=3)

    assert (heading_of(response), facts_of(response)["Serial"]) == ("This license file is genuine", "3 The newest of this deployment")


def test_an_older_one_is_said_to_be_out_of_date(ivr, stranger):
    response = answer_for(ivr, stranger, serial=2)

    assert (heading_of(response), notes_of(response)) == ("This license file is out of date", [OVERTAKEN])
    assert facts_of(response)["Serial"] == "2"  # and not which is the newest


def test_one_of_a_retired_deployment_is_told_in_the_same_words(ivr, stranger):
    """Whoever holds a file is not told that its deployment was retired (A9)."""
    Deployment.objects.filter(pk=ivr.pk).update(state="retired", retired_at=timezone.now())

    response = answer_for(ivr, stranger, serial=3)

    assert (heading_of(response), notes_of(response)) == ("This license file is out of date", [OVERTAKEN])


def test_licenses_added_later_lead_to_the_same_deployment(ivr, stranger, harborcu, user):
    """Its number is that of its first entry, whatever came after."""
    give(harborcu, ASR=2)
    add_licenses(deployment=ivr, account=harborcu, added_by=user(harborcu), quantities=quantities(ASR=2), key=fresh_key())

    assert heading_of(answer_for(ivr, stranger, serial=1)) == "This license file is out of date"


def test_a_file_that_is_not_genuine_asks_for_nothing_and_is_told_nothing(ivr, stranger):
    forged = license_files.signed(replace(CONTENT, deployment_number=ivr.number, serial=2)).replace('"quantity":24', '"quantity":25')

    with CaptureQueriesContext(connection) as queries:
        response = with_text(stranger, forged)

    assert errors_of(response) == {"text": [CHANGED]}
    assert [query["sql"] for query in queries if "deployments_" in query["sql"]] == []


# ── Whom it serves, and how often ──


def test_it_is_asked_so_often_from_an_address_and_no_oftener(stranger, settings, text, northgate, signed_in):
    settings.REQUEST_LIMITS = {**settings.REQUEST_LIMITS, "verifications": "2/300s/ip"}
    answers = [with_text(stranger, text).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    assert [stranger.get(VERIFY).status_code, stranger.get(KEY).status_code] == [200, 200]
    assert with_text(signed_in(northgate), text).status_code == 429
    assert Client(REMOTE_ADDR="192.0.2.7").post(VERIFY, {"text": text}).status_code == 200
    assert list(SecurityEvent.objects.filter(kind="throttled").values_list("user__username", flat=True)) == [None, "northgate"]


def test_it_works_without_a_row_of_its_own(stranger, text):
    """Nothing is kept: no file, no row, and no word in a log of whose file it was."""
    with CaptureQueriesContext(connection) as queries:
        with_text(stranger, text)

    assert [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE")) and '"cache"' not in query["sql"]] == []


# ── The key ──


def test_the_public_key_is_there_for_everybody(stranger, settings):
    old = other_key()
    settings.LICENSE_VERIFYING_KEYS = pem_of(old, private=False)

    response = stranger.get(KEY)

    assert (response.status_code, response["Content-Type"]) == (200, "application/x-pem-file")
    published = response.content.decode()
    assert (published.count("BEGIN PUBLIC KEY"), published.count("PRIVATE"), published.endswith(pem_of(old, private=False))) == (2, 0, True)
