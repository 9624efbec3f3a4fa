"""Takes pictures: each page is loaded once, and then drawn on a desk and on a phone, in the light and in the dark."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.screenshots.portal import Portal
from tests.screenshots.steps import Step, press, type_in

PASSWORD = "licensing-demo"

DESK, PHONE, A4 = 1280, 390, 718  # CSS pixels; paper within the margins of a browser
HEIGHTS = {DESK: 900, PHONE: 844, A4: 1047}

# "forced" are the system's own colors, for those who see little: Chromium draws white on black where the system is dark.
COLORS: dict[str, Any] = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced": {"color_scheme": "dark", "forced_colors": "active"},
}

NOBODY = ""  # signed out


@dataclass(frozen=True)
class Picture:
    """What is drawn, and how."""

    name: str
    who: str  # a username, "one as another" for whoever acts over a link, NOBODY
    address: str | Callable[[Portal], str]
    steps: tuple[Step, ...] = ()
    answers: int = 200
    widths: tuple[int, ...] = (DESK, PHONE)
    themes: tuple[str, ...] = ("light", "dark")
    media: str = "screen"
    is_whole: bool = True  # as high as the page, not as the window
    file: str = "{name}-{width}-{theme}.png"


class Camera:
    """Draws pictures of a portal into a folder; every user has a browser profile and signs in once."""

    def __init__(self, browser: Browser, portal: Portal, out: Path) -> None:
        self.browser = browser
        self.portal = portal
        self.out = out
        self.taken = 0
        self.pages: dict[str, Page] = {}

    def take(self, picture: Picture) -> None:
        """Open the page, do what leads to its state, draw it.

        Raises AssertionError or Playwright's Error if a page is not as the picture says, TimeoutError if a letter does not come.
        """
        page = self._page_of(picture.who)
        if "forced" not in picture.themes:
            self._take(page, picture)
            return
        with closing(page.context.new_page()) as own:  # whose last colors Chromium would still paint in the next picture
            self._take(own, picture)

    def _take(self, page: Page, picture: Picture) -> None:
        _resize(page, picture.widths[0])
        answer = page.goto(picture.address(self.portal) if callable(picture.address) else picture.address)
        assert answer.status == picture.answers, f"{page.url} answered {answer.status}"
        for step in picture.steps:
            step(page)
        page.mouse.move(0, 0)  # away from the button that was pressed
        self._draw(page, picture)

    def _draw(self, page: Page, picture: Picture) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        for width in picture.widths:
            page.emulate_media(media=picture.media)
            _resize(page, width, is_whole=picture.is_whole)
            for theme in picture.themes:
                page.emulate_media(media=picture.media, **COLORS[theme])
                page.screenshot(path=self.out / picture.file.format(name=picture.name, width=width, theme=theme), animations="disabled")
                self.taken += 1

    def _page_of(self, who: str) -> Page:
        """The page of a user, who is signed in; for nobody a new one each time, which remembers nothing."""
        if who == NOBODY:
            if NOBODY in self.pages:
                self.pages.pop(NOBODY).context.close()
            self.pages[NOBODY] = self._new_context().new_page()
        elif who not in self.pages:
            self.pages[who] = self._signed_in(*who.split(" as "))
        return self.pages[who]

    def _signed_in(self, username: str, acting_as: str = "") -> Page:
        page = self._new_context().new_page()
        page.goto("/")
        type_in({"Username": username, "Password": PASSWORD})(page)
        press("Sign in", then="Sign out")(page)
        if acting_as:
            page.goto("/switch/")
            page.locator(f"form[action='/switch/{acting_as}/'] button").click()
            page.get_by_role("button", name=f"Return to {username}", exact=True).wait_for()
        return page

    def _new_context(self) -> BrowserContext:
        return self.browser.new_context(base_url=self.portal.url, locale="en-US", timezone_id="UTC", reduced_motion="reduce")


def _resize(page: Page, width: int, *, is_whole: bool = False) -> None:
    """Make the window this wide and, if it is to show the whole page, as high: a bar at its foot is then at the page's foot as well."""
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    page.evaluate("scrollTo(0, 0)")
    if is_whole:
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": max(height, HEIGHTS[width])})
