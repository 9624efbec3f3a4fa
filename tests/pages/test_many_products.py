"""The pages of whoever holds ten thousand products: a page of them at a time, and as few queries as for a hundred and twenty (C1)."""

import pytest
from django.db import connection
from django.utils import timezone

from licenses.ledger_in_bulk import BulkBooks
from licenses.models import JournalEntry, Product
from licenses.selectors import MOST_TO_CHOOSE_FROM
from tests.factories.accounts import PublisherFactory
from tests.factories.deployments import deploy
from tests.pages.test_queries import MOST_QUERIES, queries
from tests.views import controls_of, links_of, page_of, text_of

MEGABYTE = 1_000_000
PAGES = ["/", "/?products=2&summary=-available", "/history/", "/sold/"]


@pytest.fixture
def grow(northgate, user):
    """Return a function that lets northgate hold so many products: one of the first, two of the second …"""
    books, seller = BulkBooks(PublisherFactory().pk), user(northgate)

    def grow(first, last):
        made = Product.objects.bulk_create([Product(code=f"P{number:05}", name=f"Voice {number:05}") for number in range(first, last + 1)])
        quantities = {product.pk: number for number, product in enumerate(made, first)}
        sides = {"giver": books.publisher, "receiver": northgate.pk, "acting_as": books.publisher}
        books.enter(JournalEntry.Kind.ISSUE, quantities, **sides, posted_by=seller.pk, posted_at=timezone.now())
        books.write()
        connection.cursor().execute("ANALYZE")

    return grow


def codes_of(response):
    """The products of the summary, in its order."""
    return [element.text for element in page_of(response).all("span") if "product-code" in element.classes]


def test_the_summary_has_pages_in_the_order_that_was_chosen_and_its_total_is_of_all(grow, northgate, signed_in):
    grow(1, 120)
    deploy(northgate, P00001=1)
    browser = signed_in(northgate)

    first = browser.get("/")
    assert codes_of(first) == [f"P{number:05}" for number in range(1, 51)]
    assert "All products 7,260 0 1 7,259" in text_of(first)
    assert links_of(first)["Next"] == "?products=2"

    last = browser.get("/?summary=-available&products=3")
    assert codes_of(last) == [f"P{number:05}" for number in range(20, 0, -1)]
    assert links_of(last)["Previous"] == "?summary=-available&products=2"
    assert codes_of(browser.get("/?products=x")) == codes_of(first)
    assert codes_of(browser.get("/?products=99")) == [f"P{number:05}" for number in range(101, 121)]


def test_up_to_fifty_products_have_no_pages(grow, northgate, signed_in):
    grow(1, 50)
    response = signed_in(northgate).get("/")

    assert len(codes_of(response)) == 50
    assert "Next" not in links_of(response)


def test_ten_thousand_products_take_as_few_queries_as_some_hundreds_and_less_than_a_megabyte(grow, northgate, signed_in, time_machine):
    time_machine.move_to(timezone.now(), tick=False)  # once a minute a session is written that somebody used
    browser = signed_in(northgate)
    grow(1, MOST_TO_CHOOSE_FROM + 1)
    with_few = {page: queries(browser, page) for page in PAGES}
    grow(MOST_TO_CHOOSE_FROM + 2, 10_000)

    assert {page: queries(browser, page) for page in PAGES} == with_few
    assert max(with_few.values()) <= MOST_QUERIES
    assert {page: len(browser.get(page).content) < MEGABYTE for page in PAGES} == dict.fromkeys(PAGES, True)


def test_of_more_products_than_a_list_offers_one_is_filtered_by_its_code(grow, northgate, signed_in):
    grow(1, MOST_TO_CHOOSE_FROM + 1)
    deploy(northgate, name="ONE", P00001=1)
    deploy(northgate, name="TWO", P00002=1)
    browser = signed_in(northgate)

    response = browser.get("/?product=P00002")
    assert ("field", "Product") in controls_of(response)
    assert not [option for option in page_of(response).all("option") if option["value"].startswith("P0")]
    assert {"ONE", "TWO"} & set(links_of(response)) == {"TWO"}
