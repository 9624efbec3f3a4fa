"""License files (C6, C8): what was signed is what is read, to the bit, and whatever else is read gets a sentence."""

import json
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments import license_files
from deployments.license_files import LicensedProduct, LicenseFile, LicenseFileTooLarge, NotALicenseFile, UnknownVersion
from licensing_portal.foundation import signatures
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.signatures import SignatureDoesNotFit, UnknownKey
from tests.factories.license_files import CONTENT
from tests.keys import RFC_8032_FIRST, key_of, other_key, pem_of

KEY = key_of(RFC_8032_FIRST)

# As docs/license_files.md shows it.
WRITTEN = (
    '{"license":{"company":"Harbor Credit Union","deployment":"HCU-IVR-01","format":"license-file","host_name":"ivr-01.harborcu.example.com",'
    '"issued_at":"2026-11-24T20:00:05Z","number":"D-2026-000001","owner":"harborcu","products":['
    '{"code":"ASR-FULL","name":"Speech Engine (ASR) Full","quantity":24},{"code":"TTS","name":"Text-to-Speech Server","quantity":12}],'
    '"publisher":"Voice Publisher","serial":3,"server_file_sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","version":1},'
    '"signature":"eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoia1ByS19xbXhWV2FZVkE5d3dCRjZJdW8zdlZ6ejdUeEhDVHdYQnlnclM0ayJ9..'
)


@pytest.fixture(autouse=True)
def key(settings):
    settings.LICENSE_SIGNING_KEY, settings.LICENSE_VERIFYING_KEYS = pem_of(KEY), ""


@pytest.fixture
def text():
    return license_files.signed(CONTENT)


def forged(members, **beside):
    """A file with this content, signed with the publisher's own key: whoever reads it must refuse it for what it says."""
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    file = {"license": members, "signature": signatures.sign(canonical.encode())} | beside
    return json.dumps(file, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def members_of(text):
    return json.loads(text)["license"]


# ── What is written ──


def test_a_file_is_one_line_of_canonical_json_with_its_signature(text):
    assert text.startswith(WRITTEN)
    assert (text.count("\n"), text.endswith('"}\n')) == (1, True)


def test_the_same_content_makes_the_same_file(text):
    assert license_files.signed(replace(CONTENT)) == text


def test_what_was_signed_is_what_is_read(text):
    assert license_files.read(text) == license_files.read(text.encode()) == CONTENT


def test_the_moment_is_written_in_utc_to_the_second():
    there = CONTENT.issued_at.astimezone(timezone(timedelta(hours=-8))) + timedelta(microseconds=999_999)

    assert license_files.read(license_files.signed(replace(CONTENT, issued_at=there))) == CONTENT


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NUMBERS = st.integers(1, 10**12)


@given(
    st.builds(
        LicenseFile,
        **dict.fromkeys(("publisher", "deployment_number", "deployment", "owner", "company", "host_name", "server_file_sha256"), TEXTS),
        products=st.lists(st.builds(LicensedProduct, TEXTS, TEXTS, NUMBERS), max_size=5).map(tuple),
        issued_at=st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0)),
        serial=NUMBERS,
    )
)
def test_whatever_people_call_things_comes_back_as_it_was(content):
    """Quotes, line ends, emoji, right-to-left and control characters."""
    assert license_files.read(license_files.signed(content)) == content


def test_more_than_a_file_holds_is_refused_before_it_is_given_to_anybody():
    many = tuple(LicensedProduct(f"P-{number}", "A product with a name as long as such names are" * 2, 1) for number in range(500))

    with pytest.raises(LicenseFileTooLarge, match=r"^A license file has at most 64 KiB\.$"):
        license_files.signed(replace(CONTENT, products=many))


# ── What is not read ──


def passes(file):
    """Whether it is read at all, whatever it says then."""
    try:
        return bool(license_files.read(file, [KEY]))
    except Refusal:
        return False


def flipped(whole, bit):
    changed = bytearray(whole)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_bit_flipped_anywhere_is_refused(text):
    """Every one of them, in the content, in the signature, and in what holds them together."""
    whole = text.encode()

    assert passes(whole)
    assert [bit for bit in range(len(whole) * 8) if passes(flipped(whole, bit))] == []


def test_no_part_of_a_file_is_a_file(text):
    whole = text.encode()

    assert [cut for cut in range(1, len(whole)) if passes(whole[:cut]) or passes(whole[cut:])] == []


@pytest.mark.parametrize(
    "rewritten",
    [
        lambda text: text.strip(),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace('"serial":3', '"serial": 3'),
        lambda text: text.replace('"serial":3', '"serial":3,"serial":3'),
        lambda text: text.replace('"serial":3', '"serial":4,"serial":3'),
        lambda text: text.replace('"serial":3', '"serial":3.0'),
        lambda text: text.replace('"serial":3', '"serial":3e0'),
        lambda text: text.replace("Harbor", "\\u0048arbor"),
        lambda text: text.replace('"version":1', '"version":true'),
        lambda text: text.replace('"version":1', '"version":1.0'),
        lambda text: json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n",
    ],
)
def test_the_same_said_in_another_way_is_refused(text, rewritten):
    """JSON's readers do not agree on a member that stands twice; here there is nothing to agree on."""
    assert rewritten(text) != text
    with pytest.raises((NotALicenseFile, SignatureDoesNotFit)):
        license_files.read(rewritten(text))


