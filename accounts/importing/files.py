"""Files of endusers: the columns that they have, for those that are uploaded and those that are handed out alike."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from django.core.files import File
from django.utils.translation import gettext

from accounts.models import Account, EnduserImportRow
from licensing_portal.foundation.errors import Problem
from licensing_portal.foundation.table_files import Row, Unreadable, read_table
from licensing_portal.foundation.tables import Cell

# The names of the columns are what programs read: they are the same in every language.
COLUMNS = {"username": "Username", "company": "Company", "email": "Email"}
# What a file of problem rows has beside them: once it is put right, it can be uploaded as it is.
NOT_READ = {"row": "Row", "problem": "Problem"}

LONGEST_CELL = 300  # characters that are kept of what can't be right anyway


@dataclass(frozen=True)
class EnduserRow:
    """One row of an uploaded file: its cells as text, and what is wrong with them already, by column."""

    number: int
    username: str
    company: str
    email: str
    problems: dict[str, str] = field(default_factory=dict)


def read_endusers(file: File) -> list[EnduserRow]:
    """Read the rows below the header.

    Raises Unreadable.
    """
    header, *rows = read_table(file)
    places = _places(header)
    if not rows:
        raise Unreadable(gettext("The file has a header and no rows below it"), field="file")
    return [_read(row, places, len(header.cells)) for row in rows]


def _places(header: Row) -> dict[str, int]:
    """Where each column stands.

    Raises Unreadable, which names every column that is unknown, missing or there twice.
    """
    names = [cell.lower() for cell in header.cells]
    unknown = [cell for cell in header.cells if cell and cell.lower() not in COLUMNS | NOT_READ]
    problems = [_unknown_column(cell) for cell in unknown]
    problems += [gettext("The column %(title)s stands there twice.") % {"title": title} for name, title in COLUMNS.items() if names.count(name) > 1]
    missing = [title for name, title in COLUMNS.items() if name not in names]
    if missing and len(missing) > len(unknown):
        problems.append(
            gettext("Missing: %(missing)s. The first row has the names of the columns: %(columns)s.")
            % {"missing": ", ".join(missing), "columns": ", ".join(COLUMNS.values())}
        )
    if problems:
        raise Unreadable.of(Problem(problem, "file") for problem in problems)
    return {name: names.index(name) for name in COLUMNS}


def _unknown_column(name: str) -> str:
    close = get_close_matches(re.sub(r"[^a-z]", "", name.lower()), COLUMNS, n=1)
    if not close:
        return gettext("Unknown column “%(name)s”.") % {"name": name[:60]}
    return gettext("Unknown column “%(name)s”. Did you mean “%(column)s”?") % {"name": name[:60], "column": COLUMNS[close[0]]}


def _read(row: Row, places: dict[str, int], width: int) -> EnduserRow:
    cells = {name: (row.cells[place] if place < len(row.cells) else "")[:LONGEST_CELL] for name, place in places.items()}
    problems = {
        name: gettext("%(column)s is a formula. Put its value in its place.") % {"column": COLUMNS[name]}
        for name, place in places.items()
        if place in row.formulas
    }
    if any(row.cells[width:]):
        problems[""] = gettext("This row has more cells than there are columns.")
    return EnduserRow(row.number, **cells, problems=problems)


def enduser_rows(endusers: Iterable[Account]) -> Iterator[list[Cell]]:
    """The table of endusers as it is handed out, and as it can be imported again."""
    yield [*COLUMNS.values()]
    for enduser in endusers:
        yield [enduser.username, enduser.company, enduser.email]


def in_words(problems: dict[str, str]) -> str:
    """Everything that is wrong with a row, one sentence after the other, in the order of the columns (the database keeps none)."""
    told = [problems[name] for name in (*COLUMNS, "") if name in problems]
    return " ".join(problem if problem.endswith(".") else f"{problem}." for problem in told)


def problem_rows(rows: Iterable[EnduserImportRow]) -> Iterator[list[Cell]]:
    """The rows that were not imported, as they were uploaded, each with the reason."""
    yield [NOT_READ["row"], *COLUMNS.values(), NOT_READ["problem"]]
    for row in rows:
        yield [row.number, row.username, row.company, row.email, in_words(row.problems)]
