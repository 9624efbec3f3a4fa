"""Chromium against a live server. A page that complains on its console fails its test."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.test import Client
from playwright.sync_api import Error, expect

from accounts.models import Account, User
from licensing_portal import demo
from licensing_portal.foundation.notices import deliver_due
from tests import chromium
from tests.factories.accounts import UserFactory

# Playwright runs an event loop in the test's thread, and Django then takes every query for one from asynchronous code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# A busy machine is slow, not wrong: what is to come up is waited for this long (milliseconds).
expect.set_options(timeout=20_000)

HERE = Path(__file__).parent
# Chromium logs most of what the policy stops as errors; the event tells of all of it.
TELL_OF_THE_POLICY = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`content security policy: ${event.violatedDirective} stopped ${event.blockedURI}`))
"""


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, **chromium.launch_options()}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args, live_server):
    """Let a test open `page.goto("/history/")`."""
    return {**browser_context_args, "base_url": live_server.url, "locale": "en-US", "timezone_id": "UTC"}


@pytest.fixture(autouse=True)
def _mails_lead_to_the_live_server(settings, live_server):
    settings.PORTAL_URL = live_server.url


def _is_complaint(message):
    """Chromium looks for a favicon beside pages that cannot name one, such as /healthz; the portal's pages name theirs."""
    return message.type == "error" and not message.location["url"].endswith("/favicon.ico")


@pytest.fixture
def complaints():
    """Hold what the pages complained of; a test that provokes a complaint looks at it here and clears the list."""
    return []


@pytest.fixture
def new_context(new_context, complaints):
    """Listen to every page of every context: an error on the console, an exception, a stop by the policy fails the test."""
    contexts = []

    def listened_to(**options):
        context = new_context(**options)
        context.add_init_script(TELL_OF_THE_POLICY)
        context.on("console", lambda message: complaints.append(f"console: {message.text}") if _is_complaint(message) else None)
        context.on("weberror", lambda problem: complaints.append(f"script: {problem.error}"))
        contexts.append(context)
        return context

    yield listened_to
    for page in [page for context in contexts for page in context.pages]:
        with suppress(Error):
            page.evaluate("0")  # what the page said before this has arrived when the answer has
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def page_without_scripts(new_context):
    return new_context(java_script_enabled=False).new_page()


@pytest.fixture
def sign_in(page):
    """Return a function that signs in by hand, as a person does."""

    def sign_in(username, password):
        page.goto("/")
        page.get_by_label("Username", exact=True).fill(username)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        return page

    return sign_in


@pytest.fixture
def visit_as(new_context, live_server):
    """Return a function that gives a user a browser of their own, signed in already: for tests of what comes after."""

    def visit_as(user):
        client = Client()
        client.force_login(user)
        name = portal_settings.SESSION_COOKIE_NAME
        context = new_context()
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        return context.new_page()

    return visit_as


@pytest.fixture
def story(transactional_db):
    """The demo, with its mails delivered, and a viewer of northgate's."""
    demo.load()
    UserFactory(account=Account.objects.get(username="northgate"), username="northgate-viewer", role="viewer")
    deliver_due()


@pytest.fixture
def visitor(story, visit_as):
    """Return a function that gives a user of the demo a browser."""
    return lambda username: visit_as(User.objects.get(username=username))
