"""The portal's own styles: every rule is for something that is drawn, and every custom property is used."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

HOUSE = Path(__file__).parent.parent
STYLES = sorted((HOUSE / "static" / "portal").glob("*.css"))
TEMPLATES = sorted((HOUSE / "templates").rglob("*.html"))
SCRIPTS = sorted((HOUSE / "static" / "portal").glob("*.js"))
LAYOUTS = sorted(path for app in ("accounts", "deployments", "licenses", "transfers", "licensing_portal") for path in (HOUSE / app).rglob("*.py"))
# What Bootstrap's scripts draw around our markup.
OF_BOOTSTRAP = {"show", "collapsing"}
# What Django's admin draws: its first page has a class, and the cells of a column have one of its name.
PARTS_OF_THE_ADMIN = {"dashboard", "actionlist", "object-tools", "readonly", "small"}
OF_THE_ADMIN = {*PARTS_OF_THE_ADMIN, *(f"field-{column}" for column in ("number", "posted_at", "queued_at", "sent_at", "subject"))}


def rules_of(css: str) -> str:
    """The sheet without comments and texts."""
    return re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", css, flags=re.DOTALL)


def classes_of(css: str) -> set[str]:
    """Every class that a selector names."""
    selectors = re.findall(r"([^{};]+)\{", rules_of(css))
    return {name for selector in selectors for name in re.findall(r"\.(-?[A-Za-z_][\w-]*)", selector)}


def properties_of(css: str) -> set[str]:
    """Every custom property of ours (--p-…) that is given a value."""
    return set(re.findall(r"(--p-[\w-]+)\s*:", rules_of(css)))


def drawn_in(template: str) -> set[str]:
    """Every word inside a tag of a template, or in a block that holds a class: its classes, and more."""
    return set(re.findall(r"[\w-]+", " ".join(re.findall(r"{% block \w*class %}.*?{%|<[^>]*>|{%.*?%}", template))))


def set_by(script: str) -> set[str]:
    """Every word in quotes on a line of code that speaks of classes."""
    lines = [line for line in script.splitlines() if re.search(r"class", line, re.IGNORECASE)]
    return set(re.findall(r"[\w-]+", " ".join(re.findall(r"\"[^\"]*\"|'[^']*'", " ".join(lines)))))


def test_the_readers_see_classes_and_properties():
    """The checks themselves."""
    css = '/* .no { } */ .a:not(.b-c) > p, tr.d { content: ".e"; --p-x: .5rem } @media (min-width: 1.5rem) { .f::before { margin: 0.5rem } }'

    assert (classes_of(css), properties_of(css)) == ({"a", "b-c", "d", "f"}, {"--p-x"})
    assert drawn_in('<p class="a {% if b == 1 %}c{% endif %}">total</p>') >= {"a", "c"}
    assert "total" not in drawn_in("<p>total</p>")
    assert set_by('x = "no"\nDiv(css_class="a b-c")') == {"a", "b-c"}


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_every_class_is_drawn_somewhere(path):
    """Nothing in the attic."""
    drawn = {word for template in TEMPLATES for word in drawn_in(template.read_text())}
    drawn |= {word for script in [*SCRIPTS, *LAYOUTS] for word in set_by(script.read_text())}

    assert classes_of(path.read_text()) - drawn - OF_BOOTSTRAP - OF_THE_ADMIN == set()


def test_the_admin_has_the_colors_of_the_tokens():
    """It can't load them: they follow the portal's own theme."""
    colors = {sheet.name: set(re.findall(r"#[0-9a-f]{3,6}\b", sheet.read_text())) for sheet in STYLES}

    assert (colors["admin.css"] - colors["tokens.css"], len(colors["admin.css"]) > 1) == (set(), True)


def written_in(template: str) -> set[str]:
    """The classes that a template writes out."""
    values = re.findall(r'\sclass="((?:{%.*?%}|{{.*?}}|[^"])*)"', template)
    return set(re.sub(r"{%.*?%}|{{.*?}}", " ", " ".join(values)).split())


def test_every_class_that_a_page_writes_is_styled_or_looked_for():
    """Bootstrap of another version may know other classes than the one that somebody remembers."""
    assert written_in('<p class="a{% if b == "c" %} d{% endif %} {{ e }}" data-class="f">') == {"a", "d"}
    pages = [path for path in TEMPLATES if not {"admin", "emails"} & set(path.parts)]
    styled = classes_of(Path(finders.find("css/bootstrap.min.css")).read_text()).union(*(classes_of(path.read_text()) for path in STYLES))
    looked_for = {name for script in SCRIPTS for name in re.findall(r"\.(js-[\w-]+)", script.read_text())}

    assert {name for path in pages for name in written_in(path.read_text())} - styled - looked_for == set()


def test_every_property_is_used():
    sheets = {path: path.read_text() for path in STYLES}
    given = {name for css in sheets.values() for name in properties_of(css)}
    used = {name for css in [*sheets.values(), *(path.read_text() for path in SCRIPTS)] for name in re.findall(r"var\((--p-[\w-]+)", css)}

    assert given - used == set()
