"""The house as the README draws it, read from the source: who may import whom, and the one door of each effect.

Every check is a function of source text, and is first shown a text that breaks the rule: a check that finds nothing anywhere proves nothing.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings as portal_settings

HOUSE = Path(portal_settings.BASE_DIR)
ROOF, GROUND = "licensing_portal", "licensing_portal.foundation"
APPS = ("accounts", "licenses", "deployments", "transfers")

# README, "Apps look down only": deployments and transfers are siblings on licenses, which stands on accounts; under all lies the foundation.
STANDS_ON = {
    GROUND: set(),
    "accounts": {GROUND},
    "licenses": {GROUND, "accounts"},
    "deployments": {GROUND, "accounts", "licenses"},
    "transfers": {GROUND, "accounts", "licenses"},
    ROOF: {GROUND, *APPS},
}

# "Inside an app imports go down too": urls → views → forms, services, selectors → ledger, notices → models.
FLOORS = {"models": 0, "ledger": 1, "notices": 1, "forms": 2, "services": 2, "selectors": 2, "views": 3, "urls": 4}

LONGEST_VIEW = 25  # lines, from `def` to the end
LONGEST_MODULE = 500  # lines


# ── Reading ──


def modules() -> dict[str, Path]:
    """Every module of the project but migrations and tests, by its dotted name."""
    paths = [path for room in (ROOF, *APPS) for path in sorted((HOUSE / room).rglob("*.py")) if "migrations" not in path.parts]
    return {".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


MODULES = modules()
SOURCES = {name: path.read_text() for name, path in MODULES.items()}


def room_of(module: str) -> str | None:
    """The app, the foundation or the roof that a module lies in; None for libraries."""
    if module == GROUND or module.startswith(f"{GROUND}."):
        return GROUND
    first = module.partition(".")[0]
    return first if first in (ROOF, *APPS) else None


def imports_of(source: str, known: set[str]) -> Iterator[tuple[str, ast.stmt]]:
    """Yield every module that is imported, with its statement; `from a import b` is a.b, where that is a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            module = node.module or ""
            yield from ((f"{module}.{alias.name}" if f"{module}.{alias.name}" in known else module, node) for alias in node.names)


def named(last: str) -> dict[str, str]:
    """The sources of the modules of this name in all apps."""
    return {name: source for name, source in SOURCES.items() if name.rpartition(".")[2] == last}


def findings(check: Callable[[str, str], list[str]], sources: dict[str, str]) -> dict[str, list[str]]:
    """What a check finds, by module; nothing for a module that is as it should be."""
    found = {name: check(name, source) for name, source in sources.items()}
    return {name: breaches for name, breaches in found.items() if breaches}


