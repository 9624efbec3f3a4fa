"""What stands on many pages, by the names that people know it by; and how well a color is seen on another."""

from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as NothingOpened

PRESSES = 3


def h1(page):
    return page.get_by_role("heading", level=1)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def qty(page, product):
    return page.get_by_role("textbox", name=f"Qty, {product}", exact=True)


def owner_of(page):
    return page.get_by_role("combobox", name="Owner", exact=True)


def brightness(color):
    """Relative luminance, as WCAG has it."""
    parts = [int(float(part)) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((brightness(one), brightness(other)))
    return (lighter + 0.05) / (darker + 0.05)


def choose_by_key(page, key, file):
    """Press a key on the file field that has the focus, and choose in what opens.

    A Chromium among many on a busy machine loses such a press at times; a person would press once more.
    """
    page.on("filechooser", lambda chooser: None)  # from now on they are handed over, and not only while one is waited for
    for _ in range(PRESSES):
        with suppress(NothingOpened):
            with page.expect_file_chooser(timeout=10_000) as chooser:
                page.keyboard.press(key)
            chooser.value.set_files(file)
            return
    pytest.fail(f"{key} opens no file chooser")
