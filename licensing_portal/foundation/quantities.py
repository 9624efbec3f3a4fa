"""Quantities as people type them (rules.md §4)."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext

from licensing_portal.foundation.controls import ManyInputs

LARGEST_QUANTITY = 1_000_000
PREFIX = "qty-"

MOST_DIGITS = 7

_ASCII_DIGITS = re.compile(r"[0-9]+", re.ASCII)


def label_of(product: str) -> str:
    """What the Qty of a product is called (contract.md)."""
    return gettext("Qty, %(product)s") % {"product": product}


def product_of(label: str) -> str:
    """The product that a Qty's label names."""
    before, _, after = gettext("Qty, {product}").partition("{product}")
    return label.removeprefix(before).removesuffix(after)


def field_name(code: str) -> str:
    """Name a quantity field after its product's code, so that a form opened earlier cannot name the wrong product."""
    return f"{PREFIX}{code}"


def parse_quantity(text: str) -> int:
    """Read a whole number from 0 to 1,000,000: one to seven ASCII digits, spaces around them ignored; blank is 0.

    `int()` and Django's IntegerField would also take `1_000`, `+5`, `5.0` and the digits of other scripts.

    Raises ValidationError for anything else.
    """
    text = text.strip(" ")
    if not text:
        return 0
    if not _ASCII_DIGITS.fullmatch(text):
        raise ValidationError(gettext("Enter a whole number, like 2"), code="not_a_whole_number")
    if len(text) > MOST_DIGITS or int(text) > LARGEST_QUANTITY:
        raise ValidationError(
            gettext("Enter %(number)s or less") % {"number": number_format(LARGEST_QUANTITY, force_grouping=True)}, code="too_large"
        )
    return int(text)


class QuantityField(forms.Field):
    """One product's Qty. A text field, because number inputs scroll, round and swallow what was typed."""

    widget = ManyInputs

    def __init__(self, *, label: str) -> None:
        super().__init__(label=label, required=False)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "numeric", "pattern": "[0-9]*", "autocomplete": "off", "placeholder": "0", "size": "7"}

    def to_python(self, value: Any) -> int:
        return parse_quantity(value or "")
