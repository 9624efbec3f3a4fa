"""Forms that move licenses. They check shape; services check rules."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.forms.boundfield import BoundField
from django.forms.utils import ErrorDict
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import UsernameField
from accounts.models import Account
from accounts.selectors import customers, customers_matching, endusers_of
from licenses.counting import remains_of
from licenses.ledger import shortage
from licenses.models import Holding, JournalEntry, Product
from licenses.offers import MOST_PRODUCTS, PAGE_SIZE, SEARCH, Offer, Products
from licenses.recalls import can_be_recalled, recallable, refusal_to_recall
from licenses.selectors import MOST_TO_CHOOSE_FROM, ProductSummary, available_of, holdings_of, products_available_to
from licensing_portal.foundation.controls import ManyChoices
from licensing_portal.foundation.forms import ManyLinesField, OneLineField, OneUseForm, ReasonField, missing
from licensing_portal.foundation.layout import QuantityRow, QuantityTable
from licensing_portal.foundation.quantities import PREFIX, QuantityField, field_name, label_of
from licensing_portal.foundation.templatetags.portal import number

OFFERED_OWNERS = 50
OFFERED_ACCOUNTS = 50
UP, DOWN = "up", "down"


class OwnerField(UsernameField):
    """The username of an account, as a text field: scripts may suggest, none are needed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label=_("Owner"),
            max_length=120,
            widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
            **options,
        )


def owners_to_offer(reseller: Account) -> list[Account]:
    """The reseller's open endusers, by username: as many as the datalist holds, which is all that is offered without scripts."""
    return list(endusers_of(reseller).open()[:OFFERED_OWNERS])


def own_enduser(reseller: Account, username: str) -> Account:
    """Return the reseller's enduser of that name. Raises ValidationError, alike for others' endusers and for nobody (A9)."""
    try:
        return reseller.endusers.get(username=username)
    except Account.DoesNotExist:
        raise ValidationError(gettext("“%(username)s” is not one of your endusers") % {"username": username}) from None


def named_owner(form: forms.Form, reseller: Account) -> Account | None:
    """The enduser that the Owner field names, so that the page says who it is; None for oneself, for nobody and for others' endusers (A9)."""
    username = str(form["owner"].value() or "").strip().lower()
    return endusers_of(reseller).open().filter(username=username).first() if username and "\0" not in username else None


def product_select(products: Iterable[Product | ProductSummary]) -> forms.Widget:
    """The products to filter a list by, all of them unless one is chosen; where they are too many for a list, one is named by its code."""
    choices = [(product.code, product.name) for product in products]
    if len(choices) > MOST_TO_CHOOSE_FROM:
        return forms.TextInput(attrs={"placeholder": _("Product code"), "autocapitalize": "characters", "autocomplete": "off"})
    return ManyChoices(choices=[("", gettext("All products")), *choices])


class QuantitiesForm(OneUseForm):
    """A form with one Qty for each product that is offered; where that is a long list, for those that its page shows (`licenses/offers.py`).

    A product that was posted but is not offered any more keeps its field, so that the person is told what became of it.
    """

    below: tuple[str, ...] = ()  # the fields that stand below the quantities

    def __init__(self, data: Any = None, *, offered: Products, start_at: str = "", **options: Any) -> None:
        super().__init__(data, **options)
        self.offer = Offer(offered, self.data, start_at=start_at)
        shown = [*self.offer.beside, *self.offer.on_page]
        self.products = {product.code: product for product in (shown if self.offer.is_long else sorted(shown, key=lambda product: product.code))}
        for code, product in self.products.items():
            self.fields[field_name(code)] = QuantityField(label=label_of(product.name))
        for name in self.below:
            self.fields[name] = self.fields.pop(name)
        if start_at in self.products and not self.is_bound:
            self.fields[field_name(start_at)].widget.attrs["autofocus"] = True

    def full_clean(self) -> None:
        """Nothing is checked, and nothing is wrong, while one only looks at another page."""
        if self.offer.is_turned:
            self._errors, self.cleaned_data = ErrorDict(), {}
        else:
            super().full_clean()

    def is_valid(self) -> bool:
        return not self.offer.is_turned and super().is_valid()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.offer.is_too_much:
            self.add_error(None, _too_many(len(self.offer.typed)))
        for code in self.offer.unknown:
            self.add_error(None, gettext("“%(code)s” is not a product") % {"code": code[:40]})
        if not any(name.startswith(PREFIX) for name in self.errors) and not any(self.quantities.values()):
            first = next((name for name in self.fields if name.startswith(PREFIX)), SEARCH if self.offer.is_long else "")
            self.add_error(None, ValidationError(gettext("Enter a Qty for at least one product"), params={"url": f"#id_{first}" if first else ""}))
        return cleaned

    @property
    def quantities(self) -> dict[Product, int]:
        return {product: self.cleaned_data.get(field_name(code), 0) for code, product in self.products.items()}

    @property
    def offers_nothing(self) -> bool:
        return not self.products and not self.offer.is_long

    def quantity_rows(self) -> list[QuantityRow]:
        """The rows to draw: what is where, and what was typed."""
        rows = [self.row(self[field_name(code)], product) for code, product in self.products.items()]
        if self.offer.is_long and self.offer.beside:
            begins = len(self.offer.beside)
            rows[0] = replace(rows[0], heading=gettext("Not on this page of the list"))
            rows[begins:] = [replace(row, heading="" if place else gettext("On this page")) for place, row in enumerate(rows[begins:])]
        return rows

    def row(self, field: BoundField, product: Product) -> QuantityRow:
        return QuantityRow(field, product.code, product.name)


