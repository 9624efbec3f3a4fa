"""How many queries a page takes: fifteen at most, and for thirty rows as many as for one. The pages are those of tests/test_view_matrix.py."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import EnduserFactory, LinkFactory, ResellerFactory, UserFactory
from tests.factories.deployments import deploy, download, upload
from tests.factories.licenses import give, quantities, recall, sell
from tests.test_view_matrix import READERS, TABLE

MOST_QUERIES = 15
# What one asks a page for in its address, beside the page as the menu opens it.
ASKED_FOR = {
    "my_licenses": ["?whose=endusers"],
    "licenses:history": ["?column=sold"],
    "licenses:sold": ["?q=h&product=P00&owner=harborcu"],
    "accounts:suggest_endusers": ["?q=example"],
    "search": ["?q=e"],
    "transfers:transfer_licenses": ["?account=northgate-west"],
}


class World:
    """northgate and its harborcu with as many of everything as one asks for: products, endusers, sales, deployments, links both ways."""

    def __init__(self, northgate, west, harborcu, seller):
        self.northgate, self.west, self.harborcu, self.seller, self.size = northgate, west, harborcu, seller, 0
        LinkFactory(holder=harborcu, target=west)

    def grow(self, size):
        codes = [f"P{number:02}" for number in range(size)]
        for account in (self.northgate, self.west):
            give(account, **dict.fromkeys(codes, 100))
        for number in range(self.size, size):
            EnduserFactory(username=f"clinic-{number:02}", reseller=self.northgate)
            UserFactory(account=self.northgate, username=f"person-{number:02}")
            sister, cousin = (UserFactory(account=ResellerFactory(username=f"{who}-{number:02}")).account for who in ("sister", "cousin"))
            for account in (self.northgate, self.harborcu):
                LinkFactory(holder=account, target=sister)
                LinkFactory(holder=cousin, target=account)
            for owner in (self.northgate, self.harborcu):
                deploy(self.northgate, owner=owner, **dict.fromkeys(codes[:2], 1))
        self.size = size
        sale = sell_licenses(
            seller=self.northgate, sold_by=self.seller, owner=self.harborcu, quantities=quantities(**dict.fromkeys(codes, 1)), key=fresh_key()
        )
        in_parts = sell(self.northgate, self.harborcu, P00=size + 1)
        for _ in range(size):
            recall(in_parts, P00=1)
        active = upload(deploy(self.northgate, owner=self.harborcu, **dict.fromkeys(codes, 1)), f"of {size}")
        for _ in range(size):
            download(active)
        deployment = active.get_absolute_url()
        # The pages that are as long as a sale or a deployment has products.
        self.addresses = {
            "licenses:receipt": in_parts.get_absolute_url(),
            "licenses:recall_sale": f"{sale.get_absolute_url()}recall/",
            "deployments:deployment": deployment,
            "deployments:add_licenses": f"{deployment}add-licenses/",
            "deployments:retire_deployment": f"{deployment}retire/",
            "deployments:replace_server": f"{deployment}replace-server/",
            "admin:deployments_deployment_change": reverse("admin:deployments_deployment_change", args=[active.pk]),
            "admin:licenses_journalentry_change": reverse("admin:licenses_journalentry_change", args=[sale.pk]),
            "admin:licenses_journalentry_reverse": reverse("admin:licenses_journalentry_reverse", args=[sale.pk]),
        }
        # Autovacuum, which does not see what this test has not committed, may have told the planner that the tables are empty.
        connection.cursor().execute("ANALYZE")


def queries(browser, address):
    """How many queries a page takes; a savepoint stands for a transaction of production's, and is none."""
    browser.get(address)  # what is remembered between requests (content types) is remembered now
    with CaptureQueriesContext(connection) as captured:
        response = browser.get(address)
        if response.streaming:
            list(response.streaming_content)
    assert response.status_code == 200, address
    return len([query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))])


@pytest.fixture
def world(northgate, west, harborcu, user):
    return World(northgate, west, harborcu, user(northgate))


def test_a_page_takes_as_many_queries_for_thirty_rows_as_for_one_and_fifteen_at_most(address, browser_of, world, time_machine):
    """Every page of the table that a reader gets, by construction: a new one is counted as soon as it has its row."""
    time_machine.move_to(timezone.now(), tick=False)  # once a minute a session is written that somebody used
    browsers = {who: browser_of(who) for who in READERS}

    def counts():
        return {
            (who, name, asked): queries(browser, (world.addresses.get(name) or address(name)) + asked)
            for who, browser in browsers.items()
            for name, rows in TABLE.items()
            if rows["GET"][who] == 200
            for asked in ["", *ASKED_FOR.get(name, [])]
        }

    world.grow(1)
    with_one = counts()
    world.grow(30)

    assert counts() == with_one
    assert {page: count for page, count in with_one.items() if count > MOST_QUERIES} == {}


def test_my_licenses_takes_ten_queries_at_most_acting_and_filtered_too(world, northgate, west, signed_in):
    world.grow(2)
    LinkFactory(holder=west, target=northgate)
    acting = signed_in(west)
    acting.post("/switch/northgate/")

    for address in ("/", "/?whose=endusers", "/?q=d&product=P01&state=waiting"):
        assert queries(acting, address) <= 10


def test_acting_costs_no_more_than_three_queries(world, northgate, west, signed_in):
    """The link and its proof are looked at again at every request (A6)."""
    LinkFactory(holder=west, target=northgate)
    acting = signed_in(west)
    acting.post("/switch/northgate/")

    assert queries(acting, "/history/") - queries(signed_in(northgate), "/history/") <= 3
