"""E: what an export of History asks for: seconds, and memory of the process that streams it."""

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from django.db import connection

from licenses.models import JournalLine
from tests.bench.big import browser_of, on_big_data
from tests.bench.lines import Line, NotMeasured
from tests.bench.stage import Stage

EXPORTED, MOST_SECONDS, MOST_MEGABYTES = 100_000, 10, 50
OF_THIS_PROCESS = Path("/proc/self")


def export_of_many_rows(stage: Stage) -> Iterator[Line]:
    """E1, E2: the first rows of the largest reseller's journal as CSV, in a process of its own, which has answered before."""
    if not (OF_THIS_PROCESS / "clear_refs").exists():
        raise NotMeasured("only Linux says how much memory a process has had since a moment")
    with on_big_data(stage):
        moments = JournalLine.objects.filter(account__username="atlas").order_by("pk").values_list("entry__posted_at", flat=True)
        until = list(moments[:EXPORTED])[-1]
        connection.close()  # the child may not inherit it
        context = multiprocessing.get_context("fork")
        answers: SimpleQueue[tuple[int, float, float]] = context.SimpleQueue()
        child = context.Process(target=_export, args=(f"/history.csv?to={until:%Y-%m-%d}", answers))
        child.start()
        rows, seconds, megabytes = answers.get()
        child.join()
        yield Line("E1", f"export of {rows:,} rows, seconds for {EXPORTED:,}", seconds * EXPORTED / rows, ceiling=MOST_SECONDS)
        yield Line("E2", f"the same, megabytes at its peak beyond those before, of {rows:,} rows", megabytes, ceiling=MOST_MEGABYTES)


def _export(page: str, answers: "SimpleQueue[tuple[int, float, float]]") -> None:
    browser = browser_of("atlas")
    browser.get("/history/")
    (OF_THIS_PROCESS / "clear_refs").write_text("5")  # its peak is counted anew
    before, began = _peak(), time.perf_counter()
    rows = sum(part.count(b"\n") for part in browser.get(page).streaming_content)
    answers.put((rows, time.perf_counter() - began, _peak() - before))


def _peak() -> float:
    """The most memory that this process has had, in megabytes."""
    (line,) = (line for line in (OF_THIS_PROCESS / "status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
