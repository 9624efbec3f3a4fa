"""How much memory the portal's processes have, and how many connections to its database, while it is under load."""

import threading
from collections import defaultdict
from contextlib import closing, suppress
from typing import Self

import psutil

from tests.postgres import Server
from tests.roles import APPLICATION
from tests.serving import DATABASE, Portal

EVERY = 2.0  # seconds
MB = 1_000_000

Memory = dict[str, list[list[float]]]  # of each role the samples of each of its processes, in megabytes


def memory_of(process: psutil.Process) -> float:
    """Its proportional share (PSS) where the system tells it to us, else all that it has in memory (RSS), in megabytes."""
    memory = process.memory_full_info()
    return getattr(memory, "pss", memory.rss) / MB


class Watch:
    """Looks at the processes every few seconds while the block lasts. Samples are by the process's role and its number."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.samples: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.is_over = threading.Event()

    def __enter__(self) -> Self:
        self.thread = threading.Thread(target=self._look_on, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.is_over.set()
        self.thread.join()

    def _look_on(self) -> None:
        while not self.is_over.wait(EVERY):
            for role, processes in self.processes().items():
                for process in processes:
                    with suppress(psutil.NoSuchProcess):
                        self.samples[role][process.pid].append(memory_of(process))

    def processes(self) -> dict[str, list[psutil.Process]]:
        masters = self.portal.processes("gunicorn")
        return {
            "web": [worker for master in masters for worker in master.children()],
            "mail": self.portal.processes("deliver_mail"),
            "jobs": self.portal.processes("run_jobs"),
            "proof": self.portal.processes("prove_nightly"),
        }

    def so_far(self) -> Memory:
        """What was seen until now."""
        return {role: [list(samples) for samples in of_it.values()] for role, of_it in self.samples.items()}

    def resident(self, role: str) -> float:
        """What the largest process of a role has in memory now, shared pages counted in full (RSS), in megabytes."""
        return max(process.memory_info().rss for process in self.processes()[role]) / MB

    def seconds_of_processor(self) -> float:
        """How long the web workers that live now have worked, all together."""
        return sum(sum(worker.cpu_times()[:2]) for worker in self.processes()["web"])


def connections(server: Server) -> int:
    """How many the application has open."""
    with closing(server.connect()) as line, line.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = %s AND pid <> pg_backend_pid()", [DATABASE, APPLICATION]
        )
        return int(cursor.fetchone()[0])
