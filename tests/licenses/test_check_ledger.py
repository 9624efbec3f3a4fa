"""check_ledger, the proof of the books (B4): every fault that could be in them is put there by raw SQL, and is found and named.

And the walls that leave so few faults to find: what the database itself refuses in an entry or a line (decision 7).
"""

import subprocess
import sys

import pytest
from django.conf import settings as portal_settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from deployments.services import add_deployment
from licenses import proof
from licenses.models import Holding, JournalEntry, JournalLine, Product
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import adjust, give, quantities, recall, reverse
from tests.roles import the_owner, walls_down
from transfers.services import transfer_licenses

pytestmark = pytest.mark.postgres


@pytest.fixture
def books(northgate, west, harborcu, user):
    """Five entries with a bit of everything, by name: issue, sale, deployment, transfer, last."""
    LinkFactory(holder=northgate, target=west)

    def sell(**by_code):
        return sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(**by_code), key=fresh_key())

    def deploy(**by_code):
        deployed = add_deployment(
            account=northgate,
            added_by=user(northgate),
            owner=northgate,
            name="LAB",
            host_name="lab",
            quantities=quantities(**by_code),
            key=fresh_key(),
        )
        return deployed.entries.get().entry

    def transfer(**by_code):
        return transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(**by_code), key=fresh_key())

    give(west, ASR=5)
    return {
        "issue": give(northgate, ASR=10, TTS=4),
        "sale": sell(ASR=3, TTS=1),
        "deployment": deploy(ASR=2),
        "transfer": transfer(ASR=5),
        "last": sell(ASR=1),
    }


def tamper(sql, *values):
    """Do what no code of ours does, past every wall: what is left to guard the books is the proof."""
    with transaction.atomic(), walls_down(), the_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        changed = cursor.rowcount
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert changed > 0, "nothing was tampered with"


def faults():
    return list(proof.faults())


def line_of(entry, account, code="ASR", state="available"):
    return entry.lines.get(account__username=account, product__code=code, state=state)


def holding_of(account, code="ASR"):
    return Holding.objects.get(account__username=account, product__code=code)


# ── Books that are right ──


def test_books_that_were_only_written_by_the_flows_are_proven(books):
    """B4; the counterpart of all faults below."""
    assert faults() == []


def test_empty_books_are_proven(db):
    """B4: a new installation."""
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_proven_books_are_counted_and_the_command_ends_well(books, capsys):
    """contract.md: exit status 0."""
    call_command("check_ledger")

    counted = JournalEntry.objects.count(), JournalLine.objects.count(), Holding.objects.count()
    assert counted == (6, 16, 7)
    assert capsys.readouterr().out == "The books are proven: 6 entries, 16 lines, 7 holdings.\n"


# ── Books that were tampered with ──


@pytest.fixture
def put_right(books):
    """The same books, of which much was taken back: of a sale by a recall and by a reversal, of that recall by a reversal, of all else too."""
    first = recall(books["sale"], ASR=2)
    put = {"recall": first, "reversal of recall": reverse(first, ASR=1), "reversal of sale": reverse(books["sale"], TTS=1)}
    return books | put | {"adjustment": adjust(books["issue"].receiver, is_up=False, ASR=1), "reversal": reverse(books["transfer"], ASR=1)}


def test_books_with_everything_taken_back_once_are_proven_and_sold_is_what_stayed_sold(put_right):
    """B4, rules.md §2: 3 and 1 sold, 2 of them recalled, 1 of those reversed; of TTS the one that was sold reversed."""
    assert faults() == []
    assert [holding_of("northgate", code).sold for code in ("ASR", "TTS")] == [3, 0]


@pytest.mark.parametrize("entry", ["recall", "reversal of recall", "reversal of sale"])
def test_a_recall_or_reversal_that_was_not_counted_as_sold_is_named(put_right, entry):
    """B4: as if it had been of another kind, which would leave all other numbers as they are."""
    code = "TTS" if entry == "reversal of sale" else "ASR"
    now = holding_of("northgate", code).sold
    off = {"recall": 2 - 1, "reversal of recall": -1, "reversal of sale": 1}[entry]  # what reverses no recall counts for nothing either

    tamper("UPDATE licenses_journalentry SET kind = 'transfer', reverses_id = NULL WHERE id = %s", put_right[entry].pk)

    assert f"northgate: {code}: holds {now} sold; its lines sum to {now + off}" in faults()


