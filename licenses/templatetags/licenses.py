"""What accounts have available, for pages of apps that know nothing of licenses."""

from collections.abc import Sequence
from typing import Any

from django import template

from licenses.selectors import available_in

register = template.Library()


@register.simple_tag
def with_available(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Add to each row, which begins with an account, how many licenses that account has available; in one query."""
    available = available_in(row[0] for row in rows)
    return [(*row, available[row[0].pk]) for row in rows]
