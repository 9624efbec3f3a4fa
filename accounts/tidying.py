"""What nobody can come back to: sessions that have expired, and counts of tries that are over. Nothing else is ever cleared away."""

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Session


@transaction.atomic
def clear_what_has_expired() -> tuple[int, int]:
    """Delete the rows of sessions, and of the cache that counts are kept in, whose time is over; return how many of each.

    Django deletes a session's row when one signs out, and the cache its own when it is full: whoever only goes away leaves theirs.
    """
    now = timezone.now()
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cache WHERE expires < %s", [connection.ops.adapt_datetimefield_value(now.replace(microsecond=0))])
        return sessions, cursor.rowcount