class HoldingForm(QuantitiesForm):
    """A form that moves licenses that `giver` has available; without a giver it offers nothing.

    `start_at` is the code of the product that one came for: its Qty has the focus when the page is opened.
    """

    def __init__(self, data: Any = None, *, giver: Account | None, start_at: str = "", **options: Any) -> None:
        self.giver = giver
        held = list(holdings_of(giver)[: PAGE_SIZE + 1]) if giver else []
        self.has_more = giver if len(held) > PAGE_SIZE else None  # a giver of more than one reads at once
        few = [holding.product for holding in held if holding.available]
        super().__init__(data, offered=products_available_to(self.has_more) if self.has_more else few, start_at=start_at, **options)
        if self.has_more:
            held = list(self.has_more.holdings.filter(product__in=self.products.values()))
        self.holdings = {holding.product_id: holding for holding in held}

    @property
    def elsewhere(self) -> Account | None:
        """The giver, where it is another account than the one acted for: what it has is then said with its name."""
        return None

    @property
    def deployed(self) -> int:
        """How many licenses the giver has deployed, over all products: they can't be moved (C3)."""
        if self.has_more:
            return int(self.has_more.holdings.aggregate(total=Sum("deployed"))["total"])
        return sum(holding.deployed for holding in self.holdings.values())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors and self.giver:
            self._add_shortages()
        return cleaned

    def _add_shortages(self) -> None:
        """Tell what falls short along with what else is wrong.

        Alone it is the service's to tell: a form sent again, whose licenses are gone because the first press took them,
        must reach the service and get the first result.
        """
        for product, quantity in self.quantities.items():
            holding = self.holding_of(product)
            if quantity > holding.available:
                self.add_error(field_name(product.code), shortage(holding, elsewhere=self.elsewhere))

    def holding_of(self, product: Product) -> Holding:
        """What the giver has of a product; an empty holding if it never had any."""
        return self.holdings.get(product.pk, Holding())

    def row(self, field: BoundField, product: Product) -> QuantityRow:
        holding = self.holding_of(product)
        return QuantityRow(field, product.code, product.name, holding.available, holding.deployed)


def _too_many(products: int) -> str:
    """Say what is possible, and by how many products it is passed (B6)."""
    said = gettext("One form takes a Qty for %(most)s products at most, and %(products)s have one. Empty %(more)s of them and press again.")
    return said % {"most": MOST_PRODUCTS, "products": number(products), "more": number(products - MOST_PRODUCTS)}


def quantities_helper(*layout: Any) -> FormHelper:
    """The crispy helper of every form with quantities; the page draws the form tag, as its panel stands inside it."""
    helper = FormHelper()
    helper.form_tag = False
    helper.layout = Layout("key", *layout)
    return helper


class SellLicensesForm(HoldingForm):
    """Sell Licenses (C2). Whoever has a single enduser finds it chosen."""

    owner = OwnerField(error_messages=missing(_("Choose an owner")))
    reference = OneLineField(label=_("Your reference"), required=False, max_length=60, help_text=_("Printed on the receipt and the email."))

    def __init__(self, data: Any = None, *, seller: Account, **options: Any) -> None:
        super().__init__(data, giver=seller, **options)
        self.seller = seller
        if not self.is_bound and len(self.endusers) == 1 and not self.initial["owner"]:
            self.initial["owner"] = self.endusers[0].username
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

    @cached_property
    def endusers(self) -> list[Account]:
        return owners_to_offer(self.seller)

    @cached_property
    def known_owner(self) -> Account | None:
        return named_owner(self, self.seller)

    def clean_owner(self) -> Account:
        return own_enduser(self.seller, self.cleaned_data["owner"])


