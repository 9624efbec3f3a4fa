"""Time zones by IANA's names: what people may type for them, and what a moment's zone is called."""

from datetime import UTC, datetime

import pytest

from licensing_portal.foundation.zones import zone_meant, zone_named, zone_names, zone_words

NOVEMBER = datetime(2026, 11, 24, 22, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("  new   york ", "America/New_York"),
        ("utc", "UTC"),
        ("Port-au-Prince", "America/Port-au-Prince"),
        ("Atlantis", ""),
        ("Europe", ""),
        ("EST5EDT", ""),
        ("../etc/passwd", ""),
        ("", ""),
    ],
)
def test_a_zone_is_found_by_its_name_or_by_its_place(typed, meant):
    assert zone_meant(typed) == meant


def test_a_place_that_there_is_twice_means_neither():
    twice = [name.rpartition("/")[2] for name in zone_names()]

    assert {zone_meant(place) for place in twice if twice.count(place) > 1} <= {""}


def test_one_chooses_among_places_with_utc_first():
    assert zone_names()[0] == "UTC"
    assert {"America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland"} <= set(zone_names())
    assert [name for name in zone_names() if name.startswith(("Etc/", "US/", "posix", "right"))] == []


def test_a_zone_that_is_not_known_here_is_utc():
    """A name of newer data, after a move to a machine with older."""
    assert zone_named("Europe/Atlantis") == UTC


@pytest.mark.parametrize(
    ("zone", "words"), [("America/Los_Angeles", "PST"), ("UTC", "UTC"), ("America/Sao_Paulo", "UTC−03"), ("Asia/Kathmandu", "UTC+0545")]
)
def test_a_zone_without_letters_is_called_by_its_distance(zone, words):
    assert zone_words(NOVEMBER.astimezone(zone_named(zone))) == words
