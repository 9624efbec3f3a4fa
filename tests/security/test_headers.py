"""What every answer tells a browser, whatever it is: page, redirect, file, error, admin."""

import json

import pytest
from django.contrib.auth.decorators import login_not_required
from django.test import Client
from django.urls import include, path

from licensing_portal.headers import KEPT_FOR_GOING_BACK
from tests.factories.licenses import give
from tests.foundation.test_settings import PRODUCTION, start
from tests.test_view_matrix import READERS, TABLE

CONTENT = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "connect-src 'self'", "form-action 'self'",
    "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'",
}  # fmt: skip
ALWAYS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def told(response):
    """The headers that every answer carries; the policy for content in no order."""
    policy = {part.strip() for part in response["Content-Security-Policy"].split(";")}
    return policy, {name: response[name] for name in ALWAYS}


def kept(response):
    return {part.strip() for part in response["Cache-Control"].split(",")}


@pytest.mark.parametrize("name", TABLE)
def test_every_answer_of_every_address_tells_what_a_browser_must_not_do(address, browser_of, name):
    for who in READERS:
        for method in ("get", "post"):
            response = getattr(browser_of(who), method)(address(name))

            assert told(response) == (CONTENT, ALWAYS), (who, method, response.status_code)
            if name in KEPT_FOR_GOING_BACK:
                assert {"private", "no-cache"} <= kept(response)
            else:
                assert {"private", "no-store"} <= kept(response)


@pytest.mark.parametrize(
    ("there", "more", "status"),
    [
        ("/nowhere/", {}, 404),
        ("/sign-in/", {"headers": {"host": "evil.example"}}, 400),
        ("/sell/?" + "x" * 300_000, {}, 400),
        ("/static/nowhere.css", {}, 404),
    ],
)
def test_an_error_tells_it_too(db, there, more, status):
    response = Client().get(there, **more)

    assert (response.status_code, told(response)) == (status, (CONTENT, ALWAYS))


@login_not_required
def broken(request):
    raise ValueError("broken")


urlpatterns = [path("broken/", broken), path("", include("licensing_portal.urls"))]
handler500 = "licensing_portal.errors.server_error"


@pytest.mark.urls(__name__)
def test_a_fault_tells_it_too(db):
    response = Client(raise_request_exception=False).get("/broken/")

    assert (response.status_code, told(response)) == (500, (CONTENT, ALWAYS))


def test_a_forged_form_is_told_it_too(northgate):
    response = Client(enforce_csrf_checks=True).post("/sign-in/", {"login": "northgate"})

    assert (response.status_code, told(response)) == (403, (CONTENT, ALWAYS))


def test_a_static_file_may_be_kept_and_tells_the_rest(db):
    response = Client().get("/static/portal/base.css")
    response.close()

    assert (told(response), "no-store" in response.get("Cache-Control", "")) == ((CONTENT, ALWAYS), False)


@pytest.mark.parametrize("address", ["/sign-out/", "/admin/logout/"])
def test_signing_out_makes_the_browser_forget_what_it_kept(desk, address):
    """The pages with a form are kept for going back, and the next who sits there presses Back."""
    looked, signed_out = desk.get(address), desk.post(address)

    assert ("Clear-Site-Data" in looked, signed_out["Clear-Site-Data"]) == (False, '"cache", "storage"')


def test_a_file_is_told_it_and_is_not_kept(northgate, signed_in):
    give(northgate, ASR=1)

    for address in ("/licenses.csv", "/history.csv"):
        response = signed_in(northgate).get(address)
        assert (told(response), {"private", "no-store"} <= kept(response), response["Content-Disposition"].partition(";")[0]) == (
            (CONTENT, ALWAYS),
            True,
            "attachment",
        )


# ── Over https ──

OVER_HTTPS = """
import json, django
from django.conf import settings
settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
django.setup()
from django.contrib.auth.decorators import login_not_required
from django.test import Client
from django.urls import include, path
browser = Client(headers={"host": "portal.example.com", "X-Forwarded-Proto": "https"})
secure, bare = browser.get("/sign-in/"), Client(headers={"host": "portal.example.com"}).get("/sign-in/")
cookies = {name: [cookie["path"], cookie["domain"], cookie["secure"], cookie["httponly"], cookie["samesite"]] for name, cookie in secure.cookies.items()}
print(json.dumps([secure["Strict-Transport-Security"], cookies, bare.status_code, bare["Location"], settings.SESSION_COOKIE_NAME]))
"""


def test_over_https_cookies_are_the_hosts_alone_and_the_browser_comes_back_by_https():
    answered = start(OVER_HTTPS, DJANGO_SETTINGS_MODULE="licensing_portal.settings", **PRODUCTION)

    assert json.loads(answered.stdout) == [
        "max-age=31536000; includeSubDomains; preload",
        {"__Host-csrftoken": ["/", "", True, True, "Lax"]},
        301,
        "https://portal.example.com/sign-in/",
        "__Host-sessionid",
    ]
