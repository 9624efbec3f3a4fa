"""Tables that people upload, as CSV or as XLSX: read as text, row by row, and refused in words where that can't be done.

An XLSX is a compressed folder of XML, in which a small file can ask for hours and for gigabytes. So its parts are measured, and
their elements counted, before a library builds anything from them.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from xml.sax import SAXParseException  # nosec B406
from xml.sax.handler import ContentHandler  # nosec B406

import defusedxml.sax  # reads: what stands above is what it raises and calls
from django.core.files import File
from django.utils.translation import gettext
from openpyxl import load_workbook

from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.tables import without_apostrophe
from licensing_portal.foundation.templatetags.portal import count, number
from licensing_portal.foundation.uploads import MOST_BYTES

MOST_ROWS = 10_000  # below the header
MOST_COLUMNS = 30
LAST_ROW = 2 * MOST_ROWS  # of a sheet with blank rows in it
MOST_UNPACKED = 30 * 1024 * 1024  # bytes: ten times what as many rows of long names and addresses take
MOST_ELEMENTS = 250_000  # twice what they take
MOST_PARTS = 200

DELIMITERS = ",;\t"  # what spreadsheets write between cells, by country

_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")  # UTF-16


class Unreadable(Refusal):
    """The file is no table that the portal can read."""


@dataclass(frozen=True)
class Row:
    """One row with its number in the file, as a spreadsheet counts: its cells as text, and which of them are formulas."""

    number: int
    cells: list[str]
    formulas: set[int] = field(default_factory=set)

    @property
    def is_blank(self) -> bool:
        return not any(self.cells) and not self.formulas


def read_table(file: File) -> list[Row]:
    """Read the rows of a CSV or XLSX file, the header first; blank ones are left out.

    Raises Unreadable, by the field `file`.
    """
    if file.size > MOST_BYTES:
        raise _unreadable(gettext("The file is larger than %(size)s MB. Split it into several.") % {"size": MOST_BYTES // 1024 // 1024})
    content = file.read()
    rows = _xlsx_rows(content) if content.startswith(b"PK\x03\x04") else _csv_rows(content)
    found = list(islice((row for row in rows if not row.is_blank), MOST_ROWS + 2))
    if len(found) > MOST_ROWS + 1:
        raise _unreadable(gettext("The file has more than %(number)s rows. Split it into several.") % {"number": number(MOST_ROWS)})
    if not found:
        raise _unreadable(gettext("The file is empty"))
    return found


def _unreadable(why: str) -> Unreadable:
    return Unreadable(why, field="file")


# ── CSV ──


def _csv_rows(content: bytes) -> Iterator[Row]:
    """Raises Unreadable."""
    text = _decoded(content)
    first_line = text.lstrip().partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=first_line.count), strict=True)
    try:
        for place, cells in enumerate(rows, start=1):
            yield Row(place, [without_apostrophe(cell.strip()) for cell in cells])
    except csv.Error:
        raise _unreadable(
            gettext("Line %(number)s is not CSV: look for a quotation mark that is not closed.") % {"number": number(rows.line_num)}
        ) from None


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if content.startswith(_BYTE_ORDER_MARKS) or ("\0" in text and b"\0" not in content):
        raise _unreadable(gettext("The file is not in UTF-8. Save it as “CSV UTF-8” or as XLSX, and choose it again."))
    if "\0" in text:
        raise _unreadable(gettext("The file is neither CSV nor XLSX"))
    return text


# ── XLSX ──


def _xlsx_rows(content: bytes) -> Iterator[Row]:
    """The rows of the first sheet.

    Raises Unreadable.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as folder:
            _measure(folder)
        yield from _sheet_rows(content)
    except Unreadable:
        raise
    except Exception:  # noqa: BLE001 - what a forged file makes of a library that builds objects from it can't be foreseen
        raise _unreadable(gettext("The file can’t be read as XLSX. Open it in a spreadsheet, save it anew, and choose it again.")) from None


def _measure(folder: zipfile.ZipFile) -> None:
    """Refuse what is more than a table of this size takes. No part unpacks to more than it declares: Python sees to that.

    Every part is looked at, whatever its name, for what is read later is what the file says. Of one that is no XML (a picture)
    the library would read no more than we do here.

    Raises Unreadable, DefusedXmlException.
    """
    parts = folder.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise _too_much()
    elements = _Elements()
    for part in parts:
        with folder.open(part) as stream, suppress(SAXParseException):
            defusedxml.sax.parse(stream, elements, forbid_dtd=True)


class _Elements(ContentHandler):
    """Counts the elements of all parts together.

    Raises Unreadable.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - the name that it has in SAX
        self.count += 1
        if self.count > MOST_ELEMENTS:
            raise _too_much()


def _too_much() -> Unreadable:
    return _unreadable(
        gettext("There is more in the file than %(rows)s take. Save the rows alone, as CSV or in a new file.") % {"rows": count(MOST_ROWS, "row")}
    )


def _sheet_rows(content: bytes) -> Iterator[Row]:
    book = load_workbook(io.BytesIO(content), read_only=True)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # what the file says of its own size need not be so
    for place, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        if place > LAST_ROW:
            raise _too_much()
        yield _row(place, cells)
    book.close()


def _row(place: int, cells: Iterable[Any]) -> Row:
    cells = list(cells)
    formulas = {column for column, cell in enumerate(cells) if cell.data_type == "f"}
    texts = ["" if column in formulas else _text(cell.value) for column, cell in enumerate(cells)]
    while texts and not texts[-1] and len(texts) - 1 not in formulas:
        texts.pop()
    return Row(place, texts, formulas)


def _text(value: object) -> str:
    """A cell as text: a whole number without the decimals that the format gives it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return re.sub("_x005F_(?=x[0-9A-Fa-f]{4}_)", "_", "" if value is None else str(value)).strip()