def test_more_that_came_back_than_went_is_named(put_right):
    """B4: found whatever wall was down; the lines themselves are in order."""
    tamper("UPDATE licenses_journalentry SET reverses_id = %s WHERE id = %s", put_right["last"].pk, put_right["recall"].pk)

    assert f"{put_right['last']}: 2 ASR came back of it, and it moved 1" not in faults()  # 1 of the 2 was reversed
    tamper("UPDATE licenses_journalentry SET reverses_id = %s WHERE id = %s", put_right["issue"].pk, put_right["reversal of recall"].pk)
    assert f"{put_right['last']}: 2 ASR came back of it, and it moved 1" in faults()


@pytest.mark.parametrize("column", ["available", "deployed", "sold"])
def test_a_holding_that_is_not_the_sum_of_its_lines_is_named(books, column):
    """B4: for every holding."""
    before = getattr(holding_of("northgate"), column)

    tamper(f"UPDATE licenses_holding SET {column} = {column} + 1 WHERE id = %s", holding_of("northgate").pk)  # noqa: S608

    assert faults()[0] == f"northgate: ASR: holds {before + 1} {column}; its lines sum to {before}"


def test_a_holding_without_lines_is_named(books, stmarys):
    """B4: licenses from nowhere."""
    tamper(
        "INSERT INTO licenses_holding (account_id, product_id, is_source, available, deployed, sold) VALUES (%s, %s, false, 7, 0, 0)",
        stmarys.pk,
        Product.objects.get(code="ASR").pk,
    )

    assert faults() == ["stmarys: ASR: holds 7 available; its lines sum to 0", "ASR: +7 licenses more than were issued"]


def test_lines_without_a_holding_are_found(books):
    """B4: licenses that nobody can use."""
    tamper("DELETE FROM licenses_holding WHERE id = %s", holding_of("harborcu", "TTS").pk)

    assert faults() == [
        f"account {line_of(books['sale'], 'harborcu', 'TTS').account_id}, product {Product.objects.get(code='TTS').pk}: has lines but no holding",
        "TTS: -1 licenses more than were issued",
    ]


def test_an_entry_that_does_not_balance_is_named_first(books):
    """B1: the lines of an entry sum to zero per product."""
    tamper("UPDATE licenses_journalline SET quantity = 4 WHERE id = %s", line_of(books["sale"], "harborcu").pk)

    assert faults()[0] == f"{books['sale'].number}: its lines of ASR sum to +1, not to zero"


def test_an_entry_whose_products_balance_only_together_is_named(books):
    """B1: per product; 1 ASR more does not make good 1 TTS less."""
    tamper("UPDATE licenses_journalline SET quantity = quantity + 1 WHERE id = %s", line_of(books["sale"], "harborcu", "ASR").pk)
    tamper("UPDATE licenses_journalline SET quantity = quantity - 1 WHERE id = %s", line_of(books["sale"], "northgate", "TTS").pk)

    assert faults()[:2] == [
        f"{books['sale'].number}: its lines of ASR sum to +1, not to zero",
        f"{books['sale'].number}: its lines of TTS sum to -1, not to zero",
    ]


def test_an_entry_without_lines_is_named(books):
    """B1, B4."""
    tamper("DELETE FROM licenses_journalline WHERE entry_id = %s", books["deployment"].pk)

    assert faults()[0] == f"{books['deployment'].number}: has no lines"


def test_a_line_that_says_another_balance_is_named_with_what_it_should_say(books):
    """C12: the running balance that people see and export."""
    tamper("UPDATE licenses_journalline SET balance = 99 WHERE id = %s", line_of(books["transfer"], "northgate").pk)

    assert faults() == [f"{books['transfer'].number}: says that northgate then had 99 ASR available; its lines sum to 10"]


