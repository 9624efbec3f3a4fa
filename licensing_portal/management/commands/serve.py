import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from licensing_portal import demo

SHUTDOWN = 15  # seconds for both to end in peace


class Command(BaseCommand):
    help = "Runs the web server and the mail worker side by side until stopped; whichever dies is started again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, port: int, **options: Any) -> None:
        self.is_stopping = False
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self.stop)
        commands = {"web": self.web_server(port), "mail": [sys.executable, "manage.py", "deliver_mail"]}
        self.running = {name: self.start(command) for name, command in commands.items()}
        self.say_where(port)
        while not self.is_stopping:
            for name, process in self.running.items():
                if process.poll() is not None and not self.is_stopping:
                    self.stderr.write(f"The {name} process ended with {process.returncode}; it is started again.")
                    self.running[name] = self.start(commands[name])
            time.sleep(1)
        self.end_all()

    def web_server(self, port: int) -> list[str]:
        host = "127.0.0.1" if settings.DEMO else "0.0.0.0"  # noqa: S104 - in production a proxy stands before it
        workers = os.environ.get("WEB_CONCURRENCY", "2")
        return [
            sys.executable, "-m", "gunicorn", "licensing_portal.wsgi", f"--bind={host}:{port}", f"--workers={workers}",
            "--threads=4", "--log-level=warning", "--graceful-timeout=10",
        ]  # fmt: skip

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C reaches this command alone, which then ends both in order.
        return subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)

    def stop(self, *_: Any) -> None:
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
            if "EMAIL_FILE_PATH" in dir(settings):
                self.stdout.write(f"Mails are written to {settings.EMAIL_FILE_PATH}")
        self.stdout.write("Ctrl-C ends it.\n")
        self.stdout.flush()
