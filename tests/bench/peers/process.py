"""A peer's processes: with its own settings and its own database on the benchmark's server, and nothing of the portal's."""

import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass

from tests import postgres
from tests.bench.lines import NotMeasured
from tests.serving import HOUSE


@dataclass(frozen=True)
class Peer:
    """`settings` is a module of this package, `database` a name that no other peer has."""

    server: postgres.Server
    settings: str
    database: str

    def make_database(self) -> None:
        with closing(self.server.connect()) as line, line.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {self.database}")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "BENCH_SETTINGS": f"{__package__}.{self.settings}",
            "PEER_HOST": str(self.server.socket),
            "PEER_DATABASE": self.database,
            "PEER_ROLE": postgres.ROLE,
        }

    def answer(self, module: str, *words: str) -> str:
        """Run a module of this package to its end, and return what it printed. Raises NotMeasured."""
        command = [sys.executable, "-m", f"{__package__}.{module}", *words]
        done = subprocess.run(command, cwd=HOUSE, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotMeasured(f"{module} failed:\n{done.stderr}")
        return done.stdout
