"""The License Purchase / Deployment Summary of My Licenses, sorted as its reader chooses (C1)."""

from dataclasses import dataclass
from operator import attrgetter

from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from licenses import selectors
from licenses.selectors import ProductSummary
from licensing_portal.foundation.sorting import Heading, Order, SortableFilterForm

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
    """A row for every product that the account ever held, and what they come to."""

    form: SummaryForm
    rows: list[SummaryRow]

    @property
    def totals(self) -> dict[str, int]:
        return {name: sum(getattr(row, name) for row in self.rows) for name in COLUMNS}

    @property
    def headings(self) -> dict[str, Heading]:
        """A single row is sorted already."""
        return self.form.headings if len(self.rows) > 1 else {}

    @property
    def products(self) -> list[SummaryRow]:
        """By code, whatever the rows are sorted by."""
        return sorted(self.rows, key=attrgetter("code"))


def summary_of(account: Account, form: SummaryForm) -> Summary:
    """Make the summary of an account, in one query."""
    rows = [SummaryRow(**vars(product)) for product in selectors.summary_of(account)]
    for field in reversed(form.order.fields):
        rows.sort(key=attrgetter(field.removeprefix("-")), reverse=field.startswith("-"))
    return Summary(form, rows)
