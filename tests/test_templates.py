"""What every template keeps, read from its source: what the policy for content would stop, forms, names, and words.

As in test_architecture.py, every check is first shown a text that breaks the rule. `djade` looks after the form of the tags.
"""

import re
from collections import Counter
from functools import reduce
from operator import or_
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.template import TemplateDoesNotExist
from django.template.base import DebugLexer, TokenType
from django.template.loader import get_template
from django.template.utils import get_app_template_dirs
from django.urls import get_resolver

from tests.test_architecture import HOUSE, SOURCES, findings
from tests.test_view_matrix import names_of

FOLDER = HOUSE / "templates"
TEMPLATES = {str(path.relative_to(FOLDER)): path.read_text() for path in sorted(FOLDER.rglob("*")) if path.is_file()}
PAGES = {name: source for name, source in TEMPLATES.items() if name.endswith(".html")}

# ── Reading ──

OTHERS = re.compile(r"{% (?:include|extends) .*?%}")
NAME = re.compile(r"[\w./-]+\.(?:html|txt)")
INCLUDE = re.compile(r"""{% include ["']([^"']+)["'][^%]*%}""")


def names_in(source: str) -> list[str]:
    """The templates that a template includes or extends, where it writes their names."""
    return [name for tag in OTHERS.findall(source) for name in NAME.findall(tag)]


def with_its_parts(source: str) -> str:
    """A template with what it includes written out."""
    return INCLUDE.sub(lambda tag: with_its_parts(TEMPLATES.get(tag[1], "")), source)


def whole(source: str) -> str:
    """A template with its parts and, after it, the frame that it extends; ours of a library's name extends the library's."""
    frame = re.search(r"""{% extends ["']([^"']+)["'] %}""", source)
    extended = TEMPLATES.get(frame[1], "") if frame else ""
    return with_its_parts(source) + (whole(extended) if extended not in {"", source} else "")


def as_html(source: str) -> str:
    """A template's HTML, with … for what Django fills in: a quotation mark inside a tag is not the end of an attribute."""
    tokens = DebugLexer(source).tokenize()
    return "".join(token.contents if token.token_type == TokenType.TEXT else "…" for token in tokens if token.token_type != TokenType.COMMENT)


def tags(source: str, *names: str) -> list[str]:
    """The opening tags of these elements, or of all."""
    return re.findall(rf"<(?:{'|'.join(names) or '[a-z][a-z0-9-]*'})\b[^>]*>", as_html(source))


def most_at_once(pattern: str, source: str) -> Counter[str]:
    """How often each match stands on a page at most: of the branches of an {% if %} one is drawn."""
    open_blocks = [[Counter()]]
    for token in DebugLexer(source).tokenize():
        word = token.contents.split()[0] if token.token_type == TokenType.BLOCK else ""
        if token.token_type == TokenType.TEXT:
            open_blocks[-1][-1].update(re.findall(pattern, token.contents))
        elif word in {"if", "for"}:
            open_blocks.append([Counter()])
        elif word in {"elif", "else", "empty"}:
            open_blocks[-1].append(Counter())
        elif word in {"endif", "endfor"}:
            first, *others = open_blocks.pop()
            open_blocks[-1][-1].update(reduce(or_, others, first))
    return open_blocks[0][0]


def test_the_reader_knows_what_stands_on_a_page_at_once():
    """The check itself."""
    source = "a{% if x %}a b{% elif y %}b{% else %}b b{% endif %}{% for z in zs %}c{% if z %}d{% endif %}{% empty %}c e{% endfor %}{# a #}"
    assert most_at_once("[a-e]", source) == {"a": 2, "b": 2, "c": 1, "d": 1, "e": 1}


# ── What the policy for content stops ──


def inline(name: str, source: str) -> list[str]:
    """Scripts and styles that stand in the page: the policy stops them (docs/security.md), so they would do nothing."""
    scripts = [tag for tag in tags(source, "script") if not re.search(r"\ssrc=", tag)]
    attributes = [tag for tag in tags(source) if re.search(r"""\s(?:style|on[a-z]+)\s*=|["'\s]javascript:""", tag)]
    return scripts + attributes + ([] if name.endswith("emails/_styles.html") else tags(source, "style"))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<script>go()</script>", ["<script>"]),
        ('<p style="color: red">', ['<p style="color: red">']),
        ('<a href="/" onclick="go()">', ['<a href="/" onclick="go()">']),
        ('<a href="javascript:go()">', ['<a href="javascript:go()">']),
        ("<style>p { color: red }</style>", ["<style>"]),
        ("""<script src="{% static 'a>b.js' %}" defer></script><p data-style="1" class="one=1">{# <script> #}""", []),
    ],
)
def test_the_reader_sees_scripts_and_styles_in_the_page(source, found):
    """The check itself."""
    assert inline("page.html", source) == found


