"""Pages of a long list by keys and not by counting, so that the thousandth page costs what the first one does."""

import re
from typing import TypeVar

from django.db.models import Model, QuerySet

PAGE_SIZE = 50  # rows

Row = TypeVar("Row", bound=Model)


def page_by_key(rows: QuerySet[Row], *, before: str = "", after: str = "") -> tuple[list[Row], int | None, int | None]:
    """Return one page of rows that are ordered by falling keys, and the keys that the newer and the older page begin from.

    `before` and `after` are keys as they stand in the page's address; what is none leads to the first page. None at the ends.
    """
    shown, has_newer, has_older = _cut(rows, before=_key(before), after=_key(after))
    return shown, shown[0].pk if shown and has_newer else None, shown[-1].pk if shown and has_older else None


def _key(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else None


def _cut(rows: QuerySet[Row], *, before: int | None, after: int | None) -> tuple[list[Row], bool, bool]:
    """Return the rows of one page, the newest first, and whether there are newer and older ones."""
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: PAGE_SIZE + 1])
        if len(found) > PAGE_SIZE:
            return found[:PAGE_SIZE][::-1], True, True
        before = None  # too few for a page: that is the first one, which then is shown whole
    found = list((rows.filter(pk__lt=before) if before is not None else rows)[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], before is not None, len(found) > PAGE_SIZE
