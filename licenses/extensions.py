"""What licenses asks of the apps that stand on it and that it does not know: they register their answers, as letters do in notices.py.

An answer is registered in the `models` of its app, which are loaded wherever the portal runs.
"""

from collections.abc import Callable

from django.utils.translation import ngettext

from accounts.models import Account
from licenses.models import JournalEntry, Product
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.templatetags.portal import number

Objection = Callable[[JournalEntry], Refusal | None]
Whereabouts = Callable[[Account, Product], list[str]]

PLACES_NAMED = 5  # of each sort, where there may be any number

_objections: list[Objection] = []
_whereabouts: list[Whereabouts] = []


def objects_to_recalls(answer: Objection) -> Objection:
    """Mark a function that says why a sale can't be recalled as yet; None where it can (C10)."""
    _objections.append(answer)
    return answer


def knows_where_licenses_are(answer: Whereabouts) -> Whereabouts:
    """Mark a function that tells staff in sentences where an account's licenses of a product are (C11)."""
    _whereabouts.append(answer)
    return answer


def objection_to_recall(sale: JournalEntry) -> Refusal | None:
    """What the first app that objects to the recall of a sale says."""
    return next((refusal for objection in _objections if (refusal := objection(sale))), None)


def told_by_apps_above(account: Account, product: Product) -> list[str]:
    """Where an account's licenses of a product are, as far as the apps above know it."""
    return [sentence for answer in _whereabouts for sentence in answer(account, product)]


def in_short(places: list[str], count: int) -> str:
    """List the places that are named of so many that there are: "4 on LAB, 2 on IVR and 3 more places"."""
    rest = count - len(places)
    named = ", ".join(places)
    if not rest:
        return named
    return ngettext("%(places)s and %(number)s more place", "%(places)s and %(number)s more places", rest) % {"places": named, "number": number(rest)}
