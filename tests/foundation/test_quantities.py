"""Quantities as people type them: rules.md §4, as a table of what goes in and what is refused."""

import pytest
from django import forms
from django.core.exceptions import ValidationError

from licensing_portal.foundation.layout import QuantityRow
from licensing_portal.foundation.quantities import QuantityField, field_name, parse_quantity

NOT_A_WHOLE_NUMBER = "Enter a whole number, like 2"
TOO_LARGE = "Enter 1,000,000 or less"

NO_BREAK_SPACE, ZERO_WIDTH_SPACE, RIGHT_TO_LEFT, BYTE_ORDER_MARK, NUL = "\u00a0", "\u200b", "\u202e", "\ufeff", "\0"


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("0", 0),
        ("2", 2),
        ("1000000", 1_000_000),
        ("999999", 999_999),
        ("  24 ", 24),
        ("", 0),
        ("   ", 0),
        ("007", 7),
        ("0000000", 0),
        ("0000001", 1),
    ],
)
def test_one_to_seven_ascii_digits_are_a_quantity_and_blank_is_none(text, quantity):
    """rules.md §4: from 0 to 1,000,000; spaces around are ignored; blank is 0."""
    assert parse_quantity(text) == quantity


@pytest.mark.parametrize(
    "text",
    [
        "-1", "-0", "--5", "−5", "+5",
        "1.5", ".5", "5.", "5.0", "1,000", "1,5",
        "1e3", "5e0", "0x10", "1_000", "0b1", "1/2", "½", "5%",
        "1 000", "1  2", f"1{NO_BREAK_SPACE}000", f"{NO_BREAK_SPACE}5", f"5{NO_BREAK_SPACE}", "\u20095",
        f"{ZERO_WIDTH_SPACE}5", f"5{ZERO_WIDTH_SPACE}", f"{RIGHT_TO_LEFT}5", f"{BYTE_ORDER_MARK}5",
        "１２", "٣", "५", "²", "Ⅷ", "①", "五",
        "5\n", "5\r\n", "\n5", "5\t", "\t", "\n", f"5{NUL}", NUL, "5\x0b", "5\u2028",
        "NaN", "inf", "true", "None", "null", "two", "=1+1", "'5", "5;5", "%s", "{{7*7}}", "\ufffd\ufffd",
    ],
)  # fmt: skip
def test_anything_but_digits_is_refused_in_plain_words(text):
    """rules.md §4: what `int()`, `str.isdigit()` and Django's IntegerField would let pass as another number."""
    with pytest.raises(ValidationError) as refusal:
        parse_quantity(text)

    assert refusal.value.messages == [NOT_A_WHOLE_NUMBER]


@pytest.mark.parametrize("text", ["1000001", "9999999", " 1000001 "])
def test_more_than_a_million_is_refused_with_the_limit(text):
    """rules.md §4, B6: says what is possible."""
    with pytest.raises(ValidationError) as refusal:
        parse_quantity(text)

    assert refusal.value.messages == [TOO_LARGE]


@pytest.mark.parametrize(
    "text",
    ["10000000", "00000001", str(2**31), str(2**63), str(2**64), "1" * 20, str(10**30), "9" * 4_301, "9" * 2_000_000],
    ids=["8 digits", "8 digits with noughts", "2^31", "2^63", "2^64", "20 digits", "10^30", "4,301 nines", "2 MB"],
)
def test_numbers_that_no_integer_column_holds_are_refused_before_they_are_numbers(text):
    """rules.md §4: "one to seven ASCII digits"; no input gives a 500. Python itself refuses to read 4,301 digits with a ValueError."""
    with pytest.raises(ValidationError) as refusal:
        parse_quantity(text)

    assert refusal.value.messages == [TOO_LARGE]


class OneQuantity(forms.Form):
    def __init__(self, data):
        super().__init__(data)
        self.fields["qty-ASR"] = QuantityField(label="Qty, Speech Engine")


@pytest.mark.parametrize(("data", "quantity"), [({}, 0), ({"qty-ASR": ""}, 0), ({"qty-ASR": " 24 "}, 24)])
def test_a_field_that_was_not_sent_is_nought(data, quantity):
    """rules.md §4: "blank or not sent is 0"."""
    form = OneQuantity(data)

    assert (form.is_valid(), form.cleaned_data) == (True, {"qty-ASR": quantity})


def test_a_refused_field_keeps_what_was_typed_and_says_what_is_wrong():
    """B6."""
    form = OneQuantity({"qty-ASR": "1e3"})

    assert form.errors == {"qty-ASR": [NOT_A_WHOLE_NUMBER]}
    assert form["qty-ASR"].value() == "1e3"


def test_a_field_is_named_after_its_products_code():
    """contract.md: "so that a form opened earlier cannot name the wrong product"."""
    assert field_name("ASR-FULL") == "qty-ASR-FULL"


@pytest.mark.parametrize(("typed", "after", "there_after"), [("4", 6, 5), ("", 10, 1), ("1e3", 10, 1), ("99", -89, 100)])
def test_a_row_shows_the_numbers_before_and_after_and_never_breaks_on_what_was_typed(typed, after, there_after):
    """B6: a refused form is drawn again with all that was typed."""
    row = QuantityRow(OneQuantity({"qty-ASR": typed})["qty-ASR"], "ASR", "Speech Engine", available=10, deployed=2, there=1)

    assert (row.after, row.there_after) == (after, there_after)
