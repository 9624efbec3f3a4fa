"""How a worker ends: when it is asked to, between two pieces of its work."""

import signal
import threading


def asked_to_stop() -> threading.Event:
    """Return what is set once this process is asked to end, by Ctrl-C or SIGTERM, which then interrupt nothing by themselves."""
    stopped = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stopped.set())
    return stopped
