"""Finding entries by what people type, in a journal of millions.

An entry is found by its own words, which PostgreSQL finds in an index of their trigrams (0010_large_journals.py), or because an
account or a user is named so. Those are looked up first: a condition on a joined table's words could be met by any entry, and all
would have to be read.
"""

from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Account, User
from licenses.models import Product

MOST_NAMED = 200  # of more it is left to the database to find them: what mentions so many is found soon


def mentions(
    text: str, *, words: Collection[str] = (), accounts: Collection[str] = (), users: Collection[str] = (), products: Collection[str] = ()
) -> Q:
    """A condition on rows: that one of these words contains `text`, or that one of these accounts, users or products is named so.

    All are named by their way from the row; of a receiver alone the ways are ["receiver"].
    """
    found = reduce(or_, (Q(**{f"{way}__icontains": text}) for way in words), Q(pk__in=[]))
    if accounts:
        named = _keys(Account.objects.filter(Q(username__icontains=text) | Q(company__icontains=text)))
        found |= reduce(or_, (Q(**{f"{way}__in": named}) for way in accounts))
    if users:
        named = _keys(User.objects.filter(username__icontains=text))
        found |= reduce(or_, (Q(**{f"{way}__in": named}) for way in users))
    if products:
        named = _keys(Product.objects.filter(Q(code__icontains=text) | Q(name__icontains=text)))
        found |= reduce(or_, (Q(**{f"{way}__in": named}) for way in products))
    return found


def key_of(model: type[Account] | type[User], username: str) -> int:
    """The primary key of whoever has this name; 0, which nobody has, if there is nobody."""
    return model.objects.filter(username=username).values_list("pk", flat=True).first() or 0


def _keys(rows: QuerySet[Any]) -> list[int] | QuerySet[Any, Any]:
    keys: QuerySet[Any, Any] = rows.order_by().values_list("pk", flat=True)
    few: list[int] = list(keys[: MOST_NAMED + 1])
    return few if len(few) <= MOST_NAMED else keys
