"""What the script works out itself: the score, the slowest, growth, and what the books are compared with. No time is measured here."""

import math
from collections import Counter

import pytest

from tests.load.books import differences
from tests.load.pages import fields_of
from tests.load.run import errors_in
from tests.load.scoring import CUT_OFF, Answered, growth, percentile, score, share_within, table
from tests.load.visits import Press
from tests.serving import Answer


@pytest.mark.parametrize(
    ("status", "is_expected", "seconds", "worth"),
    [
        (200, True, 0.1, 1),
        (200, True, 1.0, 1),
        (302, True, 1.001, 0.5),
        (200, True, 10.0, 0.5),
        (200, True, 10.001, 0),
        (500, False, 0.1, 0),
        (404, False, 0.1, 0),
        (CUT_OFF, False, 0.1, 0),
    ],
)
def test_an_answer_is_worth_what_its_time_says_and_nothing_if_nobody_expects_it(status, is_expected, seconds, worth):
    assert Answered("page", status, is_expected, seconds).worth == worth


def test_the_score_is_what_all_are_worth_in_percent():
    answers = [Answered("page", 200, True, seconds) for seconds in (0.1, 0.2, 5, 60)]

    assert (score(answers), score([])) == (62.5, 0)


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        (range(1, 101), 0.95, 95),
        (range(100, 0, -1), 0.99, 99),
        ([5, 1, 3], 0.5, 3),
        ([5, 1, 3], 1, 5),
        ([5, 1, 3], 0.99, 5),
        ([4], 0.01, 4),
    ],
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values, share, found):
    assert percentile(values, share) == found


def test_of_nothing_there_is_no_percentile_and_no_growth():
    assert all(map(math.isnan, [percentile([], 0.95), growth([1, 2])]))


def test_growth_compares_the_last_third_with_the_first():
    assert (growth([10, 12, 99, 0, 13, 15]), growth([5, 5, 5, 5])) == (3, 0)


def test_what_took_no_longer_is_told_in_percent_and_what_never_came_did_take_longer():
    assert (share_within([1, 10, 11, math.inf], 10), share_within([], 10)) == (50, 100)


def test_the_table_has_the_slowest_page_first():
    rows = table([Answered("Fast", 200, True, 0.01), Answered("Slow", 200, True, 0.5), Answered("Slow", 200, True, 0.7)])

    assert [row.split() for row in rows[1:]] == [["Slow", "2", "500", "700", "700", "700"], ["Fast", "1", "10", "10", "10", "10"]]


def press(reference, *, told="/receipts/S-2026-000001/", is_answered=True):
    return Press("sale", "key", reference, told, is_answered)


@pytest.mark.parametrize(
    ("presses", "sales", "found"),
    [
        ([press("Load 1")], {"Load 1": 1}, []),
        ([press("Load 1", told="")], {}, []),
        ([press("Load 1", told="", is_answered=False)], {}, []),
        ([press("Load 1", told="", is_answered=False)], {"Load 1": 1}, []),
        ([press("Load 1", told="", is_answered=False)], {"Load 1": 2}, ["Load 1: accepted 0 times, and 2 times in the books"]),
        ([press("Load 1")], {}, ["Load 1: accepted 1 times, and 0 times in the books"]),
        ([press("Load 1")], {"Load 1": 2}, ["Load 1: accepted 1 times, and 2 times in the books"]),
        ([press("Load 1", told="")], {"Load 1": 1}, ["Load 1: accepted 0 times, and 1 times in the books"]),
        ([], {"Load 9": 1}, ["Load 9: accepted 0 times, and 1 times in the books"]),
    ],
)
def test_a_sale_is_in_the_books_exactly_as_often_as_somebody_was_told(presses, sales, found):
    assert list(differences(presses, Counter(sales))) == found


def test_a_form_sends_what_is_hidden_and_what_is_empty_and_no_button():
    page = """<form method="post"><input name="key" value="of the bar"></form><main>
      <form method="get"><input name="q" value="x"></form>
      <form method="post"><input name="key" value="first"></form>
      <form class="a" method="post"><input type="hidden" name="key" value="a&amp;b"><input type="text" name="qty-ASR">
      <input type="checkbox" name="box" value="1"><input type="submit" name="go" value="Add"><input name="else" form="other" value="1"></form></main>"""

    assert fields_of(Answer(200, page.encode(), "")) == {"key": "a&b", "qty-ASR": ""}
    assert fields_of(Answer(200, b"<main></main>", "")) == {}


def test_an_error_is_found_in_the_log_and_what_is_usual_is_not():
    usual = "2026-11-25 00:00:01,000 abc INFO accounts signed in\n2026-11-25 00:00:01,000 abc WARNING django.request Not Found: /x/"
    wrong = ["2026-11-25 00:00:02,000 abc ERROR django.request Internal Server Error: /", "The web process ended with -9; it is started again."]

    assert errors_in("\n".join([usual, *wrong])) == wrong
