"""The world in which pages are counted and weighed: as many of everything as one asks for, and the pages that tell of it."""

import pytest
from django.db import connection
from django.urls import reverse

from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import EnduserFactory, LinkFactory, ResellerFactory, UserFactory
from tests.factories.deployments import deploy, download, upload
from tests.factories.licenses import give, quantities, recall, sell
from tests.test_view_matrix import READERS, TABLE

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


def pages_of(world, address):
    """Every page of the table that a reader gets, as (who, page, address), by construction: a new one is there as soon as it has its row."""
    return [
        (who, f"{name}{asked}", (world.addresses.get(name) or address(name)) + asked)
        for who in READERS
        for name, rows in TABLE.items()
        if rows["GET"][who] == 200
        for asked in ["", *ASKED_FOR.get(name, [])]
    ]


@pytest.fixture
def world(northgate, west, harborcu, user):
    return World(northgate, west, harborcu, user(northgate))
