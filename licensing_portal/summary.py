"""The License Purchase / Deployment Summary of My Licenses, sorted as its reader chooses (C1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Sum
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from licenses import selectors
from licenses.models import Holding, Product
from licensing_portal.foundation.sorting import Heading, Order, SortableFilterForm

PAGE_SIZE = 50  # products

COLUMNS: dict[str, Any] = {
    "purchased": F("sold") + F("deployed") + F("available"),
    "sold": F("sold"),
    "deployed": F("deployed"),
    "available": F("available"),
}


def _orders() -> dict[str, Order]:
    """By product, and by each of the numbers, the most first."""
    orders = {"product": Order(_("Product, A to Z"), ("product__code",)), "-product": Order(_("Product, Z to A"), ("-product__code",))}
    for name, number in COLUMNS.items():
        orders[f"-{name}"] = Order(_("Most first"), (OrderBy(number, descending=True), "product__code"))
        orders[name] = Order(_("Least first"), (OrderBy(number), "product__code"))
    return orders


class SummaryForm(SortableFilterForm):
    """How the summary is sorted, beside the filters and the order of the deployments in the same address."""

    sorted_by = "summary"
    page_name = "products"  # in the address, where the deployments have a page too
    place_in_list = ("products",)
    orders = _orders()

    @property
    def chosen(self) -> dict[str, str]:
        """What of the address is about the summary, for links and forms that are about something else."""
        return {self.sorted_by: self.sort} if self.sort else {}


@dataclass(frozen=True)
class SummaryRow:
    """One product of the summary, with what the stacked bar needs, in percent."""

    holding: Holding
    net_transferred: int

    @property
    def product(self) -> Product:
        return self.holding.product

    @property
    def sold_width(self) -> str:
        return self._percent(self.holding.sold)

    @property
    def sold_and_deployed_width(self) -> str:
        return self._percent(self.holding.sold + self.holding.deployed)

    def _percent(self, part: int) -> str:
        return f"{100 * part / self.holding.purchased:.2f}%" if self.holding.purchased else "0%"


@dataclass(frozen=True)
class Summary:
    """A row for every product that the account ever held, or for a page of them, and what all of them come to."""

    form: SummaryForm
    rows: list[SummaryRow]
    totals: dict[str, int]
    products: list[Product]  # to filter by: by code, whatever the rows are sorted by
    page: Page[Holding] | None = None  # where there are more products than a page has

    @property
    def headings(self) -> dict[str, Heading]:
        """A single row is sorted already."""
        return self.form.headings if len(self.rows) > 1 else {}


def summary_of(account: Account, form: SummaryForm) -> Summary:
    """Make the summary of an account, in two queries where it fits on a page."""
    holdings, transfers = selectors.holdings_of(account).order_by(*form.order.fields), selectors.net_transfers_of(account)
    shown = list(holdings[: PAGE_SIZE + 1])
    if len(shown) <= PAGE_SIZE:
        totals = {name: sum(getattr(holding, name) for holding in shown) for name in COLUMNS}
        products = sorted((holding.product for holding in shown), key=lambda product: product.code)
        return Summary(form, _rows(shown, transfers), totals, products)
    page = Paginator(holdings, PAGE_SIZE).get_page(form.data.get(SummaryForm.page_name))
    totals = account.holdings.aggregate(**{name: Sum(number) for name, number in COLUMNS.items()})
    return Summary(form, _rows(page.object_list, transfers), totals, selectors.products_to_choose_from(account), page)


def _rows(holdings: Iterable[Holding], transfers: dict[int, int]) -> list[SummaryRow]:
    return [SummaryRow(holding, transfers.get(holding.product_id, 0)) for holding in holdings]
