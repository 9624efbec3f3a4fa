"""What the portal's own checks find in settings, and that they ask nothing of good ones."""

import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks

from tests.foundation.test_settings import PRODUCTION

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
        ("ALLOWED_HOSTS", ["*"], ["portal.E001"]),
        ("ALLOWED_HOSTS", ["portal.example.com", ".example.com"], ["portal.E001"]),
        ("CONTENT_SECURITY_POLICY", None, ["portal.E002"]),
        ("IS_HTTPS", False, ["portal.E004"]),
        ("SESSION_COOKIE_NAME", "sessionid", ["portal.E005"]),
        ("CSRF_COOKIE_NAME", "csrftoken", ["portal.E005"]),
        ("SESSION_COOKIE_DOMAIN", "example.com", ["portal.E005"]),
        ("CSRF_COOKIE_PATH", "/admin/", ["portal.E005"]),
        ("TRUSTED_PROXIES", 0, ["portal.W007"]),
    ],
)
def test_what_would_be_unsafe_is_found(settings, name, value, ids):
    setattr(settings, name, value)

    assert found() == ids


@pytest.mark.parametrize(("middleware", "ids"), [(CSP, ["portal.E002"]), (LOGIN, ["portal.E006"])])
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

    assert found() == ["portal.E003"]


def check_deploy(**environment):
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, check=False)


def test_check_deploy_asks_them(settings):
    """And with the settings of production all is well."""
    good, bad = (check_deploy(**PRODUCTION | {"TRUSTED_PROXIES": proxies}) for proxies in ("1", "0"))

    assert (good.returncode, good.stderr, bad.returncode, "portal.W007" in bad.stderr) == (0, "", 1, True)
