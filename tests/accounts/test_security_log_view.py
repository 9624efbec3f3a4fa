"""Sign-in and security log, the page: each account's administrators see their part of it, and nothing that is others' (A9)."""

import pytest
from django.test import Client

from accounts import security_log
from accounts.models import SecurityEvent
from tests.factories.accounts import LinkFactory, UserFactory
from tests.views import heading_of, links_of, press, rows_of, text_of

LOG = "/settings/log/"
HERE = "203.0.113.7"
Kind = SecurityEvent.Kind


def rows(browser, address=LOG):
    """What stands in the table, but for the moment, which each row ends with."""
    return [row[:-1] for row in rows_of(browser.get(address))]


def test_an_administrator_sees_what_happened_at_the_accounts_doors(northgate):
    browser = Client(REMOTE_ADDR=HERE)
    press(browser, "/sign-in/", {"login": "northgate", "password": "wrong horse battery"})
    press(browser, "/sign-in/", {"login": "northgate", "password": "correct horse battery"})

    assert heading_of(browser.get(LOG)) == "Sign-in and security log"
    assert rows(browser) == [
        ["Signed in", "northgate", "–", HERE],
        ["Wrong username or password POST /sign-in/", "northgate", "–", HERE],
    ]


def test_nothing_of_another_account_is_in_it(northgate, tideway, signed_in, user):
    """A9."""
    security_log.record(Kind.SIGNED_IN, user=user(tideway))
    security_log.record(Kind.SIGN_IN_FAILED, about="POST /sign-in/")

    assert "Nothing has happened yet" in text_of(signed_in(northgate).get(LOG))


@pytest.mark.parametrize("role", ["viewer", "manager"])
def test_it_is_for_administrators_alone(northgate, signed_in, role):
    assert signed_in(northgate, role).get(LOG).status_code == 403


def test_it_is_for_nobody_who_acts_for_the_account(northgate, west, signed_in):
    """A7: never what an administrator may."""
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")

    assert browser.get(LOG).status_code == 403


def test_who_acted_as_the_account_is_named_and_their_address_is_not(northgate, west, signed_in, user):
    """A7: the journal names the person as well; A9: where they sit is theirs."""
    LinkFactory(holder=northgate, target=west)
    UserFactory(account=northgate, username="jo", role="manager")
    browser = Client(REMOTE_ADDR=HERE)
    browser.force_login(UserFactory(account=northgate, username="jo"))
    browser.post("/switch/northgate-west/")
    browser.get("/linked-accounts/")
    browser.post("/switch-back/")

    assert rows(signed_in(west)) == [
        ["Acting ended", "jo", "northgate", "–"],
        ["Refused GET /linked-accounts/", "jo", "northgate", "–"],
        ["Acting began", "jo", "northgate", "–"],
    ]
    assert rows(signed_in(northgate))[0] == ["Acting ended", "jo", "northgate-west", HERE]


def test_of_whoever_linked_it_the_account_is_named_alone(northgate, west, signed_in, user):
    """A5: who can reach us; A9: not who works there."""
    security_log.record(Kind.LINKED, user=UserFactory(account=northgate, username="jo"), other=west, about="Proved by northgate-west")

    assert rows(signed_in(west)) == [["Account linked Proved by northgate-west", "northgate", "northgate", "–"]]


def test_of_the_publishers_staff_none_is_named(northgate, staff, signed_in):
    security_log.record(Kind.STAFF_ACTED, user=staff, other=northgate, about="Account northgate changed: Email")

    assert rows(signed_in(northgate)) == [["Done by the publisher Account northgate changed: Email", "publisher", "publisher", "–"]]


def test_it_is_filtered_by_what_happened_and_searched_by_user_and_address(northgate, signed_in, user):
    jo = UserFactory(account=northgate, username="jo")
    for kind in (Kind.SIGNED_IN, Kind.SIGNED_OUT):
        security_log.record(kind, user=jo)
    security_log.record(Kind.SIGNED_IN, user=user(northgate))
    browser = signed_in(northgate)
    happened = [row[:2] for row in rows(browser, f"{LOG}?kind=signed_in")]

    assert happened == [["Signed in", "northgate"], ["Signed in", "jo"]]
    assert [row[:2] for row in rows(browser, f"{LOG}?q=jo")] == [["Signed out", "jo"], ["Signed in", "jo"]]
    assert "Nothing matches these filters" in text_of(browser.get(f"{LOG}?q=192.0.2"))
    assert "Nothing matches these filters" in text_of(browser.get(f"{LOG}?kind=gift"))


def test_the_search_does_not_look_at_what_is_not_shown(northgate, west, signed_in):
    """A9: letter by letter one could else read the name of somebody else's user."""
    security_log.record(Kind.LINKED, user=UserFactory(account=northgate, username="jo"), other=west)

    assert "Nothing matches these filters" in text_of(signed_in(west).get(f"{LOG}?q=jo"))


def test_it_is_paged_by_keys(northgate, signed_in, user):
    for number in range(120):
        security_log.record(Kind.STAFF_ACTED, user=user(northgate), about=f"number {number}")
    browser = signed_in(northgate)

    def page(address):
        response = browser.get(address)
        shown = [row[0].rpartition(" ")[2] for row in rows_of(response)]
        return shown[0], shown[-1], {name: there for name, there in links_of(response).items() if name in {"Newest", "Newer", "Older"}}

    newest, oldest, further = page(LOG)
    assert (newest, oldest, set(further)) == ("119", "70", {"Older"})
    newest, oldest, further = page(LOG + further["Older"])
    assert (newest, oldest, set(further)) == ("69", "20", {"Newest", "Newer", "Older"})
    assert page(LOG + further["Newer"])[:2] == ("119", "70")
    assert page(LOG + further["Older"])[:2] == ("19", "0")


@pytest.mark.parametrize("asked", ["before=x", "after=-1", "before=99999999999999999999", "kind=%00", "q=%00", "before=1&before=2"])
def test_rubbish_in_the_address_breaks_nothing(northgate, signed_in, user, asked):
    security_log.record(Kind.SIGNED_IN, user=user(northgate))

    assert signed_in(northgate).get(f"{LOG}?{asked}").status_code == 200
