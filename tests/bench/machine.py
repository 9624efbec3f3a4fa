"""What a run was made on: its figures say nothing without."""

import os
import platform
from pathlib import Path

import psutil


def machine_in_words() -> str:
    """The processor, how many of it, how busy they were before, memory, and versions."""
    busy = psutil.cpu_percent(interval=1)
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"machine: {_processor()}, {os.cpu_count()} cores, {busy:.0f} % busy before the run, {memory:.0f} GiB, {system}"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
