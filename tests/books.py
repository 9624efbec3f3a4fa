"""How every test looks at the books: all balances at once, compared by equality, and the proof."""

from licenses import proof
from licenses.models import Holding


def balances():
    """Every account's (available, deployed, sold) of every product that it holds or ever held, the publisher apart."""
    holdings = Holding.objects.exclude(account__kind="publisher").select_related("account", "product")
    return {
        (holding.account.username, holding.product.code): (holding.available, holding.deployed, holding.sold)
        for holding in holdings
        if holding.available or holding.deployed or holding.sold
    }


def assert_the_books_are_proven():
    assert list(proof.faults()) == []
