"""How many queries a page takes: fifteen at most, and for thirty rows as many as for one."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories.accounts import LinkFactory
from tests.pages.world import pages_of
from tests.test_view_matrix import READERS

MOST_QUERIES = 15


def queries(browser, address):
    """How many queries a page takes; a savepoint stands for a transaction of production's, and is none."""
    browser.get(address)  # what is remembered between requests (content types) is remembered now
    with CaptureQueriesContext(connection) as captured:
        response = browser.get(address)
        if response.streaming:
            list(response.streaming_content)
    assert response.status_code == 200, address
    return len([query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))])


def test_a_page_takes_as_many_queries_for_thirty_rows_as_for_one_and_fifteen_at_most(address, browser_of, world, time_machine):
    time_machine.move_to(timezone.now(), tick=False)  # once a minute a session is written that somebody used
    browsers = {who: browser_of(who) for who in READERS}

    def counts():
        return {(who, page): queries(browsers[who], where) for who, page, where in pages_of(world, address)}

    world.grow(1)
    with_one = counts()
    world.grow(30)

    assert counts() == with_one
    assert {page: count for page, count in with_one.items() if count > MOST_QUERIES} == {}


WAYS_TO_LOOK = ["/", "/?page=2", "/?page=99", "/?whose=endusers", "/?q=d&product=P01&state=waiting", "/?q=nothing+like+it", "/?summary=-sold"]


def test_my_licenses_takes_six_queries_session_and_person_among_them(world, northgate, harborcu, signed_in):
    world.grow(30)

    for account in (northgate, harborcu):
        browser = signed_in(account)
        assert max(queries(browser, address) for address in WAYS_TO_LOOK) == 6


def test_my_licenses_takes_one_more_while_acting_for_the_link_that_must_still_hold(world, northgate, west, signed_in):
    """A6: with its proof, at every request."""
    world.grow(2)
    LinkFactory(holder=west, target=northgate)
    acting = signed_in(west)
    acting.post("/switch/northgate/")

    assert max(queries(acting, address) for address in WAYS_TO_LOOK) == 7


def test_acting_costs_no_more_than_three_queries(world, northgate, west, signed_in):
    """The link and its proof are looked at again at every request (A6)."""
    LinkFactory(holder=west, target=northgate)
    acting = signed_in(west)
    acting.post("/switch/northgate/")

    assert queries(acting, "/history/") - queries(signed_in(northgate), "/history/") <= 3
