"""Years of journal that are copied within PostgreSQL: as true in every number as those that were posted."""

from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection
from django.db.models import Max, Min

from accounts.models import Account, User
from deployments.models import DeploymentEntry
from licenses import proof
from licenses.models import Holding, JournalEntry, JournalLine
from licenses.services import sell_licenses
from licensing_portal import big
from licensing_portal.foundation.submissions import fresh_key
from tests.bench.copies import copy_journal
from tests.roles import WALLS

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TIMES = 3


def indexes_and_walls():
    """What must stand afterwards as it stood before."""
    with connection.cursor() as cursor:
        # Of a condition PostgreSQL writes the same in more ways than one.
        cursor.execute("SELECT split_part(indexdef, ' WHERE ', 1) FROM pg_indexes WHERE tablename ~ '^(licenses|deployments)_'")
        indexes = cursor.fetchall()
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled = 'A' ORDER BY tgname")
        return indexes, {name for (name,) in cursor.fetchall()}


def what_there_is():
    numbers = Holding.objects.order_by("pk").values_list("available", "deployed", "sold")
    return [JournalEntry.objects.count(), JournalLine.objects.count(), DeploymentEntry.objects.count(), [*map(list, numbers)]]


def test_copied_years_are_proven_go_on_in_time_and_can_be_sold_upon():
    for _ in big.load(accounts=30, products=6, lines=1500, seed=1, part=1 / TIMES):
        pass
    before, standing = what_there_is(), indexes_and_walls()

    with closing(psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})) as line, line.cursor() as cursor:
        line.autocommit = True
        copy_journal(cursor, copies=TIMES - 1, passed=big.SPAN / TIMES)

    entries, lines, on_deployments, holdings = before
    assert what_there_is() == [
        TIMES * entries, TIMES * lines, TIMES * on_deployments, [[TIMES * number for number in numbers] for numbers in holdings]
    ]  # fmt: skip
    assert list(proof.faults()) == []
    indexes, walls = indexes_and_walls()
    assert (set(indexes) ^ set(standing[0]), walls) == (set(), standing[1])
    assert set(WALLS) <= walls
    moments = list(JournalEntry.objects.order_by("pk").values_list("posted_at", flat=True))
    ends = JournalEntry.objects.aggregate(first=Min("posted_at"), last=Max("posted_at"))
    assert (moments, ends["last"] - ends["first"] > 0.9 * timedelta(days=3 * 365)) == (sorted(moments), True)
    numbered_otherwise = [entry.number for entry in JournalEntry.objects.all() if entry.number[2:6] != f"{entry.posted_at:%Y}"]
    assert numbered_otherwise == []

    seller = User.objects.select_related("account").get(username="atlas")
    holding = Holding.objects.filter(account=seller.account, available__gt=0).select_related("product").first()
    owner = Account.objects.filter(reseller=seller.account, closed_at=None).first()
    sale = sell_licenses(seller=seller.account, sold_by=seller, owner=owner, quantities={holding.product: 1}, key=fresh_key())

    assert sale.pk == JournalEntry.objects.aggregate(last=Max("pk"))["last"]
    assert list(proof.faults()) == []
