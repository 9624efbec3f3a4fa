"""What the flows say of themselves: every public function of a service names its rule and the refusals that its caller may meet.

As in test_architecture.py, every check is first shown a text that breaks the rule.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.test_architecture import SOURCES, findings, functions_of, named

# ── The rule ──

RULE = re.compile(r"\b(?:A[1-9]|B[1-7]|C(?:[1-9]|1[0-2]))\b|rules\.md §")


def public(source: str) -> list[ast.FunctionDef]:
    return [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def without_a_rule(name: str, source: str) -> list[str]:
    """The public functions that promise nothing, or do not say which rule they keep."""
    return [function.name for function in public(source) if not RULE.search(ast.get_docstring(function) or "")]


def test_the_reader_sees_a_docstring_without_a_rule():
    """The check itself."""
    source = 'def a():\n    """Keep C2."""\ndef b():\n    """Keep C99."""\ndef c(): pass\ndef _d(): pass\ndef e():\n    """See rules.md §1."""'

    assert without_a_rule("", source) == ["b", "c"]


@pytest.mark.parametrize("kind", ["services", "permissions", "ledger"])
def test_whatever_decides_names_the_rule_that_it_keeps(kind):
    """rules.md: "code that decides a rule says so in its docstring"."""
    assert named(kind) != {}
    assert findings(without_a_rule, named(kind)) == {}


def test_every_rule_that_the_code_names_exists(settings):
    """A rule that was renumbered or dropped is not cited for ever."""
    told = set(re.findall(r"^- ([ABC]\d+)\.", (settings.BASE_DIR / "docs" / "rules.md").read_text(), re.MULTILINE))
    cited = {rule for source in SOURCES.values() for docstring in docstrings(source) for rule in re.findall(r"\b[ABC][1-9]\d?\b", docstring)}

    assert {"A1", "B7", "C12"} <= told
    assert cited - told == set()


def docstrings(source: str) -> Iterator[str]:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    yield from (ast.get_docstring(node) or "" for node in ast.walk(ast.parse(source)) if isinstance(node, documented))


# ── The refusals ──


class Refusals:
    """Which refusals each function of these modules may end with: those that it raises, and those of the functions that it calls.

    A method is known by its name alone, and only where it is ours; what a function catches again counts as well.
    """

    def __init__(self, sources: dict[str, str]) -> None:
        self.trees = {name: ast.parse(source) for name, source in sources.items()}
        self.kinds = {"Refusal"}
        classes = [node for tree in self.trees.values() for node in tree.body if isinstance(node, ast.ClassDef)]
        for _ in classes:
            self.kinds |= {node.name for node in classes if self.kinds & set(map(ast.unparse, node.bases))}
        self.functions = {(name, node.name): node for name, tree in self.trees.items() for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.methods = {
            function.name: (name, function)
            for name, tree in self.trees.items()
            for node in classes_of(tree)
            for function in functions_of(node)
            if function.name != "clean"  # of every form and every field of one, whose own it is not told by
        }

    def of(self, name: str, function: ast.FunctionDef, seen: frozenset[str] = frozenset()) -> set[str]:
        if f"{name}.{function.name}" in seen:
            return set()
        seen |= {f"{name}.{function.name}"}
        called = [self.find(name, node.func) for node in ast.walk(function) if isinstance(node, ast.Call)]
        return set().union(self.raised_in(function), *(self.of(*found, seen) for found in called if found))

    def raised_in(self, function: ast.FunctionDef) -> set[str]:
        raised = [ast.unparse(node.exc).partition("(")[0] for node in ast.walk(function) if isinstance(node, ast.Raise) and node.exc]
        return {words.removesuffix(".of").rpartition(".")[2] for words in raised} & self.kinds

    def find(self, name: str, called: ast.expr) -> tuple[str, ast.FunctionDef] | None:
        """Where the function that is called stands."""
        first, _, last = ast.unparse(called).rpartition(".")
        module = self.origins(name).get(first or last, name if not first else "")
        if module.rpartition(".")[2] == last and not first:  # `from module import function`
            module = module.rpartition(".")[0]
        if (module, last) in self.functions:
            return module, self.functions[module, last]
        return self.methods.get(last) if first and not module else None

    def origins(self, name: str) -> dict[str, str]:
        """What the names that a module imports stand for."""
        imports = [node for node in self.trees[name].body if isinstance(node, ast.ImportFrom)]
        return {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in imports for alias in node.names}


def classes_of(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def in_silence(sources: dict[str, str]) -> dict[str, list[str]]:
    """The refusals that a public function of a service may end with and does not tell of, by module and function."""
    refusals = Refusals(sources)
    found = {}
    for name, source in sources.items():
        if name.rpartition(".")[2] == "services":
            for function in public(source):
                told = set(re.findall(r"\w+", (ast.get_docstring(function) or "").partition("Raises ")[2]))
                if untold := refusals.of(name, function) - told:
                    found[f"{name}.{function.name}"] = sorted(untold)
    return found


def test_the_reader_sees_a_refusal_of_which_nobody_tells():
    """The check itself: raised here, by a function of one's own, of another module, by a method."""
    sources = {
        "ground.errors": "class Refusal(Exception): pass\nclass NotAllowed(Refusal): pass",
        "app.ledger": "from ground.errors import Refusal\nclass Short(Refusal): pass\nclass Books:\n def post(self): self._check()\n def _check(self): raise Short.of([])",
        "app.permissions": "from ground import errors\ndef require(): raise errors.NotAllowed('no')",
        "app.services": (
            "from app import permissions\nfrom app.ledger import open_books\nfrom app.permissions import require\n"
            "class Gone(Refusal): pass\n"
            'def a():\n """Raises Gone."""\n _b()\n permissions.require()\n'
            "def _b(): raise Gone('gone')\n"
            'def c():\n """Raises NotAllowed."""\n require()\n open_books().post()\n'
            'def d():\n """Raises NotAllowed, Short."""\n require()\n open_books().post()\n c()\n raise ValueError\n'
        ),
    }

    assert in_silence(sources) == {"app.services.a": ["NotAllowed"], "app.services.c": ["Short"]}


def test_every_flow_tells_which_refusals_its_caller_may_meet():
    """Whoever calls a flow catches its refusals by name, without reading it."""
    never_met = {
        # The publisher's available is the source of all and may go below zero (rules.md §2), so an issue never falls short.
        "licenses.services.issue_licenses": ["InsufficientLicenses"],
        # No more can be recalled than is available, which was asked just before and in other words: where the rest is stays the owner's (A9).
        "licenses.services.recall_sale": ["InsufficientLicenses"],
        # A deployment has licenses (a_deployment_line_has_licenses), and they are among its owner's deployed ones.
        "deployments.services.retire_deployment": ["InsufficientLicenses", "NothingEntered"],
        # What it reads is a file that the portal wrote, and the key that it trusts no longer is caught.
        "deployments.services.download_license_file": ["NotALicenseFile", "SignatureDoesNotFit", "UnknownKey", "UnknownVersion"],
    }
    assert in_silence(SOURCES) == never_met
