"""The two ways to open and write the books do the same: that of statements, which one reads, and that of PostgreSQL's functions (B1, B3, B4)."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from licenses import ledger
from licenses.ledger import ByFunctions, ByStatements, InsufficientLicenses, open_books
from licenses.models import Holding, JournalEntry, JournalLine
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import ProductFactory, give, quantities

pytestmark = pytest.mark.postgres

Kind = JournalEntry.Kind
CODES = ["ASR", "CPA", "TTS"]
amounts = st.dictionaries(st.sampled_from(CODES), st.integers(0, 9), min_size=1)
acts = st.tuples(st.sampled_from(["sale", "transfer", "deployment", "retirement", "issue", "recall"]), amounts, st.text("aé'%\\\n", max_size=4))


@pytest.fixture
def people(publisher, northgate, harborcu, west, staff, user):
    LinkFactory(holder=west, target=northgate)
    for code in CODES:
        ProductFactory(code=code)
    give(northgate, ASR=20, CPA=9)
    return {"publisher": publisher, "northgate": northgate, "harborcu": harborcu, "west": west, "person": user(northgate)}


def sides_of(kind, people):
    """Who gives and who receives."""
    givers = {"issue": "publisher", "recall": "harborcu"}
    receivers = {"sale": "harborcu", "issue": "northgate", "transfer": "west", "recall": "northgate"}
    return people[givers.get(kind, "northgate")], people[receivers.get(kind, "northgate")]


def post(kind, by_code, note, people):
    """Post as a flow would; return the entry, or what the books said to it."""
    giver, receiver = sides_of(kind, people)
    sale = JournalEntry.objects.filter(kind="sale").first() if kind == "recall" else None
    try:
        with transaction.atomic():
            books = open_books([giver, receiver], quantities(**by_code))
            return books.post(
                Kind(kind), quantities(**by_code), giver=giver, receiver=receiver, posted_by=people["person"], acting_as=giver,
                reference=note.strip(), note=note, reverses=sale,
            )  # fmt: skip
    except Exception as problem:
        return type(problem).__name__, str(problem).partition("\n")[0]


def in_words(outcome):
    """An entry with its lines as the one who posted it has them, without what differs from one run to the next: keys, number and moment."""
    if isinstance(outcome, tuple):
        return outcome
    fields = (
        outcome.kind,
        outcome.giver_id,
        outcome.receiver_id,
        outcome.posted_by_id,
        outcome.reference,
        outcome.note,
        outcome.reverses is not None,
    )
    return fields, [(line.account_id, line.product_id, line.state, line.quantity, line.balance) for line in outcome.lines_at_hand]


def in_the_database():
    """All entries with their lines, and all holdings, by what they say."""
    columns = ("kind", "giver", "receiver", "posted_by", "acting_as", "reference", "note", "lines__account", "lines__product", "lines__state")
    return (
        list(JournalEntry.objects.order_by("pk", "lines").values_list(*columns, "lines__quantity", "lines__balance")),
        list(Holding.objects.order_by("account", "product").values_list("account", "product", "is_source", "available", "deployed", "sold")),
    )


def story(pen, all_acts, people, monkeypatch):
    """Post one after the other with this pen, and undo it all."""
    monkeypatch.setattr(ledger, "_pen_of_this_database", pen)
    with transaction.atomic():
        told = [in_words(post(*act, people)) for act in all_acts]
        seen = in_the_database()
        transaction.set_rollback(True)
    return told, seen


@settings(max_examples=60, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(all_acts=st.lists(acts, min_size=1, max_size=6))
def test_whatever_is_posted_both_pens_write_the_same(people, all_acts):
    with pytest.MonkeyPatch.context() as monkeypatch:
        stories = [story(pen, all_acts, people, monkeypatch) for pen in (ByStatements, ByFunctions)]

    assert stories[0] == stories[1]


@pytest.mark.parametrize("pen", [ByStatements, ByFunctions])
def test_who_has_just_posted_has_the_entry_and_its_lines_as_the_database_has_them(people, pen, monkeypatch):
    monkeypatch.setattr(ledger, "_pen_of_this_database", pen)

    entry = post("sale", {"CPA": 2, "ASR": 3}, "", people)

    stored = JournalEntry.objects.get(pk=entry.pk)
    assert (entry, entry.number, entry.posted_at, entry.total) == (stored, stored.number, stored.posted_at, 5)
    assert entry.lines_at_hand == list(stored.lines.order_by("pk"))
    assert [(line.entry, line.product.code) for line in entry.lines_at_hand] == [(entry, "ASR"), (entry, "ASR"), (entry, "CPA"), (entry, "CPA")]
    assert [row._state.adding for row in (entry, *entry.lines_at_hand)] == [False] * 5


@pytest.mark.parametrize("pen", [ByStatements, ByFunctions])
def test_numbers_go_on_past_six_digits(people, pen, monkeypatch):
    monkeypatch.setattr(ledger, "_pen_of_this_database", pen)
    first = post("sale", {"ASR": 1}, "", people).number
    series = f"entry_number_{first[:6].lower().replace('-', '_')}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(f"SELECT setval('{series}', 999999)")
        cursor.execute("SET LOCAL ROLE portal_app")

        assert post("sale", {"ASR": 1}, "", people).number == f"{first[:6]}-1000000"


def test_a_refusal_says_how_many_there_are_under_the_lock(people):
    """B6, B7: the numbers are those that the function has locked."""
    with transaction.atomic():
        books = open_books([people["northgate"], people["harborcu"]], quantities(ASR=1, TTS=1))
        with pytest.raises(InsufficientLicenses) as refusal:
            books.post(
                Kind.SALE, quantities(ASR=21, TTS=1), giver=people["northgate"], receiver=people["harborcu"],
                posted_by=people["person"], acting_as=people["northgate"],
            )  # fmt: skip

    assert [(problem.field, problem.message) for problem in refusal.value.problems] == [("qty-ASR", "20 available"), ("qty-TTS", "0 available")]


# ── What a sale costs the database ──

SALE = [
    "BEGIN",
    "SELECT set_config",  # how long it waits at most
    "INSERT INTO foundation_submission",  # the key
    'SELECT "id", "password"',  # the person, locked
    'SELECT "id", "username"',  # the owner, locked
    "SELECT id, account_id, product_id, is_source, available, deployed, sold FROM open_books",
    "SELECT its_id, its_number, its_lines FROM post_entry",
    "SELECT id, email FROM accounts_noticerecipient",
    "SELECT its_mail, its_notice FROM queue_mail",
    "UPDATE foundation_submission",  # what the key made
    "COMMIT",
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("codes", [["ASR"], CODES])
def test_a_sale_asks_the_database_nine_times_however_many_products_it_has(people, codes):
    give(people["northgate"], TTS=9)
    sold = quantities(**dict.fromkeys(codes, 1))
    seller, owner = Account.objects.get(username="northgate"), Account.objects.get(username="harborcu")
    sell_licenses(seller=seller, sold_by=people["person"], owner=owner, quantities=sold, key=fresh_key())  # what is cached is cached

    with CaptureQueriesContext(connection) as asked:
        sell_licenses(seller=seller, sold_by=people["person"], owner=owner, quantities=sold, key=fresh_key())

    assert [statement["sql"].strip()[: len(begin)] for statement, begin in zip(asked, SALE, strict=True)] == SALE


def test_the_lines_of_an_entry_are_all_there_is(people):
    entry = post("sale", {"ASR": 3}, "", people)

    assert_the_books_are_proven()
    assert JournalLine.objects.filter(entry=entry).count() == len(entry.lines_at_hand) == 2