RUBBISH = {
    "nothing": b"",
    "a blank": b" \n",
    "no JSON": b"a license",
    "no UTF-8": b'{"license":"\xff"}',
    "UTF-16": '{"license":{}}'.encode("utf-16"),
    "a mark before it": b"\xef\xbb\xbf{}",
    "NUL": b"\0",
    "a number": b"1",
    "NaN": b"NaN",
    "a list": b"[]",
    "an empty object": b"{}",
    "NaN within": b'{"license":NaN,"signature":""}',
    "no content": b'{"license":null,"signature":""}',
    "a list for a content": b'{"license":[],"signature":""}',
    "a format that is none": b'{"license":{"format":[]},"signature":""}',
    "no signature": b'{"license":{}}',
    "a number for a signature": b'{"license":{},"signature":1}',
    "something beside them": b'{"license":{},"signature":"","more":1}',
    "deep": b"[" * 60_000,
    "deep within": b'{"license":' + b"[" * 30_000 + b"]" * 30_000 + b',"signature":""}',
    "deep objects": b'{"a":' * 10_000,
    "five thousand digits": b'{"license":' + b"1" * 5_000 + b',"signature":""}',
    "half a letter": b'{"license":{},"signature":"\\ud800"}',
    "a server file": bytes(range(256)),
}


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH)
def test_what_is_no_license_file_is_said_to_be_none(rubbish):
    with pytest.raises(NotALicenseFile, match=r"^This isn’t a license file of this portal\.$"):
        license_files.read(rubbish)


@pytest.mark.parametrize("text", ["\ud800", '{"license":{},"signature":"\ud800"}'])
def test_text_that_is_none_is_no_license_file(text):
    with pytest.raises(NotALicenseFile):
        license_files.read(text)


WRONG = [
    ("serial", "3"), ("serial", True), ("serial", None), ("serial", 3.5), ("version", "1"), ("version", None), ("version", 0),
    ("version", -1), ("version", [1]), ("version", 10**30), ("format", "invoice"), ("format", None), ("owner", 1), ("owner", None),
    ("company", {}), ("deployment", ["HCU"]), ("issued_at", 0), ("issued_at", ""), ("issued_at", "2026-11-24"), ("issued_at", "2026-13-24T20:00:05Z"),
    ("issued_at", "2026-11-24T20:00:05+00:00"), ("products", None), ("products", {}), ("products", "ASR"), ("products", [1]), ("products", [{}]),
    ("products", [{"code": "A", "name": "B", "quantity": "1"}]), ("products", [{"code": "A", "name": "B", "quantity": True}]),
    ("products", [{"code": 1, "name": "B", "quantity": 1}]), ("products", [{"code": "A", "name": "B", "quantity": 1, "more": 1}]), ("more", 1),
]  # fmt: skip


@pytest.mark.parametrize(("member", "value"), WRONG)
def test_a_file_of_another_shape_is_none_even_if_the_publisher_signed_it(text, member, value):
    with pytest.raises((NotALicenseFile, SignatureDoesNotFit)):
        license_files.read(forged(members_of(text) | {member: value}))


def test_a_signed_text_of_another_format_is_said_to_be_no_license_file(text):
    """Whatever else the publisher may come to sign with this key."""
    with pytest.raises(NotALicenseFile):
        license_files.read(forged(members_of(text) | {"format": "invoice"}))


@pytest.mark.parametrize("member", sorted(json.loads(f'{WRITTEN}"}}')["license"]))
def test_a_file_without_one_of_its_members_is_none(text, member):
    with pytest.raises(NotALicenseFile):
        license_files.read(forged({name: value for name, value in members_of(text).items() if name != member}))


def test_what_is_forged_here_would_pass_if_it_were_right(text):
    """The check itself."""
    assert forged(members_of(text)) == text


def test_a_version_that_is_to_come_is_named(text):
    """Whoever reads it must not guess what its members mean."""
    newer = forged(members_of(text) | {"version": 2, "more": 1})

    with pytest.raises(UnknownVersion, match=r"^This license file has version 2, and version 1 is the only one known here\.$"):
        license_files.read(newer)


def test_what_is_too_large_is_not_looked_at():
    for text in (b"x" * (64 * 1024 + 1), "x" * (64 * 1024 + 1)):
        with pytest.raises(LicenseFileTooLarge):
            license_files.read(text)
    with pytest.raises(NotALicenseFile):
        license_files.read(b"x" * 64 * 1024)


# ── Whose it is ──


def test_a_file_of_another_portal_is_refused(text):
    with pytest.raises(UnknownKey):
        license_files.read(text, [other_key()])


def test_a_part_of_one_file_does_not_fit_into_another(text):
    other = json.loads(license_files.signed(replace(CONTENT, serial=4)))
    mixed = json.loads(text) | {"signature": other["signature"]}

    with pytest.raises(SignatureDoesNotFit):
        license_files.read(json.dumps(mixed, sort_keys=True, separators=(",", ":")) + "\n")


def test_after_a_new_key_old_files_still_verify(text, settings):
    settings.LICENSE_SIGNING_KEY, settings.LICENSE_VERIFYING_KEYS = pem_of(other_key()), pem_of(KEY, private=False)
    newer = license_files.signed(CONTENT)

    assert (license_files.read(text), license_files.read(newer), newer != text) == (CONTENT, CONTENT, True)
