"""No input breaks the house (rules.md §4): every field of every form, and every parameter of every address, gets what nobody would type.

Whatever is sent, the answer is a page, the books stay proven, and no license is there that was not there before.
"""

from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.importing.files import EnduserRow
from accounts.importing.services import upload_endusers
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give
from tests.views import page_of

EXAMPLES = 100

CURIOUS = [
    "", " ", "\0", "a\0b", "-1", "1e3", "1_000", "+5", "5.0", "１２", "٣", "0x10", "NaN", "9" * 20, "9" * 5_000, "1" + "0" * 30,
    "x" * 200_000, "\ud800", "a\udfffb", "\u202e5", "\u2028", "\x1b[31m", "\r\nBcc: x@example.com", "<script>alert(1)</script>", "{{ 7*7 }}",
    "{0.__class__}", "%s%n", "' OR 1=1 --", "../../etc/passwd", "//evil.example.com", "javascript:alert(1)", "[]", "{}", "null", "true", "*", "%", "_",
    "2026-99-99", "0000-00-00", "99999-01-01", "-pk", "password", "harborcu", "northgate", "publisher", "😀" * 50,
]  # fmt: skip
VALUES = st.one_of(st.sampled_from(CURIOUS), st.text(st.characters(), max_size=40), st.integers().map(str))

# What an address is asked in its query, beside the fields of the forms on its page.
PARAMETERS = [
    "q",
    "page",
    "before",
    "after",
    "kind",
    "product",
    "account",
    "user",
    "from",
    "to",
    "column",
    "state",
    "whose",
    "owner",
    "next",
    "rows",
    "import",
    "o",
    "p",
    "e",
]


@pytest.fixture
def addresses(northgate, west, harborcu, user):
    """Pages of northgate's, each with something on it."""
    give(northgate, ASR=10, TTS=4)
    give(west, ASR=5)
    LinkFactory(holder=northgate, target=west)
    made = deploy(northgate, name="IVR", ASR=2)
    uploaded = upload_endusers(
        reseller=northgate, uploaded_by=user(northgate), file_name="a.csv", rows=[EnduserRow(2, "x1", "X", "x@example.com")], key=fresh_key()
    )
    names = [
        "my_licenses", "search", "endusers", "accounts:create_enduser", "accounts:suggest_endusers", "accounts:link_account",
        "accounts:switch_accounts", "licenses:sell_licenses", "licenses:history", "licenses:history_csv", "licenses:licenses_csv", "licenses:sold", "licenses:sold_csv",
        "accounts:switch_accounts", "licenses:sell_licenses", "licenses:history", "licenses:history_csv", "licenses:history_xlsx",
        "licenses:export_history", "licenses:licenses_csv", "accounts:endusers_csv", "accounts:endusers_xlsx", "accounts:upload_endusers",
        "deployments:add_deployment", "transfers:transfer_licenses",
    ]  # fmt: skip
    of_things = [
        reverse("enduser", args=["harborcu"]),
        made.get_absolute_url(),
        uploaded.get_absolute_url(),
        *(f"{made.get_absolute_url()}{act}/" for act in ("add-licenses", "retire")),
    ]
    return [*map(reverse, names), *of_things]


@pytest.fixture
def admin_addresses(publisher):
    models = [
        "accounts/account",
        "accounts/user",
        "accounts/link",
        "licenses/product",
        "licenses/holding",
        "licenses/journalentry",
        "foundation/notice",
    ]
    return ["/admin/issue/", "/admin/accounts/account/add/", *(f"/admin/{model}/" for model in models)]


