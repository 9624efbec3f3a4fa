"""Where licenses are that an account does not have available: what staff are told when a correction falls short (C11).

For staff alone. To a customer it would tell what is others' (A9).
"""

from django.db.models import Case, F, Sum, When
from django.utils.translation import gettext

from accounts.models import Account
from licenses.extensions import PLACES_NAMED, in_short, told_by_apps_above
from licenses.models import JournalLine, Product
from licensing_portal.foundation.templatetags.portal import number


def whereabouts(account: Account, product: Product) -> list[str]:
    """Say in sentences where the account's licenses of a product are deployed, and to whom they went (C11)."""
    return [*told_by_apps_above(account, product), *_gone(account, product)]


def _gone(account: Account, product: Product) -> list[str]:
    """Name the accounts that have the most of what left the account for others, less what came back from them."""
    moved = JournalLine.objects.filter(account=account, product=product).exclude(entry__giver=F("entry__receiver"))
    among_customers = moved.exclude(entry__giver__kind=Account.Kind.PUBLISHER).exclude(entry__receiver__kind=Account.Kind.PUBLISHER)
    other = Case(When(entry__giver=account, then=F("entry__receiver__username")), default=F("entry__giver__username"))
    gone = among_customers.order_by().annotate(other=other).values("other").annotate(total=-Sum("quantity")).filter(total__gt=0)
    most = [
        gettext("%(number)s to %(account)s") % {"number": number(row["total"]), "account": row["other"]}
        for row in gone.order_by("-total", "other")[:PLACES_NAMED]
    ]
    return [gettext("Gone: %(places)s.") % {"places": in_short(most, gone.count())}] if most else []
