"""What the benchmark counts by itself: turns, medians, and what came of each act. No time is measured here."""

from tests.bench.crowd import medians, work
from tests.bench.lines import NotMeasured
from tests.bench.pgbench import SCRIPT


def test_ways_take_turns_each_time_another_first_and_the_first_round_does_not_count():
    turns = []

    def way(name, *paces):
        paces = list(paces)
        return lambda seconds: turns.append((name, seconds)) or paces.pop(0)

    assert medians({"a": way("a", 99, 1, 5, 2), "b": way("b", 0, 8, 7, 9)}, rounds=3, seconds=4) == {"a": 2, "b": 8}
    assert turns == [(name, 4) for name in "baabbaab"]


def refuse():
    raise NotMeasured("no")


def test_what_each_process_did_is_added_up_and_a_problem_is_counted_by_its_name():
    tally = work(lambda number: refuse if number else int, processes=3, seconds=0.05)

    assert (list(tally.problems), tally.done > 0, tally.problems["NotMeasured"] > 0) == (["NotMeasured"], True, True)


def test_a_process_that_cannot_begin_keeps_nobody_waiting():
    def begin(number):
        if number == 1:
            refuse()
        return int

    assert work(begin, processes=2, seconds=0.05).problems.total() > 0


def test_pgbench_writes_into_every_table_that_a_sale_is_written_into():
    """The limit is honest only if it does the same work."""
    written = SCRIPT.read_text()
    tables = ("foundation_submission", "licenses_journalentry", "licenses_journalline", "licenses_holding", "post_office_email", "foundation_notice")

    assert [table for table in tables if f"INSERT INTO {table}" not in written and f"UPDATE {table}" not in written] == []