def test_no_template_has_a_script_or_a_style_in_it():
    """Letters have styles in one place: mail programs load none."""
    assert findings(inline, PAGES) == {}


def unescaped(name: str, source: str) -> list[str]:
    """Values that are written as they are; in plain text there is nothing to escape."""
    found = re.findall(r"\|\s*safe(?:seq)?\b|{% autoescape off %}", source)
    return [] if name.endswith(".txt") else found


def test_no_page_writes_a_value_unescaped():
    assert unescaped("page.html", "{{ a|safe }}{{ b|safeseq|join:', ' }}{% autoescape off %}{{ c|safer }}") == [
        "|safe",
        "|safeseq",
        "{% autoescape off %}",
    ]
    assert unescaped("letter.txt", "{% autoescape off %}") == []
    assert findings(unescaped, TEMPLATES) == {}


# ── Forms, buttons, pictures, ids ──

FORM = re.compile(r"<form\b[^>]*?method=\"post\".*?</form>", re.DOTALL)


def odd_forms(name: str, source: str) -> list[str]:
    """Forms that are posted and carry no token against forgery, or do not have one button (contract.md).

    A token that {% crispy %} draws counts here; test_view_matrix.py looks at the forms as they are sent. Buttons that only show another
    page of a long list of products do not count: what they send acts on nothing.
    """
    found = []
    for form in FORM.findall(with_its_parts(source)):
        if not re.search(r"{% csrf_token %}|{% crispy ", form):
            found.append("no token")
        buttons = most_at_once(r'\stype="(submit)"(?! name="show-page")', form)["submit"]
        if buttons != 1:
            found.append(f"{buttons} buttons")
    return found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('<form method="post"><button type="submit">Add</button></form>', ["no token"]),
        ('<form method="post">{% csrf_token %}</form>', ["0 buttons"]),
        ('<form method="post">{% csrf_token %}<button type="submit">A</button><input type="submit" value="B"></form>', ["2 buttons"]),
        ('<form method="post">{% csrf_token %}{% include "components/_press.html" with label="Add" %}</form>', []),
        ('<form class="f" method="post">{% csrf_token %}<button type="submit">A</button><button type="button">B</button></form>', []),
        (
            '<form method="post">{% csrf_token %}{% if x %}<button type="submit">A</button>{% else %}<button type="submit">B</button>{% endif %}</form>',
            [],
        ),
        ('<form method="post">{% csrf_token %}<button type="submit" name="show-page">Next</button><button type="submit">A</button></form>', []),
        ('<form method="post">{% csrf_token %}<button type="submit" name="show-page">Next</button></form>', ["0 buttons"]),
        ('<form method="get"></form>', []),
    ],
)
def test_the_reader_sees_an_odd_form(source, found):
    """The check itself."""
    assert odd_forms("page.html", source) == found


def test_every_form_that_is_posted_has_its_token_and_one_button():
    """contract.md: "One submit button per form in the page's markup"."""
    assert findings(odd_forms, PAGES) == {}


def unfinished(name: str, source: str) -> list[str]:
    """Pictures without words, and buttons that do not say what they are: in a form such a button sends it."""
    return [tag for tag in tags(source, "img") if " alt=" not in tag] + [tag for tag in tags(source, "button") if " type=" not in tag]


def test_every_picture_has_words_and_every_button_a_type():
    assert unfinished("", '<img src="a.png"><img src="b.png" alt=""><button>A</button><button type="button">B</button>') == [
        '<img src="a.png">',
        "<button>",
    ]
    assert findings(unfinished, PAGES) == {}


def twice(name: str, source: str) -> list[str]:
    """The ids that a page gives twice, where they are written out."""
    return sorted(given for given, count in most_at_once(r'\sid="([^"]+)"', whole(source)).items() if count > 1)


def test_no_page_gives_an_id_twice():
    source = '{% extends "bare.html" %}<p id="a"><p id="a"><p id="b-{{ n }}"><p id="b-{{ n }}"><p id="main">{% if x %}<p id="c">{% else %}<p id="c">{% endif %}'
    assert twice("page.html", source) == ["a", "main"]
    assert findings(twice, PAGES) == {}


# ── Names ──


