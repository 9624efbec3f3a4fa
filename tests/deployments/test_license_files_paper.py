"""docs/license_files.md: what it tells others to do works, as it stands there."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from django.conf import settings as portal_settings

from deployments import license_files
from licensing_portal.foundation import signing_keys
from tests.factories.license_files import CONTENT
from tests.keys import RFC_8032_FIRST, key_of, other_key, pem_of

PAPER = (portal_settings.BASE_DIR / "docs" / "license_files.md").read_text()
EXAMPLE, SHELL, PYTHON = re.findall(r"^```\n(.*?)^```$", PAPER, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(settings, tmp_path):
    """A license file, and beside it what the portal publishes: the key that signed it, and one of before."""
    settings.LICENSE_SIGNING_KEY = pem_of(key_of(RFC_8032_FIRST))
    settings.LICENSE_VERIFYING_KEYS = pem_of(other_key(), private=False)
    (tmp_path / "license.json").write_text(license_files.signed(CONTENT))
    (tmp_path / "license-signing-key.pem").write_text(signing_keys.published())
    return tmp_path


def run(folder, *command):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def by_shell(folder):
    return run(folder, "sh", "-c", SHELL)


def by_python(folder):
    return run(folder, sys.executable, "-c", PYTHON, "license.json", "license-signing-key.pem")


def change(folder):
    file = folder / "license.json"
    file.write_text(file.read_text().replace('"quantity":24', '"quantity":25'))


def test_the_example_is_a_license_file_with_breaks(folder):
    assert json.loads(EXAMPLE) == json.loads((folder / "license.json").read_text())


def test_every_member_is_explained():
    explained = set(re.findall(r"`(\w+)`", PAPER.partition("| Member |")[2].partition("\n\n")[0]))

    assert explained >= set(json.loads(EXAMPLE)["license"])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on this machine to be told what to do")
def test_openssl_verifies_a_file_and_refuses_a_changed_one(folder):
    genuine = by_shell(folder)
    change(folder)
    changed = by_shell(folder)

    assert (genuine.returncode, genuine.stdout, changed.returncode) == (0, "Signature Verified Successfully\n", 1)


def test_twenty_lines_of_python_verify_a_file_and_refuse_a_changed_one(folder):
    genuine = by_python(folder)
    change(folder)
    changed = by_python(folder)

    assert (genuine.returncode, genuine.stdout.split(" ", 2)[:2], genuine.stderr) == (0, ["HCU-IVR-01", "3"], "")
    assert (changed.returncode, changed.stderr) == (1, "This license file is not genuine, or of another version.\n")


def test_they_read_the_file_of_a_key_of_before_as_well(folder, settings):
    settings.LICENSE_VERIFYING_KEYS = pem_of(key_of(RFC_8032_FIRST), private=False)
    settings.LICENSE_SIGNING_KEY = pem_of(other_key())
    (folder / "license-signing-key.pem").write_text(signing_keys.published())

    assert by_python(folder).returncode == 0
