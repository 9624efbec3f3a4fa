"""Lists that their reader sorts, as it stands in the page's address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from licensing_portal.foundation.forms import FilterForm
from licensing_portal.foundation.text import Words


@dataclass(frozen=True)
class Order:
    """One way to sort a list: what it is called, and what `order_by` takes, or attributes of rows that are sorted here; the last of it is unique, or pages would overlap."""

    words: Words
    fields: tuple[Any, ...]


@dataclass(frozen=True)
class Heading:
    """A column's heading: the address of the list sorted by it, and how it is sorted now, as aria-sort says it ("" by another)."""

    address: str
    direction: str


class SortableFilterForm(FilterForm):
    """Filters of a list that is sorted by `?sort=` as well. An order that does not exist is none: the list comes as it comes."""

    sorted_by = "sort"  # its name in the address: of two lists on one page one has another
    # By name in the address, the usual one first; each stands beside its reverse, whose name differs by a leading "-".
    orders: Mapping[str, Order]

    @property
    def sort(self) -> str:
        """The name of the order that was chosen; "" for the usual one."""
        wanted = str(self.data.get(self.sorted_by, ""))
        return wanted if wanted in list(self.orders)[1:] else ""

    @property
    def order(self) -> Order:
        """How the list is to be sorted."""
        return self.orders[self._current]

    @property
    def choices(self) -> list[tuple[str, Words]]:
        """The orders for a select: what the address says, and the words."""
        usual, *others = self.orders
        return [("", self.orders[usual].words), *((name, self.orders[name].words) for name in others)]

    @property
    def headings(self) -> dict[str, Heading]:
        """The headings of the columns by which the list can be sorted, by the order's name without its "-"."""
        return {name.removeprefix("-"): self._heading(name) for name in reversed(list(self.orders))}

    @property
    def cleared(self) -> str:
        return f"?{urlencode({**self.kept, **({self.sorted_by: self.sort} if self.sort else {})})}"

    @property
    def _current(self) -> str:
        return self.sort or next(iter(self.orders))

    def _heading(self, first: str) -> Heading:
        """A heading sorts by its column, the other way round where it does already."""
        is_sorted = self._current.removeprefix("-") == first.removeprefix("-")
        sorts_by = _reverse(self._current) if is_sorted else first
        direction = ("descending" if self._current.startswith("-") else "ascending") if is_sorted else ""
        others = self.query_without(self.sorted_by)
        return Heading(f"?{others}{'&' if others else ''}{urlencode({self.sorted_by: sorts_by})}", direction)


def _reverse(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"
