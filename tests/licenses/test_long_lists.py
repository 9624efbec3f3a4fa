"""Forms over more products than one looks through: a page of them, what was typed on the others, and never more than two hundred fields (B5, B6)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deployments.models import Deployment
from licenses.ledger_in_bulk import BulkBooks
from licenses.models import Holding, JournalEntry, Product
from licenses.offers import MOST_FIELDS, MOST_PRODUCTS, PAGE_SIZE
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory, PublisherFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give
from tests.views import controls_of, errors_of, page_of, press, rows_of, submit_buttons_of, text_of, values_of

SELL = "/sell/"
FEW, LONG, MANY = PAGE_SIZE, 120, 10_000
MOST_QUERIES = 15


def codes(first, last):
    return [f"P{number:05}" for number in range(first, last + 1)]


class Shelf:
    """northgate and northgate-west with ten of each of as many products as one asks for, and each product sold once to harborcu."""

    def __init__(self, northgate, west, harborcu, people):
        self.northgate, self.west, self.harborcu, self.people, self.size = northgate, west, harborcu, people, 0
        self.books = BulkBooks(PublisherFactory().pk)

    def grow(self, size):
        made = Product.objects.bulk_create([Product(code=code, name=f"Voice {code[1:]}") for code in codes(self.size + 1, size)])
        self.size, everything = size, [product.pk for product in made]
        by = {"posted_by": self.people[self.northgate].pk, "posted_at": timezone.now()}
        for account in (self.northgate, self.west):
            issued = {"giver": self.books.publisher, "receiver": account.pk, "acting_as": self.books.publisher}
            self.issue = self.books.enter(JournalEntry.Kind.ISSUE, dict.fromkeys(everything, 11), **issued, **by)
        sold = {"giver": self.northgate.pk, "receiver": self.harborcu.pk, "acting_as": self.northgate.pk}
        self.sale = self.books.enter(JournalEntry.Kind.SALE, dict.fromkeys(everything, 1), **sold, **by)
        self.books.write()
        connection.cursor().execute("ANALYZE")


@pytest.fixture
def shelf(northgate, west, harborcu, user):
    LinkFactory(holder=northgate, target=west)
    return Shelf(northgate, west, harborcu, {northgate: user(northgate)})


@pytest.fixture
def seller(shelf, northgate, signed_in):
    """northgate's administrator at the browser, with ten of each of 120 products: three pages."""
    shelf.grow(LONG)
    return signed_in(northgate)


def fields_of(response):
    return [control["name"] for control in page_of(response).all("input") if control["name"].startswith("qty-")]


def names(*numbers):
    return [f"qty-P{number:05}" for number in numbers]


def opened(browser, typed=None, **more):
    """What the form of Sell Licenses would send, with something typed into it."""
    return values_of(browser.get(SELL)) | {"owner": "harborcu"} | (typed or {}) | more


def looked(browser, sent, to="1", *, address=SELL, **typed):
    """Press the button of the search or of a page."""
    return browser.post(address, sent | typed | {"show-page": to})


def sales():
    return JournalEntry.objects.filter(kind="sale").exclude(number__endswith="000001")


# ── Up to one page ──


def test_of_up_to_fifty_products_the_form_shows_all_and_has_nothing_to_search_with(shelf, northgate, signed_in):
    shelf.grow(FEW)
    response = signed_in(northgate).get(SELL)

    assert fields_of(response) == names(*range(1, FEW + 1))
    assert [name for role, name in controls_of(response) if role == "field" and not name.startswith("Qty")][-2:] == ["Owner", "Your reference"]
    assert submit_buttons_of(response)[-1] == ["Add"]


def test_of_many_held_and_few_available_all_are_shown(northgate, harborcu, signed_in):
    """Only what is available is offered, and counts."""
    give(northgate, A=1, B=2)
    Product.objects.bulk_create([Product(code=code, name=code) for code in codes(1, 60)])
    sold_out = [Holding(account=northgate, product=product) for product in Product.objects.filter(code__startswith="P0")]
    Holding.objects.bulk_create(sold_out)
    response = signed_in(northgate).get(SELL)

    assert fields_of(response) == ["qty-A", "qty-B"]
    assert submit_buttons_of(response)[-1] == ["Add"]


# ── As many as there may be ──