def dead_links(name: str, source: str) -> list[str]:
    """Names of addresses that there are not; and names that a reader cannot look up, being computed."""
    known = set(names_of(get_resolver()))
    return [address for address in re.findall(r"{% url (\S+)", source) if address.strip("\"'") not in known or address[0] not in "\"'"]


def test_every_address_that_a_template_names_exists():
    source = """{% url 'my_licenses' %}{% url "licenses:receipt" number %}{% url 'licenses:nowhere' 1 %}{% url there %}"""
    assert dead_links("", source) == ["'licenses:nowhere'", "there"]
    assert findings(dead_links, TEMPLATES) == {}


def missing(name: str, source: str) -> list[str]:
    """Templates that are included or extended, and are not there."""
    return [other for other in names_in(source) if not is_there(other)]


def is_there(template: str) -> bool:
    try:
        get_template(template)
    except TemplateDoesNotExist:
        return False
    return True


def test_every_template_that_another_names_exists():
    assert missing("", '{% extends x|yesno:"base.html,nave.html" %}{% include "components/_gone.html" with a="b" %}') == [
        "nave.html",
        "components/_gone.html",
    ]
    assert findings(missing, TEMPLATES) == {}


def unused(templates: dict[str, str], python: str) -> list[str]:
    """Templates that no module names, no used template names, and no library looks for under this name."""
    letters = re.sub(r"\.(?:subject\.txt|txt|html)$", "", "\n".join(templates), flags=re.MULTILINE).splitlines()
    named = {
        name for name, letter in zip(templates, letters, strict=True) if f'"{name}"' in python or ("emails/" in name and f'"{letter}"' in python)
    }
    used, unread = set(), named | {name for name in templates if is_a_librarys(name)}
    while unread:
        used |= unread
        unread = {other for name in unread for other in names_in(templates[name]) if other in templates} - used
    return sorted(set(templates) - used)


def is_a_librarys(name: str) -> bool:
    """Ours stands in place of a library's; of the admin's pages one may be for an app, or a model, alone (admin/app/model/page.html)."""
    names = {name, re.sub(r"^admin/(?:\w+/){1,2}", "admin/", name)}
    return any((Path(folder) / name).exists() for folder in get_app_template_dirs("templates") for name in names)


def test_no_template_lies_about_unused():
    templates = {
        "a.html": '{% include "_b.html" %}',
        "_b.html": "",
        "_c.html": '{% include "_d.html" %}',
        "_d.html": "",
        "x/emails/e.html": "",
        "x/emails/f.txt": "",
        "admin/base_site.html": "",
        "admin/app/model/change_form.html": "",
        "admin/app/model/nothing.html": "",
    }
    assert unused(templates, 'render(request, "a.html"); notices.queue("x/emails/e")') == [
        "_c.html",
        "_d.html",
        "admin/app/model/nothing.html",
        "x/emails/f.txt",
    ]
    assert unused(TEMPLATES, "\n".join(SOURCES.values())) == []


# ── Words ──

UNWANTED = re.compile(r"\bplease\b|\bsuccess(?:ful|fully)?\b|\w!|\.\.\.", re.IGNORECASE)
TYPEWRITTEN = re.compile(r"\w'\w")  # letters in plain text are: some programs still stumble over anything else


def unwanted_words(name: str, source: str) -> list[str]:
    """Words for people that are not the portal's: courtesies, cheers, and the signs of a typewriter."""
    shown = re.sub(r"{% comment %}.*?{% endcomment %}", "", source, flags=re.DOTALL)
    words = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", as_html(shown), flags=re.DOTALL)
    return UNWANTED.findall(words) + (TYPEWRITTEN.findall(words) if name.endswith(".html") else [])


def test_the_portal_speaks_plainly():
    source = "<p>Please wait... It's added successfully!</p>{# please! #}{% comment %}please!{% endcomment %}<!-- it’s -->"
    assert unwanted_words("page.html", source) == ["Please", "...", "successfully", "t's"]
    assert unwanted_words("letter.txt", "It's yours. Good news!") == ["s!"]
    assert findings(unwanted_words, TEMPLATES) == {}


def test_no_template_is_longer_than_100_lines():
    """A page is made of parts, as a module is of functions."""
    assert {name: lines for name, source in TEMPLATES.items() if (lines := len(source.splitlines())) > 100} == {}


def test_the_templates_are_read():
    """The check itself."""
    assert {"base.html", "my_licenses.html", "licenses/sell_licenses.html", "licenses/emails/licenses_sold.txt"} <= TEMPLATES.keys()
    assert Path(portal_settings.TEMPLATES[0]["DIRS"][0]) == FOLDER
