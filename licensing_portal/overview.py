"""What staff see first in the admin: what moves, and what needs a hand. It only reads; each block is for whoever may open what it leads to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, User
from accounts.selectors import accounts_never_signed_in
from licenses.figures import COUNTED, Figures, figures_up_to, months_up_to
from licenses.models import JournalEntry, LedgerProof, Product
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import failed_notices, kind_in_words

SHOWN = 5  # failed notices, and accounts
COUNTED_TO = 100  # of which more are said to be more
PRODUCTS = 12  # those of which most moved; the others in one row

PITCH, HEIGHT = 10, 32  # of a chart's columns, in the units of its drawing (admin/_chart.html)
NAMES = {JournalEntry.Kind.ISSUE: _("Issued"), JournalEntry.Kind.SALE: _("Sold"), JournalEntry.Kind.DEPLOYMENT: _("Deployed")}


@dataclass(frozen=True)
class Bar:
    """One month of a chart: how many licenses, and where it is drawn."""

    month: date
    quantity: int
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Chart:
    """One product's months of one kind, drawn as high as the highest month of the product."""

    kind: str
    name: str
    bars: list[Bar]

    @property
    def total(self) -> int:
        return sum(bar.quantity for bar in self.bars)


@dataclass(frozen=True)
class ProductRow:
    """A product, or all that have no row of their own, with a chart for each kind."""

    name: str
    code: str
    charts: list[Chart]


@dataclass(frozen=True)
class Few:
    """The first of a list, and how many there are, unless they are more than one counts."""

    rows: list[Any]
    count: int

    @property
    def is_more(self) -> bool:
        return self.count > COUNTED_TO

    @property
    def in_words(self) -> str:
        return gettext("more than %(number)s") % {"number": COUNTED_TO} if self.is_more else str(self.count)


@dataclass(frozen=True)
class FailedNotice:
    """A mail that did not arrive: which, to whom, and why."""

    notice: Notice
    what: str


def overview_for(user: User) -> dict[str, Any]:
    """The blocks that this one of the staff may see."""
    blocks = {
        "figures": ("licenses.view_journalentry", _figures),
        "proof": ("licenses.view_ledgerproof", _proof),
        "failed": ("foundation.view_notice", _failed),
        "waiting": ("accounts.view_account", _waiting),
    }
    return {name: block() for name, (permission, block) in blocks.items() if user.has_perm(permission)}


def _figures() -> dict[str, Any]:
    now = timezone.now()
    return {"months": months_up_to(now), "rows": product_rows(figures_up_to(now), now)}


def _proof() -> dict[str, LedgerProof | None]:
    return {"last": LedgerProof.objects.defer("sold", "moved").order_by("-pk").first()}


def _failed() -> Few:
    failed = failed_notices()
    rows = [FailedNotice(notice, kind_in_words(notice.kind)) for notice in failed[:SHOWN]]
    return Few(rows, failed[: COUNTED_TO + 1].count())


def _waiting() -> Few:
    waiting: Any = accounts_never_signed_in()
    rows: list[Account] = list(waiting[:SHOWN])
    return Few(rows, waiting[: COUNTED_TO + 1].count())


def product_rows(figures: Figures, now: datetime) -> list[ProductRow]:
    """The rows of the charts: the products of which most moved, by code, and the others together."""
    moved: dict[int, int] = {}
    for (_month, _kind, product), quantity in figures.items():
        moved[product] = moved.get(product, 0) + quantity
    most = sorted(moved, key=lambda product: (-moved[product], product))
    shown, others = most[:PRODUCTS], most[PRODUCTS:]
    rows = [_row(figures, [product.pk], now, product.name, product.code) for product in Product.objects.filter(pk__in=shown).order_by("code")]
    return [*rows, _row(figures, others, now, gettext("%(number)s others") % {"number": len(others)})] if others else rows


def _row(figures: Figures, products: Iterable[int], now: datetime, name: str, code: str = "") -> ProductRow:
    months, of = months_up_to(now), set(products)
    by_kind = {kind: [sum(figures[month, kind, product] for product in of) for month in months] for kind in COUNTED}
    peak = max(quantity for quantities in by_kind.values() for quantity in quantities)
    return ProductRow(name, code, [Chart(kind, str(NAMES[kind]), _bars(months, quantities, peak)) for kind, quantities in by_kind.items()])


def _bars(months: list[date], quantities: list[int], peak: int) -> list[Bar]:
    """The columns of a chart; whatever moved is seen, however little it is beside the rest."""
    heights = [max(1, round(HEIGHT * quantity / peak)) if quantity else 0 for quantity in quantities]
    return [
        Bar(month, quantity, place * PITCH, HEIGHT - height, height)
        for place, (month, quantity, height) in enumerate(zip(months, quantities, heights, strict=True))
    ]
