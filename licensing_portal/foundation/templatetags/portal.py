"""How the portal writes numbers, moments, icons and errors."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.utils.formats import date_format, number_format, time_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from heroicons.templatetags import heroicons

from licensing_portal.foundation.quantities import PREFIX, product_of
from licensing_portal.foundation.zones import zone_words

register = template.Library()

TRUE_MINUS = "−"
SEPARATED_FROM = 1000  # no language separates the digits of less, and asking costs more than a page of small numbers should
DAYS_WITH_NAMES = {0: _("Today"), 1: _("Yesterday")}

# What is counted, each in the forms that its number asks for: the one place of these words.
COUNTED = {
    "byte": ngettext_lazy("%(number)s byte", "%(number)s bytes", "quantity"),
    "code": ngettext_lazy("%(number)s code", "%(number)s codes", "quantity"),
    "day": ngettext_lazy("%(number)s day", "%(number)s days", "quantity"),
    "enduser": ngettext_lazy("%(number)s enduser", "%(number)s endusers", "quantity"),
    "enduser matches": ngettext_lazy("%(number)s enduser matches", "%(number)s endusers match", "quantity"),
    "fault": ngettext_lazy("%(number)s fault", "%(number)s faults", "quantity"),
    "hour": ngettext_lazy("%(number)s hour", "%(number)s hours", "quantity"),
    "license": ngettext_lazy("%(number)s license", "%(number)s licenses", "quantity"),
    "line": ngettext_lazy("%(number)s line", "%(number)s lines", "quantity"),
    "new enduser": ngettext_lazy("%(number)s new enduser", "%(number)s new endusers", "quantity"),
    "product": ngettext_lazy("%(number)s product", "%(number)s products", "quantity"),
    "replacement": ngettext_lazy("%(number)s replacement", "%(number)s replacements", "quantity"),
    "row": ngettext_lazy("%(number)s row", "%(number)s rows", "quantity"),
    "time": ngettext_lazy("%(number)s time", "%(number)s times", "quantity"),
}
# One number or more of each kind that languages tell apart: scripts take the words of the first that is like theirs.
LIKE_ANY_NUMBER = (0, 1, 2, 3, 6, 11, 20, 100, 1_000_000)


@register.filter
def number(value: int) -> str:
    """Write a number with thousands separators and a true minus sign."""
    text = str(value) if abs(value) < SEPARATED_FROM else _separated(value, get_language())
    return text.replace("-", TRUE_MINUS)


@lru_cache(maxsize=4096)
def _separated(value: int, language: str) -> str:
    return number_format(value, force_grouping=True)


@register.filter
def signed(value: int) -> str:
    """Write a change: +12 or −12."""
    return f"+{number(value)}" if value >= 0 else number(value)


@register.filter
def licenses(value: int) -> str:
    """Write how many: "1 license", "43 licenses"."""
    return count(value, "license")


@register.filter
def count(value: int, noun: str) -> str:
    """Write a number with its noun, one of those in COUNTED: "1 product", "3 products"."""
    return str(COUNTED[noun] % {"quantity": value, "number": number(value)})


@register.filter
def amounts(moved: Sequence[tuple[str, int]]) -> SafeString:
    """Write how many of which product, each on one line with its comma: 24 ASR, 12 TTS."""
    commas = [","] * (len(moved) - 1) + [""]
    rows = ((number(quantity), code, comma) for (code, quantity), comma in zip(moved, commas, strict=False))
    return format_html_join(" ", '<span class="in-one">{} {}{}</span>', rows)


@register.filter
def counted_by_scripts(noun: str) -> str:
    """Write the words for numbers of each kind, as JSON; "{number}" is where the number stands (countOf in portal.js)."""
    forms = {value: str(COUNTED[noun] % {"quantity": value, "number": "{number}"}) for value in LIKE_ANY_NUMBER}
    return json.dumps(forms, ensure_ascii=False)


@register.filter
def column(label: str, width: int) -> str:
    """Fill a label up to a width, for the facts of a letter in plain text stand in columns; a longer one gets a blank at least."""
    return f"{label} " if len(label) > width else label.ljust(width)


def duration(value: timedelta) -> str:
    """Write a length of time in days, or else in hours: "14 days", "1 hour"."""
    return count(value.days, "day") if value.days else count(value.seconds // 3600, "hour")


@register.filter
def absolute(value: int) -> int:
    """Drop the sign, where words tell the direction."""
    return abs(value)


@register.filter
def initials(username: str) -> str:
    """Write two letters for the square of an account or the circle of a user: NW for northgate-west, NO for northgate."""
    first, *others = [part for part in username.split("-") if part] or [""]
    return (first[:1] + others[0][:1] if others else first[:2]).upper()


@register.simple_tag
@cache
def icon(name: str, size: int = 20, extra: str = "") -> str:
    """Draw an icon of the heroicons package, for the eye alone: words beside it say the same. There are as many as templates and code name."""
    return heroicons.heroicon_outline(name, size=size, **{"class": f"icon {extra}".strip(), "aria_hidden": "true"})


@register.filter
def moment_text(value: datetime) -> str:
    """Write a moment in plain text, in the reader's zone: 24 Nov 2026, 2:32 pm PST. The day stands first, so that nobody takes it for the month."""
    local = localtime(value)
    return f"{day_text(local)}, {_hour(local)} {zone_words(local)}"