class RecallSaleForm(QuantitiesForm):
    """Recall (C10): what can be taken back of a sale, with what the seller has available now. Where the rest is stays the owner's (A9)."""

    below = ("reason",)

    reason = ReasonField(who=_("The owner"))

    def __init__(self, data: Any = None, *, sale: JournalEntry, **options: Any) -> None:
        self.recallable = recallable(sale)
        self.refusal = refusal_to_recall(sale, sale.giver, self.recallable)
        super().__init__(data, offered=[product for product, quantity in self.recallable.items() if quantity], **options)
        self.there = available_of(sale.giver, self.products.values())
        self.helper = quantities_helper(QuantityTable("licenses/_recall_table.html"), Div(Div("reason", css_class="card-body"), css_class="card"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:  # alone it is the service's to tell, as in HoldingForm
            for product, quantity in self.quantities.items():
                if quantity > self.recallable.get(product, 0):
                    self.add_error(field_name(product.code), can_be_recalled(self.recallable.get(product, 0)))
        return cleaned

    def row(self, field: BoundField, product: Product) -> QuantityRow:
        return QuantityRow(field, product.code, product.name, self.recallable.get(product, 0), there=self.there.get(product.pk, 0))


class AccountQuantitiesForm(QuantitiesForm):
    """A form of the admin that changes what one account has available, with what it has now.

    It takes every open account, and offers those that `find` is about, as many as one looks through. Where that is a single one, it is chosen.
    """

    account = forms.ModelChoiceField(
        customers().open(),
        to_field_name="username",
        label=_("Account"),
        error_messages=missing(_("Choose an account")),
        widget=forms.Select(attrs={"data-reload": ""}),
    )

    def __init__(self, data: Any = None, *, chosen: str, find: str = "", offered: Products, **options: Any) -> None:
        self.find = find.replace("\0", "").strip()
        found = list(customers_matching(self.find).open()[: OFFERED_ACCOUNTS + 1])
        only_match = found[0].username if self.find and len(found) == 1 else ""
        super().__init__(data, offered=offered, initial={"account": chosen or only_match}, **options)
        username = str(self["account"].value() or "").replace("\0", "")
        holdings = Holding.objects.filter(account__username=username, product__in=self.products.values())
        self.has_now = dict(holdings.values_list("product", "available"))
        self.has_found, self.are_many = bool(found), len(found) > OFFERED_ACCOUNTS
        self._offer([account.username for account in found[:OFFERED_ACCOUNTS]], username)

    def _offer(self, usernames: list[str], chosen: str) -> None:
        """Whoever was chosen before another search stays chosen; who is nobody is not offered."""
        is_beside = chosen not in usernames and customers().open().filter(username=chosen).exists()
        choices = [*([chosen] if is_beside else []), *usernames]
        self["account"].field.widget.choices = [("", gettext("Choose an account")), *zip(choices, choices, strict=True)]

    def row(self, field: BoundField, product: Product) -> QuantityRow:
        return QuantityRow(field, product.code, product.name, there=self.has_now.get(product.pk, 0))


class IssueLicensesForm(AccountQuantitiesForm):
    """Issue licenses from the publisher (C11), in the admin: every product that is not retired."""

    order_number = OneLineField(label=_("Order number"), required=False, max_length=60)
    note = ManyLinesField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, offered=Product.objects.filter(retired_at=None), **options)


def ticket_field() -> forms.Field:
    """Where staff say who asked them: the number of a ticket."""
    return OneLineField(label=_("Ticket reference"), max_length=60, error_messages=missing(_("Enter a ticket reference")))


class AdjustLicensesForm(AccountQuantitiesForm):
    """Adjust an account's available up or down (C11), in the admin: every product, for what is held of a retired one stays good."""

    below = ("reason", "ticket")

    change = forms.ChoiceField(
        label=_("Change"),
        choices=[("", _("Choose a direction")), (UP, _("Add to available")), (DOWN, _("Take from available"))],
        error_messages=missing(_("Choose a direction")),
    )
    reason = ReasonField(who=_("The account"))
    ticket = ticket_field()

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, offered=Product.objects.all(), **options)


class ReverseEntryForm(QuantitiesForm):
    """Reverse an entry (C11), in the admin: what remains of it, with what the account that would give it back has now."""

    below = ("reason", "ticket")

    reason = ReasonField(who=_("Both accounts"))
    ticket = ticket_field()

    def __init__(self, data: Any = None, *, entry: JournalEntry, **options: Any) -> None:
        self.remains = remains_of(entry)
        products = Product.objects.filter(pk__in=[product for product, quantity in self.remains.items() if quantity > 0])
        super().__init__(data, offered=products, **options)
        self.holdings = {holding.product_id: holding for holding in entry.receiver.holdings.filter(product__in=self.products.values())}

    def row(self, field: BoundField, product: Product) -> QuantityRow:
        holding = self.holdings.get(product.pk, Holding())
        return QuantityRow(field, product.code, product.name, self.remains.get(product.pk, 0), holding.deployed, holding.available)
