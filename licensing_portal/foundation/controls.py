"""Controls of which a page may have hundreds, drawn here: Django's own take a template for each, and one more for each option and its attributes."""

from typing import Any

from django import forms
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe


class ManyInputs(forms.TextInput):
    """Django's text field, to the letter."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        widget = self.get_context(name, value, attrs)["widget"]
        written = "" if widget["value"] is None else format_html(' value="{}"', widget["value"])
        return format_html('<input type="{}" name="{}"{}{}>', widget["type"], widget["name"], written, _attributes(widget["attrs"]))


class ManyChoices(forms.Select):
    """Django's select, of options without groups."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        widget = self.get_context(name, value, attrs)["widget"]
        options = (options[0] for _, options, _ in widget["optgroups"])
        drawn = format_html_join(
            "\n", '<option value="{}"{}>{}</option>', ((each["value"], _attributes(each["attrs"]), each["label"]) for each in options)
        )
        return format_html('<select name="{}"{}>\n{}\n</select>', widget["name"], _attributes(widget["attrs"]), drawn)


def _attributes(attrs: dict[str, Any]) -> SafeString:
    """As they stand in a tag: one that is True by its name alone, one that is False not at all; each escaped."""
    written = (f" {escape(name)}" if value is True else f' {escape(name)}="{escape(value)}"' for name, value in attrs.items() if value is not False)
    return mark_safe("".join(written))  # noqa: S308 # nosec B308 B703