def test_no_form_shows_more_than_two_hundred_fields_or_asks_more_of_the_database_for_ten_thousand_products(
    shelf, northgate, west, signed_in, desk, time_machine
):
    time_machine.move_to(timezone.now(), tick=False)  # once a minute a session is written that somebody used
    seller = signed_in(northgate)

    def pages():
        added = reverse("deployments:add_licenses", args=[shelf.deployment.pk])
        return {
            SELL: seller, "/deployments/add/": seller, added: seller, "/transfer/": seller, f"/receipts/{shelf.sale.number}/recall/": seller,
            "/admin/issue/": desk, "/admin/adjust/?account=northgate": desk, f"/admin/licenses/journalentry/{shelf.issue.pk}/reverse/": desk,
        }  # fmt: skip

    def what_is_seen():
        seen = []
        for address, browser in pages().items():
            sent = values_of(browser.get(address))
            typed = dict.fromkeys([name for name in sent if name.startswith("qty-")], "1")
            for looking in (lambda: browser.get(address), lambda: browser.post(address, sent | typed | {"show-page": "2"})):  # noqa: B023
                with CaptureQueriesContext(connection) as captured:
                    response = looking()
                seen.append((len(fields_of(response)), sum("SAVEPOINT" not in query["sql"] for query in captured)))
        return seen

    shelf.grow(LONG)
    shelf.deployment = deploy(northgate, P00001=1)
    with_few = what_is_seen()
    shelf.grow(MANY)
    with_many = what_is_seen()

    assert [fields for fields, _ in with_many] == [PAGE_SIZE, 2 * PAGE_SIZE] * 8
    assert with_many == with_few
    assert max(queries for _, queries in with_many) <= MOST_QUERIES


def test_as_many_as_one_press_takes_stand_on_the_page_with_a_page_of_others(shelf, northgate, signed_in):
    shelf.grow(300)
    seller = signed_in(northgate)
    sent = opened(seller, dict.fromkeys(names(*range(1, MOST_PRODUCTS + 1)), "1"))
    last = looked(seller, sent, to="6")
    assert fields_of(last) == names(*range(1, 151), *range(251, 301))
    assert len(fields_of(last)) == MOST_FIELDS

    assert seller.post(SELL, values_of(last)).status_code == 302
    assert sales().get().total == MOST_PRODUCTS


def test_more_than_one_press_takes_is_refused_and_all_of_it_is_kept(shelf, northgate, signed_in):
    shelf.grow(300)
    seller = signed_in(northgate)
    typed = dict.fromkeys(names(*range(1, MOST_PRODUCTS + 3)), "1")
    response = seller.post(SELL, opened(seller, typed))

    said = "One form takes a Qty for 150 products at most, and 152 have one. Empty 2 of them and press again."
    assert errors_of(response) == {"": [said]}
    assert fields_of(response) == list(typed)
    assert sales().count() == 0

    mended = values_of(response) | dict.fromkeys(names(1, 2), "")
    assert seller.post(SELL, mended).status_code == 302
    assert sales().get().total == MOST_PRODUCTS


def test_whatever_is_sent_the_page_has_two_hundred_fields_at_most(seller):
    response = seller.post(SELL, opened(seller, dict.fromkeys(names(*range(1, 2_000)), "1")))

    assert len(errors_of(response)[""]) == 1
    assert len(fields_of(response)) <= MOST_FIELDS


# ── Searching and turning the page ──


def test_what_was_typed_survives_a_search_and_every_page(seller):
    """Its field stands first, with its number; the owner, the reference and the one-use key are as they were."""
    sent = opened(seller, {"qty-P00003": "2", "qty-P00004": "x"}, reference="PO 1")
    second = looked(seller, sent, to="2")

    assert fields_of(second) == names(3, 4, *range(51, 101))
    assert errors_of(second) == {}  # who looks on is not told yet
    kept = {"qty-P00003": "2", "qty-P00004": "x", "owner": "harborcu", "reference": "PO 1", "key": sent["key"]}
    assert {name: values_of(second)[name] for name in kept} == kept
    assert rows_of(second)[1][-1] == "8"  # what remains of the ten

    found = looked(seller, values_of(second), **{"qty-P00077": "5", "product-search": "voice 0011"})
    assert fields_of(found) == names(3, 4, 77, *range(110, 120))
    assert {name: values_of(found)[name] for name in kept} == kept
    assert "10 products with “voice 0011” in name or code." in text_of(found)

    back = looked(seller, values_of(found) | {"product-search": ""})
    assert fields_of(back) == names(77, *range(1, 51))
    assert sales().count() == 0


def test_a_product_is_found_by_its_code_and_where_there_is_none_that_is_said(seller):
    assert fields_of(looked(seller, opened(seller), **{"product-search": " p00042 "})) == names(42)

    none = looked(seller, opened(seller), **{"product-search": "<nothing>"})
    assert fields_of(none) == []
    assert "No product has “<nothing>” in its name or code." in text_of(none)
    assert errors_of(seller.post(SELL, values_of(none) | {"owner": "harborcu"})) == {"": ["Enter a Qty for at least one product"]}


@pytest.mark.parametrize(("page", "first"), [("0", 101), ("99", 101), ("-1", 101), ("x", 1), ("9" * 5000, 1), ("", 1)])
def test_a_page_that_is_none_leads_to_one_that_is(seller, page, first):
    assert fields_of(looked(seller, opened(seller), to=page))[0] == names(first)[0]


def test_a_search_may_say_anything(seller):
    for text in ("\0", "%", "x" * 5000, "’; --"):
        assert looked(seller, opened(seller), **{"product-search": text}).status_code == 200


def test_enter_in_any_field_looks_and_moves_nothing(seller):
    """Browsers press a form's first button; here that is the one of the search."""
    assert submit_buttons_of(seller.get(SELL))[-1] == ["Find products", "Next", "Add"]

    assert looked(seller, opened(seller, {"qty-P00003": "2"})).status_code == 200
    assert sales().count() == 0


