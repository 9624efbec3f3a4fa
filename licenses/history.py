"""History: an account's journal with its filters, newest first, a page at a time, each line with the balance after it (C12)."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from django import forms
from django.db.models import F, Q, QuerySet, Sum, Value
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.forms import UsernameField
from accounts.models import Account, User
from licenses.forms import product_select
from licenses.models import Holding, JournalEntry, JournalLine, Product
from licenses.presentation import sentence
from licenses.search import key_of, mentions
from licenses.selectors import COLUMNS, journal_of
from licensing_portal.foundation.forms import DatedFilterForm, OneLineField
from licensing_portal.foundation.paging import page_by_key

KEPT_WITH_EACH_LINE = {"available", "deployed"}  # the columns whose balance stands in the line itself, product by product

# The numbers of My Licenses, as the holdings have them.
NUMBERS: dict[str, Any] = {
    "purchased": F("sold") + F("deployed") + F("available"),
    "sold": F("sold"),
    "deployed": F("deployed"),
    "available": F("available"),
}

COLUMN_NAMES = {"purchased": _("Purchased"), "sold": _("Sold"), "deployed": _("Deployed"), "available": _("Available")}

Lines = QuerySet[JournalLine]


class HistoryFilterForm(DatedFilterForm):
    """The filters of the journal (C12). `column` is one number of My Licenses: only the lines that add up to it (C1)."""

    search_hint = _("Number, name, reference")

    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("All kinds")), *JournalEntry.Kind.choices])
    product = OneLineField(label=_("Product"), required=False, max_length=30)
    account = UsernameField(label=_("Other account"), required=False, max_length=30)
    user = UsernameField(label=_("By"), required=False, max_length=30)
    column = forms.ChoiceField(label=_("Adds up to"), required=False, widget=forms.HiddenInput, choices=[("", ""), *COLUMN_NAMES.items()])

    def __init__(self, data: QueryDict, *, account: Account, products: Iterable[Product]) -> None:
        super().__init__(data)
        self.viewer = account
        self.fields["product"].widget = product_select(products)

    @property
    def lines(self) -> Lines:
        """The account's journal lines that pass the filters, the newest first; none of them if a filter makes no sense."""
        if not self.is_valid():
            return JournalLine.objects.none()
        wanted = self.cleaned_data
        start, end = self.moments
        conditions = {
            "entry__kind": wanted["kind"],
            "entry__posted_by": key_of(User, wanted["user"]) if wanted["user"] else None,
            "entry__posted_at__gte": start,
            "entry__posted_at__lt": end,
        }
        # Who is asked for is looked up first, for then PostgreSQL knows whether much or little is theirs.
        lines = self.lines_of_the_number.filter(**{name: value for name, value in conditions.items() if value not in (None, "")})
        if wanted["account"]:
            other = key_of(Account, wanted["account"])
            lines = lines.filter(Q(entry__giver=other) | Q(entry__receiver=other))
        return lines.filter(_mentions(wanted["q"])) if wanted["q"] else lines

    @property
    def lines_of_the_number(self) -> Lines:
        """The lines of the product and the column alone: what adds up to one number of My Licenses, whatever else is filtered."""
        product, column = self.cleaned_data["product"], self.cleaned_data["column"]
        lines = journal_of(self.viewer).filter(product__code=product) if product else journal_of(self.viewer)
        return lines.filter(COLUMNS[column]) if column else lines

    @property
    def holdings_of_the_number(self) -> QuerySet[Holding]:
        """The holdings that the number is a column of."""
        product = self.cleaned_data["product"]
        return self.viewer.holdings.filter(product__code=product) if product else self.viewer.holdings.all()


def _mentions(text: str) -> Q:
    return mentions(
        text,
        words=["entry__number", "entry__reference", "entry__note"],
        accounts=["entry__giver", "entry__receiver"],
        users=["entry__posted_by"],
    )


@dataclass(frozen=True)
class HistoryRow:
    """A journal line as the account reads it, with the balance after it, and whether it continues the entry of the line above."""

    line: JournalLine
    sentence: str
    balance: int
    is_continued: bool


@dataclass(frozen=True)
class HistoryPage:
    """One page of the journal. `newer` and `older` are the lines that the pages beside it begin from, None at the ends."""

    rows: list[HistoryRow]
    balance_name: str
    newer: int | None
    older: int | None


def history_page(form: HistoryFilterForm, *, before: str = "", after: str = "") -> HistoryPage:
    """Make the page of lines before or after a line (by its primary key, as the address has it), or the first one."""
    lines, newer, older = page_by_key(form.lines, before=before, after=after)
    balances = _balances(form, lines)
    entries_above = [None, *(line.entry_id for line in lines)]
    return HistoryPage(
        rows=[
            HistoryRow(line, sentence(line.entry, form.viewer), balances[line.pk], is_continued=line.entry_id == above)
            for line, above in zip(lines, entries_above, strict=False)
        ],
        balance_name=str(COLUMN_NAMES.get(form.cleaned_data["column"], _("Balance"))) if form.is_valid() else "",
        newer=newer,
        older=older,
    )


def _balances(form: HistoryFilterForm, shown: list[JournalLine]) -> dict[int, int]:
    """The balance after each line shown: as the line keeps it, or the number of My Licenses that was asked for, counted up (C1)."""
    wanted = form.cleaned_data if shown else {}
    if not wanted.get("column") or (wanted["column"] in KEPT_WITH_EACH_LINE and wanted["product"]):
        return {line.pk: line.balance for line in shown}
    sign = -1 if wanted["column"] == "sold" else 1  # a sale takes from the seller, and counts as sold
    lines, oldest, newest = form.lines_of_the_number.order_by(), shown[-1].pk, shown[0].pk
    # From what is held now back to the lines shown: most people look at the first page, and behind it lies all of the journal.
    # In one statement, so that whatever is posted meanwhile is in all of it or in none.
    held = _as_rows(form.holdings_of_the_number, NUMBERS[wanted["column"]] * sign)
    newer = _as_rows(lines.filter(pk__gt=newest), -F("quantity"))
    rows = lines.filter(pk__range=(oldest, newest)).values_list("pk", "quantity").union(held, newer, all=True)
    now = sum(number for pk, number in rows if not pk)
    between = sorted(((pk, quantity) for pk, quantity in rows if pk), reverse=True)
    after = accumulate((-quantity for _, quantity in between), initial=now)
    return {pk: sign * number for (pk, _), number in zip(between, after, strict=False)}


def _as_rows(rows: QuerySet[Any], number: Any) -> QuerySet[Any, Any]:
    """The sum of a number over an account's rows, as a row beside those of lines: without a key."""
    total: QuerySet[Any, Any] = rows.order_by().values("account").annotate(key=Value(0), total=Sum(number))
    return total.values_list("key", "total")
