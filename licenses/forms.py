"""Forms that move licenses. They check shape; services check rules."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from accounts.forms import UsernameField
from accounts.models import Account
from accounts.selectors import endusers_of
from licenses.ledger import shortage
from licenses.models import Holding, JournalEntry, JournalLine, Product
from licenses.selectors import available_to, holdings_of, journal_of
from licensing_portal.foundation.forms import ManyLinesField, OneLineField, OneUseForm
from licensing_portal.foundation.layout import QuantityRow, QuantityTable
from licensing_portal.foundation.quantities import PREFIX, QuantityField, field_name


class OwnerField(UsernameField):
    """The username of an account, as a text field: scripts may suggest, none are needed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label="Owner",
            max_length=120,
            widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
            **options,
        )


def own_enduser(reseller: Account, username: str) -> Account:
    """Return the reseller's enduser of that name. Raises ValidationError, alike for others' endusers and for nobody (A9)."""
    enduser = endusers_of(reseller).filter(username=username).first()
    if enduser is None:
        raise ValidationError(f"“{username}” is not one of your endusers")
    return enduser


class QuantitiesForm(OneUseForm):
    """A form with one Qty per product that `giver` has available.

    A product that was posted but is not listed any more keeps its field, so that the person is told what became of it.
    """

    def __init__(self, data: Any = None, *, giver: Account | None, **options: Any) -> None:
        super().__init__(data, **options)
        self.giver = giver
        self._holdings = {holding.product.code: holding for holding in available_to(giver)} if giver else {}
        self._products = {code: holding.product for code, holding in self._holdings.items()}
        self._add_what_was_posted({name.removeprefix(PREFIX) for name in self.data if name.startswith(PREFIX)} - set(self._products))
        for code, product in sorted(self._products.items()):
            self.fields[field_name(code)] = QuantityField(label=f"Qty, {product.name}")

    def _add_what_was_posted(self, codes: Iterable[str]) -> None:
        codes = [code for code in codes if "\0" not in code]
        if codes and self.giver:
            self._holdings |= {holding.product.code: holding for holding in holdings_of(self.giver).filter(product__code__in=codes)}
        if codes:
            self._products |= {product.code: product for product in Product.objects.filter(code__in=codes)}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in self.data:
            if name.startswith(PREFIX) and name not in self.fields and self.data[name].strip(" 0"):
                self.add_error(None, f"“{name.removeprefix(PREFIX)[:40]}” is not a product")
        if not any(name.startswith(PREFIX) for name in self.errors) and not any(self.quantities.values()):
            first = next((name for name in self.fields if name.startswith(PREFIX)), "")
            self.add_error(None, ValidationError("Enter a Qty for at least one product", params={"url": f"#id_{first}" if first else ""}))
        if self.errors:
            self._add_shortages()
        return cleaned

    def _add_shortages(self) -> None:
        """Tell what falls short along with what else is wrong. Alone it is the service's to tell: a form sent again,
        whose licenses are gone because the first press took them, must reach the service and get the first result.
        """
        for code, product in self._products.items():
            holding = self._holdings.get(code, Holding())
            if self.quantities[product] > holding.available:
                self.add_error(field_name(code), shortage(holding))

    @property
    def quantities(self) -> dict[Product, int]:
        return {product: self.cleaned_data.get(field_name(code), 0) for code, product in self._products.items()}

    def quantity_rows(self) -> list[QuantityRow]:
        """The rows to draw: what is available, and what was typed."""
        return [self._row(code, product) for code, product in sorted(self._products.items())]

    def _row(self, code: str, product: Product) -> QuantityRow:
        holding = self._holdings.get(code, Holding())
        return QuantityRow(self[field_name(code)], code, product.name, holding.available, holding.deployed)


def quantities_helper(*layout: Any) -> FormHelper:
    """The crispy helper of every form with quantities; the page draws the form tag, as its panel stands inside it."""
    helper = FormHelper()
    helper.form_tag = False
    helper.layout = Layout("key", *layout)
    return helper


