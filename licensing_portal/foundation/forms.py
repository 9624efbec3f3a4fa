"""Form pieces that every app uses: a form that acts once, and text on one line."""

from typing import Any, cast

from django import forms
from django.http import QueryDict

from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.submissions import Binding
from licensing_portal.foundation.text import validate_one_line


def missing(what: str) -> dict[str, str]:
    """What an empty field says: a sentence that names it, as the error summary above the page shows the sentence alone (B6)."""
    return {"required": what}


class OneUseForm(forms.Form):
    """A form that changes something, so it carries a one-use key (rule B5). After `is_valid()`, `key` is the key itself."""

    key = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, binding: Binding, initial: dict[str, Any] | None = None, **options: Any) -> None:
        self.binding = binding
        super().__init__(data, initial={**(initial or {}), "key": binding.new_key()}, **options)

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


class OneLineField(forms.CharField):
    """Text on one line."""

    default_validators = [validate_one_line]


class ManyLinesField(forms.CharField):
    """Text on several lines; line ends and tabs are its only control characters."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")

    def run_validators(self, value: str) -> None:
        super().run_validators(value)
        validate_one_line(value.replace("\n", " ").replace("\t", " "))
