"""The limit: PostgreSQL's own pgbench, which writes the rows of a sale into the portal's own tables, with every wall standing.

`sale.sql` says what it does. It comes with PostgreSQL's programs, of the server's very version.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from licenses.models import JournalEntry
from tests import roles
from tests.bench.crowd import Way
from tests.bench.lines import NotMeasured
from tests.bench.market import ENDUSERS
from tests.bench.stage import Stage
from tests.postgres import ENVIRONMENT
from tests.serving import DATABASE

SCRIPT = Path(__file__).with_name("sale.sql")

Ways = Mapping[str, Way]


def sold_per_second(stage: Stage, seconds: float, *, processes: int, resellers: int | None = None) -> float:
    """Have so many connections sell, each in a thread of its own, with statements that are prepared once. Raises NotMeasured."""
    program = stage.server.program("pgbench")
    if not program.exists():
        raise NotMeasured(f"There is no pgbench at {program}: install requirements/bench.txt (make bench does), or Debian's postgresql.")
    options = ["--no-vacuum", "--protocol=prepared", f"--client={processes}", f"--jobs={processes}", f"--time={max(1, round(seconds))}"]
    where = ["--host", str(stage.server.socket), "--username", roles.APPLICATION, "--file", str(SCRIPT), DATABASE]
    names = [f"--define={name}={value}" for name, value in _numbers(stage, resellers).items()]
    done = subprocess.run([program, *options, *names, *where], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    pace = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if done.returncode or pace is None or not re.search(r"failed transactions: 0 ", done.stdout):
        raise NotMeasured(f"pgbench: {done.stdout}{done.stderr}")
    return float(pace[1])


def _numbers(stage: Stage, resellers: int | None) -> dict[str, int]:
    """Where everybody begins, and how many there are; with one reseller it is always the same product."""
    market = stage.market
    return {
        "resellers": resellers or len(market.resellers),
        "products": 1 if resellers == 1 else len(market.products),
        "endusers": ENDUSERS,
        "first_reseller": market.resellers[0].pk,
        "first_person": market.administrators[0].pk,
        "first_enduser": market.endusers[0][0].pk,
        "first_product": market.products[0].pk,
        "year": timezone.now().year,
        "entries": ContentType.objects.get_for_model(JournalEntry).pk,
    }
