"""Folders that nobody has to clear away, however a test run ends."""

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

# Not $TMPDIR, which may be deep: a PostgreSQL socket lies here, and the path of a socket may have 107 bytes.
ROOT = Path("/tmp")  # noqa: S108 - the folders in it are made by mkdtemp

_locks: list[int] = []  # open for as long as this process lives


def folder(kind: str) -> Path:
    """Make an empty folder that goes when this process ends; if it is killed, the next run of the same kind removes it."""
    prefix = f"portal-{kind}-"
    _sweep(prefix)
    # It gets its name when it is locked: a rival's sweep must not take it for a dead run's.
    unnamed = Path(tempfile.mkdtemp(prefix=f".{prefix}", dir=ROOT))
    _lock(unnamed)
    made = unnamed.rename(unnamed.with_name(unnamed.name[1:]))
    maker = os.getpid()

    @atexit.register
    def remove() -> None:
        if os.getpid() == maker:  # a forked child ends as well, but the folder is not its own
            shutil.rmtree(made, ignore_errors=True)

    return made


def _lock(path: Path) -> None:
    """Hold the folder; the kernel lets go of it when this process is gone, however it went."""
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _locks.append(descriptor)


def _sweep(prefix: str) -> None:
    """Remove the folders of runs that were killed."""
    for path in ROOT.glob(f"{prefix}*"):
        if path.is_symlink() or path.stat().st_uid != os.geteuid():
            continue
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            pass  # its run is alive
        finally:
            os.close(descriptor)
