"""Draw every page and state of the portal in the browser, as PNG files for people to look at: `make screenshots`."""

import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

from tests import chromium
from tests.screenshots.camera import Camera, Picture
from tests.screenshots.pictures import PICTURES, README
from tests.screenshots.portal import Portal

HOUSE = Path(__file__).parents[2]


def main() -> None:
    asked = arguments()
    out = asked.out or HOUSE / ("docs/images" if asked.readme else "var/screenshots")
    started = time.monotonic()
    with Portal() as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.launch_options())
        camera = Camera(browser, portal, out)
        failed = draw(camera, README if asked.readme else PICTURES, asked.only)
        browser.close()
    print(f"{camera.taken} pictures in {out}, drawn in {time.monotonic() - started:.0f} seconds")  # noqa: T201 - told to the person who waits
    if failed:
        sys.exit("\n".join(["These were not drawn:", *failed]))


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, help="the folder to write to, instead of var/screenshots or docs/images")
    parser.add_argument("--readme", action="store_true", help="draw the few pictures that README shows")
    parser.add_argument("--only", default="", metavar="WORDS", help="draw only what has these words in its name")
    return parser.parse_args()


def draw(camera: Camera, pictures: list[Picture], words: str) -> list[str]:
    """Take the pictures from top to bottom; return what went wrong with those that could not be taken."""
    failed = []
    for picture in pictures:
        if words in picture.name:
            try:
                camera.take(picture)
            except (AssertionError, Error, TimeoutError) as problem:
                failed.append(f"{picture.name}: {str(problem).partition('Aria snapshot')[0].strip()}")
    return failed


if __name__ == "__main__":
    main()
