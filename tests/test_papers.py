"""The papers are true where a machine can tell: every file, test, command and name that they put between backticks exists.

docs/rules.md and docs/contract.md tell of the whole portal, built or not, and are left out.
"""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.test_architecture import HOUSE, findings

LEFT_OUT = {"docs/rules.md", "docs/contract.md"}
PAPERS = {
    name: path.read_text()
    for path in [*sorted(HOUSE.glob("*.md")), *sorted((HOUSE / "docs").glob("*.md"))]
    if (name := str(path.relative_to(HOUSE))) not in LEFT_OUT
}


def files() -> dict[str, str]:
    """The project's own files and folders, by their paths, with what is written in those that a paper may quote."""
    found = {}
    for top in HOUSE.iterdir():
        if top.name in {".venv", ".git", "var", "staticfiles"} or top.name.endswith("_cache"):
            continue
        for path in [top, *(top.rglob("*") if top.is_dir() else [])]:
            is_text = path.suffix in {".py", ".html", ".js", ".css", ".toml", ".in"} or path.name in {"Makefile", "run"}
            found[str(path.relative_to(HOUSE))] = path.read_text() if is_text and path.is_file() else ""
    return found


FILES = files()
TESTS = {name: re.findall(r"^def (test_\w+)", text, re.MULTILINE) for name, text in FILES.items() if re.search(r"(?:^|/)test_\w+\.py$", name)}
CODE = "\n".join(text for name, text in FILES.items() if name != "tests/test_papers.py")
TARGETS = set(re.findall(r"^([a-z-]+):", FILES["Makefile"], re.MULTILINE))
COMMANDS = get_commands()
IS_PATH = re.compile(r"./.|\w\.(?:py|md|toml|txt|in|css|js|html)$")


def quoted(paper: str) -> list[str]:
    """What stands between backticks, and the commands of its blocks, line by line."""
    blocks = re.findall(r"^```\n(.*?)^```$", paper, re.MULTILINE | re.DOTALL)
    commands = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```\n.*?^```$", "", paper, flags=re.MULTILINE | re.DOTALL)) + commands


def untrue(name: str, paper: str) -> list[str]:
    """What a paper names and the project has not."""
    folder = str(Path(name).parent)
    found = [target for target in re.findall(r"\]\(([^)#:]+)\)", paper) if str(Path(folder) / target) not in FILES]
    module = ""
    for quote in quoted(paper):
        module = quote.partition("::")[0] or module  # `::test_…` alone is a further test of the module that was named last
        found += missing_commands(quote) + missing_tests(quote, module) + missing_words(re.sub(r"\S+://\S+|\S*::\S+", "", quote))
    return list(dict.fromkeys(found))


def missing_commands(quote: str) -> list[str]:
    targets, commands = re.findall(r"\bmake ([a-z]\S*)", quote), re.findall(r"manage\.py ([a-z]\w+)", quote)
    return [target for target in targets if target not in TARGETS] + [command for command in commands if command not in COMMANDS]


def missing_tests(quote: str, module: str) -> list[str]:
    return [quote] if "::" in quote and quote.partition("::")[2] not in TESTS.get(module, []) else []


def missing_words(quote: str) -> list[str]:
    """Files and folders, and names that are made of several words (sell_licenses), of which nobody knows."""
    words = re.findall(r"[\w./-]+", quote)
    paths = [word for word in words if IS_PATH.search(word) and not word.startswith(("/", ".", "var/"))]
    names = [word for word in words if re.fullmatch(r"[a-z]+(?:_[a-z0-9]+)+", word)]
    return [path for path in paths if not is_file(path)] + [name for name in names if not re.search(rf"\b{name}\b", CODE)]


def is_file(path: str) -> bool:
    """Whole, or from the room on where it is plain which one is meant (`foundation/notices.py`)."""
    return any(file == path.rstrip("/") or file.endswith(f"/{path.rstrip('/')}") for file in FILES)


@pytest.mark.parametrize(
    ("paper", "found"),
    [
        ("`licenses/ledger.py`, `foundation/notices.py`, `tests/races/`, `README.md` and `var/mail/`", []),
        ("`licenses/legder.py` and `docs/nowhere.md`", ["licenses/legder.py", "docs/nowhere.md"]),
        ("[rules](docs/rules.md), [gone](docs/gone.md), [a site](https://example.com/)", ["docs/gone.md"]),
        ("`make check`, `make wonders`", ["wonders"]),
        ("```\nmake demo    # serves\nmake tea     # or make coffee\n```\n", ["tea"]),
        ("`manage.py check_ledger` and `manage.py cook_ledger --fast`", ["cook_ledger"]),
        ("`sell_licenses` and `sell_lisences`", ["sell_lisences"]),
        ("`tests/test_papers.py::test_the_reader_sees_what_is_untrue`, `::test_nothing`", ["::test_nothing"]),
        ("`tests/test_papers.py::test_gone`", ["tests/test_papers.py::test_gone"]),
        ("`/healthz`, `<app>/emails/`, `postgres://user:password@host/name`, `C2`, `northgate-west`", []),
    ],
)
def test_the_reader_sees_what_is_untrue(paper, found):
    """The check itself."""
    assert untrue("README.md", paper) == found


def test_the_papers_name_nothing_that_there_is_not():
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/security.md", "docs/operations.md"} <= PAPERS.keys()
    assert findings(untrue, PAPERS) == {}


def test_the_papers_name_no_machine():
    """Paths of somebody's computer and hosts of somebody's network help nobody else."""
    strange = {name: re.findall(r"/(?:home|root|Users)/\S*", paper) for name, paper in PAPERS.items()}

    assert {name: paths for name, paths in strange.items() if paths} == {}


# ── The table of ASVS ──

ANSWERS = {"Met", "Partly", "Not met"}


def read_asvs(paper):
    """The rows of the tables under "Measured against OWASP ASVS": what is asked, the answer, why, and what proves it."""
    section = paper.partition("## Measured against OWASP ASVS")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip().strip("|").split(" |")] for line in section.splitlines() if re.match(r"\| \d", line)]


def unproven(rows):
    """The rows that are met and name no test, that are not met and give no reason, or that answer something else."""
    return [asked for asked, answer, why, proof in rows if answer not in ANSWERS or not (proof if answer == "Met" else why)]


def test_the_reader_sees_a_line_that_is_met_without_a_proof():
    """The check itself."""
    head = "# A\n## Measured against OWASP ASVS 5.0\n| Asked | | Why | Proof |\n|---|---|---|---|\n"
    rows = "| 1.1.1: a | Met | | `t` |\n| 1.1.2: b | Met | so | |\n| 1.1.3: c | Not met | so | |\n| 1.1.4: d | Partly | | `t` |\n| 1.1.5: e | Yes | | `t` |\n"
    assert unproven(read_asvs(f"{head}{rows}## Next\n| 2: z | Met | | |\n")) == ["1.1.2: b", "1.1.4: d", "1.1.5: e"]


def test_each_line_of_asvs_that_is_met_names_its_proof_and_each_other_one_a_reason():
    rows = read_asvs(PAPERS["docs/security.md"])

    assert (len(rows) > 60, unproven(rows)) == (True, [])
