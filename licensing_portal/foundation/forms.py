"""Form pieces that every app uses: text on one line and on several, a form that acts once, and filters in a page's address."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.submissions import Binding
from licensing_portal.foundation.templatetags.portal import day_text
from licensing_portal.foundation.text import Words, validate_one_line
from licensing_portal.foundation.zones import zone_meant, zone_names


def missing(what: Words) -> dict[str, Words]:
    """What an empty field says: a sentence that names it, as the error summary above the page shows the sentence alone (B6)."""
    return {"required": what}


class OneLineField(forms.CharField):
    """Text on one line."""

    default_validators = [validate_one_line]


class TimeZoneField(OneLineField):
    """A time zone by IANA's name, searched as one types; its place alone, in small letters or large, is enough where there is one such."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"})
        super().__init__(label=_("Time zone"), max_length=40, widget=widget, **options)

    @property
    def zones(self) -> list[str]:
        return zone_names()

    def clean(self, value: Any) -> str:
        typed = str(super().clean(value))
        if typed and not zone_meant(typed):
            raise ValidationError(gettext("“%(typed)s” is not a time zone of the list. Enter a place, like Berlin") % {"typed": typed})
        return zone_meant(typed)


class ManyLinesField(forms.CharField):
    """Text on several lines; line ends and tabs are its only control characters."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")

    def run_validators(self, value: str) -> None:
        super().run_validators(value)
        validate_one_line(value.replace("\n", " ").replace("\t", " "))


class ReasonField(ManyLinesField):
    """Why somebody does what others will ask about. `who` says who can read it, beside those who do it."""

    def __init__(self, *, who: Words) -> None:
        super().__init__(
            label=_("Reason"),
            max_length=500,
            help_text=format_lazy(_("At least 10 characters. {who} can read it."), who=who),
            validators=[MinLengthValidator(10, _("Enter a reason of at least 10 characters"))],
            error_messages=missing(_("Enter a reason")),
            widget=forms.Textarea(attrs={"rows": 3}),
        )


class OneUseForm(forms.Form):
    """A form that changes something, so it carries a one-use key (rule B5). After `is_valid()`, `key` is the key itself."""

    key = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, binding: Binding, initial: dict[str, Any] | None = None, **options: Any) -> None:
        self.binding = binding
        super().__init__(data, initial={**(initial or {}), "key": binding.new_key}, **options)  # made if it is drawn

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            cleaned["key"] = self.binding.read_key(cleaned.get("key", ""))
        except Refusal as refusal:
            refusal.show_on(self)
            # What was typed is kept, with a key for whom one is now: pressing again is then a decision.
            renewed = cast("QueryDict", self.data).copy()
            renewed["key"] = self.binding.new_key()
            self.data = renewed
        return cleaned


@dataclass(frozen=True)
class Chip:
    """One filter that is on: what it says, and the page's address without it."""

    text: str
    address: str


class FilterForm(forms.Form):
    """A search and filters of a list, as they stand in the page's address: each optional, each that is on removable by itself."""

    place_in_list: tuple[str, ...] = ()  # what of the address says where in the list one is; another filter begins at its top

    kept: Mapping[str, str] = {}  # what of the address is no filter, and stays when all are taken away
    search_hint: Words = ""  # what the search looks at

    q = OneLineField(label=_("Search"), required=False, max_length=100)

    @property
    def text(self) -> str:
        """What is searched for; "" if nothing is, or what is sent makes no sense."""
        return str(self.cleaned_data["q"]) if self.is_valid() else ""

    @property
    def chips(self) -> list[Chip]:
        """The filters that are on, in the order of the form."""
        return [Chip(f"{field.label}: {self._words(field)}", f"?{self.query_without(field.name)}") for field in self if field.value()]

    @property
    def count_of_folded(self) -> int:
        """How many filters are on beside the search, which is always in sight."""
        return sum(1 for field in self if field.name != "q" and field.value())

    def query_without(self, *names: str) -> str:
        """Write the filters that are on, less those named, as they stand in an address."""
        query = cast("QueryDict", self.data).copy()
        for name in [*self.place_in_list, *names, *(name for name, value in self.data.items() if not value)]:
            query.pop(name, None)
        return str(query.urlencode())

    @property
    def query(self) -> str:
        """The filters that are on, to be carried on in links."""
        return self.query_without()

    @property
    def cleared(self) -> str:
        """The page's address without any filter."""
        return f"?{urlencode(self.kept)}"

    def _words(self, field: BoundField) -> str:
        """What was chosen as people read it: a choice by its name, a day in the portal's own form."""
        value = None if field.errors else self.cleaned_data.get(field.name)
        if isinstance(value, date):
            return day_text(value)
        choices = dict(getattr(field.field.widget, "choices", ()))
        return str(choices.get(field.value(), field.value()))


FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)  # what lies beyond is as good as these: nothing happened there


class DatedFilterForm(FilterForm):
    """Filters of a list of what happened, two days among them: from the first on and up to the second, both included, where the reader is (C12)."""

    place_in_list = ("before", "after")

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        # "from" is a word of Python's own, so the two days are added here.
        for name, label in (("from", pgettext("day", "From")), ("to", pgettext("day", "To"))):
            self.fields[name] = forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("from"), cleaned.get("to")
        if start and end and end < start:
            self.add_error("to", gettext("The end date must not be before the start date"))
        return cleaned

    @property
    def moments(self) -> tuple[datetime | None, datetime | None]:
        """When the first of the days that are asked for begins, and when the last has ended; None where the span is open."""
        start, end = self.cleaned_data["from"], self.cleaned_data["to"]
        return start and _midnight(start), end and _midnight(end, days_later=1)

    @property
    def presets(self) -> Iterator[Chip]:
        """Spans of days that people ask for, each a link that keeps the other filters."""
        today = timezone.localdate()
        starts = {
            gettext("Last 7 days"): today - timedelta(days=6),
            gettext("Last 30 days"): today - timedelta(days=29),
            gettext("This year"): date(today.year, 1, 1),
        }
        rest = self.query_without("from", "to")
        for name, start in starts.items():
            yield Chip(name, f"?{rest}{'&' if rest else ''}from={start}&to={today}")


def _midnight(day: date, days_later: int = 0) -> datetime:
    """When a day begins where the reader is. The first and last days of the calendar have no midnight in every zone."""
    day = min(max(day, FIRST_DAY), LAST_DAY) + timedelta(days=days_later)
    return datetime.combine(day, time.min, timezone.get_current_timezone())