@register.filter
def utc_text(value: datetime) -> str:
    """Write a moment in UTC, "" where the reader's own time says the same already."""
    local, utc = localtime(value), value.astimezone(UTC)
    other_day = f"{day_text(utc)}, " if utc.date() != local.date() else ""
    return "" if zone_words(local) == "UTC" else f"{other_day}{_hour(utc)} UTC"


@register.filter
def moment_and_utc(value: datetime) -> str:
    """Write a moment for a letter, which others may read elsewhere: 24 Nov 2026, 2:32 pm PST (10:32 pm UTC)."""
    utc = utc_text(value)
    return f"{moment_text(value)} ({utc})" if utc else moment_text(value)


@register.simple_tag
def moment(value: datetime) -> SafeString:
    """Write a moment for people and for programs."""
    return _time(value, moment_text(value))


@register.simple_tag
def this_moment() -> SafeString:
    """Write the moment in which the page is made."""
    return moment(localtime())


@register.simple_tag
def day(value: datetime) -> SafeString:
    """Write the day of a moment, where the hour is of no interest: 24 Nov 2026."""
    return _time(value, day_text(localtime(value)))


@register.simple_tag
def lately(value: datetime) -> SafeString:
    """Write a moment in a list of what happened last: Today, 2:32 pm."""
    local = localtime(value)
    days_ago = (localtime().date() - local.date()).days
    return _time(value, f"{DAYS_WITH_NAMES.get(days_ago, day_text(local))}, {_hour(local)}")


def _time(value: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value.astimezone(UTC).isoformat(timespec="seconds"), words)


def day_text(local: date) -> str:
    """Write a day in plain text, the month by its name: 24 Nov 2026."""
    return _formatted(date(local.year, local.month, local.day), "DATE_FORMAT", get_language())


def _hour(local: datetime) -> str:
    """Django's "pm" would be p.m., and its "PM" is too loud in a sentence."""
    return _formatted(time(local.hour, local.minute), "TIME_FORMAT", get_language()).lower()


@lru_cache(maxsize=4096)
def _formatted(value: date | time, form: str, language: str) -> str:
    """Lists name few days and hours over and over, and Django takes its time to write one."""
    return date_format(value, form) if isinstance(value, date) else time_format(value, form)


@register.simple_tag
def current(page: str, item: str, *under_it: str) -> SafeString:
    """Mark the menu's item that leads to the page itself, or that the page belongs under; all are names of addresses."""
    how = "page" if page == item else "true" if page in under_it else ""
    return format_html(' aria-current="{}"', how) if how else SafeString("")


@register.simple_tag
def control(field: BoundField, **attributes: str) -> SafeString:
    """Draw a field's control in Bootstrap's classes, marked where its value is refused; `aria_label` stands for aria-label."""
    kind = "form-select" if isinstance(field.field.widget, forms.Select) else "form-control"
    state = " is-invalid" if field.errors else ""
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    return field.as_widget(attrs={"class": kind + state, **named})


@dataclass(frozen=True)
class SummaryItem:
    """One line of the error summary, of which product it is, if of one, and where its link leads: to the field, to what an earlier press made, or nowhere."""

    message: str
    href: str
    product: str = ""


@register.inclusion_tag("components/_error_summary.html")
def error_summary(form: forms.BaseForm) -> dict[str, Any]:
    """List everything that is wrong above the page, in the order of its fields, each a link to its field (WCAG 3.3.1)."""
    items: list[SummaryItem] = []
    places = {field.name: place for place, field in enumerate(form.visible_fields())}
    # What belongs to no field that one sees comes last.
    for name, problems in sorted(form.errors.as_data().items(), key=lambda item: places.get(item[0], len(places))):
        is_field = name in places
        label = product_of(str(form[name].label)) if is_field and name.startswith(PREFIX) else ""
        for problem in problems:
            href = f"#{form[name].auto_id}" if is_field else (problem.params or {}).get("url", "")
            items.extend(SummaryItem(message, href, label) for message in problem.messages)
    return {"items": items}
