"""Refusals: a rule said no, in words fit for the person who asked (rule B6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from django import forms
from django.core.exceptions import ValidationError

from licensing_portal.foundation.text import Words


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what to say, the form field it belongs to ("" for the form as a whole) and where to look."""

    message: Words
    field: str = ""
    url: str = ""


class Refusal(Exception):
    """A rule said no and nothing was changed. Carries at least one problem; its text is all of them."""

    def __init__(self, message: Words, *, field: str = "", url: str = "") -> None:
        super().__init__(message)
        self.problems = [Problem(message, field, url)]

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> Self:
        """Make one refusal that tells all problems at once, so that nobody mends a form one field at a time."""
        problems = list(problems)
        refusal = cls(" ".join(str(problem.message) for problem in problems))
        refusal.problems = problems
        return refusal

    def show_on(self, form: forms.BaseForm) -> None:
        """Put each problem by its field, or above the form where it has no such field."""
        for problem in self.problems:
            field = problem.field if problem.field in form.fields else None
            # As a parameter: Django would read a percent sign in the message itself, which may quote a name, as a format.
            form.add_error(field, ValidationError("%(message)s", params={"message": problem.message, "url": problem.url}))


class NotAllowed(Refusal):
    """The person's role, or the kind of the account acted for, does not have this right."""
