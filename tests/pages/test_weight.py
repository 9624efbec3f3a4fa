"""What a page weighs on the wire: 100 KB at first sight, with all that it loads, and 30 KB from then on. Everything is sent compressed."""

import gzip
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from whitenoise.compress import Compressor

from tests.pages.world import pages_of
from tests.test_view_matrix import READERS
from tests.views import page_of

FIRST, AFTER = 100_000, 30_000  # bytes
ROWS = 30
# Django’s own script for suggestions (of the account that a new user is for) is a quarter of it.
HEAVIER = {("staff", "admin:accounts_user_add"): 115_000}


def sent(response):
    """The bytes of a page as they go over the wire."""
    assert response["Content-Encoding"] == "gzip"
    return len(response.content)


@cache
def weight_of(path):
    """The bytes of a static file as production sends it: compressed once, when the files are collected."""
    return len(Compressor.compress_brotli(Path(finders.find(path)).read_bytes()))


def loaded_by(response):
    """The static files that a page asks for when nothing of it is known yet."""
    response.content = gzip.decompress(response.content)
    page = page_of(response)
    links = [element["src"] for element in page.all("script", "img")] + [link["href"] for link in page.all("link")]
    return {link.removeprefix(settings.STATIC_URL) for link in links if link.startswith(settings.STATIC_URL)}


def test_the_length_of_a_compressed_page_differs_though_the_page_is_the_same(northgate, signed_in):
    """BREACH: who can have a page sent again and again, and reads its length alone, learns nothing of what stands in it."""
    browser = signed_in(northgate)

    assert len({sent(browser.get("/help/", headers={"accept-encoding": "gzip"})) for _ in range(20)}) > 1


def test_no_page_weighs_more_than_a_hundred_kilobytes_at_first_and_thirty_after(address, browser_of, world, settings):
    settings.REQUEST_LIMITS = {}
    browsers = {who: browser_of(who) for who in READERS}
    world.grow(ROWS)
    first, after = {}, {}

    for who, page, where in pages_of(world, address):
        response = browsers[who].get(where, headers={"accept-encoding": "gzip"})
        if response["Content-Type"].startswith("text/html"):
            after[who, page] = sent(response)
            first[who, page] = after[who, page] + sum(weight_of(path) for path in loaded_by(response))

    assert {page: size for page, size in after.items() if size > AFTER} == {}
    assert {page: size for page, size in first.items() if size > HEAVIER.get(page, FIRST)} == {}
    assert len(first) > 100
