"""The portal as it is served: `manage.py serve` on a PostgreSQL of its own that keeps what it has committed, and browsers that talk to it over HTTP."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import psutil
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

from tests import postgres, roles, scratch
from tests.factories.accounts import PASSWORD
from tests.mail import free_port
from tests.views import form_of

HOUSE = Path(__file__).parents[1]
DATABASE = "portal"
PATIENCE = 60  # seconds for the portal to start, to end, or to answer


# ── The database ──


def durable_server(options: dict[str, str] = postgres.DURABLE) -> postgres.Server:
    """Start a server with an empty database and the application's role, which may sign in."""
    server = postgres.Server(options)
    with closing(server.connect()) as line, line.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {roles.APPLICATION} LOGIN")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    return server


def migrate() -> None:
    """Make the tables as the owner and hand them over to the application's role, as `make serve` does."""
    roles.become("NONE")
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    hand_over()


def hand_over() -> None:
    """Give the application's role its rights, and be that role from now on."""
    roles.become("NONE")
    roles.become_the_application()


@contextmanager
def connected_to(server: postgres.Server) -> Iterator[None]:
    """Let this process, with all its threads, use the database of that server in place of the test run's."""
    ours = dict(connection.settings_dict)
    _move_to({"HOST": server.socket, "PORT": "", "NAME": DATABASE, "USER": postgres.ROLE})
    try:
        yield
    finally:
        _move_to(ours)


def _move_to(database: dict[str, object]) -> None:
    connection.close()
    connection.settings_dict.update(database)
    ContentType.objects.clear_cache()  # elsewhere they have other primary keys


# ── The processes ──


class Portal:
    """`manage.py serve` in a folder of its own: two web workers and a mail worker, for as long as the block lasts.

    Start it in a thread that stays, as a `postgres.Server`.
    """

    def __init__(self, server: postgres.Server, *, mail_port: int, options: Sequence[str] = (), **environment: str) -> None:
        self.options = options
        self.folder = scratch.folder("serving")
        self.port = free_port()
        self.log = self.folder / "log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "DEMO": "1",  # the settings of production, without its https and with static files as they lie
            "VAR": str(self.folder),
            "PORTAL_URL": f"http://127.0.0.1:{self.port}",
            "DATABASE_URL": server.url(DATABASE, roles.APPLICATION),
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            **environment,
        }

    def __enter__(self) -> Self:
        (self.folder / "static").mkdir()
        self.process = self._start("serve", "--port", str(self.port), *self.options)
        try:
            self._wait_until_it_is_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *problem: object) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)

    def processes(self, word: str) -> list[psutil.Process]:
        """Its processes with this word in their command: those that `serve` has started itself, and not their children."""
        return [process for process in psutil.Process(self.process.pid).children() if word in _command_of(process)]

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with self.log.open("a") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", *words],
                cwd=HOUSE,
                env=self.environment,
                stdout=log,
                stderr=log,
                preexec_fn=postgres.end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - it calls the kernel and takes no lock
            )

    def _wait_until_it_is_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            with suppress(CutOff):
                if Browser(self.port).get("/readyz").status_code == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"The portal did not start:\n{self.log.read_text()}")


def _command_of(process: psutil.Process) -> str:
    """Its command line, "" if it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


# ── The browsers ──


class CutOff(Exception):
    """No whole answer came: nobody listened, or who was to answer has died. What was sent may have been done or not."""


@dataclass(frozen=True)
class Answer:
    """What `tests.views` reads, as the answers of Django's test client."""

    status_code: int
    content: bytes
    url: str  # where it leads to, if it is a redirect


@dataclass
class Browser:
    """Somebody's, with cookies; it follows no redirect. A copy with the same cookies is another tab."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)  # what it sends with every request beside them

    def get(self, path: str) -> Answer:
        """Raises CutOff."""
        return self._ask("GET", path)

    def post(self, path: str, form: dict[str, str]) -> Answer:
        """Raises CutOff."""
        return self._ask("POST", path, urlencode(form))

    def sign_in(self, username: str) -> Self:
        """As somebody that the factories made. Raises CutOff."""
        answer = self.post("/sign-in/", form_of(self, "/sign-in/") | {"login": username, "password": PASSWORD})
        assert answer.status_code == 302, f"the sign-in answered {answer.status_code}"
        return self

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        headers = self.headers | {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request(method, path, body, headers)
            response = line.getresponse()
            answer = Answer(response.status, response.read(), response.getheader("Location", ""))
            for cookie in response.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
        except (OSError, HTTPException) as problem:
            raise CutOff(f"{method} {path}") from problem
        finally:
            line.close()
        return answer
