"""Sold: what a reseller sold, to whom and when, with the mail's fate and what came back of it, newest first, a page at a time (C4).

The licenses have left the account; the sales are read from the journal, which keeps them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import UsernameField
from accounts.models import Account
from licenses.forms import product_select
from licenses.models import JournalEntry, JournalLine, Product
from licenses.receipts import last_notices
from licenses.search import key_of, mentions
from licenses.selectors import sales_of, taken_back_of
from licensing_portal.foundation.forms import DatedFilterForm, OneLineField
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.paging import page_by_key

READ_AT_ONCE = 500  # sales, with their lines and notices


class SoldFilterForm(DatedFilterForm):
    """The filters of a reseller's sales. They choose sales, which are then shown whole."""

    search_hint = _("Number, enduser, reference")

    product = OneLineField(label=_("Product"), required=False, max_length=30)
    owner = UsernameField(label=_("Owner"), required=False, max_length=30)

    def __init__(self, data: QueryDict, *, seller: Account, products: Iterable[Product]) -> None:
        super().__init__(data)
        self.seller = seller
        self.fields["product"].widget = product_select(products)

    @property
    def sales(self) -> QuerySet[JournalEntry]:
        """The seller's sales that pass the filters, the newest first; none of them if a filter makes no sense."""
        if not self.is_valid():
            return JournalEntry.objects.none()
        wanted, (start, end) = self.cleaned_data, self.moments
        owner = key_of(Account, wanted["owner"]) if wanted["owner"] else None
        conditions = {"receiver": owner, "posted_at__gte": start, "posted_at__lt": end}
        sales = sales_of(self.seller).filter(**{name: value for name, value in conditions.items() if value is not None and value != ""})
        if wanted["product"]:
            sales = sales.filter(Exists(JournalLine.objects.filter(entry=OuterRef("pk"), product__code=wanted["product"])))
        return sales.filter(_mentions(wanted["q"])) if wanted["q"] else sales


def _mentions(text: str) -> Q:
    return mentions(text, words=["number", "reference"], accounts=["receiver"])


@dataclass(frozen=True)
class SoldLine:
    """How many licenses of one product were sold, and how many of them came back."""

    product: Product
    quantity: int
    taken_back: int


@dataclass(frozen=True)
class SoldRow:
    """One sale as its seller sees it."""

    sale: JournalEntry
    lines: list[SoldLine]
    notice: Notice | None
    has_page: bool  # its owner is the seller's enduser still

    @property
    def taken_back(self) -> int:
        return sum(line.taken_back for line in self.lines)

    @property
    def state(self) -> str:
        """What became of the sale, in words."""
        if not self.taken_back:
            return gettext("Completed")
        return gettext("Taken back") if self.taken_back == self.sale.total else gettext("Partly taken back")


@dataclass(frozen=True)
class SoldPage:
    """One page of the sales. `newer` and `older` are the sales that the pages beside it begin from, None at the ends."""

    rows: list[SoldRow]
    newer: int | None
    older: int | None


def sold_page(form: SoldFilterForm, *, before: str = "", after: str = "") -> SoldPage:
    """Make the page of sales before or after a sale (by its primary key, as the address has it), or the first one."""
    sales, newer, older = page_by_key(form.sales, before=before, after=after)
    return SoldPage(_rows(sales, form.seller), newer, older)


def all_sold(form: SoldFilterForm, *, at_once: int = READ_AT_ONCE) -> Iterator[SoldRow]:
    """All sales that pass the filters, the oldest first, read in chunks, so that a million of them need no more memory than a thousand."""
    sales = form.sales.order_by("pk").iterator(chunk_size=at_once)
    while chunk := list(islice(sales, at_once)):
        yield from _rows(chunk, form.seller)


def _rows(sales: list[JournalEntry], seller: Account) -> list[SoldRow]:
    notices, taken_back = last_notices(sales, seller), taken_back_of(sales)
    return [
        SoldRow(
            sale,
            [
                SoldLine(line.product, line.quantity, taken_back.get((sale.pk, line.product_id), 0))
                for line in sorted(sale.lines.all(), key=lambda line: line.product.code)
                if line.quantity > 0
            ],
            notices.get(sale.number),
            has_page=sale.receiver.reseller_id == seller.pk,
        )
        for sale in sales
    ]
