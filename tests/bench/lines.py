"""What a run says of a goal, in the form that docs/contract.md gives it."""

from dataclasses import dataclass


class NotMeasured(Exception):
    """What a goal is measured beside is not there, or could not do its work: the text says what. No figure stands in for it."""


@dataclass(frozen=True)
class Line:
    """One figure of a goal, and the floor below which or the ceiling above which it misses it."""

    goal: str
    what: str
    figure: float
    floor: float | None = None
    ceiling: float | None = None

    @property
    def is_kept(self) -> bool:
        return (self.floor is None or self.figure >= self.floor) and (self.ceiling is None or self.figure <= self.ceiling)

    def __str__(self) -> str:
        limits = {"floor": self.floor, "ceiling": self.ceiling}
        said = ", ".join(f"{name} {limit:.2f}" for name, limit in limits.items() if limit is not None)
        return f"{self.goal} {self.what}: {self.figure:.2f}" + (f" ({said})" if said else "") + ("" if self.is_kept else " MISSED")
