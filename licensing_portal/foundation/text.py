"""Text on one line, as names and references are: it must break no mail header, no table, no log and no sentence after it."""

import re
import unicodedata

from django.core.exceptions import ValidationError

_LINE_BREAKING = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, Unicode's line and paragraph ends
_DIRECTION_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")  # would turn round what is written after them


def is_one_line(text: str) -> bool:
    """Whether text has neither control characters nor direction overrides."""
    return not _DIRECTION_OVERRIDES.search(text) and all(unicodedata.category(char) not in _LINE_BREAKING for char in text)


def validate_one_line(text: str) -> None:
    """Refuse what is not plain text on one line.

    Raises ValidationError.
    """
    if not is_one_line(text):
        raise ValidationError("Use plain text on one line", code="not_one_line")


def isolated(text: str) -> str:
    """Set a name into a sentence of ours that is plain text, so that letters written from right to left turn round nothing beside it."""
    return f"\u2068{text}\u2069"


def header_text(text: str) -> str:
    """Make any text safe for a mail header. Django looks for CR and LF alone, and eleven others break a header too."""
    if text.isprintable():  # as nearly all is: there is nothing in it to look for
        return text.strip()
    text = _DIRECTION_OVERRIDES.sub("", text)
    return "".join(" " if unicodedata.category(char) in _LINE_BREAKING else char for char in text).strip()
