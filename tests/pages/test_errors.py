"""Error pages in plain words, and what every answer carries."""

import pytest
from django.test import Client, RequestFactory

from licenses.models import JournalEntry
from licensing_portal import errors
from tests.factories.accounts import PASSWORD, LinkFactory
from tests.factories.licenses import give
from tests.views import form_of, heading_of, links_of, page_of, text_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)


def policy_of(response):
    return {part.strip() for part in response["Content-Security-Policy"].split(";")}


# ── What every answer carries ──


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 200), ("/sell/", 200), ("/endusers/", 200), ("/receipts/S-2020-000001/", 404), ("/nowhere/", 404), ("/switch-back/", 405), ("/sign-in/", 302),
        ("/admin/", 403), ("/licenses.csv", 200), ("/history.csv", 200), ("/history.csv?kind=gift", 404), ("/suggest-endusers/", 200), ("/healthz", 200),
        ("/sign-out/", 200), ("/password/reset/", 200), ("/invitation/", 404),
    ],
)  # fmt: skip
def test_every_answer_to_a_customer_carries_the_content_security_policy(northgate, harborcu, signed_in, address, status):
    give(northgate, ASR=1)

    response = signed_in(northgate).get(address)

    assert (response.status_code, policy_of(response)) == (status, policy_of({"Content-Security-Policy": POLICY}))
    assert (response["X-Frame-Options"], response["X-Content-Type-Options"], response["Referrer-Policy"]) == ("DENY", "nosniff", "same-origin")


@pytest.mark.parametrize(
    ("address", "status"), [("/", 302), ("/sign-in/", 200), ("/nowhere/", 404), ("/admin/", 302), ("/healthz", 200), ("/readyz", 200)]
)
def test_every_answer_to_whoever_is_not_signed_in_carries_it(db, address, status):
    response = Client().get(address)

    assert (response.status_code, policy_of(response)) == (status, policy_of({"Content-Security-Policy": POLICY}))


@pytest.mark.parametrize(
    ("address", "status"),
    [("/", 302), ("/admin/", 200), ("/admin/issue/", 200), ("/admin/licenses/product/", 200), ("/admin/nowhere/", 404), ("/sell/", 403)],
)
def test_every_answer_to_staff_carries_it(desk, address, status):
    response = desk.get(address)

    assert (response.status_code, policy_of(response)) == (status, policy_of({"Content-Security-Policy": POLICY}))


@pytest.mark.parametrize(
    "address", ["/", "/sell/", "/deployments/add/", "/transfer/", "/linked-accounts/", "/history/", "/endusers/harborcu/", "/sign-out/", "/nowhere/"]
)
def test_no_page_has_a_script_or_a_style_within(northgate, harborcu, west, signed_in, address):
    """The policy would stop it, and the page would be broken."""
    give(northgate, ASR=1)
    give(west, ASR=1)
    LinkFactory(holder=northgate, target=west)

    content = signed_in(northgate).get(address).content.decode()

    assert [text for text in ("<style", " style=", " onclick=", " onsubmit=", "javascript:") if text in content] == []
    assert content.count("<script") == content.count("<script src=")


def test_a_page_behind_the_sign_in_is_for_one_persons_browser_alone(northgate, signed_in):
    """Behind a shared computer's Back button, or a proxy, somebody else's numbers would stand."""
    assert "Cookie" in signed_in(northgate).get("/")["Vary"]


# ── 404, 403, 405, 400, 500 ──


def test_404_says_so_within_the_portal(northgate, signed_in):
    response = signed_in(northgate).get("/nowhere/")

    assert (response.status_code, heading_of(response)) == (404, "Page not found")
    assert links_of(response) == {"My Licenses": "/"}
    assert "Main menu" in response.content.decode()


def test_404_offers_to_look_for_a_number(northgate, signed_in):
    response = signed_in(northgate).get("/receipts/S-2020-000001/")

    (search,) = page_of(response).first("main").all("form")
    assert (search["action"], search["method"], search.first("input")["name"]) == ("/search/", "get", "q")


def test_404_shows_nothing_of_the_portal_to_whoever_is_not_signed_in(db):
    response = Client().get("/nowhere/")

    assert (response.status_code, heading_of(response)) == (404, "Page not found")
    assert "Sign in" in links_of(response)
    assert "Main menu" not in response.content.decode()
    assert list(page_of(response).all("form")) == []


def test_403_names_the_person_the_account_and_whom_to_ask(northgate, signed_in):
    response = signed_in(northgate, "viewer").get("/sell/")

    assert (response.status_code, heading_of(response)) == (403, "You can’t open this page")
    assert "Your user northgate-viewer of the account northgate doesn’t have access. Ask an administrator of your account." in text_of(response)


def test_403_does_not_send_an_administrator_to_an_administrator(harborcu, signed_in):
    response = signed_in(harborcu).get("/sell/")

    assert response.status_code == 403
    assert "Your user harborcu of the account harborcu doesn’t have access. Nothing was changed." in text_of(response)


def test_403_while_acting_says_as_whom(northgate, west, signed_in):
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")

    response = browser.get("/linked-accounts/")

    assert response.status_code == 403
    assert "You’re acting as northgate-west, which doesn’t have access." in text_of(response)
    (way_back,) = page_of(response).first("main").all("form")
    assert (way_back["action"], way_back.first("button").text) == ("/switch-back/", "Go back to northgate")


def test_a_form_without_the_csrf_token_is_refused_in_plain_words(northgate, harborcu, user):
    give(northgate, ASR=10)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user(northgate))
    form = form_of(browser, "/sell/") | {"owner": "harborcu", "qty-ASR": "1"}
    del form["csrfmiddlewaretoken"]

    response = browser.post("/sell/", form)

    assert (response.status_code, heading_of(response)) == (403, "This page was open too long")


def test_the_sign_in_carries_the_csrf_token_too(northgate):
    browser = Client(enforce_csrf_checks=True)

    assert browser.post("/sign-in/", form_of(browser, "/sign-in/") | {"login": "northgate", "password": PASSWORD}).status_code == 302


def test_too_many_fields_are_refused_in_plain_words(northgate, harborcu, signed_in):
    give(northgate, ASR=10)

    response = signed_in(northgate).post("/sell/", {f"qty-{number}": "1" for number in range(5001)})

    assert (response.status_code, heading_of(response)) == (400, "This request made no sense")


def test_more_than_a_form_can_hold_is_refused_in_plain_words(northgate, harborcu, signed_in):
    give(northgate, ASR=10)

    response = signed_in(northgate).post("/sell/", {"owner": "harborcu", "qty-ASR": "1", "reference": "x" * 3_000_000})

    assert (response.status_code, heading_of(response), JournalEntry.objects.filter(kind="sale").count()) == (413, "That is too much at once", 0)


def test_a_foreign_host_name_is_refused(db):
    assert Client().get("/sign-in/", headers={"host": "evil.example"}).status_code == 400


def test_500_needs_neither_a_user_nor_a_database(rf_that_fails):
    """What broke may be the very thing that the frame asks for."""
    response = errors.server_error(rf_that_fails)

    assert (response.status_code, heading_of(response)) == (500, "Something went wrong")
    assert "Traceback" not in response.content.decode()


@pytest.fixture
def rf_that_fails():
    """A request without user, session or acting account; the test has no database either."""
    return RequestFactory().get("/")
