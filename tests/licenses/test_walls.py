"""What the database refuses, whoever asks (B1 to B4): each wall is run into by raw SQL, and then taken down and walked over."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from accounts.models import Account
from licenses.models import Holding, JournalEntry
from licenses.services import issue_licenses, sell_licenses
from licensing_portal.foundation.models import Submission
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import EnduserFactory, LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities, recall, reverse
from tests.roles import ALL_WALLS, the_owner, walls_down

pytestmark = pytest.mark.postgres


@pytest.fixture
def sale(northgate, harborcu, user):
    """northgate has 7 of 10 ASR left, harborcu 3."""
    give(northgate, ASR=10)
    return sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), key=fresh_key())


def run(*statements):
    """Execute all in one transaction, and check at its end what is checked at a commit; undo it all the same."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def refusal(*statements):
    with pytest.raises(DatabaseError) as refused:
        run(*statements)
    return str(refused.value).partition("\n")[0]


# ── Never changed (B2) ──


@pytest.mark.parametrize("table", ["licenses_journalentry", "licenses_journalline"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_has_no_right_to_change_the_journal(sale, table, statement):
    """B2. Without the triggers, for a privilege is a wall of its own."""
    with walls_down(), pytest.raises(ProgrammingError, match=f"permission denied for table {table}"):
        run(statement.format(table))


@pytest.mark.parametrize("table", ["licenses_journalentry", "licenses_journalline"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_owner_does_not_change_the_journal_by_a_slip(sale, table, statement):
    """B2."""
    with the_owner():
        assert refusal(statement.format(table)).startswith("the journal is never changed: ")
        assert refusal("SET LOCAL session_replication_role = replica", statement.format(table)).startswith("the journal is never changed: ")


@pytest.mark.parametrize(
    "table", ["accounts_account", "accounts_user", "licenses_product", "licenses_holding", "deployments_deployment", "foundation_submission"]
)
def test_the_application_deletes_nothing_that_history_stands_on(sale, table):
    with pytest.raises(ProgrammingError, match=f"permission denied for table {table}"):
        run(f"DELETE FROM {table}")  # noqa: S608


def test_of_a_claimed_key_only_its_result_is_filled_in(sale):
    """B5: keys are kept for ever, each for what was sent with it."""
    key = Submission.objects.latest("claimed_at").pk

    with pytest.raises(ProgrammingError, match="permission denied for table foundation_submission"):
        run(f"UPDATE foundation_submission SET digest = '' WHERE key = '{key}'")  # noqa: S608
    run(f"UPDATE foundation_submission SET result_id = NULL WHERE key = '{key}'")  # noqa: S608


def test_the_application_makes_and_drops_no_tables(db):
    assert refusal("CREATE TABLE mine ()").startswith("permission denied")
    assert refusal("DROP TABLE licenses_journalline").startswith("must be owner")
    assert refusal("ALTER TABLE licenses_journalline DISABLE TRIGGER ALL").startswith("must be owner")


# ── Entries that move from the giver to the receiver (B1) ──

ENTRY = """
    INSERT INTO licenses_journalentry (number, kind, posted_at, giver_id, receiver_id, posted_by_id, acting_as_id, reference, note, reverses_id)
    SELECT 'X-2026-000001', '{kind}', now(), giver.id, receiver.id, (SELECT min(id) FROM accounts_user), giver.id, '', '', {reverses}
    FROM accounts_account giver, accounts_account receiver WHERE giver.username = '{giver}' AND receiver.username = '{receiver}'
"""
LINES = """
    INSERT INTO licenses_journalline (entry_id, account_id, product_id, state, quantity, balance)
    SELECT entry.id, account.id, product.id, line.state, line.quantity, line.balance
    FROM (VALUES {lines}) line (username, code, state, quantity, balance)
    JOIN accounts_account account USING (username) JOIN licenses_product product USING (code)
    JOIN licenses_journalentry entry ON entry.number = 'X-2026-000001'
"""
HOLDINGS = """
    UPDATE licenses_holding SET available = {available}, deployed = {deployed}
    FROM accounts_account account WHERE account.id = account_id AND username = '{username}'
"""


def entry(kind, giver, receiver):
    reverses = "(SELECT max(id) FROM licenses_journalentry)" if kind in {"recall", "reversal"} else "NULL::bigint"
    return ENTRY.format(kind=kind, giver=giver, receiver=receiver, reverses=reverses)


def lines(*values):
    return LINES.format(lines=", ".join(map(str, values)))


def holding(username, available, deployed=0):
    return HOLDINGS.format(username=username, available=available, deployed=deployed)


SALE = entry("sale", "northgate", "harborcu")
MOVED = [holding("northgate", 5), holding("harborcu", 5)]
TWO_SOLD = [("northgate", "ASR", "available", -2, 5), ("harborcu", "ASR", "available", 2, 5)]


def test_an_honest_sale_by_hand_is_taken(sale):
    """The control of all that follows."""
    run(SALE, lines(*TWO_SOLD), *MOVED)


WRONG_LINES = {
    "do not balance": [("northgate", "ASR", "available", -2, 5), ("harborcu", "ASR", "available", 3, 6)],
    "have one side": [("harborcu", "ASR", "available", 2, 5)],
    "go the other way": [("northgate", "ASR", "available", 2, 9), ("harborcu", "ASR", "available", -2, 1)],
    "take what is deployed": [("northgate", "ASR", "deployed", -2, -2), ("harborcu", "ASR", "available", 2, 5)],
    "deploy what was sold": [("northgate", "ASR", "available", -2, 5), ("harborcu", "ASR", "deployed", 2, 2)],
    "take from a third account": [("publisher", "ASR", "available", -2, -12), ("harborcu", "ASR", "available", 2, 5)],
    "move twice": [*TWO_SOLD, ("northgate", "ASR", "available", -1, 4), ("harborcu", "ASR", "available", 1, 6)],
}


@pytest.mark.parametrize("wrong", WRONG_LINES.values(), ids=WRONG_LINES)
def test_lines_that_move_anything_else_are_refused(sale, wrong):
    """B1, C3: per product the giver's available falls, the receiver's rises, and nothing else."""
    with walls_down("each_line_counts_on_from_the_one_before"):
        assert refusal(SALE, lines(*wrong)) == "each product moves from the giver to the receiver, and nothing else"


TO_DEPLOYED = [("harborcu", "ASR", "available", -2, 1), ("harborcu", "ASR", "deployed", 2, 2)]
TO_AVAILABLE = [("harborcu", "ASR", "deployed", -2, 0), ("harborcu", "ASR", "available", 2, 3)]


def test_only_a_deployment_adds_to_what_is_deployed_and_only_a_retirement_takes_from_it(sale):
    """C7: licenses do not come out of a deployment by themselves."""
    deployment, retirement = entry("deployment", "harborcu", "harborcu"), entry("retirement", "harborcu", "harborcu")
    deployed = [deployment.replace("X-2026-000001", "X-2026-000000"), lines(*TO_DEPLOYED).replace("X-2026-000001", "X-2026-000000")]

    run(*deployed, retirement, lines(*TO_AVAILABLE), holding("harborcu", 3))
    assert refusal(*deployed, deployment, lines(*TO_AVAILABLE)).startswith("each product moves from the giver to the receiver")
    assert refusal(retirement, lines(*TO_DEPLOYED)).startswith("each product moves from the giver to the receiver")


def test_an_entry_gets_no_lines_later(sale):
    """B2: adding to what was written changes it."""
    late = [("northgate", "TTS", "available", -2, -2), ("harborcu", "TTS", "available", 2, 2)]
    quantities(TTS=0)

    assert refusal(SALE, lines(*TWO_SOLD), lines(*late)) == "an entry has all its lines at once: none is added later"


def test_an_entry_without_lines_is_refused_at_the_commit(sale):
    """B1."""
    assert refusal(SALE) == "an entry has lines: X-2026-000001 has none"


def test_a_line_says_the_balance_before_it_and_its_quantity(sale):
    """B4."""
    wrong = [("northgate", "ASR", "available", -2, 6), ("harborcu", "ASR", "available", 2, 5)]

    assert refusal(SALE, lines(*wrong)) == "the balance of a line is the one before it and its quantity"


@pytest.mark.parametrize(
    ("available", "deployed"), [(6, 0), (5, 1), (1_000_000, 0)], ids=["one kept back", "one deployed by nobody", "a million from nowhere"]
)
def test_a_holding_is_what_its_last_lines_say(sale, available, deployed):
    """B4, at the commit: between the lines and the holding nothing can be lost or won."""
    refused = refusal(SALE, lines(*TWO_SOLD), holding("harborcu", 5), holding("northgate", available, deployed))

    assert refused == f"a holding is what its last lines say: 5 and 0, not {available} and {deployed}"


def test_a_holding_left_behind_is_refused_when_it_is_next_touched(sale):
    """B4: a line without its holding is seen at the latest when somebody counts on."""
    assert refusal(SALE, lines(*TWO_SOLD), holding("northgate", 7), holding("harborcu", 3)).startswith("a holding is what its last lines say")


# ── Sales to one's own, transfers over a link (C2, C9) ──


def test_a_sale_to_somebody_elses_enduser_is_refused(sale, tideway):
    """C2."""
    EnduserFactory(username="metrotransit", reseller=tideway)

    assert refusal(entry("sale", "northgate", "metrotransit")) == "a sale is to an open enduser of the seller"
    assert refusal(entry("sale", "harborcu", "northgate")) == "a sale is to an open enduser of the seller"


def test_a_sale_to_a_closed_enduser_is_refused(sale, harborcu):
    Account.objects.filter(pk=harborcu.pk).update(closed_at=datetime(2026, 1, 1, tzinfo=UTC))

    assert refusal(SALE) == "a sale is to an open enduser of the seller"


def test_a_transfer_goes_over_a_link_of_the_receiver(sale, west):
    """C9, A3: one-way."""
    LinkFactory(holder=sale.giver, target=west)

    assert refusal(entry("transfer", "northgate", "northgate-west")) == "a transfer goes over a link of the receiver"
    assert refusal(entry("transfer", "northgate-west", "northgate")).startswith("an entry has lines")  # the link is no hindrance


# ── What takes back and puts right (C10, C11) ──


def turned_round(kind, first="sale", number="X-2026-000001"):
    """An entry that takes back of the first one of a kind, which is told apart by its number."""
    return (
        entry(kind, "harborcu", "northgate")
        .replace("max(id) FROM licenses_journalentry", f"min(id) FROM licenses_journalentry WHERE kind = '{first}'")
        .replace("X-2026-000001", number)
    )


def back(quantity, *, left=3, before=7, number="X-2026-000001"):
    """The lines that take ASR back from harborcu, which had `left`, to northgate, which had `before`, and both holdings after it."""
    moved = lines(("harborcu", "ASR", "available", -quantity, left - quantity), ("northgate", "ASR", "available", quantity, before + quantity))
    return [moved.replace("X-2026-000001", number), holding("harborcu", left - quantity), holding("northgate", before + quantity)]


@pytest.mark.parametrize("kind", ["recall", "reversal"])
def test_an_honest_recall_and_reversal_by_hand_are_taken(sale, kind):
    """The control of what follows."""
    run(turned_round(kind), *back(3))


@pytest.mark.parametrize("kind", ["recall", "reversal"])
def test_it_lowers_the_available_of_the_enduser_and_raises_that_of_the_reseller(sale, kind):
    """C10: the direction of its lines is that of its giver and receiver."""
    wrong = lines(("harborcu", "ASR", "available", 3, 6), ("northgate", "ASR", "available", -3, 4))

    assert refusal(turned_round(kind), wrong) == "each product moves from the giver to the receiver, and nothing else"


TURNS_NOTHING_ROUND = "a recall turns a sale round, a reversal an issue, sale, transfer, recall or adjustment"


@pytest.mark.parametrize("kind", ["recall", "reversal"])
def test_it_is_between_the_same_two_accounts_the_other_way_round(sale, stmarys, tideway, kind):
    """C10, C11."""
    points_to_the_sale = turned_round(kind)
    for giver, receiver in [("northgate", "harborcu"), ("stmarys", "northgate"), ("harborcu", "tideway")]:
        wrong = points_to_the_sale.replace("'harborcu'", f"'{giver}'", 1).replace(
            "receiver.username = 'northgate'", f"receiver.username = '{receiver}'"
        )
        assert refusal(wrong) == TURNS_NOTHING_ROUND


def test_a_recall_points_to_a_sale_and_to_nothing_else(sale, northgate, harborcu):
    """C10: an issue to northgate is turned round by a reversal alone."""
    by_northgate = entry("{}", "northgate", "publisher").replace("NULL::bigint", "(SELECT id FROM licenses_journalentry WHERE kind = 'issue')")
    moved = [
        lines(("northgate", "ASR", "available", -1, 6), ("publisher", "ASR", "available", 1, -9)), holding("northgate", 6), holding("publisher", -9),
    ]  # fmt: skip

    run(by_northgate.format("reversal"), *moved)
    assert refusal(by_northgate.format("recall")) == TURNS_NOTHING_ROUND


@pytest.mark.parametrize("kind", ["deployment", "reversal"])
def test_deployments_and_reversals_are_not_turned_round(sale, harborcu, kind):
    """C11: a deployment is retired, and a reversal is final."""
    give(harborcu, ASR=5)
    if kind == "deployment":
        deploy(harborcu, ASR=1)
    else:
        reverse(sale, ASR=1)
    giver, receiver = ("harborcu", "harborcu") if kind == "deployment" else ("northgate", "harborcu")

    assert refusal(entry("reversal", giver, receiver)) == TURNS_NOTHING_ROUND


def test_no_more_comes_back_of_a_sale_than_was_sold_be_it_in_parts(sale, harborcu):
    """C10, at the commit: though harborcu has more from elsewhere."""
    give(harborcu, ASR=9)
    second = "X-2026-000002"
    first_two = [turned_round("recall"), *back(2, left=12)]

    too_much = "no more comes back of an entry than it moved"
    assert refusal(turned_round("recall"), *back(4, left=12)) == too_much
    run(*first_two, turned_round("reversal", number=second), *back(1, left=10, before=9, number=second))
    assert refusal(*first_two, turned_round("reversal", number=second), *back(2, left=10, before=9, number=second)) == too_much


def test_a_product_that_was_not_sold_does_not_come_back(sale, northgate, harborcu):
    """C10: product by product."""
    give(harborcu, TTS=1)
    give(northgate, TTS=1)
    moved = lines(("harborcu", "TTS", "available", -1, 0), ("northgate", "TTS", "available", 1, 2))
    of_tts = " AND product_id = (SELECT id FROM licenses_product WHERE code = 'TTS')"

    assert (
        refusal(turned_round("recall"), moved, holding("harborcu", 0) + of_tts, holding("northgate", 2) + of_tts)
        == "no more comes back of an entry than it moved"
    )


def test_what_was_reversed_of_a_recall_can_come_back_again_and_no_more(sale):
    """C10, C11: 3 were sold, 2 recalled, and 1 of those reversed."""
    reverse(recall(sale, ASR=2), ASR=1)

    run(turned_round("recall"), *back(2, left=2, before=8))
    give(sale.receiver, ASR=1)
    assert refusal(turned_round("recall"), *back(3, left=3, before=8)) == "no more comes back of an entry than it moved"


@pytest.mark.parametrize(
    ("kind", "giver", "receiver"), [("issue", "northgate", "harborcu"), ("adjustment", "northgate", "harborcu"), ("issue", "northgate", "publisher")]
)
def test_issues_and_adjustments_are_the_publishers(sale, kind, giver, receiver):
    """C11, B1: else either would be a sale to anybody."""
    assert refusal(entry(kind, giver, receiver)) == "the publisher issues, and is one side of every adjustment"


# ── The walls themselves ──


def test_every_wall_fires_whatever_a_session_sets(db):
    """ENABLE ALWAYS: what a restore or a replica's setting turns off are the others."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal")
        found = dict(cursor.fetchall())

    assert found == dict.fromkeys(ALL_WALLS, "A")


def test_the_publishers_source_is_held_to_its_lines_too(publisher, northgate, staff):
    """rules.md §2: it alone goes below zero, but not beside the journal."""
    issue_licenses(publisher=publisher, issued_by=staff, account=northgate, quantities=quantities(ASR=1), key=fresh_key())

    assert Holding.objects.get(account=publisher).available == -1
    assert refusal(holding("publisher", 0)) == "a holding is what its last lines say: -1 and 0, not 0 and 0"
    assert JournalEntry.objects.count() == 1
