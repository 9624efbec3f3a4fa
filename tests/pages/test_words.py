"""Every word that people see comes from a catalogue, so that a second language is a file (CONTRIBUTING.md, "Other languages").

In a made-up language each message comes back as ⟦message⟧. So what stands outside of the brackets, and is no data, was never
marked for translation: in a text, in a name that is read out or shown on a button, in what a field suggests. Walked are all pages
of tests/test_view_matrix.py, as those who may see them, with what their forms refuse, and all letters.
"""

import ast
import re
from collections import defaultdict
from copy import deepcopy

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.template.base import DebugLexer, TokenType
from django.test import Client
from django.utils import translation
from django.utils.translation import trans_real

from accounts.models import Account, EnduserImport, EnduserImportRow, SecurityEvent, Session, User
from deployments.models import Deployment, ReplacementAllowance, ServerFile
from licenses.models import JournalEntry, Product
from licensing_portal.foundation.templatetags.portal import COUNTED
from tests.pages.world import World
from tests.stories.test_letters import letters  # noqa: F401 - the fixture
from tests.test_architecture import SOURCES, findings
from tests.test_templates import TEMPLATES
from tests.test_view_matrix import MODELS, TABLE
from tests.views import Reader, page_of, values_of

# ── A language in which everything is marked ──

LANGUAGE = "en-gb"  # a code that Django knows, and for whose dates and numbers ours are right; all its words are these


class MadeUpLanguage(trans_real.DjangoTranslation):
    """Answers for every message there is, ours and the libraries'."""

    def gettext(self, message):
        return f"⟦{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}⟧"

    def ngettext(self, singular, plural, number):
        return self.gettext(singular if number == 1 else plural)


@pytest.fixture
def made_up_language(settings, monkeypatch):
    settings.LANGUAGES = [(LANGUAGE, "Made-up")]
    settings.LANGUAGE_CODE = LANGUAGE
    monkeypatch.setitem(trans_real._translations, LANGUAGE, MadeUpLanguage(LANGUAGE))
    with translation.override(LANGUAGE):
        yield


# ── What is data, and no word of ours ──

# The columns that hold what people gave, or what was written down once for ever.
GIVEN = {
    Account: ["username", "company", "email"],
    User: ["username", "name"],
    Product: ["code", "name"],
    JournalEntry: ["number", "reference", "note"],
    Deployment: ["name", "host_name"],
    ServerFile: ["name", "reason"],
    ReplacementAllowance: ["reason"],
    EnduserImport: ["file_name"],
    EnduserImportRow: ["username", "company", "email"],
    Group: ["name"],
    SecurityEvent: ["about"],
    Session: ["browser"],
}
# Addresses, numbers of entries, names of letters, zones.
PATTERNS = [
    r"\binfo\.bts\b",
    r"\b[0-9a-f]{64}\b",
    r"\S+\.lic\b",
    r"https?://\S+",
    r"[\w.+-]+@[\w.-]+",
    r"\b[A-Z]-\d{4}-\d{6}\b",
    r"\b\w+/emails/\w+\b",
    r"\b[A-Z]\w+/[A-Z]\w+\b",
    r"\b(?:UTC|PST)\b",
]


def data():
    """A pattern of all data there is at the moment."""
    values = {str(value) for model, names in GIVEN.items() for row in model.objects.values_list(*names) for value in row if value}
    longest_first = sorted(values, key=len, reverse=True)
    return re.compile("|".join([*PATTERNS, *(rf"(?<!\w){re.escape(value)}(?!\w)" for value in longest_first)]))


# ── Reading ──

NAMES = ("title", "aria-label", "placeholder", "alt", "data-l", "label")


def is_silent(element):
    """No words of ours: code, what was typed, initials, permissions (rows of Django's own), and Django's pictures, whose words it does not mark."""
    is_kept = element.tag in {"script", "style", "textarea"} or "avatar" in element.classes or element["name"] == "permissions"
    return is_kept or "/admin/img/" in element["src"]


def texts_in(element):
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif not is_silent(child):
            yield from texts_in(child)


def names_in(element):
    for child in element.children:
        if not isinstance(child, str) and not is_silent(child):
            yield from (child[name] for name in NAMES if child[name])
            if child.tag == "input" and child["type"] in {"submit", "button", "reset"}:
                yield child["value"]
            yield from names_in(child)


def outside(texts):
    """What of these texts, in their order, stands outside of the brackets; a message may hold elements, and other messages."""
    depth = 0
    for text in texts:
        kept = []
        for character in text:
            depth += character == "⟦"
            kept.append(" " if depth else character)
            depth -= character == "⟧"
        yield "".join(kept)


