"""How the portal writes numbers, moments, icons and errors: the same everywhere (contract.md, "Words on the screen")."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from django import forms
from django.core.exceptions import ValidationError
from django.template import engines
from django.utils.timezone import override

from licensing_portal.foundation.quantities import QuantityField
from licensing_portal.foundation.templatetags import portal
from licensing_portal.foundation.zones import zone_named


def rendered(source, **context):
    return engines["django"].from_string("{% load portal %}" + source).render(context).strip()


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1, "−1"), (-12_345, "−12,345")]
)
def test_a_number_has_thousands_and_a_true_minus(value, text):
    """rules.md §4: what is echoed is what moved, easy to read."""
    assert rendered("{{ value|number }}", value=value) == text


@pytest.mark.parametrize(("value", "text"), [(12, "+12"), (-12, "−12"), (1000, "+1,000"), (-1000, "−1,000"), (0, "+0")])
def test_a_change_has_its_sign(value, text):
    """C12: lines of the journal are signed."""
    assert rendered("{{ value|signed }}", value=value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0 licenses"), (1, "1 license"), (2, "2 licenses"), (1000, "1,000 licenses"), (-1, "−1 licenses")])
def test_licenses_are_counted_in_words(value, text):
    """B6: plain words."""
    assert rendered("{{ value|licenses }}", value=value) == text


def test_other_things_are_counted_in_words():
    """B6: plain words."""
    assert [rendered("{{ value|count:'product' }}", value=value) for value in (1, 3)] == ["1 product", "3 products"]


@pytest.mark.parametrize(("value", "text"), [(-3, "3"), (3, "3"), (0, "0")])
def test_the_sign_is_dropped_where_words_tell_the_direction(value, text):
    """C12."""
    assert rendered("{{ value|absolute }}", value=value) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 24, 14, 32, tzinfo=UTC), "24 Nov 2026, 2:32 pm UTC"),
        (datetime(2026, 3, 4, 0, 5, tzinfo=UTC), "4 Mar 2026, 12:05 am UTC"),
        (datetime(2026, 3, 4, 12, 0, tzinfo=UTC), "4 Mar 2026, 12:00 pm UTC"),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-5))), "1 Jan 2027, 4:59 am UTC"),
    ],
)
def test_a_moment_says_its_day_first_and_its_zone(moment, text):
    """B1: an entry has a moment, the same for everybody who reads it."""
    assert rendered("{{ moment|moment_text }}", moment=moment) == text


@pytest.mark.parametrize(
    ("zone", "words", "utc"),
    [
        ("UTC", "24 Nov 2026, 10:32 pm UTC", ""),
        ("America/Los_Angeles", "24 Nov 2026, 2:32 pm PST", "10:32 pm UTC"),
        ("Asia/Tokyo", "25 Nov 2026, 7:32 am JST", "24 Nov 2026, 10:32 pm UTC"),
    ],
)
def test_a_moment_is_written_in_the_readers_zone_and_for_letters_in_utc_as_well(zone, words, utc):
    moment = datetime(2026, 11, 24, 22, 32, tzinfo=UTC)

    with override(zone_named(zone)):
        assert [rendered(f"{{{{ value|{name} }}}}", value=moment) for name in ("moment_text", "utc_text", "moment_and_utc")] == [
            words,
            utc,
            f"{words} ({utc})" if utc else words,
        ]


def test_a_moment_is_written_for_programs_too():
    """B1."""
    moment = datetime(2026, 11, 24, 9, 32, 15, 999, tzinfo=timezone(timedelta(hours=-5)))

    assert rendered("{% moment value %}", value=moment) == '<time datetime="2026-11-24T14:32:15+00:00">24 Nov 2026, 2:32 pm UTC</time>'


def test_a_day_is_written_without_its_hour():
    moment = datetime(2026, 11, 4, 23, 59, tzinfo=UTC)

    assert rendered("{% day value %}", value=moment) == '<time datetime="2026-11-04T23:59:00+00:00">4 Nov 2026</time>'


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 11, 24, 0, 0, tzinfo=UTC), "Today, 12:00 am"),
        (datetime(2026, 11, 23, 23, 59, tzinfo=UTC), "Yesterday, 11:59 pm"),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), "22 Nov 2026, 11:59 pm"),
    ],
)
@time_machine.travel(datetime(2026, 11, 24, 9, tzinfo=UTC), tick=False)
def test_what_happened_lately_has_the_name_of_its_day(moment, words):
    assert re.sub(r"<[^>]+>", "", rendered("{% lately value %}", value=moment)) == words


@pytest.mark.parametrize(
    ("username", "letters"),
    [("northgate", "NO"), ("northgate-west", "NW"), ("harborcu-tw", "HT"), ("a-b-c", "AB"), ("-x", "X"), ("7-", "7"), ("--", "")],
)
def test_the_initials_of_a_username_tell_an_account_from_its_sister(username, letters):
    assert rendered("{{ username|initials }}", username=username) == letters


@pytest.mark.parametrize(("page", "mark"), [("history", 'aria-current="page"'), ("receipt", 'aria-current="true"'), ("endusers", ""), ("", "")])
def test_a_menu_item_is_current_on_its_page_and_on_those_under_it(page, mark):
    assert rendered("{% current page 'history' 'receipt' %}", page=page) == mark


def test_an_icon_is_for_the_eye_alone():
    """contract.md: a control's label is its accessible name, alone."""
    drawn = rendered("{% icon 'exclamation-circle' size=24 extra='text-danger' %}")

    assert drawn.startswith("<svg")
    assert 'aria-hidden="true"' in drawn
    assert 'class="icon text-danger"' in drawn


