"""Products as rows. Holdings are never made by hand: `give` issues them, so that the books always prove."""

import factory
from factory.django import DjangoModelFactory

from licenses.models import Product
from licenses.services import issue_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import PublisherFactory, StaffFactory


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
