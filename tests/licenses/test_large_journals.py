"""What must not be read whole: in a journal of many lines a search, an account's transfers and a few days are found by an index."""

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from licenses.history import HistoryFilterForm
from licenses.models import JournalEntry
from licenses.selectors import recent_entries_of, summary_of
from licensing_portal import big
from tests.roles import the_owner

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


@pytest.fixture
def atlas():
    """The largest reseller of a journal that the planner knows."""
    list(big.load(accounts=60, products=12, lines=6000, seed=1))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with the_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Account.objects.get(username="atlas")


def plan_of(rows):
    """The plan for a table that is too long to be read: these are short enough for reading them whole to be quicker."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    return rows.explain()


def history(account, query):
    return HistoryFilterForm(QueryDict(query), account=account, products=[]).lines[:51]


def test_a_search_finds_entries_by_the_index_of_their_text(atlas):
    """Asked for the words alone: in so short a journal the rest of the query finds them sooner."""
    for words in ("number", "reference", "note"):
        assert "entries_by_text" in plan_of(JournalEntry.objects.filter(**{f"{words}__icontains": "zzzzzz"}))


def test_the_last_entries_are_found_before_their_lines_are_read(atlas):
    with CaptureQueriesContext(connection) as captured:
        recent = recent_entries_of(atlas, 6)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert [entry.pk for entry in recent] == sorted((entry.pk for entry in recent), reverse=True)
    assert (len(recent), len(captured)) == (6, 1)
    assert "Seq Scan on licenses_journalline" not in plan


def test_an_accounts_transfers_are_found_without_its_other_lines(atlas):
    with CaptureQueriesContext(connection) as captured:
        summary = summary_of(atlas)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert sum(product.net_transferred for product in summary) > 0  # it pulls from others and nobody from it
    assert ("transfers_from_an_account" in plan, "transfers_to_an_account" in plan) == (True, True)


def test_a_few_days_are_found_by_their_entries(atlas):
    assert "entries_by_moment" in plan_of(history(atlas, f"from={atlas.created_at:%Y-%m-%d}&to={atlas.created_at:%Y-%m-%d}"))


def test_whom_nobody_is_named_like_has_no_line(atlas):
    assert [list(history(atlas, query)) for query in ("user=nobody", "account=nobody")] == [[], []]
    assert len(history(atlas, "user=atlas")) == 51
