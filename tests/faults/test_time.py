"""The nights in which clocks are changed: an hour that there is twice, and one that there is not (C12)."""

from datetime import UTC, datetime

import pytest
import time_machine

from tests.factories.licenses import give
from tests.views import rows_of


@pytest.fixture
def reader(northgate, signed_in):
    """northgate's, who reads the time of Berlin."""
    northgate.time_zone = "Europe/Berlin"
    northgate.save(update_fields=["time_zone"])
    return signed_in(northgate)


@pytest.fixture
def issued_at(northgate):
    """Issue one license more at each of these moments of UTC."""

    def issue(*moments):
        for moment in moments:
            with time_machine.travel(datetime.fromisoformat(moment).replace(tzinfo=UTC), tick=False):
                give(northgate, ASR=1)

    return issue


def lines_of(reader, query=""):
    """When, and how many there were then."""
    return [(moment, balance) for moment, _, _, _, balance, _ in rows_of(reader.get(f"/history/{query}"))]


def test_an_hour_that_there_is_twice_is_told_apart_and_belongs_to_its_day(reader, issued_at):
    issued_at("2026-10-24 21:59:59", "2026-10-24 22:00", "2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 22:59:59", "2026-10-25 23:00")

    the_day = [
        ("25 Oct 2026, 11:59 pm CET", "5"),
        ("25 Oct 2026, 2:30 am CET", "4"),
        ("25 Oct 2026, 2:30 am CEST", "3"),
        ("25 Oct 2026, 12:00 am CEST", "2"),
    ]
    assert lines_of(reader, "?from=2026-10-25&to=2026-10-25") == the_day
    assert lines_of(reader) == [("26 Oct 2026, 12:00 am CET", "6"), *the_day, ("24 Oct 2026, 11:59 pm CEST", "1")]


def test_a_day_that_lacks_an_hour_lacks_none_of_its_lines(reader, issued_at):
    issued_at("2026-03-28 22:59:59", "2026-03-28 23:00", "2026-03-29 00:59:59", "2026-03-29 01:00", "2026-03-29 21:59:59", "2026-03-29 22:00")

    assert lines_of(reader, "?from=2026-03-29&to=2026-03-29") == [
        ("29 Mar 2026, 11:59 pm CEST", "5"),
        ("29 Mar 2026, 3:00 am CEST", "4"),
        ("29 Mar 2026, 1:59 am CET", "3"),
        ("29 Mar 2026, 12:00 am CET", "2"),
    ]
