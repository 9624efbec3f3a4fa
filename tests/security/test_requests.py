"""ASVS 2, 3, 4, 13 and 15, requests as no browser of ours sends them: fields twice, methods that nobody needs, other sites, other lengths."""

import re

import pytest
from django.test import Client

from licenses.models import JournalEntry
from tests.books import balances
from tests.factories.licenses import give
from tests.test_view_matrix import READERS, TABLE
from tests.views import errors_of, form_of

# ── Fields that come twice, or from elsewhere (15.3.5, 15.3.7) ──


@pytest.fixture
def sale(northgate, harborcu, signed_in):
    """A browser with the form of a sale, and what sends it with pairs of one's own."""
    give(northgate, ASR=10)
    browser = signed_in(northgate)
    form = form_of(browser, "/sell/")
    quantity = next(name for name in form if name.startswith("qty"))
    fixed = [(name, value) for name, value in form.items() if name not in {quantity, "owner"}]

    def send(*pairs, query=""):
        from urllib.parse import urlencode

        body = urlencode([*fixed, *((quantity if name == "qty" else name, value) for name, value in pairs)])
        return browser.post(f"/sell/{query.replace('qty', quantity)}", body, content_type="application/x-www-form-urlencoded")

    return send


def sold():
    return JournalEntry.objects.filter(kind="sale").count(), balances().get(("harborcu", "ASR"), None)


def test_of_a_field_that_comes_twice_one_value_counts(sale):
    """Never both, and never their sum."""
    sale(("owner", "harborcu"), ("qty", "3"), ("qty", "4"))

    assert sold() == (1, (4, 0, 0))


def test_what_stands_in_the_address_is_no_field_of_the_form(sale):
    """Else a link could fill in what somebody else then presses."""
    response = sale(("owner", "harborcu"), query="?qty=5")

    assert (response.status_code, errors_of(response) != {}, sold()) == (200, True, (0, None))


def test_a_field_that_the_form_has_not_is_of_no_interest(sale, northgate, tideway):
    """15.3.3: neither whose licenses are sold nor who sells them comes from the form."""
    more = [("seller", "tideway"), ("sold_by", "1"), ("giver", str(tideway.pk)), ("kind", "issue"), ("posted_at", "2001-01-01")]

    sale(("owner", "harborcu"), ("qty", "3"), *more)

    entry = JournalEntry.objects.get(kind="sale")
    assert (entry.giver, entry.kind, entry.posted_at.year > 2001) == (northgate, "sale", True)


# ── Other sites and other methods ──


@pytest.mark.parametrize("address", ["/", "/sign-in/", "/licenses.csv", "/suggest-endusers/?q=h", "/nowhere/", "/healthz"])
def test_no_other_site_may_read_an_answer(northgate, signed_in, address):
    """3.4.2: asked with its name or asked beforehand."""
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    browser = signed_in(northgate)

    answers = [method(address, headers=headers) for method in (browser.get, browser.options)]

    assert [name for answer in answers for name in answer.headers if name.lower().startswith("access-control")] == []


def test_no_address_answers_trace(address, browser_of):
    """13.4.4: a cookie that no script may read could be read there."""
    answers = {(who, name): browser_of(who).generic("TRACE", address(name)).status_code for who in READERS for name in TABLE}

    assert {asked: status for asked, status in answers.items() if status != 405} == {}


@pytest.mark.parametrize(
    "path", ["/.git/HEAD", "/.git/", "/static/", "/static/portal/", "/manage.py", "/.env", "/static/../licensing_portal/settings.py"]
)
def test_no_file_but_the_static_ones_is_served_and_no_folder_is_listed(db, path):
    """13.4.1, 13.4.3, 13.4.5."""
    assert Client().get(path).status_code in {302, 404}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/licenses.csv", "text/csv; charset=utf-8"),
        ("/history.csv", "text/csv; charset=utf-8"),
        ("/suggest-endusers/?q=h", "application/json"),
        ("/nowhere/", "text/html; charset=utf-8"),
        ("/healthz", "text/plain"),
    ],
)
def test_every_answer_says_what_it_is_and_in_which_letters(northgate, signed_in, path, kind):
    """4.1.1."""
    assert signed_in(northgate).get(path)["Content-Type"] == kind


def test_the_name_of_a_file_is_plain_letters_whatever_was_typed(northgate, signed_in):
    """5.4.2."""
    northgate.company = 'x"; filename="evil.exe'
    northgate.save()

    for address in ("/history.csv?q=%22%3B%20filename%3Devil.exe", "/licenses.csv"):
        told = signed_in(northgate).get(address)["Content-Disposition"]
        assert re.fullmatch(r'attachment; filename="(history|licenses)_northgate_\d{4}-\d\d-\d\d\.csv"', told)
