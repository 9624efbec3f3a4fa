"""Products and the books in the admin: products are edited, the books are read (B2, C11)."""

import pytest

from licenses.models import Holding, JournalEntry, JournalLine, Product
from tests.books import balances
from tests.factories.deployments import deploy
from tests.factories.licenses import ProductFactory, give
from tests.views import form_of, page_of, rows_of


@pytest.fixture
def entry(northgate):
    return give(northgate, ASR=10, TTS=4)


# ── Products ──


def test_staff_add_a_product(desk):
    response = desk.post("/admin/licenses/product/add/", {"code": "CPA", "name": "Call Progress Analysis", "description": "Who answers?"})

    product = Product.objects.get()
    assert (response.status_code, product.code, product.name, product.description) == (302, "CPA", "Call Progress Analysis", "Who answers?")


@pytest.mark.parametrize("code", ["cpa", "C P A", "-CPA", "", "\0", "ASR", "CPÄ", "C" * 31, "CPA/1"])
def test_a_code_that_is_taken_or_malformed_is_refused(desk, code):
    """The code names the product in forms and exports."""
    ProductFactory(code="ASR")

    response = desk.post("/admin/licenses/product/add/", {"code": code, "name": "N", "description": ""})

    assert (response.status_code, Product.objects.count()) == (200, 1)


def test_a_product_keeps_its_code_and_may_change_its_name(desk):
    """A form that is open names it by its code."""
    product = ProductFactory(code="ASR")
    address = f"/admin/licenses/product/{product.pk}/change/"

    desk.post(address, form_of(desk, address) | {"code": "OTHER", "name": "Speech Engine"})

    product.refresh_from_db()
    assert (product.code, product.name) == ("ASR", "Speech Engine")


def test_staff_retire_products_in_a_batch_and_keep_the_day_of_those_already_retired(desk):
    """rules.md §2."""
    old, new = ProductFactory(code="OLD"), ProductFactory(code="NEW")
    for chosen in ([old.pk], [old.pk, new.pk]):
        desk.post("/admin/licenses/product/", {"action": "retire", "_selected_action": chosen})

    old.refresh_from_db()
    new.refresh_from_db()
    assert None not in (old.retired_at, new.retired_at)
    assert old.retired_at < new.retired_at


def test_products_are_never_deleted(desk, entry):
    product = Product.objects.get(code="ASR")

    assert desk.post(f"/admin/licenses/product/{product.pk}/delete/", {"post": "yes"}).status_code == 403
    desk.post("/admin/licenses/product/", {"action": "delete_selected", "_selected_action": [product.pk], "post": "yes"})
    assert Product.objects.filter(code="ASR").exists()


# ── The books ──


@pytest.mark.parametrize("model", ["holding", "journalentry"])
def test_the_books_are_read_by_everybody_and_written_by_nobody(desk, entry, model):
    """B2, C11: not even by a superuser who knows the address."""
    pk = entry.pk if model == "journalentry" else Holding.objects.get(account__username="northgate", product__code="ASR").pk
    before = balances()
    answers = {
        "list": desk.get(f"/admin/licenses/{model}/").status_code,
        "page": desk.get(f"/admin/licenses/{model}/{pk}/change/").status_code,
        "history": desk.get(f"/admin/licenses/{model}/{pk}/history/").status_code,
        "add": desk.get(f"/admin/licenses/{model}/add/").status_code,
        "add, pressed": desk.post(f"/admin/licenses/{model}/add/", {"available": "99"}).status_code,
        "change, pressed": desk.post(f"/admin/licenses/{model}/{pk}/change/", {"available": "99", "note": "x"}).status_code,
        "delete": desk.get(f"/admin/licenses/{model}/{pk}/delete/").status_code,
        "delete, pressed": desk.post(f"/admin/licenses/{model}/{pk}/delete/", {"post": "yes"}).status_code,
    }

    assert answers == {
        "list": 200, "page": 200, "history": 200, "add": 403, "add, pressed": 403, "change, pressed": 403, "delete": 403, "delete, pressed": 403,
    }  # fmt: skip
    desk.post(f"/admin/licenses/{model}/", {"action": "delete_selected", "_selected_action": [pk], "post": "yes"})
    assert (balances(), JournalEntry.objects.count(), JournalLine.objects.count()) == (before, 1, 4)


def test_an_entry_is_shown_with_its_lines(desk, entry):
    words = page_of(desk.get(f"/admin/licenses/journalentry/{entry.pk}/change/")).text

    assert [word in words for word in (entry.number, "northgate", "publisher", "staff", "The Asr (ASR)", "-10")] == [True] * 6


def test_a_deployments_entry_is_shown_too(desk, northgate, entry):
    made = deploy(northgate, ASR=4)

    assert desk.get(f"/admin/licenses/journalentry/{made.entries.get().entry_id}/change/").status_code == 200


@pytest.mark.parametrize("model", ["product", "holding", "journalentry"])
@pytest.mark.parametrize(
    "query", ["", "?q=north", "?q=%00", "?p=99999999", "?o=1.2.3", "?kind=rubbish", "?posted_at__year=2026", "?posted_at__year=x", "?e=1"]
)
def test_lists_open_and_rubbish_breaks_nothing(desk, entry, model, query):
    """rules.md §4."""
    assert desk.get(f"/admin/licenses/{model}/{query}").status_code in {200, 302}


def test_holdings_are_listed_with_their_numbers(desk, entry):
    rows = rows_of(desk.get("/admin/licenses/holding/?q=northgate"))

    assert [row[-4:] for row in rows] == [["10", "0", "0", "10"], ["4", "0", "0", "4"]]
