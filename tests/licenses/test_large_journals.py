"""What must not be read whole: in a journal of many lines a search, an account's transfers and a few days are found by an index."""

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, User
from licenses import proof
from licenses.history import HistoryFilterForm
from licenses.models import JournalEntry
from licenses.search import mentions
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


# ── The proof of the books ──


def plans_of_a_proof():
    """Each query of a full proof, and its plan for tables that are too long to be read or sorted."""
    with CaptureQueriesContext(connection) as captured:
        assert list(proof.faults()) == []
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "indexscan", "sort", "incremental_sort", "hashagg"):  # all but to read an index in its order
            cursor.execute(f"SET LOCAL enable_{way} = off")
        for query in captured.captured_queries:
            cursor.execute(f"EXPLAIN {query['sql']}")
            yield query["sql"], "\n".join(line for (line,) in cursor.fetchall())


def test_the_proof_sums_entries_and_compares_balances_from_indexes_that_hold_the_numbers(atlas):
    with the_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'licenses_journalline'")
        indexes = {name: definition.partition(" USING ")[2] for name, definition in cursor.fetchall()}
    assert indexes == {
        "licenses_journalline_pkey": "btree (id)",
        "journal_of_an_account": "btree (account_id, id DESC)",
        "journal_of_a_holding": "btree (account_id, product_id, state, id) INCLUDE (quantity, balance)",
        "lines_of_an_entry": "btree (entry_id, product_id) INCLUDE (quantity)",
    }

    plans = list(plans_of_a_proof())

    (chains,) = (plan for sql, plan in plans if "LAG(" in sql)
    (entries,) = (plan for sql, plan in plans if "HAVING" in sql and '"entry"' in sql and "licenses_journalentry" not in sql)
    assert ("Index Only Scan using journal_of_a_holding" in chains, "Sort" in chains) == (True, False)
    assert "Index Only Scan using lines_of_an_entry" in entries


def test_a_proof_of_many_holdings_asks_six_times_and_reads_none_that_is_right(atlas):
    with CaptureQueriesContext(connection) as captured:
        assert list(proof.faults()) == []

    assert len(captured) == 6
    assert [query["sql"] for query in captured if "accounts_account" in query["sql"]] == []


# ── The admin ──


@pytest.mark.parametrize(
    "search", ["licenses/journalentry/?q=zzzzzz", "licenses/journalentry/?q=atlas", "licenses/holding/?q=atlas", "foundation/notice/?q=zzzzzz"]
)
def test_staff_search_long_lists_with_one_count_and_without_their_years_and_days(atlas, search):
    table = {"journalentry": "licenses_journalentry", "holding": "licenses_holding", "notice": "foundation_notice"}[search.split("/")[1]]
    desk = Client()
    desk.force_login(User.objects.get(username="admin"))
    with CaptureQueriesContext(connection) as captured:
        assert desk.get(f"/admin/{search}").status_code == 200

    asked = [query["sql"] for query in captured if f'FROM "{table}"' in query["sql"] and '"kind" AS' not in query["sql"]]
    assert [sql.startswith("SELECT COUNT(*)") for sql in asked] == [True, False]
    assert [sql for sql in asked if "DATE_TRUNC" in sql or "JOIN" in sql.partition("WHERE")[2]] == []


def test_staff_find_entries_by_the_indexes_of_their_text_and_of_who_is_named_so(atlas):
    with CaptureQueriesContext(connection) as captured:
        found = list(
            JournalEntry.objects.filter(
                mentions("atlas-01", words=["number", "reference", "note"], accounts=["giver", "receiver"], users=["posted_by"])
            )
        )
    assert found == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {captured[-1]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert ("entries_by_text" in plan, "posted_by_id" in plan, "Seq Scan" in plan) == (True, True, False)