class ThreeFields(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, required=False)
    owner = forms.CharField(label="Owner", error_messages={"required": "Choose an owner"})

    def __init__(self, data):
        super().__init__(data)
        self.fields["qty-ASR"] = QuantityField(label="Qty, Speech Engine")


def test_a_control_has_its_class_is_marked_where_it_is_refused_and_points_to_the_words_under_it():
    """B6, and WCAG 3.3.1."""
    form = ThreeFields({"owner": "", "qty-ASR": "1"})

    refused, taken = (rendered("{% control field aria_label='Called' %}", field=form[name]) for name in ("owner", "qty-ASR"))

    assert {'class="form-control is-invalid"', 'aria-invalid="true"', 'aria-describedby="id_owner_error"'} <= set(
        re.findall(r'[\w-]+="[^"]*"', refused)
    )
    assert ('class="form-control"' in taken, 'aria-label="Called"' in taken, "aria-invalid" in taken) == (True, True, False)


def summary(form):
    return [(f"{item.product}: {item.message}" if item.product else item.message, item.href) for item in portal.error_summary(form)["items"]]


def test_every_error_leads_to_its_field_and_a_quantitys_says_which_product():
    """B6: says by the field what is wrong; above the page each is a link to its field (WCAG 3.3.1)."""
    assert summary(ThreeFields({"owner": "", "qty-ASR": "1e3"})) == [
        ("Choose an owner", "#id_owner"),
        ("Speech Engine: Enter a whole number, like 2", "#id_qty-ASR"),
    ]


def test_errors_come_in_the_order_of_the_page_and_those_of_the_whole_form_last():
    form = ThreeFields({"owner": "", "qty-ASR": "1"})
    form.errors.clear()
    for name in (None, "qty-ASR", "owner"):
        form.add_error(name, f"of {name}")

    assert [message for message, _ in summary(form)] == ["of owner", "Speech Engine: of qty-ASR", "of None"]


def test_an_error_of_the_whole_form_leads_where_it_says_or_nowhere():
    """B5: a form that was used already leads to what it made."""
    form = ThreeFields({"owner": "harborcu"})
    form.add_error(None, ValidationError("Nothing was changed."))
    form.add_error(None, ValidationError("This form was already used.", params={"url": "/receipts/S-2026-000004/"}))
    form.add_error("key", ValidationError("The key is wrong."))

    assert summary(form) == [("Nothing was changed.", ""), ("This form was already used.", "/receipts/S-2026-000004/"), ("The key is wrong.", "")]


def test_errors_stand_under_the_heading_and_what_was_typed_is_escaped():
    """contract.md: "There is a problem"; A9: what somebody typed is shown, never run."""
    form = ThreeFields({"owner": "harborcu"})
    form.add_error("owner", "“<script>alert(1)</script>” is not one of your endusers")

    drawn = rendered("{% error_summary form %}", form=form)

    assert "There is a problem" in drawn
    assert "“&lt;script&gt;alert(1)&lt;/script&gt;” is not one of your endusers" in drawn
    assert "<script>" not in drawn


def test_a_form_without_errors_has_no_summary():
    """contract.md: the heading stands on a refused form alone."""
    assert rendered("{% error_summary form %}", form=ThreeFields({"owner": "harborcu"})) == ""