def words(texts, known):
    """The words outside of the brackets that are not data."""
    return [found for text in outside(texts) for found in re.findall(r"[^\W\d_](?:[\w’' ,.-]*[^\W\d_])?", known.sub(" ", text))]


def unmarked(page, known):
    return [*words(texts_in(page), known), *(word for name in names_in(page) for word in words([name], known))]


def test_the_reader_sees_what_is_not_marked():
    """The check itself."""
    page = Reader(
        '<title>⟦Sold⟧ – harborcu</title><p title="Hint">⟦Linked <b>5 ⟦Nov⟧</b>. Go on⟧ Mend <i>it</i>, 12 ⟦am⟧ at x@example.com</p>'
        '<input type="submit" value="Add"><input value="typed"><script>let it</script><span class="avatar">HA</span>'
    ).root

    assert unmarked(page, re.compile("|".join(["harborcu", *PATTERNS]))) == ["Mend", "it", "at", "Hint", "Add"]


# ── Every page ──

WHO = ["anonymous", "viewer", "administrator", "enduser", "acting", "staff"]  # one of every kind with pages of its own
TYPED = {"nonsense": "1e3", "far too much": "999999"}
OF_THE_ADMIN = {f"admin:{model}_{page}" for model, pages in MODELS.items() for page in pages}  # Django's own forms, of the rows of a list among them
KEPT = {"csrfmiddlewaretoken", "key"}  # a form without them is refused for them alone


def visit(browser, method, address, typed=None):
    """The page that one comes to in the end; what was done on the way is undone, cookies included."""
    cookies, savepoint = deepcopy(browser.cookies), transaction.savepoint()
    response = getattr(browser, method)(address, typed or {}, follow=True)
    if response.streaming:
        list(response.streaming_content)
    known = data()
    transaction.savepoint_rollback(savepoint)
    browser.cookies = cookies
    is_page = response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming
    return (page_of(response), known, response) if is_page else None


def visits(browser, name, address):
    """The page, the answers to its form where all is typed wrong, and to an empty one that came from nowhere."""
    seen = visit(browser, "get", address)
    yield "opened", seen
    if (
        name not in OF_THE_ADMIN
        and seen
        and seen[2].status_code == 200
        and any(form["method"] == "post" for main in seen[0].all("main") for form in main.all("form"))
    ):
        values = values_of(seen[2])
        for what, text in TYPED.items():
            yield f"typed {what}", visit(browser, "post", address, {name: value if name in KEPT else text for name, value in values.items()})
    yield "sent empty", visit(browser, "post", address)


@pytest.mark.parametrize("who", WHO)
def test_every_word_of_a_page_is_marked_for_translation(made_up_language, who, address, browser_of, northgate, west, harborcu, user):
    world = World(northgate, west, harborcu, user(northgate))
    world.grow(2)
    browser = browser_of(who)
    found = defaultdict(set)

    for name in TABLE:
        for there in dict.fromkeys([address(name), world.addresses.get(name) or address(name)]):
            for how, seen in visits(browser, name, there):
                for word in unmarked(seen[0], seen[1]) if seen else ():
                    found[word].add(f"{name}, {how}")

    assert {word: sorted(places)[:3] for word, places in found.items()} == {}


# ── Every letter ──


def test_every_word_of_a_letter_is_marked_and_of_the_pages_that_its_links_open(made_up_language, letters):  # noqa: F811 - the fixture
    found, known = defaultdict(set), data()

    for kind, letter in letters:
        html = Reader(letter.alternatives[0][0]).root
        for word in [*words([letter.subject, letter.body], known), *unmarked(html, known)]:
            found[word].add(kind)
        for link in html.all("a"):
            answer = Client().get(link["href"].removeprefix("http://testserver"), follow=True)
            for word in unmarked(page_of(answer), known):
                found[word].add(f"the page that {kind} leads to")

    assert {word: sorted(places) for word, places in found.items()} == {}


# ── What no walk comes to, read from the source ──


LITERAL = re.compile(r"""(?<!_\()(?:(?<=[=:])|(?<=\s))"([^"]*)\"""")