def test_who_turns_the_page_of_a_list_that_has_become_short_sells_nothing(northgate, harborcu, signed_in):
    give(northgate, ASR=10)
    seller = signed_in(northgate)

    assert looked(seller, opened(seller, {"qty-ASR": "2"})).status_code == 200
    assert sales().count() == 0


def test_the_product_that_one_comes_for_stands_first_on_whatever_page_it_is(seller):
    page = page_of(seller.get(f"{SELL}?product=P00101"))
    assert fields_of(seller.get(f"{SELL}?product=P00101")) == names(101, *range(1, 51))
    assert [control["name"] for control in page.all("input") if "autofocus" in control.attributes] == names(101)
    assert fields_of(seller.get(f"{SELL}?product=NONE")) == names(*range(1, 51))


# ── The press ──


def test_one_press_sells_what_was_typed_on_two_pages(seller):
    sent = values_of(looked(seller, opened(seller, {"qty-P00003": "2"}), to="3")) | {"qty-P00120": "10"}
    response = seller.post(SELL, sent)

    sale = sales().get()
    assert (response.status_code, response.url) == (302, f"/receipts/{sale.number}/")
    assert {key: numbers for key, numbers in balances().items() if key[1] in ("P00003", "P00120") and key[0] != "northgate-west"} == {
        ("northgate", "P00003"): (8, 0, 3), ("northgate", "P00120"): (0, 0, 11), ("harborcu", "P00003"): (3, 0, 0), ("harborcu", "P00120"): (11, 0, 0),
    }  # fmt: skip
    assert_the_books_are_proven()

    again = seller.post(SELL, sent)  # B5: the same form leads to the first sale, all of P00120 being gone
    assert (again.url, sales().count()) == (response.url, 1)


def test_what_is_wrong_with_a_product_of_another_page_is_said_by_its_field(seller):
    """B6: refused by the form and by the service alike, the product is shown, and the page is the one that it was."""
    elsewhere = values_of(looked(seller, opened(seller, {"qty-P00003": "1.5", "qty-P00004": "11"}), to="3"))
    refused = seller.post(SELL, elsewhere)
    assert errors_of(refused) == {"qty-P00003": ["Enter a whole number, like 2"], "qty-P00004": ["10 available"]}
    assert fields_of(refused) == names(3, 4, *range(101, 121))

    short = seller.post(SELL, values_of(refused) | {"qty-P00003": ""})
    assert errors_of(short) == {"qty-P00004": ["10 available"]}
    assert fields_of(short) == names(4, *range(101, 121))
    assert sales().count() == 0


def test_a_qty_of_no_product_is_refused(seller):
    assert errors_of(seller.post(SELL, opened(seller, {"qty-NONE": "1", "qty-\0": "1"}))) == {
        "": ["“NONE” is not a product", "“\0” is not a product", "Enter a Qty for at least one product"]
    }


def test_a_deployment_gets_licenses_from_two_pages(seller, northgate):
    address = "/deployments/add/"
    typed = {"name": "LAB", "host_name": "lab", "owner": "", "qty-P00003": "2"}
    sent = values_of(seller.post(address, values_of(seller.get(address)) | typed | {"show-page": "2"})) | {"qty-P00077": "1"}

    assert seller.post(address, sent).status_code == 302
    assert dict(Deployment.objects.get().lines.values_list("product__code", "quantity")) == {"P00003": 2, "P00077": 1}


def test_a_transfer_takes_from_the_account_that_was_chosen_also_after_a_search(seller, northgate):
    found = seller.post("/transfer/", values_of(seller.get("/transfer/")) | {"product-search": "P00077", "show-page": "1"})
    assert fields_of(found) == names(77)

    assert seller.post("/transfer/", values_of(found) | {"qty-P00077": "4"}).status_code == 302
    assert (balances()["northgate", "P00077"], balances()["northgate-west", "P00077"]) == ((14, 0, 1), (7, 0, 0))


def test_staff_issue_of_two_pages_of_the_catalogue(seller, desk):
    Product.objects.filter(code="P00002").update(retired_at=timezone.now())
    first = desk.get("/admin/issue/")
    assert fields_of(first) == names(1, *range(3, 52))
    second = desk.post("/admin/issue/", values_of(first) | {"account": "harborcu", "qty-P00003": "2", "show-page": "2"})

    assert desk.post("/admin/issue/", values_of(second) | {"qty-P00077": "1"}).status_code == 302
    assert (balances()["harborcu", "P00003"], balances()["harborcu", "P00077"]) == ((3, 0, 0), (2, 0, 0))


def test_a_recall_searches_what_was_sold(shelf, seller):
    address = f"/receipts/{shelf.sale.number}/recall/"
    found = seller.post(address, values_of(seller.get(address)) | {"qty-P00003": "1", "product-search": "VOICE 00119", "show-page": "1"})
    assert fields_of(found) == names(3, 119)

    assert press(seller, address, {"qty-P00003": "1", "reason": "Ordered by mistake"}).status_code == 302
