"""The License Purchase / Deployment Summary of My Licenses, sorted as its reader chooses (C1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from licenses import selectors
from licenses.selectors import ProductSummary
from licensing_portal.foundation.sorting import Heading, Order, SortableFilterForm

PAGE_SIZE = 50  # products

COLUMNS = ("purchased", "sold", "deployed", "available")


def _orders() -> dict[str, Order]:
    """By product, and by each of the numbers, the most first."""
    orders = {"product": Order(_("Product, A to Z"), ("code",)), "-product": Order(_("Product, Z to A"), ("-code",))}
    for column in COLUMNS:
        orders[f"-{column}"] = Order(_("Most first"), (f"-{column}", "code"))
        orders[column] = Order(_("Least first"), (column, "code"))
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
class SummaryRow(ProductSummary):
    """One product of the summary, with what the stacked bar needs, in percent."""

    @property
    def sold_width(self) -> str:
        return self._percent(self.sold)

    @property
    def sold_and_deployed_width(self) -> str:
        return self._percent(self.sold + self.deployed)

    def _percent(self, part: int) -> str:
        return f"{100 * part / self.purchased:.2f}%" if self.purchased else "0%"


@dataclass(frozen=True)
class Summary:
    """A row for every product that the account ever held, or for a page of them, and what all of them come to."""

    form: SummaryForm
    rows: list[SummaryRow]
    totals: dict[str, int]
    products: Sequence[ProductSummary]  # to filter by: all, by code, whatever the rows are sorted by
    page: Page[SummaryRow] | None = None  # where there are more products than a page has

    @property
    def headings(self) -> dict[str, Heading]:
        """A single row is sorted already."""
        return self.form.headings if len(self.rows) > 1 else {}


def summary_of(account: Account, form: SummaryForm) -> Summary:
    """Make the summary of an account, in one query."""
    products = selectors.summary_of(account)
    rows = [SummaryRow(**vars(product)) for product in products]
    for field in reversed(form.order.fields):
        rows.sort(key=attrgetter(field.removeprefix("-")), reverse=field.startswith("-"))
    totals = {name: sum(getattr(row, name) for row in rows) for name in COLUMNS}
    if len(rows) <= PAGE_SIZE:
        return Summary(form, rows, totals, products)
    page = Paginator(rows, PAGE_SIZE).get_page(form.data.get(SummaryForm.page_name))
    return Summary(form, list(page), totals, products, page)
