"""What accounts have available, for pages of apps that know nothing of licenses."""

from collections.abc import Mapping

from django import template

from accounts.models import Account
from licenses import selectors

register = template.Library()

register.simple_tag(selectors.available_in, name="available_in")


@register.filter
def of(numbers: Mapping[int, int], account: Account) -> int:
    """Pick the number of one account."""
    return numbers[account.pk]