def test_a_balanced_forgery_is_found_by_the_balances_after_it(books):
    """B4: both sides of a sale changed alike still balance; the balances of the lines do not."""
    tamper("UPDATE licenses_journalline SET quantity = quantity * 2 WHERE entry_id = %s", books["sale"].pk)

    assert faults()[0] == f"{books['sale'].number}: says that northgate then had 7 ASR available; its lines sum to 4"


def test_a_line_moved_to_another_account_is_found(books, stmarys):
    """B4, A9: what was sold to one is another's now."""
    line = line_of(books["last"], "harborcu")

    tamper("UPDATE licenses_journalline SET account_id = %s WHERE id = %s", stmarys.pk, line.pk)

    assert faults()[0] == f"{books['last'].number}: says that stmarys then had 4 ASR available; its lines sum to 1"


def test_a_line_moved_to_another_state_is_found(books):
    """B4: available licenses that are deployed in the journal."""
    line = line_of(books["last"], "harborcu")

    tamper("UPDATE licenses_journalline SET state = 'deployed' WHERE id = %s", line.pk)

    assert faults()[0] == f"{books['last'].number}: says that harborcu then had 4 ASR deployed; its lines sum to 1"


def test_a_sale_that_was_made_a_transfer_is_found_by_what_was_sold(books):
    """B4, rules.md §2: sold is kept beside the numbers, and proven like them."""
    tamper("UPDATE licenses_journalentry SET kind = 'transfer' WHERE id = %s", books["last"].pk)

    assert faults() == ["northgate: ASR: holds 4 sold; its lines sum to 3"]


def test_licenses_that_were_never_issued_are_found(books):
    """B4: per product issued = available + deployed over all accounts."""
    tamper("UPDATE licenses_holding SET available = available + 5 WHERE id = %s", holding_of("harborcu").pk)

    assert faults()[-1] == "ASR: +5 licenses more than were issued"


def test_of_several_faults_of_one_sort_the_first_entry_is_named_first(books):
    """B4: "it names the first entry that is off"."""
    for name in ("last", "sale", "transfer"):
        tamper("UPDATE licenses_journalline SET quantity = quantity + 1 WHERE id = %s", books[name].lines.latest("pk").pk)

    unbalanced = [fault.split(":")[0] for fault in faults() if "not to zero" in fault]
    assert unbalanced == [books[name].number for name in ("sale", "transfer", "last")]


@pytest.mark.parametrize(
    ("first", "later"), [("unbalanced", "empty"), ("balance", "empty"), ("balance", "unbalanced"), ("empty", "balance"), ("empty", "unbalanced")]
)
def test_of_faults_of_two_sorts_the_first_entry_is_named_first_too(books, first, later):
    """B4: "it names the first entry that is off", whatever is wrong with it; all that follows may be its consequence."""
    spoil = {
        "empty": "DELETE FROM licenses_journalline WHERE entry_id = %s",
        "unbalanced": "UPDATE licenses_journalline SET quantity = quantity + 1 WHERE id = (SELECT max(id) FROM licenses_journalline WHERE entry_id = %s)",
        "balance": "UPDATE licenses_journalline SET balance = 99 WHERE id = (SELECT max(id) FROM licenses_journalline WHERE entry_id = %s)",
    }
    tamper(spoil[first], books["sale"].pk)
    tamper(spoil[later], books["last"].pk)

    assert faults()[0].split(":")[0] == books["sale"].number


# ── The command ──


@pytest.mark.django_db(transaction=True)
def test_the_command_tells_every_fault_and_fails(books, capsys):
    """contract.md: exit status 1."""
    tamper("UPDATE licenses_holding SET deployed = 9 WHERE id = %s", holding_of("northgate").pk)

    with pytest.raises(CommandError) as failure:
        call_command("check_ledger")

    assert failure.value.returncode == 1
    assert capsys.readouterr().err.splitlines() == [
        "northgate: ASR: holds 9 deployed; its lines sum to 2",
        "ASR: +7 licenses more than were issued",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("wrong", "status"), [(0, 0), (1, 1)])
