"""The License Purchase / Deployment Summary of My Licenses, sorted as its reader chooses (C1)."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from licenses import selectors
from licenses.models import Holding, Product
from licensing_portal.foundation.sorting import Heading, Order, SortableFilterForm

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
    """A row for every product that the account ever held, and what they come to."""

    form: SummaryForm
    rows: list[SummaryRow]

    @property
    def totals(self) -> dict[str, int]:
        return {name: sum(getattr(row.holding, name) for row in self.rows) for name in COLUMNS}

    @property
    def headings(self) -> dict[str, Heading]:
        """A single row is sorted already."""
        return self.form.headings if len(self.rows) > 1 else {}

    @property
    def products(self) -> list[Product]:
        """By code, whatever the rows are sorted by."""
        return sorted((row.product for row in self.rows), key=lambda product: product.code)


def summary_of(account: Account, form: SummaryForm) -> Summary:
    """Make the summary of an account, in two queries."""
    holdings, transfers = selectors.holdings_of(account).order_by(*form.order.fields), selectors.net_transfers_of(account)
    return Summary(form, [SummaryRow(holding, transfers.get(holding.product_id, 0)) for holding in holdings])
