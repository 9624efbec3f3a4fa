"""ASVS 1 and 13, what the source must not have: templates and formats out of people's text, SQL out of it, and calls to wherever somebody says."""

import ast
import re

import pytest

from tests.test_architecture import SOURCES, findings, imports_of

# Whoever calls out over one of these could be told where to: the portal talks to its database and its mail server alone (13.2.4, 1.3.6).
CALLS_OUT = {"requests", "httpx", "aiohttp", "urllib.request", "http.client", "ftplib", "socket", "ssl", "telnetlib", "xmlrpc.client", "webbrowser"}
# What makes objects out of whatever is in the text (1.5.2).
MAKES_OBJECTS = {"pickle", "marshal", "shelve", "yaml", "dill", "jsonpickle"}
# Template code, SQL and Python that are put together at run time (1.2.4, 1.3.2, 1.3.7).
RUNS_TEXT = {"eval", "exec", "compile", "Template", "from_string", "RawSQL", "raw", "extra", "format_map"}


def imported(name, source):
    modules = {module for module, _ in imports_of(source, set())}
    strange = CALLS_OUT | MAKES_OBJECTS
    return sorted(module for module in modules if module in strange or module.partition(".")[0] in strange)


def run_as_code(name, source):
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    called = [getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls if not is_a_regex(call)]
    return sorted(name for name in called if name in RUNS_TEXT)


def is_a_regex(call):
    return isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "re"


def formats_a_value(name, source):
    """`text.format(…)` with a text that is not written down there: people's own braces would then ask for attributes (1.3.10)."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format"]
    return [ast.unparse(call.func.value) for call in calls if not isinstance(call.func.value, ast.Constant) and not is_super(call.func.value)]


def is_super(value):
    return ast.unparse(value) == "super()"


@pytest.mark.parametrize(
    ("check", "source", "found"),
    [
        (
            imported,
            "import requests\nfrom urllib.request import urlopen\nfrom urllib.parse import urljoin\nimport pickle",
            ["pickle", "requests", "urllib.request"],
        ),
        (
            run_as_code,
            "eval(x)\nTemplate(text)\nengine.from_string(text)\nre.compile('a')\nUser.objects.raw(q)",
            ["Template", "eval", "from_string", "raw"],
        ),
        (formats_a_value, "'{}'.format(1)\ntext.format(1)\nformat(1)", ["text"]),
    ],
)
def test_the_reader_sees_what_it_looks_for(check, source, found):
    """The check itself."""
    assert check("", source) == found


def test_nothing_calls_out_and_nothing_makes_objects_out_of_text():
    assert findings(imported, SOURCES) == {}


def test_no_text_is_run_as_a_template_as_sql_or_as_python():
    """Two parts of SQL are, and all of their text is ours: SQLite runs what PostgreSQL is asked in the same words, past Django; and what
    hangs on the rows of a list is gathered in words of a module's own, with no value in them."""
    assert findings(run_as_code, SOURCES) == {
        "licensing_portal.foundation.locks": ["raw"],
        "licensing_portal.foundation.gathering": ["RawSQL"],
    }


def test_nobodys_text_is_a_format():
    assert findings(formats_a_value, SOURCES) == {}


def test_rows_are_put_in_the_order_of_what_the_source_names():
    """1.2.4: never of what a request says."""
    asked = {name: re.findall(r"order_by\([^)]*(?:request|GET|cleaned_data)[^)]*\)", source) for name, source in SOURCES.items()}

    assert {name: calls for name, calls in asked.items() if calls} == {}


def test_no_form_takes_whatever_fields_its_model_has():
    """15.3.3."""
    assert [name for name, source in SOURCES.items() if "__all__" in source] == []


def test_sessions_are_read_as_data(settings):
    """1.5.2: whoever could write one would else run code."""
    assert settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"
