"""Who comes when. No time is measured here."""

import itertools
from collections import Counter

import pytest

from tests.load.plan import CHANGES, PRESSES, READS, REQUESTS_OF_A_CHANGE, arrivals, mix, visits_per_second

SECONDS, RATE = 1000, 20


def test_a_seed_makes_the_same_plan_and_another_one_makes_another():
    plan = arrivals(RATE, 10, mix(), seed=7)

    assert plan == arrivals(RATE, 10, mix(), seed=7)
    assert [arrival.moment for arrival in plan] != [arrival.moment for arrival in arrivals(RATE, 10, mix(), seed=8)]


def test_people_come_in_order_within_the_time_and_as_many_a_second_as_are_asked_for():
    moments = [arrival.moment for arrival in arrivals(RATE, SECONDS, mix(), seed=1)]

    assert (moments == sorted(moments), moments[0] > 0, moments[-1] < SECONDS) == (True, True, True)
    assert len(moments) == pytest.approx(RATE * SECONDS, rel=0.03)


def test_nobody_comes_at_the_pace_of_a_clock():
    """Of moments that are drawn independently as many gaps are longer than the mean as e to the minus one says."""
    moments = [arrival.moment for arrival in arrivals(RATE, SECONDS, mix(), seed=1)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]

    assert sum(gap > 1 / RATE for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.02)


def test_a_tenth_of_all_requests_are_presses_and_the_rate_is_that_of_requests():
    weights = mix()
    came = Counter(arrival.kind for arrival in arrivals(visits_per_second(RATE, weights), SECONDS, weights, seed=3))
    presses = sum(came[kind] for kind in CHANGES)
    requests = sum(came[kind] for kind in READS) + presses * REQUESTS_OF_A_CHANGE

    assert (presses / requests, requests / SECONDS) == (pytest.approx(PRESSES, rel=0.05), pytest.approx(RATE, rel=0.03))
    assert came["sale"] / presses == pytest.approx(0.8, abs=0.03)


def test_each_kind_comes_by_its_weight():
    came = Counter(arrival.kind for arrival in arrivals(RATE, SECONDS, {"a": 3, "b": 1}, seed=1))

    assert came["a"] / came["b"] == pytest.approx(3, rel=0.05)