def bare_words(name, source):
    """Words of a template that stand in no {% translate %}, {% blocktranslate %} or _("…")."""
    kept, literals, is_left_out = [], [], False
    for token in DebugLexer(re.sub(r"{% block \w*class %}.*?{% endblock", "", source)).tokenize():
        tag = token.contents.split()[0] if token.token_type == TokenType.BLOCK else ""
        is_left_out = tag in {"blocktranslate", "comment"} or (is_left_out and tag not in {"endblocktranslate", "endcomment"})
        kept.append(token.contents if token.token_type == TokenType.TEXT and not is_left_out else "…")
        if tag in {"include", "with", "firstof"} or token.token_type == TokenType.VAR:
            literals += [text for text in LITERAL.findall(token.contents) if re.search(r"^[A-Z][a-z]|[a-z] [a-z]", text)]
    text = "".join(kept)
    if name.endswith(".html"):
        named = re.findall(r"""\s(?:title|aria-label|placeholder|alt|data-l)="([^"]*[A-Za-z][^"]*)\"""", text)
        return literals + named + re.findall(r"[A-Za-z][\w’ ]*\w", re.sub(r"<style\b.*?</style>|<[^>]*>|&#?\w+;", " ", text, flags=re.DOTALL))
    return literals + re.findall(r"[A-Za-z][\w’ ]*\w", text)


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        ("a.html", "<p>{% translate 'Sold' %} to</p>", ["to"]),
        ("a.html", "<p>{% blocktranslate %}Sold{% endblocktranslate %}</p>{# a word #}", []),
        ("a.html", '<a href="{% url \'x\' %}" class="btn" title="Go on">{{ x }}</a>', ["Go on"]),
        ("a.html", '{% include "components/_press.html" with label="Add" kind="info" other=_("Add") %}', ["Add"]),
        ("a.html", '{{ words|default:"Nobody yet" }}{{ x|yesno:"a,b" }}', ["Nobody yet"]),
        ("a.txt", "{{ by }} was here", ["was here"]),
    ],
)
def test_the_reader_of_templates_sees_bare_words(name, source, found):
    """The check itself."""
    assert bare_words(name, source) == found


def test_no_template_has_bare_words():
    templates = {name: source for name, source in TEMPLATES.items() if not name.endswith("_styles.html")}

    assert findings(bare_words, templates) == {}


# Where a text is for people; exceptions for developers, and what staff read in the logs and books, are not.
FOR_PEOPLE = {
    "label",
    "help_text",
    "title",
    "description",
    "verbose_name",
    "verbose_name_plural",
    "search_hint",
    "site_header",
    "site_title",
    "index_title",
}
TELLS = {"success", "info", "warning", "error", "message_user", "missing", "ValidationError", "Problem", "add_error"}
FOR_DEVELOPERS = {
    "ValueError",
    "ImproperlyConfigured",
    "TransactionManagementError",
    "BrokenMail",
    "CommandError",
    "SessionInterrupted",
    "TypeError",
    "ObjectDoesNotExist",
}


def bare_sentences(name, source):
    """Literals that a module shows to people past the catalogues: a label, what a message or a refusal says."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if (isinstance(node, ast.keyword) and node.arg in FOR_PEOPLE) or (
            isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in FOR_PEOPLE
        ):
            found.append(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in TELLS and "log" not in ast.unparse(node.func):
            found += node.args
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func).rpartition(".")[2] not in FOR_DEVELOPERS:
            found += node.exc.args
    return [
        ast.unparse(text)
        for text in found
        if isinstance(text, ast.Constant | ast.JoinedStr) and re.search(r"[A-Za-z] [A-Za-z]|^f?.[A-Z]", ast.unparse(text))
    ]


def test_the_reader_of_modules_sees_bare_sentences():
    """The check itself."""
    source = (
        "raise Short('Too few')\nraise ValueError('no')\nraise Short(gettext('Too few'))\nmessages.success(request, f'Sold to {x}')\n"
        "forms.CharField(label='Name', help_text=_('As others read it'), initial='A b')\nlogger.info('Gone on')\ntitle = 'fate of it'"
    )
    assert bare_sentences("", source) == ["'Too few'", "'fate of it'", "f'Sold to {x}'", "'Name'"]


def test_no_module_shows_bare_sentences():
    """Of what models say to the admin the walk sees what is shown."""
    left_out = re.compile(r"models$|checks$|\.management\.|\.demo$|\.settings$")
    modules = {name: source for name, source in SOURCES.items() if not left_out.search(name)}

    assert findings(bare_sentences, modules) == {}


def test_whatever_a_template_counts_has_its_words():
    """`{{ n|count:"row" }}` asks for the forms of a row."""
    nouns = {noun for source in TEMPLATES.values() for noun in re.findall(r"""\|count:"([^"]+)\"""", source)}

    assert {"row", "enduser"} <= nouns
    assert nouns - COUNTED.keys() == set()
