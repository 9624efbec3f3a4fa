"""How often a person may have the portal write to addresses that nobody has proven yet: mails to strangers are not for free."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext

from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.notices import notices_of_account

MOST_A_DAY = 10


class TooManyAsked(Refusal):
    """So many links were asked for within a day that no further one is sent yet."""


def check_not_too_many(username: str, letter: str) -> None:
    """Refuse one link too many for this account or user; to be asked under the lock of its row.

    Raises TooManyAsked.
    """
    a_day_ago = timezone.now() - timedelta(days=1)
    if notices_of_account(username, kind=letter).filter(queued_at__gt=a_day_ago).count() >= MOST_A_DAY:
        raise TooManyAsked(gettext("%(number)s links were sent within a day. Try again tomorrow.") % {"number": MOST_A_DAY}, field="email")
