"""What the portal's own checks find in settings, and that they ask nothing of good ones."""

import os
import re
import subprocess
import sys

import pytest
from django.core.checks import run_checks

from tests.foundation.test_settings import PRODUCTION
from tests.test_architecture import SOURCES

CSP = "csp.middleware.CSPMiddleware"
LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"


@pytest.fixture
def settings(settings):
    """As production has them."""
    settings.IS_HTTPS, settings.TRUSTED_PROXIES, settings.SECURE_PROXY_SSL_HEADER = True, 1, ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    settings.ALLOWED_HOSTS = ["portal.example.com"]
    return settings


def found():
    return [message.id for message in run_checks(include_deployment_checks=True) if message.id.startswith("portal.")]


def test_good_settings_are_found_good(settings):
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "ids"),
    [
        ("ALLOWED_HOSTS", ["*"], ["portal.E101"]),
        ("ALLOWED_HOSTS", ["portal.example.com", ".example.com"], ["portal.E101"]),
        ("CONTENT_SECURITY_POLICY", None, ["portal.E102"]),
        ("IS_HTTPS", False, ["portal.E104"]),
        ("SESSION_COOKIE_NAME", "sessionid", ["portal.E105"]),
        ("CSRF_COOKIE_NAME", "csrftoken", ["portal.E105"]),
        ("SESSION_COOKIE_DOMAIN", "example.com", ["portal.E105"]),
        ("CSRF_COOKIE_PATH", "/admin/", ["portal.E105"]),
        ("TRUSTED_PROXIES", 0, ["portal.W107"]),
    ],
)
def test_what_would_be_unsafe_is_found(settings, name, value, ids):
    setattr(settings, name, value)

    assert found() == ids


@pytest.mark.parametrize(("middleware", "ids"), [(CSP, ["portal.E102"]), (LOGIN, ["portal.E106"])])
def test_a_guard_that_is_gone_is_missed(settings, middleware, ids):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != middleware]

    assert found() == ids


@pytest.mark.parametrize(
    "directives",
    [
        {"script-src": ["'self'", "'unsafe-inline'"]},
        {"style-src": ["'unsafe-inline'"]},
        {"script-src": ["*"]},
        {"frame-ancestors": ["'self'"]},
        {"default-src": ["'self'"]},
        {"base-uri": []},
    ],
)
def test_a_policy_that_lets_others_in_is_found(settings, directives):
    whole = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | directives
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": whole}

    assert found() == ["portal.E103"]


def check_deploy(**environment):
    command = [sys.executable, "-W", "error", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False)


def test_check_deploy_asks_them(settings):
    """And with the settings of production all is well."""
    good, bad = (check_deploy(**PRODUCTION | {"TRUSTED_PROXIES": proxies}) for proxies in ("1", "0"))

    assert (good.returncode, good.stderr, bad.returncode, "portal.W107" in bad.stderr) == (0, "", 1, True)


@pytest.mark.parametrize(
    ("spoilt", "found"),
    [
        ("ALLOWED_HOSTS = ['.example.com']", ["portal.E101"]),
        ("CONTENT_SECURITY_POLICY = None", ["portal.E102"]),
        ("SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = 'sessionid', 'csrftoken'", ["portal.E105", "portal.E105"]),
        ("STAFF_WITHOUT_SECOND_FACTOR = {'clerk'}", ["accounts.E001"]),
    ],
)
def test_check_deploy_fails_on_each_alone(tmp_path, spoilt, found):
    """Whatever else is as production has it: hosts, the policy for content, cookies, and staff without a second factor."""
    (tmp_path / "spoilt_settings.py").write_text(f"from licensing_portal.settings import *\n{spoilt}\n")
    environment = {"TRUSTED_PROXIES": "1", "PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "spoilt_settings"}

    checked = check_deploy(**PRODUCTION | environment)

    assert (checked.returncode, re.findall(r"\(([a-z]+\.[EW]\d+)\)", checked.stderr)) == (1, found)


def test_no_two_findings_have_one_name():
    """Whoever silences one would silence the other."""
    names = [name for source in SOURCES.values() for name in re.findall(r'id="([a-z]+\.[EW]\d+)"', source)]

    assert (len(names) > 12, len(names) - len(set(names))) == (True, 0)
