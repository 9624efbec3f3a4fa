"""Entries in words, where the pages' own tests do not get to."""

import pytest

from licenses.models import JournalEntry
from licenses.presentation import sentence


@pytest.mark.parametrize(
    ("kind", "reference", "note", "words"),
    [
        ("deployment", "LAB", "", "Deployed on LAB"),
        ("retirement", "LAB", "Moved to another site", "Retired LAB"),
    ],
)
def test_a_deployment_is_named_in_the_sentence_about_it(northgate, kind, reference, note, words):
    """C12, B2."""
    entry = JournalEntry(kind=kind, giver=northgate, receiver=northgate, reference=reference, note=note)

    assert sentence(entry, northgate) == words
