import ctypes
import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from licensing_portal import demo

SHUTDOWN = 15  # seconds for all to end in peace
TOO_SOON = 5  # seconds: what ends sooner than this after its start will not get better by being started again
PR_SET_PDEATHSIG = 1


class Command(BaseCommand):
    help = "Runs the web server, the mail worker, the worker of long jobs and the nightly proof side by side until stopped; whichever dies is started again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--hold-mail", action="store_true", help="Send nothing: what is queued waits, as on a copy that is looked at.")

    def handle(self, *, port: int, hold_mail: bool, **options: Any) -> None:
        self.is_stopping = False
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self.stop)
        self.commands = {"web": web_server(port), "proof": worker("prove_nightly"), "jobs": worker("run_jobs")}
        if not hold_mail:
            self.commands["mail"] = worker("deliver_mail")
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.started_at: dict[str, float] = {}
        for name in self.commands:
            self.start(name)
        self.say_where(port)
        try:
            while not self.is_stopping:
                self.start_again_what_died()
                time.sleep(1)
        finally:
            self.end_all()

    def start(self, name: str) -> None:
        self.started_at[name] = time.monotonic()
        # A session of its own: Ctrl-C reaches this command alone, which then ends all in order.
        self.running[name] = subprocess.Popen(
            self.commands[name],
            cwd=settings.BASE_DIR,
            start_new_session=True,
            preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - there are no threads here
        )

    def start_again_what_died(self) -> None:
        for name, process in self.running.items():
            if process.poll() is None or self.is_stopping:
                continue
            # One that was killed (a negative code) could be started, however soon it was; one that ended by itself can't be.
            if process.returncode >= 0 and time.monotonic() - self.started_at[name] < TOO_SOON:
                raise CommandError(f"The {name} process cannot be started; what it said stands above.")
            self.stderr.write(f"The {name} process ended with {process.returncode}; it is started again.")
            self.start(name)

    def stop(self, signum: int, frame: FrameType | None) -> None:
        self.is_stopping = True

    def end_all(self) -> None:
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + SHUTDOWN
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()

    def say_where(self, port: int) -> None:
        self.stdout.write(f"\nLicense Portal: http://localhost:{port}/\n")
        if settings.DEMO:
            names = ", ".join([*demo.RESELLERS, *demo.ENDUSERS])
            self.stdout.write(f"Sign in as {names}\nor, for the admin, as admin. Every password is {demo.PASSWORD}")
            if hasattr(settings, "EMAIL_FILE_PATH"):
                self.stdout.write(f"Mails are written to {settings.EMAIL_FILE_PATH}")
        self.stdout.write("Ctrl-C ends it.\n")
        self.stdout.flush()


def web_server(port: int) -> list[str]:
    """Return the command that serves the portal on a port: to this machine alone in the demo, else to the proxy before it."""
    host = "127.0.0.1" if settings.DEMO else "0.0.0.0"  # noqa: S104 - see above
    workers = os.environ.get("WEB_CONCURRENCY", "2")
    options = [f"--bind={host}:{port}", f"--workers={workers}", "--threads=4", "--log-level=warning", "--graceful-timeout=10"]
    return [sys.executable, "-m", "gunicorn", "licensing_portal.wsgi", *options]


def worker(command: str) -> list[str]:
    return [sys.executable, "manage.py", command]


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it is gone, even by SIGKILL."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
