"""What a run is worth: the score of its answers, as GitLab counts it, how long the slowest take, and how much something grew."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

GOOD, BEARABLE = 1.0, 10.0  # seconds
CUT_OFF = 0  # where a status would be: no answer came


@dataclass(frozen=True)
class Answered:
    """One request: for which page, with what status, whether somebody could expect it, and how long after it was due it was answered."""

    page: str
    status: int
    is_expected: bool
    seconds: float

    @property
    def worth(self) -> float:
        """1, a half, or nothing."""
        if not self.is_expected or self.seconds > BEARABLE:
            return 0
        return 1 if self.seconds <= GOOD else 0.5


def score(answers: Sequence[Answered]) -> float:
    """In percent; nothing was earned by a run without requests."""
    return 100 * mean(answer.worth for answer in answers) if answers else 0


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that so large a share of all does not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1] if ordered else math.nan


def growth(samples: Sequence[float]) -> float:
    """By how much the mean of the last third exceeds that of the first."""
    third = len(samples) // 3
    return mean(samples[-third:]) - mean(samples[:third]) if third else math.nan


def share_within(seconds: Sequence[float], most: float) -> float:
    """How many percent took no longer; all of none did."""
    return 100 * sum(value <= most for value in seconds) / len(seconds) if seconds else 100


def table(answers: Sequence[Answered]) -> list[str]:
    """A line for each kind of page, the slowest first: how often, the median, p95, p99 and the longest, in milliseconds."""
    by_page: dict[str, list[float]] = {}
    for answer in answers:
        by_page.setdefault(answer.page, []).append(answer.seconds * 1000)
    rows = sorted(by_page.items(), key=lambda row: -percentile(row[1], 0.95))
    head = f"{'':24}{'count':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}   ms"
    return [head, *(f"{page:24}{len(of_it):8}" + "".join(f"{percentile(of_it, p):8.0f}" for p in (0.5, 0.95, 0.99, 1)) for page, of_it in rows)]
