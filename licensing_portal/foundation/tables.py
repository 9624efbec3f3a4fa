"""Tables that the portal hands out, as CSV and as XLSX: plain digits, and safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any, Self

from django.http import HttpResponse, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

Cell = str | int

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS_AT_ONCE = 10_000  # of an XLSX that one waits for: C12
ROWS_OF_A_PART = 512  # of a CSV file, which is streamed in parts
MOST_ROWS_OF_A_SHEET = 1_048_575  # below the header: what the format holds

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# What XML can't hold is written as _xHHHH_ there, and so is a text that looks like it.
_NOT_FOR_XML = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _would_run(text: str) -> bool:
    """Behind apostrophes too: what has one of its own gets another, so that each text can be told from each other one."""
    return text.lstrip("'").lstrip(" ").startswith(_STARTS_A_FORMULA)


def formula_safe(cell: Cell) -> Cell:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay numbers."""
    if isinstance(cell, int) or cell[:1].isalnum():  # as nearly every text begins: the rest need not be asked
        return cell
    return f"'{cell}" if _would_run(cell) else cell


def without_apostrophe(text: str) -> str:
    """Undo `formula_safe`: a table that was exported can be imported again."""
    return text[1:] if text.startswith("'") and _would_run(text[1:]) else text


def csv_response(name: str, rows: Iterable[Iterable[Cell]]) -> StreamingHttpResponse:
    """Stream rows as a CSV file of that name."""
    return StreamingHttpResponse(_csv_parts(iter(rows)), content_type="text/csv; charset=utf-8", headers=as_a_download(name))


def _csv_parts(rows: Iterator[Iterable[Cell]]) -> Iterator[bytes]:
    """Some rows at a time, for to hand each over by itself takes longer than to write it; few at first, so that the answer begins at once."""
    size = 1
    while some := list(islice(rows, size)):
        size = min(2 * size, ROWS_OF_A_PART)
        part = io.StringIO(newline="")
        csv.writer(part).writerows([formula_safe(cell) for cell in row] for row in some)
        yield part.getvalue().encode()


def as_a_download(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


class XlsxTable:
    """A workbook of one sheet that is written row by row, to the disk. A text is a text: none of them is a formula, a number or a date.

    Entered, it leaves nothing on the disk, whether it was handed over or given up.
    """

    def __init__(self, title: str) -> None:
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(title)
        self._is_written = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if not self._is_written:
            self._sheet.append([])  # what has no row yet has no file either, and could not be closed
            self._sheet.close()
            self._sheet._writer.cleanup()  # noqa: SLF001 - the library does so when it saves, and else at the end of the process

    def append(self, row: Iterable[Cell]) -> None:
        self._sheet.append([self._literal(cell) if isinstance(cell, str) else cell for cell in row])

    def write_to(self, file: IO[bytes]) -> None:
        """Write the workbook, once, and go back to the file's beginning."""
        self._book.save(file)
        self._is_written = True
        file.seek(0)

    def _literal(self, text: str) -> Any:
        if not text:
            return None
        cell = WriteOnlyCell(self._sheet, _NOT_FOR_XML.sub(_escaped, text))
        cell.data_type = "s"
        return cell


def _escaped(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"


def xlsx_response(name: str, title: str, rows: Iterable[Iterable[Cell]]) -> HttpResponse:
    """Send rows as an XLSX file of that name; it is for as many as one can wait for (`MOST_ROWS_AT_ONCE`)."""
    file = io.BytesIO()
    with XlsxTable(title) as table:
        for row in rows:
            table.append(row)
        table.write_to(file)
    return HttpResponse(file.read(), content_type=XLSX_TYPE, headers=as_a_download(name))