class SellLicensesForm(QuantitiesForm):
    """Sell Licenses (C2)."""

    owner = OwnerField(error_messages={"required": "Choose an owner"})
    reference = OneLineField(label="Your reference", required=False, max_length=60, help_text="Printed on the receipt and the email.")

    def __init__(self, data: Any = None, *, seller: Account, **options: Any) -> None:
        super().__init__(data, giver=seller, **options)
        self.endusers = endusers_of(seller).filter(closed_at=None)
        self.helper = quantities_helper(
            Div(
                Div(
                    Div(Field("owner", template="components/_owner_field.html"), css_class="col-md-7"),
                    Div("reference", css_class="col-md-5"),
                    css_class="row g-3 card-body",
                ),
                css_class="card",
            ),
            QuantityTable("components/_quantity_table.html"),
        )

    def clean_owner(self) -> Account:
        assert self.giver
        return own_enduser(self.giver, self.cleaned_data["owner"])


class IssueLicensesForm(OneUseForm):
    """Issue licenses from the publisher (C11), in the admin: every product that is not retired, with what the account has now."""

    order_number = OneLineField(label="Order number", required=False, max_length=60)
    note = ManyLinesField(label="Note", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, data: Any = None, *, chosen: str, **options: Any) -> None:
        super().__init__(data, initial={"account": chosen}, **options)
        accounts = self.fields["account"] = forms.ModelChoiceField(
            Account.objects.open().exclude(kind=Account.Kind.PUBLISHER).order_by("username"),
            to_field_name="username",
            empty_label="Choose an account",
        )
        accounts.widget.attrs["data-reload"] = ""
        self.order_fields(["account"])
        self._products = list(Product.objects.filter(retired_at=None).order_by("code"))
        for product in self._products:
            self.fields[field_name(product.code)] = QuantityField(label=f"Qty, {product.name}")

    @property
    def quantities(self) -> dict[Product, int]:
        return {product: self.cleaned_data.get(field_name(product.code), 0) for product in self._products}

    def quantity_rows(self) -> list[QuantityRow]:
        """The rows to draw, with what the chosen account has now."""
        chosen = str(self["account"].value() or "").replace("\0", "")
        holdings = Holding.objects.filter(account__username=chosen)
        now = {holding.product_id: holding for holding in holdings}
        rows = []
        for product in self._products:
            holding = now.get(product.pk, Holding())
            rows.append(QuantityRow(self[field_name(product.code)], product.code, product.name, 0, holding.deployed, holding.available))
        return rows


class HistoryFilterForm(forms.Form):
    """The filters of the journal (C12), as they stand in the page's address."""

    q = OneLineField(label="Search", required=False, max_length=100)
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "All kinds"), *JournalEntry.Kind.choices])
    product = OneLineField(label="Product", required=False, max_length=30)
    account = UsernameField(label="Other account", required=False, max_length=30)
    user = UsernameField(label="By", required=False, max_length=30)

    def __init__(self, data: Any, *, products: Iterable[Product]) -> None:
        super().__init__(data)
        # "from" is a word of Python's own, so the two dates are added here.
        for name, label in (("from", "From"), ("to", "To")):
            self.fields[name] = forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        choices = [("", "All products"), *((product.code, product.name) for product in products)]
        self.fields["product"].widget = forms.Select(choices=choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("from"), cleaned.get("to")
        if start and end and end < start:
            self.add_error("to", "The end date must not be before the start date")
        return cleaned

    @property
    def is_filtered(self) -> bool:
        return any(self.data.get(name) for name in self.fields)

    def lines(self, account: Account) -> QuerySet[JournalLine]:
        """The account's journal lines that pass the filters, the newest first; none of them if a filter makes no sense."""
        if not self.is_valid():
            return JournalLine.objects.none()
        wanted = self.cleaned_data
        start, end = (datetime.combine(day, time(), UTC) if day else None for day in (wanted["from"], wanted["to"]))
        conditions = {
            "entry__kind": wanted["kind"],
            "product__code": wanted["product"],
            "entry__posted_by__username": wanted["user"],
            "entry__posted_at__gte": start,
            "entry__posted_at__lt": end and end + timedelta(days=1),
        }
        lines = journal_of(account).filter(**{name: value for name, value in conditions.items() if value})
        if other := wanted["account"]:
            lines = lines.filter(Q(entry__giver__username=other) | Q(entry__receiver__username=other))
        return lines.filter(_mentions(wanted["q"])) if wanted["q"] else lines


def _mentions(text: str) -> Q:
    places = ("number", "reference", "note", "giver__username", "giver__company", "receiver__username", "receiver__company", "posted_by__username")
    return reduce(or_, (Q(**{f"entry__{place}__icontains": text}) for place in places))
