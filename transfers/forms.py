"""The form of a transfer. It checks shape; the service checks rules."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crispy_forms.layout import Field
from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.translation import gettext

from accounts.models import Account, Link
from licenses.forms import HoldingForm, quantities_helper
from licenses.models import Product
from licenses.selectors import available_in, available_of
from licensing_portal.foundation.layout import QuantityRow, QuantityTable
from licensing_portal.foundation.templatetags.portal import number


@dataclass(frozen=True)
class LinkedAccount:
    """An account that can give, and how many licenses it has available, over all products."""

    account: Account
    available: int


class TransferLicensesForm(HoldingForm):
    """Transfer Licenses (C9): which linked account gives, and how many of what it has available.

    The account is a hidden field that always names the account whose licenses the page shows; the select beside it
    belongs to a form of its own that opens the page for another account.
    """

    linked_account = forms.CharField(widget=forms.HiddenInput, max_length=30)

    def __init__(self, data: Any = None, *, links: Iterable[Link], chosen: str, receiver: Account, **options: Any) -> None:
        self.linked = {link.target.username: link.target for link in links}
        self.receiver = receiver
        giver = self.linked.get(chosen)
        super().__init__(data, giver=giver, initial={"linked_account": chosen}, **options)
        available = available_in(self.linked.values())
        self.options = [LinkedAccount(account, available[account.pk]) for account in self.linked.values()]
        self.there = available_of(receiver, self.products.values())
        self.helper = quantities_helper(
            Field("linked_account", template="transfers/_linked_account.html"), QuantityTable("transfers/_quantity_table.html")
        )

    @property
    def elsewhere(self) -> Account | None:
        return self.giver

    @property
    def says(self) -> str:
        """What a screen reader says once the page shows another account's licenses."""
        return (
            gettext("Showing licenses in %(giver)s, %(available)s available") % {"giver": self.giver, "available": number(self.chosen.available)}
            if self.chosen
            else ""
        )

    @property
    def chosen(self) -> LinkedAccount | None:
        """The option that the page shows the licenses of."""
        return next((option for option in self.options if option.account == self.giver), None)

    def clean_linked_account(self) -> Account:
        username: str = self.cleaned_data["linked_account"]
        if username not in self.linked:
            raise ValidationError(gettext("You are not linked to %(username)s") % {"username": username})
        return self.linked[username]

    def row(self, field: BoundField, product: Product) -> QuantityRow:
        holding = self.holding_of(product)
        return QuantityRow(field, product.code, product.name, holding.available, holding.deployed, self.there.get(product.pk, 0))
