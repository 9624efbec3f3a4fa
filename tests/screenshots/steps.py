"""What one does on a page before it is drawn, as words for the list of pictures. Each returns a function of the page."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from playwright.sync_api import FilePayload, Page, expect

from tests.authenticator import code

Step = Callable[[Page], None]

expect.set_options(timeout=20_000)  # milliseconds: a busy machine is slow, not wrong


def type_in(texts: Mapping[str, str]) -> Step:
    """Fill the fields that have these names."""

    def step(page: Page) -> None:
        for name, text in texts.items():
            page.get_by_label(name, exact=True).fill(text)

    return step


def type_in_what_the_address_ends_with(name: str) -> Step:
    """Fill the field of this name with what stands behind the # of the page's address."""
    return lambda page: page.get_by_label(name, exact=True).fill(unquote(urlsplit(page.url).fragment))


def choose(name: str, option: str) -> Step:
    """Choose from the list that has this name."""

    def step(page: Page) -> None:
        page.get_by_label(name, exact=True).select_option(option)

    return step


def choose_file(text: str) -> Step:
    """Choose a file that has this text, in the page's one field for files."""
    file = FilePayload(name="endusers-november.csv", mimeType="text/csv", buffer=text.encode())
    return lambda page: page.locator("input[type=file]").set_input_files(file)


def press(name: str, *, then: str) -> Step:
    """Press the first button of this name, and wait for the words that show that it is done."""

    def step(page: Page) -> None:
        button = page.get_by_role("button", name=name, exact=True).first
        if button.get_attribute("type") == "submit":
            with page.expect_navigation():  # the page before may have the words as well
                button.click()
        else:
            button.click()
        see(then)(page)

    return step


def follow(beginning: str) -> Step:
    """Follow the first link whose words begin like this."""

    def step(page: Page) -> None:
        with page.expect_navigation():
            page.get_by_role("main").get_by_role("link", name=re.compile(f"^{re.escape(beginning)}")).first.click()

    return step


def scan(page: Page) -> None:
    """Fill in the code that an authenticator app would show for the key of the page."""
    key = page.get_by_role("main").locator("b").first.text_content() or ""
    page.get_by_label("Code", exact=True).fill(code(key=key.replace(" ", "")))


def tick(name: str) -> Step:
    """Tick the box that has this name."""
    return lambda page: page.get_by_label(name, exact=True).check()


def see(words: str) -> Step:
    """Wait for the words."""
    return lambda page: expect(page.get_by_text(words).filter(visible=True).first).to_be_visible()


def keys(*names: str) -> Step:
    def step(page: Page) -> None:
        for name in names:
            page.keyboard.press(name)

    return step


def forget_cookies(page: Page) -> None:
    page.context.clear_cookies()


def look_at(relative: str) -> Step:
    """Go to an address that begins with the page's own, where no link leads."""

    def step(page: Page) -> None:
        page.goto(page.url + relative)

    return step