def encoded(pairs):
    """As a browser would send it, and what no browser would: halves of characters come as bytes that are no UTF-8."""
    return "&".join(f"{quote(name)}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in pairs)


def forms_of(browser, address):
    """What the forms on a page would send to where, as they stand."""
    response = browser.get(address)
    if not response.headers.get("Content-Type", "").startswith("text/html") or response.status_code != 200:
        return []
    return [
        (
            form["method"] or "get",
            form["action"] or address,
            {control["name"]: control["value"] for control in form.all("input", "textarea", "select")},
        )
        for form in page_of(response).all("form")
        if "/sign-out/" not in form["action"]
    ]


def targets_of(browser, addresses):
    asked = [("get", address, dict.fromkeys(PARAMETERS, "")) for address in addresses]
    return asked + [form for address in addresses for form in forms_of(browser, address)]


def attack(browser, targets):
    """Send each target, again and again, some of its fields changed, left out or sent twice; return nothing, or fail."""

    @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def one(data):
        method, address, fields = data.draw(st.sampled_from(targets))
        names = data.draw(st.lists(st.sampled_from([name for name in fields if name] or ["q"]), min_size=1, max_size=4, unique=True))
        changed = [(name, data.draw(VALUES)) for name in names for _ in range(data.draw(st.integers(0, 2)))]
        pairs = [pair for pair in fields.items() if pair[0] not in names] + changed
        assert status(browser, method, address, encoded(pairs)) < 500

    one()


def status(browser, method, address, sent):
    """Whatever it did is looked at and undone: each attack meets the same house."""
    savepoint = transaction.savepoint()
    path, _, query = address.partition("?")
    if method == "get":
        response = browser.get(path, QUERY_STRING=sent or query)
    else:
        response = browser.post(address, sent, content_type="application/x-www-form-urlencoded")
    b"".join(response.streaming_content) if response.streaming else response.content
    licenses = {code: sum(sum(numbers[:2]) for (_, held), numbers in balances().items() if held == code) for code in ("ASR", "TTS")}
    assert_the_books_are_proven()
    transaction.savepoint_rollback(savepoint)
    assert licenses == {"ASR": 15, "TTS": 4} or address.startswith("/admin/")
    return response.status_code


def test_nothing_that_a_customer_sends_breaks_a_page_or_makes_a_license(addresses, user, northgate):
    browser = Client(raise_request_exception=False)
    browser.force_login(user(northgate))

    attack(browser, targets_of(browser, addresses))


def test_nothing_that_staff_send_breaks_a_page(addresses, admin_addresses, staff):
    browser = Client(raise_request_exception=False)
    browser.force_login(staff)

    attack(browser, targets_of(browser, admin_addresses))


def test_nothing_that_a_stranger_sends_breaks_a_page(addresses, admin_addresses):
    browser = Client(raise_request_exception=False)

    attack(browser, targets_of(browser, ["/sign-in/", "/password/reset/", "/invitation/", *addresses, *admin_addresses]))


@pytest.mark.parametrize(
    "path",
    [
        "/%00",
        "/%FF%FE/",
        "/" + "x" * 5_000,
        "/deployments/9999999999999999999999/",
        "/receipts/S-2026-%00/",
        "/endusers/%ED%A0%80/",
        "/static/../manage.py",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "trace", "options", "head", "patch"])
def test_no_path_and_no_method_breaks_anything(method, path, user, northgate):
    browser = Client(raise_request_exception=False)
    browser.force_login(user(northgate))

    assert browser.generic(method.upper(), path).status_code < 500


@pytest.mark.parametrize(
    "name",
    [
        "HTTP_COOKIE",
        "HTTP_ACCEPT_LANGUAGE",
        "HTTP_USER_AGENT",
        "HTTP_REFERER",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_IF_MODIFIED_SINCE",
        "CONTENT_TYPE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_X_FORWARDED_HOST",
    ],
)
@pytest.mark.parametrize("value", ["\0", "x" * 50_000, "é\xff", "=;=;", "Thu, 99 Foo 9999", "text/html; charset=nonsense", "{}"])
def test_no_header_breaks_anything(name, value, user, northgate):
    browser = Client(raise_request_exception=False)
    browser.force_login(user(northgate))

    assert browser.get("/", **{name: value}).status_code < 500
