"""Who comes when, and what for: drawn before the run, by a seed, so that nobody waits for the answers of others before they come."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

REQUESTS_OF_A_CHANGE = 3  # the form, the press, and the page that it leads to

# Weights among each other.
READS = {
    "My Licenses": 20,
    "History": 8,
    "History, filtered": 8,
    "History, far down": 6,
    "Sold": 8,
    "Endusers": 8,
    "Enduser": 8,
    "Receipt": 9,
    "Deployment": 6,
    "Sell form": 5,
    "Suggestions": 8,
    "Search": 5,
    "File": 1,
}
CHANGES = {"sale": 80, "deployment": 9, "transfer": 5, "recall": 3, "retirement": 3}
PRESSES = 0.1  # of all requests


@dataclass(frozen=True)
class Arrival:
    """Somebody who comes at a moment, in seconds after the beginning, for one of READS or CHANGES. All else is drawn from the seed."""

    moment: float
    kind: str
    seed: int


def mix() -> dict[str, float]:
    """The share of each kind among those who come, so that PRESSES of all requests are presses."""
    reads = 1 - PRESSES * REQUESTS_OF_A_CHANGE
    return _shares(READS, reads) | _shares(CHANGES, PRESSES)


def _shares(weights: Mapping[str, float], whole: float) -> dict[str, float]:
    return {kind: whole * weight / sum(weights.values()) for kind, weight in weights.items()}


def arrivals(rate: float, seconds: float, weights: Mapping[str, float], seed: int) -> list[Arrival]:
    """Draw who comes within so many seconds, so many a second on average, each for themselves (a Poisson process)."""
    chance = random.Random(seed)  # noqa: S311 - the same seed makes the same plan
    moment, drawn = chance.expovariate(rate), []
    while moment < seconds:
        (kind,) = chance.choices(list(weights), list(weights.values()))
        drawn.append(Arrival(moment, kind, chance.getrandbits(32)))
        moment += chance.expovariate(rate)
    return drawn


def visits_per_second(requests_per_second: float, weights: Mapping[str, float]) -> float:
    """How many must come for so many requests."""
    whole = sum(weights.values())
    each = sum(weight * (REQUESTS_OF_A_CHANGE if kind in CHANGES else 1) for kind, weight in weights.items()) / whole
    return requests_per_second / each
