"""Products as rows. Holdings are never made by hand: `give` issues them, so that the books always prove."""

import factory
from factory.django import DjangoModelFactory

from licenses.models import Product
from licenses.services import adjust_licenses, issue_licenses, recall_sale, reverse_entry, sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import PublisherFactory, StaffFactory, UserFactory


class ProductFactory(DjangoModelFactory):
    class Meta:
        model = Product
        django_get_or_create = ["code"]

    code = factory.Sequence(lambda n: f"PRODUCT-{n}")
    name = factory.LazyAttribute(lambda product: f"The {product.code.title()}")


def give(account, **by_code):
    """Issue licenses to an account: give(northgate, ASR=10, TTS=4)."""
    return issue_licenses(
        publisher=PublisherFactory(),
        issued_by=StaffFactory(),
        account=account,
        quantities=quantities(**by_code),
        key=fresh_key(),
    )


def quantities(**by_code):
    """Quantities by product, as flows take them: quantities(ASR=10)."""
    return {ProductFactory(code=code): quantity for code, quantity in by_code.items()}


def sell(seller, owner, **by_code):
    """Sell by the flow: sell(northgate, harborcu, ASR=3)."""
    return sell_licenses(seller=seller, sold_by=UserFactory(account=seller), owner=owner, quantities=quantities(**by_code), key=fresh_key())


def recall(sale, **by_code):
    """Take back licenses of a sale by the flow: recall(sale, ASR=2)."""
    seller = sale.giver
    return recall_sale(
        sale=sale,
        seller=seller,
        recalled_by=UserFactory(account=seller),
        quantities=quantities(**by_code),
        reason="Ordered by mistake",
        key=fresh_key(),
    )


def reverse(entry, **by_code):
    """Have staff take back licenses of an entry: reverse(issue, ASR=2)."""
    return reverse_entry(
        entry=entry,
        publisher=PublisherFactory(),
        reversed_by=StaffFactory(),
        quantities=quantities(**by_code),
        reason="Booked by mistake",
        ticket="T-1",
        key=fresh_key(),
    )


def adjust(account, *, is_up, **by_code):
    """Have staff put an account's available right: adjust(northgate, is_up=False, ASR=2)."""
    return adjust_licenses(
        publisher=PublisherFactory(),
        adjusted_by=StaffFactory(),
        account=account,
        is_up=is_up,
        quantities=quantities(**by_code),
        reason="Counted again",
        ticket="T-2",
        key=fresh_key(),
    )
