"""Whoever kills the portal's processes, its connections and its database, one after the other, at random."""

import random
import time
from collections import Counter
from contextlib import closing

import psutil

from tests.postgres import Server
from tests.serving import DATABASE, Portal

PAUSES = (0.3, 2.0)  # seconds between two kills, the shortest and the longest
WEIGHTS = {"web worker": 4, "mail worker": 3, "connection": 5, "database": 2}


class Killer:
    """Works in the thread that it is made in: the database ends with whoever started it again."""

    def __init__(self, portal: Portal, server: Server, chance: random.Random) -> None:
        self.portal, self.server, self.chance = portal, server, chance
        self.kills: Counter[str] = Counter()
        self.acts = {
            "web worker": self.kill_a_web_worker,
            "mail worker": self.kill_a_mail_worker,
            "connection": self.cut_a_connection,
            "database": self.kill_the_database,
        }

    def kill_for(self, seconds: int) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self.chance.uniform(*PAUSES))
            (kind,) = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
            self.kills[kind] += self.acts[kind]()

    def kill_a_web_worker(self) -> bool:
        """One of gunicorn's, which starts another; False while there is none."""
        return self._kill_one_of([worker for master in self.portal.processes("gunicorn") for worker in master.children()])

    def kill_a_mail_worker(self) -> bool:
        return self._kill_one_of(self.portal.processes("deliver_mail"))

    def _kill_one_of(self, processes: list[psutil.Process]) -> bool:
        if not processes:
            return False
        try:
            self.chance.choice(processes).kill()
        except psutil.NoSuchProcess:
            return False
        return True

    def cut_a_connection(self) -> bool:
        """One of the portal's, in the middle of something, if any is."""
        with closing(self.server.connect()) as line, line.cursor() as cursor:
            cursor.execute("SELECT pid, state = 'idle' FROM pg_stat_activity WHERE datname = %s ORDER BY pid", [DATABASE])
            found = cursor.fetchall()
            busy = [pid for pid, is_idle in found if not is_idle] or [pid for pid, _ in found]
            if busy:
                cursor.execute("SELECT pg_terminate_backend(%s)", [self.chance.choice(busy)])
        return bool(busy)

    def kill_the_database(self) -> bool:
        self.server.stop_immediately()
        self.server.start()
        return True

    def figures(self) -> list[str]:
        return [f"killed {sum(self.kills.values())} times: {', '.join(f'{kind} {count}' for kind, count in sorted(self.kills.items()))}"]
