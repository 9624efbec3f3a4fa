"""The browser of the browser tests. `python -m tests.chromium` sees to it that there is one."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Debian only recommends a font, and without one a page has no text.
PACKAGES = ("chromium", "fonts-liberation")


def find() -> str | None:
    """Return the program: the one that CHROMIUM names, else the first on PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launch_options() -> dict[str, object]:
    """Return Playwright's options for it: quiet, off line, and in its sandbox wherever that works."""
    is_root = os.geteuid() == 0
    calm = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    small = ["--disable-dev-shm-usage"]  # a container's /dev/shm may have 64 MB
    return {
        "executable_path": find(),
        "chromium_sandbox": not is_root,
        "args": calm + small + (["--no-sandbox"] if is_root else []),  # Chromium has no sandbox for root and refuses to start
    }


def _install() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *PACKAGES]):
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)


def main() -> None:
    if find():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium, once ...", flush=True)  # noqa: T201 - told to the person who waits
        _install()
    if not find():
        sys.exit("The browser tests need Chromium: install it (apt-get install chromium), or name one with CHROMIUM=/path/to/chromium.")


if __name__ == "__main__":
    main()
