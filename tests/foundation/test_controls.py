"""Controls that are drawn without Django's templates are those that its templates draw."""

import re

import pytest
from django import forms

from licensing_portal.foundation.controls import ManyChoices, ManyInputs

ATTRS = [{}, {"id": "id_x", "autofocus": True, "hidden": False, "aria-label": 'Qty, "A" & <b>', "data-n": 3}]
CHOICES = [("", "All"), ("A", "First & <last>"), ('"', "Quoted"), (3, "Three")]


def in_one_line(drawn):
    return re.sub(r">\s+<", "><", drawn.strip())


@pytest.mark.parametrize("attrs", ATTRS)
@pytest.mark.parametrize("value", [None, "", "0", 7, "1 2", '"><script>', "é"])
def test_a_text_field(value, attrs):
    ours, theirs = ManyInputs(attrs={"size": "7"}), forms.TextInput(attrs={"size": "7"})

    assert ours.render("qty-A", value, attrs) == in_one_line(theirs.render("qty-A", value, attrs))


@pytest.mark.parametrize("attrs", ATTRS)
@pytest.mark.parametrize("value", [None, "", "A", '"', 3, "3", "none of them"])
def test_a_select(value, attrs):
    ours, theirs = ManyChoices(choices=CHOICES), forms.Select(choices=CHOICES)

    assert in_one_line(ours.render("product", value, attrs)) == in_one_line(theirs.render("product", value, attrs))
