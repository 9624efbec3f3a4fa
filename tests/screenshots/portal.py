"""A demo for the camera alone: in a folder of its own, on a free port, gone when the pictures are taken."""

import email
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from email.policy import default
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

from tests import scratch
from tests.postgres import end_with_parent

HOUSE = Path(__file__).parents[2]
# What makes a license file in the place where its key is.
SIGNED = """
from django.utils import timezone
from deployments.license_files import LicenseFile, signed
from deployments.models import Deployment
made = Deployment.objects.get(name="{deployment}")
lines = made.lines.order_by("product__code").values_list("product__code", "product__name", "quantity")
print(signed(LicenseFile(
    publisher="Voice Publisher", deployment_number=made.number, deployment=made.name,
    owner=made.owner.username, company=made.owner.company, host_name=made.host_name, server_file_sha256="5a" * 32, products=tuple(lines),
    issued_at=timezone.now(), serial={serial},
)), end="")
"""
# What fills the shelves beyond a page of a form: made-up products, issued to an account of the demo.
MANY_PRODUCTS = """
from accounts.models import Account, User
from licenses.models import Product
from licenses.services import issue_licenses
from licensing_portal.foundation.submissions import fresh_key
if not Product.objects.filter(code="VOICE-001").exists():
    names = ("Voice {{:03}}, US English", "Voice {{:03}}, Canadian French", "Grammar pack {{:03}}")
    made = [Product(code=f"VOICE-{{n:03}}", name=names[n % 3].format(n)) for n in range(1, 121)]
    made = Product.objects.bulk_create(made)
    staff = User.objects.select_related("account").get(username="admin")
    account = Account.objects.get(username="{account}")
    issue_licenses(publisher=staff.account, issued_by=staff, account=account, quantities=dict.fromkeys(made, 24), key=fresh_key())
"""
PATIENCE = 60  # seconds for the portal to start or to end, or for a letter to come


class Portal:
    """A running demo, as `make demo` starts one."""

    def __init__(self) -> None:
        self.folder = scratch.folder("screenshots")
        self.port = _free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = self.folder / "log"
        # Nothing is taken from the caller's environment: a DATABASE_URL in it is somebody's real one.
        self.environment = {"PATH": os.environ["PATH"], "DEMO": "1", "VAR": str(self.folder), "PORTAL_URL": self.url}

    def __enter__(self) -> Self:
        (self.folder / "static").mkdir()
        for command in (["migrate", "--verbosity", "0"], ["createcachetable", "--verbosity", "0"], ["load_demo"]):
            subprocess.run(_manage(*command), cwd=HOUSE, env=self.environment, stdout=subprocess.DEVNULL, check=True)
        self.server = subprocess.Popen(
            _manage("serve", "--port", str(self.port)),
            cwd=HOUSE,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("w"),
            preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - there are no threads here
        )
        try:
            self._wait_until_it_serves()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *problem: object) -> None:
        self._end()

    def link_in_letter(self, to: str, path: str) -> str:
        """Return the address under `path` in the last letter to somebody. Raises TimeoutError if no letter comes that has one."""
        link = re.compile(rf"{re.escape(self.url + path)}\S+")
        letter = self._last_letter(lambda letter: to in letter["To"] and link.search(_text_of(letter)), f"to {to} with {path}")
        return link.search(_text_of(letter))[0]

    def license_file(self, deployment: str, serial: int) -> str:
        """Return the text of a license file of this serial for a deployment of the demo, signed with the demo's own key."""
        return self._told_by(SIGNED.format(deployment=deployment, serial=serial))

    def give_many_products(self, account: str) -> None:
        """Let an account of the demo hold more products than a page of a form lists, if none does."""
        self._told_by(MANY_PRODUCTS.format(account=account))

    def _told_by(self, program: str) -> str:
        """Run a program where the portal runs, and return what it prints."""
        told = subprocess.run(
            _manage("shell", "--no-imports", "-c", program), cwd=HOUSE, env=self.environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return told.stdout

    def letter_to_look_at(self, subject: str) -> str:
        """Return an address that shows the last letter whose subject matches. Raises TimeoutError if none comes."""
        letter = self._last_letter(lambda letter: re.search(subject, letter["Subject"]), f"with the subject “{subject}”")
        shown = self.folder / "letter.html"
        shown.write_text(letter.get_body(("html",)).get_content())
        return shown.as_uri()

    def _last_letter(self, is_wanted: Callable[[EmailMessage], object], description: str) -> EmailMessage:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if wanted := list(filter(is_wanted, self._letters())):
                return wanted[-1]
            time.sleep(0.2)
        raise TimeoutError(f"no letter {description} came in {PATIENCE} seconds")

    def _letters(self) -> list[EmailMessage]:
        """Every mail that was delivered, the oldest first."""
        paths = sorted((self.folder / "mail").glob("*.eml"))
        return [email.message_from_bytes(path.read_bytes(), policy=default) for path in paths]

    def _wait_until_it_serves(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.server.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):  # nobody listens yet
                connection = HTTPConnection("localhost", self.port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == HTTPStatus.OK:
                    return
            time.sleep(0.2)
        sys.exit(f"The portal for the screenshots did not start:\n{self.log.read_text()}")

    def _end(self) -> None:
        self.server.terminate()
        try:
            self.server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()


def _text_of(letter: EmailMessage) -> str:
    return letter.get_body(("plain",)).get_content()


def _manage(*words: str) -> list[str]:
    return [sys.executable, "manage.py", *words]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
