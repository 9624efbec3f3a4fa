"""What `manage.py check` says of how people sign in."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def staff_have_a_second_factor(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Nobody of the staff goes without, but the demo's admin in the demo (rules.md §5)."""
    if settings.DEMO or not settings.STAFF_WITHOUT_SECOND_FACTOR:
        return []
    names = ", ".join(sorted(settings.STAFF_WITHOUT_SECOND_FACTOR))
    hint = "Empty STAFF_WITHOUT_SECOND_FACTOR: it is for the demo (DEMO=1) alone."
    return [Error(f"Staff sign in with a password alone: {names}.", hint=hint, id="accounts.E001")]