def functions_of(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


# ── Imports go down ──


def upward_imports(name: str, source: str) -> list[str]:
    """The imports of other rooms on which this module's room does not stand."""
    own = room_of(name)
    others = {(imported, room_of(imported)) for imported, _ in imports_of(source, set(SOURCES))}
    return sorted(imported for imported, room in others if room and room != own and room not in STANDS_ON[own])


@pytest.mark.parametrize(
    ("name", "source", "upward"),
    [
        ("accounts.services", "from licenses.models import Product", ["licenses.models"]),
        ("licenses.services", "import accounts.models\nfrom deployments import models", ["deployments.models"]),
        ("deployments.services", "from transfers.services import transfer_licenses", ["transfers.services"]),
        ("licensing_portal.foundation.notices", "from accounts.models import Account", ["accounts.models"]),
        ("transfers.views", "from licensing_portal import settings", ["licensing_portal.settings"]),
        ("licensing_portal.foundation.health", "def f():\n    from licensing_portal.demo import load", ["licensing_portal.demo"]),
        ("licensing_portal.pages", "from transfers import views\nfrom licenses.models import Product\nimport django", []),
    ],
)
def test_the_reader_sees_an_upward_import(name, source, upward):
    """The check itself."""
    assert upward_imports(name, source) == upward


def test_apps_import_only_downwards():
    """README, "Apps look down only": the foundation imports no app, siblings do not know each other, the roof is seen by none."""
    assert findings(upward_imports, SOURCES) == {}


def test_every_room_is_read():
    """The check itself: a new app is not left out in silence."""
    installed = {app.split(".apps.")[0] for app in portal_settings.INSTALLED_APPS if (HOUSE / app.split(".")[0]).is_dir()}

    assert installed == {ROOF, GROUND, *APPS}
    assert {room_of(name) for name in SOURCES} == installed


@cache
def of_the_same_app(name: str, source: str) -> set[str]:
    app = name.rpartition(".")[0]
    return {imported for imported, _ in imports_of(source, set(SOURCES)) if imported.rpartition(".")[0] == app}


def floor_of(name: str, seen: frozenset[str] = frozenset()) -> int:
    """A module whose name says nothing of its floor is as high as the highest that it stands on."""
    last = name.rpartition(".")[2]
    below = of_the_same_app(name, SOURCES.get(name, "")) - seen
    return FLOORS[last] if last in FLOORS else max((floor_of(imported, seen | {name}) for imported in below), default=0)


def floor_breaches(name: str, source: str) -> list[str]:
    """The imports of a higher floor of the same app, also of one that lies behind another module."""
    own = FLOORS.get(name.rpartition(".")[2])
    return sorted(imported for imported in of_the_same_app(name, source) if own is not None and floor_of(imported) > own)


@pytest.mark.parametrize(
    ("name", "source", "breaches"),
    [
        ("licenses.models", "from licenses.services import sell_licenses", ["licenses.services"]),
        ("licenses.services", "from licenses import forms, ledger, views", ["licenses.views"]),
        ("licenses.models", "from licenses import numbers, history", ["licenses.history"]),
        ("accounts.views", "from accounts import services, forms, models", []),
    ],
)
def test_the_reader_sees_an_import_of_a_higher_floor(name, source, breaches):
    """The check itself."""
    assert floor_breaches(name, source) == breaches


def test_inside_an_app_imports_go_down_too():
    """README, "The house"."""
    assert findings(floor_breaches, SOURCES) == {}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """One circle for every module that lies on one, shortest way back first; each circle once."""
    found = set()
    for start in graph:
        ways = [[start]]
        seen = {start}
        while ways:
            way = ways.pop(0)
            if start in graph.get(way[-1], set()):
                first = way.index(min(way))
                found.add(tuple(way[first:] + way[:first]))
                break
            further = [step for step in sorted(graph.get(way[-1], set())) if step not in seen]
            seen.update(further)
            ways.extend([*way, step] for step in further)
    return sorted(map(list, found))


def test_the_reader_sees_a_circle():
    """The check itself."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"a"}}) == [["a"]]


def test_no_module_imports_in_a_circle():
    """README, "Apps look down only": a circle "begins with one import upwards"."""
    graph = {name: {imported for imported, _ in imports_of(source, set(SOURCES)) if imported in SOURCES} for name, source in SOURCES.items()}

    assert circles(graph) == []


REASON = re.compile(r"#\s*noqa:[^-]*\bPLC0415\b[^-]*\s-\s+\S+")


def hidden_imports(name: str, source: str) -> list[str]:
    """The imports inside functions whose line gives no reason."""
    lines = source.splitlines()
    inside = {node for function in functions_of(ast.parse(source)) for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)}
    return sorted(lines[node.lineno - 1].strip() for node in inside if not REASON.search(lines[node.end_lineno - 1]))


@pytest.mark.parametrize(
    ("source", "hidden"),
    [
        ("def f():\n    import os", ["import os"]),
        ("def f():\n    if x:\n        from a import b  # noqa: PLC0415", ["from a import b  # noqa: PLC0415"]),
        (
            "class C:\n    def f(self):\n        import os  # noqa: F401 - a reason for something else",
            ["import os  # noqa: F401 - a reason for something else"],
        ),
        ("def f():\n    import os  # noqa: F401, PLC0415 - models must be loaded first", []),
        ("import os", []),
    ],
)
def test_the_reader_sees_an_import_inside_a_function(source, hidden):
    """The check itself."""
    assert hidden_imports("", source) == hidden


def test_no_import_hides_inside_a_function_without_a_reason():
    """README, "Apps look down only": such an import is how circles hide."""
    assert findings(hidden_imports, SOURCES) == {}


# ── One door per effect ──

WRITES = {"create", "bulk_create", "update", "bulk_update", "get_or_create", "update_or_create", "delete", "save", "_raw_delete", "add", "set"}


def writes_to(source: str, models: str, tables: str) -> list[str]:
    """Calls that write rows of these models, rows of theirs that are made to be written, and SQL that writes to their tables."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            if re.search(rf"\b({models})\b", ast.unparse(node.func.value)):
                found.append(ast.unparse(node.func))
        elif isinstance(node, ast.Call) and re.fullmatch(rf"(\w+\.)*({models})", ast.unparse(node.func)) and (node.args or node.keywords):
            found.append(ast.unparse(node.func))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.extend(re.findall(rf"(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+\"?(?:{tables})\b", node.value, re.IGNORECASE))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "copy_rows" and re.fullmatch(models, ast.unparse(node.args[0])):
            found.append(f"copy_rows({ast.unparse(node.args[0])})")
    return found


BOOKS = ("Holding|JournalLine|JournalEntry|holdings", "licenses_holding|licenses_journalline|licenses_journalentry")
MAILS = ("Email|Notice", "post_office_email|foundation_notice")


FUNCTIONS = {"open_books": "licenses.ledger", "post_entry": "licenses.ledger", "queue_mail": "licensing_portal.foundation.notices"}


def test_only_the_doors_call_the_databases_functions_that_write():
    """README, "Two pens, one hand": a function is another way through the same door, and no second door."""
    assert {function: [name for name, source in SOURCES.items() if f"FROM {function}(" in source] for function in FUNCTIONS} == {
        function: [door] for function, door in FUNCTIONS.items()
    }


EVENTS = ("SecurityEvent", "accounts_securityevent")


@pytest.mark.parametrize(
    ("source", "writes"),
    [
        ("Holding.objects.filter(account=a).update(available=F('available') - 1)", ["Holding.objects.filter(account=a).update"]),
        ("account.holdings.create(product=p)", ["account.holdings.create"]),
        ("models.JournalLine.objects.bulk_create(lines)", ["models.JournalLine.objects.bulk_create"]),
        ("Holding(available=3)", ["Holding"]),
        ("cursor.execute('update licenses_holding set available = 1')", ["update licenses_holding"]),
        ("copy_rows(Holding, ('available',), rows)", ["copy_rows(Holding)"]),
        ("copy_rows(Deployment, ('name',), rows)", []),
        ("JournalEntry.objects.filter(pk=1).order_by('pk')", []),
        ("holding = holdings.get(code, Holding())", []),
        ("DeploymentLine.objects.create(quantity=1)\nline.save()", []),
    ],
)
def test_the_reader_sees_who_writes_in_the_books(source, writes):
    """The check itself."""
    assert writes_to(source, *BOOKS) == writes


def users_of(module: str) -> list[str]:
    """The modules that import this one."""
    return sorted({name for name, source in SOURCES.items() for imported, _ in imports_of(source, set()) if module in imported.split(".")})


def test_only_the_ledger_writes_in_the_books():
    """README, "One door per effect": proof, selectors and pages read. What writes in bulk does so in books that are empty, and for load_big alone."""
    assert sorted(name for name, source in SOURCES.items() if writes_to(source, *BOOKS)) == ["licenses.ledger", "licenses.ledger_in_bulk"]
    assert users_of("ledger_in_bulk") == users_of("notices_in_bulk") == ["licensing_portal.big"]


def test_only_notices_make_and_change_mails():
    """README, "One door per effect"."""
    writers = sorted(name for name, source in SOURCES.items() if writes_to(source, *MAILS))
    assert writers == ["licensing_portal.foundation.notices", "licensing_portal.foundation.notices_in_bulk"]


def test_only_the_security_log_writes_what_is_in_it():
    """README, "One door per effect"."""
    assert [name for name, source in SOURCES.items() if writes_to(source, *EVENTS)] == ["accounts.security_log"]


MAIL_LIBRARIES = ("django.core.mail", "smtplib", "post_office.mail", "post_office.utils")


def test_only_notices_and_the_demos_backend_know_how_to_send():
    """README, "One door per effect": nobody sends a mail past the queue."""
    senders = {name for name, source in SOURCES.items() for imported, _ in imports_of(source, set()) if imported.startswith(MAIL_LIBRARIES)}

    assert senders == {"licensing_portal.foundation.notices", "licensing_portal.foundation.mail_files"}


def test_only_the_flows_and_the_ledger_open_books():
    """README, "A flow is one function": "Whoever enters (the web, the admin, the demo) enters through it"."""
    openers = {name.rpartition(".")[2] for name, source in SOURCES.items() if re.search(r"\bopen_books\(", source)}

    assert openers == {"ledger", "services"}


def test_only_services_claim_keys():
    """README, "A press is one act": claimed "by the first statement of the transaction"."""
    claimers = {name.rpartition(".")[2] for name, source in SOURCES.items() if re.search(r"\bsubmissions\.claim\(", source)}

    assert claimers == {"services"}


# ── Small rooms ──


def views_of(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions that take a request and answer it, and methods that do: of admins, adapters and middleware."""
    for function in functions_of(ast.parse(source)):
        first, *others = [argument.arg for argument in function.args.args] or [""]
        if first == "request" or (first == "self" and others[:1] == ["request"]):
            yield function


def too_long(name: str, source: str) -> list[str]:
    return [f"{view.name}: {length}" for view in views_of(source) if (length := view.end_lineno - view.lineno + 1) > LONGEST_VIEW]


def test_the_reader_sees_a_long_view():
    """The check itself."""
    body = "    pass\n" * 25
    method = f"class Admin:\n  def add(self, request):\n{body}"
    assert too_long("", f"@decorated\ndef long(request):\n{body}\ndef short(request): pass\ndef helper(x):\n{body}{method}") == [
        "long: 26",
        "add: 26",
    ]


def test_no_view_is_longer_than_25_lines():
    """README, "Function views": one "calls one function and turns a refusal into a form error"."""
    seen = {f"{name}.{view.name}" for name, source in SOURCES.items() for view in views_of(source)}

    assert {"licensing_portal.pages.my_licenses", "licenses.admin.issue_licenses", "accounts.adapter.get_login_redirect_url"} <= seen
    assert findings(too_long, SOURCES) == {}


def test_views_are_functions():
    """README, "Function views, plain forms"."""

    def classes(name: str, source: str) -> list[str]:
        return [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]

    assert findings(classes, named("views")) == {}


def writes_rows(name: str, source: str) -> list[str]:
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return [
        ast.unparse(call)
        for call in calls
        if call.attr in WRITES - {"add", "set", "update"} or (call.attr == "update" and ".objects" in ast.unparse(call))
    ]


def test_views_and_pages_write_nothing():
    """README, "A flow is one function": what happens is in services; "Pages that gather from several apps […] only read"."""
    source = "link.delete()\nUser.objects.create(a=1)\nUser.objects.filter(a=1).update(b=2)\ncontext.update(c=3)\nseen.add(4)"
    assert writes_rows("", source) == ["link.delete", "User.objects.create", "User.objects.filter(a=1).update"]
    assert findings(writes_rows, named("views") | named("pages")) == {}


def only_children(sources: dict[str, str]) -> list[str]:
    """Classes of ours that one class of ours stands on, and that nobody uses for themselves."""
    nodes = [node for source in sources.values() for node in ast.walk(ast.parse(source))]
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    bases = {base: ast.unparse(base).rpartition(".")[2] for node in classes for base in node.bases}
    parents = list(bases.values())
    used = {ast.unparse(node).rpartition(".")[2] for node in nodes if isinstance(node, ast.Name | ast.Attribute) and node not in bases}
    return sorted(node.name for node in classes if parents.count(node.name) == 1 and node.name not in used)


def test_no_class_is_there_for_one_child():
    """README: "no base class with one child"."""
    source = "class A: pass\nclass B(A): pass\nclass C: pass\nclass D(C): pass\nclass E(C): pass\nclass F: pass\nclass G(F): pass\nF()"
    assert only_children({"": source}) == ["A"]
    assert only_children(SOURCES) == []


def test_no_module_is_longer_than_500_lines():
    """Nobody scrolls through a drawer for everything; tests included."""
    lengths = {str(path): len(path.read_text().splitlines()) for path in [*MODULES.values(), *(HOUSE / "tests").rglob("*.py")]}

    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_there_is_no_drawer_for_everything_and_no_signal():
    """README: "no signals, no logic in `save()`", "no drawer for everything"."""
    names = {name.rpartition(".")[2] for name in SOURCES}
    saves = [name for name, source in SOURCES.items() for function in functions_of(ast.parse(source)) if function.name == "save"]

    assert names & {"utils", "helpers", "common", "misc", "signals"} == set()
    assert [name for name, source in SOURCES.items() if re.search(r"^(?:from|import) .*\bsignals\b|@receiver\b", source, re.MULTILINE)] == []
    assert saves == []


# ── Flows ──


def flows_of(source: str) -> list[ast.FunctionDef]:
    """The functions of a services module that make or move something: those that open a transaction, and those that take a one-use key."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return [flow for flow in functions if is_atomic(flow) or "key" in {argument.arg for argument in flow.args.kwonlyargs + flow.args.args}]


def is_atomic(flow: ast.FunctionDef) -> bool:
    return "flow" in map(ast.unparse, flow.decorator_list)


def loose_flows(name: str, source: str) -> list[str]:
    return [flow.name for flow in flows_of(source) if not is_atomic(flow) or flow.args.args or flow.args.posonlyargs]


def test_the_reader_sees_a_loose_flow():
    """The check itself."""
    source = "@flow\ndef a(*, b, key): pass\n@flow\ndef c(d): pass\ndef e(*, key): pass\ndef f(g): pass"

    assert loose_flows("", source) == ["c", "e"]


def test_every_flow_is_one_transaction_and_takes_its_arguments_by_keyword():
    """README, "A flow is one function": safety never depends on the caller, and a seller is not taken for an owner."""
    assert findings(loose_flows, named("services")) == {}
    assert {name: len(flows_of(source)) > 0 for name, source in named("services").items()} == dict.fromkeys(named("services"), True)


def open_ends(name: str, source: str) -> list[str]:
    comments = [token.string for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT]
    return [comment for comment in comments if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", comment)]


def test_no_comment_waits_for_later():
    """Nothing in the attic."""
    assert open_ends("", "x = 1  # TODO: later") == ["# TODO: later"]
    assert findings(open_ends, SOURCES) == {}
