"""Time zones by IANA's names: which there are, which one somebody means, and what a moment's zone is called."""

from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@cache
def zone_names() -> list[str]:
    """The zones that one chooses from: UTC, and each named after a place. What is older than that (EST5EDT, GB) is left out."""
    return ["UTC", *sorted(name for name in available_timezones() if name.startswith(tuple(f"{region}/" for region in REGIONS)))]


@cache
def zone_named(name: str) -> tzinfo:
    """The zone of this name; UTC where this machine does not know it, as after a move to one with older data."""
    return ZoneInfo(name) if name in zone_names() else UTC


@cache
def _by_what_is_typed() -> dict[str, set[str]]:
    """The names by all that people may type for them, in small letters: the whole name, or the place alone."""
    found: dict[str, set[str]] = {}
    for name in zone_names():
        for typed in (name, name.rpartition("/")[2]):
            found.setdefault(typed.lower(), set()).add(name)
    return found


def zone_meant(typed: str) -> str:
    """The name of the zone that somebody typed, "" if none or several are meant: "europe/berlin", "Berlin", "New York"."""
    meant = _by_what_is_typed().get("_".join(typed.split()).lower(), set())
    return next(iter(meant)) if len(meant) == 1 else ""


def zone_words(local: datetime) -> str:
    """What the zone of a local moment is called: PST, or UTC−3 where it has no letters of its own."""
    name = f"{local:%Z}"
    return f"UTC{name.replace('-', '−')}" if name[:1] in "+-" else name
