"""Whom one sells to and what: resellers with endusers, products, and stock that no run uses up. All of it comes through the portal's own flows.

Primary keys follow each other, so that pgbench finds who belongs to whom by counting.
"""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import Account, User
from licenses.models import Product
from licenses.services import issue_licenses, sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import PASSWORD, EnduserFactory, PublisherFactory, ResellerFactory, StaffFactory
from tests.factories.licenses import ProductFactory

RESELLERS, ENDUSERS, PRODUCTS = 100, 4, 5  # endusers are of each reseller
STOCK = 1_000_000  # licenses of each product at each reseller


@dataclass(frozen=True)
class Market:
    """Everybody there is: the endusers of a reseller stand at its place, as its administrator does."""

    resellers: list[Account]
    administrators: list[User]
    endusers: list[list[Account]]
    products: list[Product]

    def in_words(self) -> str:
        return f"{len(self.resellers)} resellers with {ENDUSERS} endusers each, {len(self.products)} products"


def make_market() -> Market:
    """Make everybody, issue the stock, and sell each enduser a first license of everything, so that all holdings are there."""
    publisher, staff, password = PublisherFactory(), StaffFactory(), make_password(PASSWORD)
    resellers = Account.objects.bulk_create([ResellerFactory.build(username=f"market-{number:03}") for number in range(RESELLERS)])
    administrators = User.objects.bulk_create(
        [User(account=account, username=account.username, email=f"{account.username}@people.example.com", role="administrator", password=password)
         for account in resellers]
    )  # fmt: skip
    owners = Account.objects.bulk_create(
        [EnduserFactory.build(username=f"{reseller.username}-{number}", reseller=reseller) for reseller in resellers for number in range(ENDUSERS)]
    )
    endusers = [owners[start : start + ENDUSERS] for start in range(0, len(owners), ENDUSERS)]
    market = Market(resellers, administrators, endusers, [ProductFactory(code=f"ENGINE-{number}") for number in range(PRODUCTS)])
    for reseller in resellers:
        issue_licenses(publisher=publisher, issued_by=staff, account=reseller, quantities=dict.fromkeys(market.products, STOCK), key=fresh_key())
    _sell_a_first_license_of_everything(market)
    connection.close()  # to be the owner again, who alone may tell the planner how large the tables are
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return market


def _sell_a_first_license_of_everything(market: Market) -> None:
    for reseller, administrator, owners in zip(market.resellers, market.administrators, market.endusers, strict=True):
        for owner in owners:
            sell_licenses(seller=reseller, sold_by=administrator, owner=owner, quantities=dict.fromkeys(market.products, 1), key=fresh_key())
