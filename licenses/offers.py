"""What a form with quantities offers, and how much of it one page shows: nobody fills in ten thousand fields, and no page draws them.

Up to fifty products stand on the page as they are. Of more it shows a page, or what a search finds, and first every product that has
a Qty already, with its field: what was typed stays part of the form, and nobody sells what they do not see. Searching and turning the
page post the form itself, with its key, by a button that does nothing else; so it works without scripts.
"""

from collections.abc import Mapping
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from licenses.models import Product
from licensing_portal.foundation.quantities import PREFIX

PAGE_SIZE = 50  # products that a page lists; an offer of no more is shown whole
MOST_PRODUCTS = 150  # with a Qty, in one press of a form
MOST_FIELDS = PAGE_SIZE + MOST_PRODUCTS  # of quantities, whatever is offered and whatever is sent

SEARCH = "product-search"  # what is searched for
PAGE = "product-page"  # the page that is shown
SHOW = "show-page"  # the button that only looks: the page that it leads to

Products = QuerySet[Product] | list[Product]


class Offer:
    """The products that a form offers, and those of them that its page shows. `start_at` is the code of one that is shown first."""

    def __init__(self, products: Products, sent: Mapping[str, str], *, start_at: str = "") -> None:
        self.products = products if isinstance(products, list) else products.order_by("code")
        self.sent = sent
        self.is_turned = SHOW in sent  # even where the offer has become short meanwhile: whoever turns a page sells nothing
        self.typed = [code for name, code in _codes_in(sent) if sent[name].strip(" 0")]
        self._first = list(self.products[: PAGE_SIZE + 1])
        self.is_long = len(self._first) > PAGE_SIZE
        self.text = sent.get(SEARCH, "").replace("\0", "").strip()[:100] if self.is_long else ""
        self.on_page = self._on_page()
        self.beside = self._beside(start_at)

    @cached_property
    def page(self) -> Page[Product]:
        """The page that was asked for, of what the search finds; a number that is none leads to one that is."""
        return Paginator(self._found(), PAGE_SIZE).get_page(self.sent.get(SHOW) or self.sent.get(PAGE) or 1)

    @property
    def is_too_much(self) -> bool:
        """More products have a Qty than one press takes."""
        return len(self.typed) > MOST_PRODUCTS

    @property
    def unknown(self) -> list[str]:
        """The codes with a Qty that are no product's."""
        known = {product.code for product in [*self.on_page, *self.beside]}
        return [] if self.is_too_much else [code for code in self.typed if code not in known]

    def _found(self) -> Products:
        if isinstance(self.products, list):
            text = self.text.casefold()
            return [product for product in self.products if text in product.code.casefold() or text in product.name.casefold()]
        return self.products.filter(Q(code__icontains=self.text) | Q(name__icontains=self.text)) if self.text else self.products

    def _on_page(self) -> list[Product]:
        """What the page lists. Where too many products have a Qty they stand alone, so that there is room for all to be seen and emptied."""
        if not self.is_long:
            return self._first
        return [] if self.is_too_much else list(self.page.object_list)

    def _beside(self, start_at: str) -> list[Product]:
        """What has its field though the page does not list it, by code: what has a Qty, what one came for, and what is not offered any more."""
        listed = {product.code for product in self.on_page}
        if self.is_long and start_at and not self.sent:
            return [product for product in self._called(start_at) if start_at not in listed]
        # A short list that became shorter keeps the fields that were left empty too: the form is as it was sent.
        asked = self.typed if self.is_long else [code for _, code in _codes_in(self.sent)]
        few = sorted({code for code in asked if "\0" not in code} - listed)[: MOST_FIELDS - len(listed)]
        return list(Product.objects.filter(code__in=few).order_by("code")) if few else []

    def _called(self, code: str) -> Products:
        """The product with this code, where it is offered."""
        if isinstance(self.products, list):
            return [product for product in self.products if product.code == code]
        return self.products.filter(code=code) if "\0" not in code else []


def _codes_in(sent: Mapping[str, str]) -> list[tuple[str, str]]:
    """The names of the quantities that were sent, each with its product's code."""
    return [(name, name.removeprefix(PREFIX)) for name in sent if name.startswith(PREFIX)]
