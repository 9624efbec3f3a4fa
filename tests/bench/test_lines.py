"""The form of a line (docs/contract.md), and the figures that the benchmark works out itself. No time is measured here."""

import pytest

from tests.bench.doors import distance
from tests.bench.lines import Line


@pytest.mark.parametrize(
    ("line", "words", "is_kept"),
    [
        (Line("G1", "sale service / pgbench, 4 processes", 0.521, floor=0.4), "G1 sale service / pgbench, 4 processes: 0.52 (floor 0.40)", True),
        (Line("G9", "page 20,000 / page 1", 1.1, ceiling=1.2), "G9 page 20,000 / page 1: 1.10 (ceiling 1.20)", True),
        (Line("GROWTH", "History", 1.5), "GROWTH History: 1.50", True),
        (Line("T1", "sign-in", 0.9, floor=0.95, ceiling=1.05), "T1 sign-in: 0.90 (floor 0.95, ceiling 1.05) MISSED", False),
        (Line("T1", "sign-in", 1.06, floor=0.95, ceiling=1.05), "T1 sign-in: 1.06 (floor 0.95, ceiling 1.05) MISSED", False),
    ],
)
def test_a_line_says_its_goal_its_figure_and_its_limit(line, words, is_kept):
    assert (str(line), line.is_kept) == (words, is_kept)


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], 0),
        ([1, 2], [3, 4], 1),
        ([1, 2, 3, 4], [3, 4, 5, 6], 0.5),
        ([1, 1, 1, 9], [1], 0.25),
        ([5], [5, 5, 5, 5], 0),
    ],
)
def test_distributions_are_as_far_apart_as_their_shares_differ_at_most(first, second, apart):
    assert distance(first, second) == distance(second, first) == apart
