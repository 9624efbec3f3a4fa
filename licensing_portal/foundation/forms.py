"""Form pieces that every app uses: a form that acts once, and text on one line."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.submissions import Binding


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
            self.data = self.data.copy()
            self.data["key"] = self.binding.new_key()
        return cleaned


class OneLineField(forms.CharField):
    """Text on one line: control characters are refused, as they break mail headers, tables and logs."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text):
            raise ValidationError("Use plain text on one line", code="control_characters")
        return text


class ManyLinesField(OneLineField):
    """Text on several lines; line ends and tabs are its only control characters."""

    widget = forms.Textarea

    def clean(self, value: Any) -> str:
        text = str(value or "").replace("\r\n", "\n")
        super().clean(text.replace("\n", " ").replace("\t", " "))
        return text.strip()