def test_the_commands_exit_status_tells_a_script(books, process_environment, wrong, status):
    """contract.md: "exit status 0 or 1"; a constraint's wall apart, nobody looks at the words at night."""
    with walls_down():
        Holding.objects.filter(account__username="northgate", product__code="ASR").update(deployed=2 + wrong)

    ended = subprocess.run(
        [sys.executable, "manage.py", "check_ledger"],
        env=process_environment,
        cwd=portal_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == status
    assert ("The books are proven" in ended.stdout, "holds 3 deployed" in ended.stderr) == (not wrong, bool(wrong))


# ── The walls ──


def refusal_of(sql, *values):
    """The name of the constraint that refuses this statement even to the owner, were the triggers down."""
    with walls_down(), the_owner(), pytest.raises(IntegrityError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        connection.check_constraints()
    return refusal.value.__cause__.diag.constraint_name


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("kind = 'gift'", "entry_kind_is_known"),
        ("giver_id = receiver_id", "only_deployed_licenses_stay_with_their_owner"),
        ("kind = 'deployment'", "only_deployed_licenses_stay_with_their_owner"),
        ("kind = 'retirement'", "only_deployed_licenses_stay_with_their_owner"),
        ("kind = 'recall'", "a_reversing_entry_points_to_another"),
        ("kind = 'reversal'", "a_reversing_entry_points_to_another"),
        ("reverses_id = id", "a_reversing_entry_points_to_another"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused_by_the_database(books, change, constraint):
    """B1, decision 7: giver, receiver and "for a reversal the entry it reverses"."""
    assert refusal_of(f"UPDATE licenses_journalentry SET {change} WHERE id = %s", books["sale"].pk) == constraint  # noqa: S608


@pytest.mark.parametrize(
    ("change", "constraint"),
    [("quantity = 0", "a_line_moves_something"), ("state = 'lost'", "line_state_is_known")],
)
def test_a_line_that_makes_no_sense_is_refused_by_the_database(books, change, constraint):
    """B1: a change of available or deployed licenses."""
    assert refusal_of(f"UPDATE licenses_journalline SET {change} WHERE entry_id = %s", books["sale"].pk) == constraint  # noqa: S608


@pytest.mark.parametrize("column", ["available", "deployed", "sold"])
def test_a_customers_number_below_zero_is_refused_by_the_database(books, column):
    """B3."""
    statement = f"UPDATE licenses_holding SET {column} = -1 WHERE id = %s"  # noqa: S608

    assert refusal_of(statement, holding_of("northgate").pk) == f"{column}_is_never_negative"


@pytest.mark.parametrize("column", ["deployed", "sold"])
def test_the_publisher_too_has_no_deployed_and_no_sold_below_zero(books, column):
    """rules.md §2: its available alone."""
    statement = f"UPDATE licenses_holding SET {column} = -1 WHERE id = %s"  # noqa: S608

    assert refusal_of(statement, holding_of("publisher").pk) == f"{column}_is_never_negative"


def test_a_second_holding_of_an_account_and_product_is_refused_by_the_database(books):
    """B4: one row to lock."""
    copy = "INSERT INTO licenses_holding (account_id, product_id, is_source, available, deployed, sold)"
    copy += " SELECT account_id, product_id, is_source, 0, 0, 0 FROM licenses_holding WHERE id = %s"

    assert refusal_of(copy, holding_of("northgate").pk) == "one_holding_per_account_and_product"


def test_every_constraint_of_the_books_is_tried_here(request):
    """Decision 7: a constraint that no test hits may be one that nothing keeps."""
    named = {constraint.name for model in (Holding, JournalEntry, JournalLine) for constraint in model._meta.constraints}
    tried = request.path.read_text()

    below_zero = {f"{column}_is_never_negative" for column in ("available", "deployed", "sold")}
    assert {name for name in named - below_zero if f'"{name}"' not in tried} == set()
