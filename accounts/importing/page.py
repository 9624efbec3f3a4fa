"""Check import, the page: the rows of an uploaded file, those with problems first, before and after they are imported."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.importing.files import COLUMNS, in_words
from accounts.models import EnduserImport, EnduserImportRow

State = EnduserImportRow.State

ROWS_PER_PAGE = 50
# What stands under each tab: what will become of the rows or, once they were imported, what became of them.
TABS = {"problems": (State.PROBLEM, State.SKIPPED), "new": (State.NEW, State.CREATED), "unchanged": (State.UNCHANGED,)}
TITLES = {"problems": _("Problems"), "new": _("New"), "unchanged": _("Unchanged")}


@dataclass(frozen=True)
class Tab:
    """One of the tabs, with how many rows stand under it."""

    name: str
    rows: int

    @property
    def title(self) -> str:
        return str(TITLES[self.name])


@dataclass(frozen=True)
class Cell:
    """A cell of an uploaded row, and whether a problem is about it."""

    title: str
    text: str
    is_bad: bool


@dataclass(frozen=True)
class ShownRow:
    """One row as it is shown: its number in the file, its cells, and what is wrong with it, in words."""

    number: int
    cells: list[Cell]
    problem: str


@dataclass(frozen=True)
class ImportPage:
    """One page of the rows under one tab."""

    upload: EnduserImport
    tabs: list[Tab]
    tab: str
    page: Page[EnduserImportRow]

    @property
    def tab_title(self) -> str:
        return str(TITLES[self.tab])

    @property
    def rows(self) -> list[ShownRow]:
        return [_shown(row) for row in self.page]

    @property
    def counts(self) -> dict[str, int]:
        return {tab.name: tab.rows for tab in self.tabs}

    @property
    def row_count(self) -> int:
        return sum(tab.rows for tab in self.tabs)


def import_page(upload: EnduserImport, *, tab: str, number: str) -> ImportPage:
    """Make the page of this tab: unless one is asked for, the first of them that has any rows."""
    by_state = dict(upload.rows.values_list("state").annotate(rows=Count("pk")))
    tabs = [Tab(name, sum(by_state.get(state, 0) for state in states)) for name, states in TABS.items()]
    with_rows = [one.name for one in tabs if one.rows]
    shown = tab if tab in TABS else next(iter(with_rows), "problems")
    return ImportPage(upload, tabs, shown, Paginator(_rows(upload, shown), ROWS_PER_PAGE).get_page(number))


def problem_rows_of(upload: EnduserImport) -> QuerySet[EnduserImportRow]:
    """The rows that are not or were not imported for a reason, in the order of the file."""
    return _rows(upload, "problems")


def _rows(upload: EnduserImport, tab: str) -> QuerySet[EnduserImportRow]:
    return upload.rows.filter(state__in=TABS[tab]).order_by("number")


def _shown(row: EnduserImportRow) -> ShownRow:
    cells = [Cell(gettext(title), getattr(row, name), is_bad=name in row.problems) for name, title in COLUMNS.items()]
    return ShownRow(row.number, cells, in_words(row.problems))
