"""Who exists is not told by how much there is to do (A8): the database does as much for a name that nobody has, and as much is hashed.

The times are measured by `make bench`; what is hashed is counted in tests/accounts/test_one_lock.py.
"""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import SecurityEvent
from licensing_portal.foundation.models import Notice
from tests.views import form_of

WRONG = "wrong horse battery"


def statements(browser, address, typed):
    """What the database does when a form is sent: the verbs, each with its table, in their order; and no savepoints, which do nothing."""
    form = form_of(browser, address) | typed
    with CaptureQueriesContext(connection) as captured:
        browser.post(address, form)
    done = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    return [(sql.partition(" ")[0], *re.findall(r'(?:FROM|INTO|UPDATE) "?(\w+)', sql)[:1]) for sql in done]


@pytest.fixture
def browser_at(northgate, west, signed_in):
    """Whoever links accounts; at the other doors nobody is signed in."""
    return lambda address: signed_in(northgate) if address == "/linked-accounts/" else Client()


DOORS = [
    ("/sign-in/", lambda name: {"login": name, "password": WRONG}),
    ("/linked-accounts/", lambda name: {"username": name, "password": WRONG}),
    ("/password/reset/", lambda name: {"email": name}),
]


@pytest.mark.parametrize(("address", "typed"), DOORS, ids=[address for address, _ in DOORS])
def test_the_database_does_the_same_for_a_name_that_nobody_has(browser_at, address, typed):
    who = browser_at(address)
    statements(who, address, typed("somebody-else"))  # what is remembered between requests is remembered now

    known, unknown = (statements(who, address, typed(name)) for name in ("northgate-west", "nobody-at-all"))

    assert ("INSERT", "accounts_securityevent") in known
    assert unknown == known


def test_of_a_letter_to_nobody_nothing_is_left_but_that_it_was_asked_for(northgate):
    for name in ("nobody-at-all", "northgate"):
        Client().post("/password/reset/", {"email": name})

    assert [(event.kind, event.user and event.user.username, event.about) for event in SecurityEvent.objects.order_by("pk")] == [
        ("reset_asked", None, ""),
        ("reset_asked", "northgate", ""),
    ]
    assert [(notice.account, notice.address) for notice in Notice.objects.all()] == [("northgate", "northgate@people.example.com")]
