"""`manage.py verify_license` (C6): a license file is verified with the public key alone, wherever that is, and told in words."""

import os
import subprocess
import sys
from dataclasses import replace
from io import StringIO

import pytest
from django.conf import settings as portal_settings
from django.core.management import call_command
from django.core.management.base import CommandError

from deployments import license_files
from deployments.models import Deployment
from tests.factories.deployments import deploy
from tests.factories.license_files import CONTENT
from tests.factories.licenses import give
from tests.foundation.test_settings import PRODUCTION
from tests.keys import RFC_8032_FIRST, key_of, other_key, pem_of
from tests.pages.test_words import made_up_language  # noqa: F401 - the fixture

KEY = key_of(RFC_8032_FIRST)

GRANTS = """\
Genuine: the publisher signed this license file, and nothing in it was changed.
Publisher   Voice Publisher
Deployment  HCU-IVR-01
Number      D-2026-000001
Owned by    Harbor Credit Union (harborcu)
Host        ivr-01.harborcu.example.com
Server file SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
Issued      2026-11-24 20:00:05 UTC
Serial      3
Grants      36 licenses
          24 × Speech Engine (ASR) Full (ASR-FULL)
          12 × Text-to-Speech Server (TTS)
"""


@pytest.fixture(autouse=True)
def _key(settings):
    settings.LICENSE_SIGNING_KEY = pem_of(KEY)


@pytest.fixture
def file(tmp_path):
    """A license file as it is downloaded."""
    path = tmp_path / "license.json"
    path.write_text(license_files.signed(CONTENT))
    return path


@pytest.fixture
def published(tmp_path):
    """What /license-signing-key.pem publishes."""
    path = tmp_path / "license-signing-key.pem"
    path.write_text(pem_of(KEY, private=False))
    return path


def said(*words):
    out = StringIO()
    call_command("verify_license", *map(str, words), stdout=out)
    return out.getvalue()


def refused(*words):
    with pytest.raises(CommandError) as refusal:
        said(*words)
    return (str(refusal.value), refusal.value.returncode)


# ── With the public key alone ──


def test_a_genuine_file_is_told_in_words_without_any_database(file, published):
    """The test has none, and would fail if one were asked."""
    assert said(file, "--key", published) == GRANTS


def test_a_changed_file_is_refused_with_a_status_of_its_own(file, published):
    file.write_text(file.read_text().replace("24", "25"))

    words = f"{file}: The signature doesn’t fit: this was changed after it was signed, or isn’t the publisher’s at all."
    assert refused(file, "--key", published) == (words, 1)


def test_other_keys_than_those_that_are_named_are_not_believed(file, tmp_path):
    other, both = tmp_path / "other.pem", tmp_path / "both.pem"
    other.write_text(pem_of(other_key(), private=False))
    both.write_text(other.read_text() + pem_of(KEY, private=False))

    assert refused(file, "--key", other) == (f"{file}: This is signed with a key that isn’t one of the publisher’s.", 1)
    assert said(file, "--key", both) == GRANTS


@pytest.mark.parametrize("content", [b"", b"a word", pem_of(KEY).encode(), b"\xff" * 70_000])
def test_a_file_without_a_public_key_is_named(file, tmp_path, content):
    other = tmp_path / "other.pem"
    other.write_bytes(content)

    words, status = refused(file, "--key", other)

    assert (words.startswith((f"{other} is not Ed25519 public keys in PEM", f"{other}: There is no public key in it.")), status) == (True, 1)
    assert "PRIVATE" not in words


def test_what_cannot_be_read_is_named(tmp_path, file):
    assert refused(tmp_path / "gone") == (f"{tmp_path / 'gone'}: No such file or directory", 1)
    assert refused(tmp_path) == (f"{tmp_path}: Is a directory", 1)
    assert refused(file, "--key", tmp_path / "gone.pem") == (f"{tmp_path / 'gone.pem'}: No such file or directory", 1)


def test_of_a_large_file_no_more_is_read_than_a_license_file_has(tmp_path):
    large = tmp_path / "large"
    with large.open("wb") as opened:
        opened.truncate(2**40)  # a terabyte of holes

    assert refused(large) == (f"{large}: A license file has at most 64 KiB.", 1)


def test_it_speaks_english_in_every_language_of_the_portal(made_up_language, file, published, tmp_path):  # noqa: F811 - the fixture
    """Other programs read it; and what was signed is the same file everywhere."""
    other = tmp_path / "other"
    other.write_text("a word")

    assert said(file, "--key", published) == GRANTS
    assert refused(other, "--key", published) == (f"{other}: This isn’t a license file of this portal.", 1)


# ── With the portal's database, where it answers ──


@pytest.mark.parametrize(
    ("serial", "words"),
    [
        (3, "It is the newest of this deployment.\n"),
        (2, "Out of date: a newer license file was made for this deployment, or the deployment was retired.\n"),
    ],
)
def test_it_says_whether_a_newer_one_exists(northgate, tmp_path, serial, words):
    give(northgate, ASR=10)
    made = deploy(northgate, ASR=4)
    Deployment.objects.filter(pk=made.pk).update(state="active", serial=3)
    file = tmp_path / "license.json"
    file.write_text(license_files.signed(replace(CONTENT, deployment_number=made.number, serial=serial)))

    assert said(file).endswith(f"(TTS)\n{words}")


def test_of_a_deployment_that_it_does_not_know_it_says_so(db, file):
    assert said(file) == f"{GRANTS}Whether it is the newest is not known here.\n"


def test_the_signature_needs_no_database(file):
    """As in production, whose database is out of reach."""
    environment = PRODUCTION | {"DATABASE_URL": "postgres://portal@127.0.0.1:1/portal", "PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "manage.py", "verify_license", str(file)]

    ran = subprocess.run(command, env=environment, cwd=portal_settings.BASE_DIR, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{GRANTS}Whether it is the newest is not known here.\n", "")


def test_its_exit_status_says_whether_the_file_is_genuine(file, published):
    command = [sys.executable, "manage.py", "verify_license", str(file), "--key", str(published)]
    file.write_text(file.read_text().replace("24", "25"))

    ran = subprocess.run(
        command, env=PRODUCTION | {"PATH": os.environ["PATH"]}, cwd=portal_settings.BASE_DIR, capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout, "CommandError" in ran.stderr) == (1, "", True)
