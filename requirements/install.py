"""Install what a lock file names into .venv: `python3 requirements/install.py runtime` (or `test`, `bench`).

Runs on a machine with nothing but Python: with uv where there is one, else with venv and pip. What is installed is
remembered by the content of the lock file, not by its time (a `git checkout` touches every file), so that the second
start installs nothing. Whoever starts meanwhile waits for the first to end and then finds the work done.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent
VENV = REQUIREMENTS.parent / ".venv"
PYTHON = VENV / "bin" / "python"
IS_NEW_ENOUGH = "import sys; sys.exit(sys.version_info < (3, 11))"

# Each contains those before it, with the same versions; so installing one installs those as well.
CONTAINS = {"runtime": ["runtime"], "test": ["runtime", "test"], "bench": ["runtime", "test", "bench"]}


def main(group: str) -> None:
    """Bring .venv up to the lock file of the group."""
    if sys.version_info < (3, 11):
        sys.exit("The portal needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python3.")
    with _alone():
        if not _works([PYTHON, "-c", IS_NEW_ENOUGH]):
            _make_venv()
        if _remembered(group) == _digest(group):
            return
        began = time.monotonic()
        print(f"Installing the requirements ({group}), once ...", flush=True)
        _install(REQUIREMENTS / f"{group}.txt")
        for contained in CONTAINS[group]:
            _note(contained).write_text(_digest(contained))
        print(f"Installed in {time.monotonic() - began:.0f} seconds.", flush=True)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep a second start out: `make demo` and `make test` in one folder would install over each other."""
    folder = os.open(REQUIREMENTS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _digest(group: str) -> str:
    """Stand for the content of the lock files that make up the group."""
    return hashlib.sha256(b"".join((REQUIREMENTS / f"{name}.txt").read_bytes() for name in CONTAINS[group])).hexdigest()


def _note(group: str) -> Path:
    return VENV / f"installed-{group}"


def _remembered(group: str) -> str:
    return _note(group).read_text() if _note(group).exists() else ""


def _make_venv() -> None:
    """Make .venv anew: what is there belongs to another Python, or to one that is gone."""
    shutil.rmtree(VENV, ignore_errors=True)
    uv = shutil.which("uv")
    if uv and _works([uv, "venv", "--quiet", "--python", sys.executable, VENV]):
        return
    if importlib.util.find_spec("ensurepip") is None:
        _install_venv_package()
    _must([sys.executable, "-m", "venv", "--clear", VENV])


def _install_venv_package() -> None:
    """Debian keeps a part of Python's venv in a package of its own."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"This Python cannot make a virtual environment. Install {package} (apt-get install {package}) or uv, and start again.")
    print(f"Installing {package} ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _works(["apt-get", "update", "-qq"], environment)
    _must(["apt-get", "install", "-qq", "--yes", "--no-install-recommends", package], environment)


def _install(lock_file: Path) -> None:
    uv = shutil.which("uv")
    # uv leaves compiling to the first import, and where PYTHONDONTWRITEBYTECODE is set every start would compile anew.
    if uv and _works([uv, "pip", "install", "--quiet", "--python", PYTHON, "--compile-bytecode", "--require-hashes", "-r", lock_file]):
        return
    if not _works([PYTHON, "-c", "import pip"]):  # a .venv that uv has made
        _must([PYTHON, "-m", "ensurepip"])
    _must([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "-r", lock_file])


def _works(command: list[str | Path], environment: dict[str, str] | None = None) -> bool:
    """Run a command that may fail, as there is another way."""
    return _complaint(command, environment) is None


def _must(command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    """Run a command without which nothing goes on."""
    complaint = _complaint(command, environment)
    if complaint is not None:
        sys.exit(f"{complaint}\nFailed: {' '.join(map(str, command))}")


def _complaint(command: list[str | Path], environment: dict[str, str] | None) -> str | None:
    """Run a command in silence and return what it said if it failed, else None."""
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as problem:
        return str(problem)
    return f"{done.stdout}{done.stderr}" if done.returncode else None


if __name__ == "__main__":
    main(sys.argv[1])
