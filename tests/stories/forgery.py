"""Writing in the journal past the services, by raw SQL as the application's role: honestly, and in every way that a wall must stop."""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import count

from django.db import connection

from tests.roles import the_owner
from tests.stories.model import PUT_INTO, TAKEN_FROM, seller_of

_numbers = count(1)

HOLDING = """
    INSERT INTO licenses_holding (account_id, product_id, is_source, available, deployed, sold)
    SELECT account.id, product.id, account.kind = 'publisher', 0, 0, 0 FROM accounts_account account, licenses_product product
    WHERE username = %s AND code = %s
        AND NOT EXISTS (SELECT FROM licenses_holding WHERE account_id = account.id AND product_id = product.id)
"""
ENTRY = """
    INSERT INTO licenses_journalentry (number, kind, posted_at, giver_id, receiver_id, posted_by_id, acting_as_id, reference, note, reverses_id)
    SELECT %s, %s, now(), giver.id, receiver.id, (SELECT min(id) FROM accounts_user), giver.id, '', '', %s
    FROM accounts_account giver, accounts_account receiver WHERE giver.username = %s AND receiver.username = %s RETURNING id
"""
LINES = """
    INSERT INTO licenses_journalline (entry_id, account_id, product_id, state, quantity, balance)
    SELECT %s, account.id, product.id, line.state, line.quantity, line.balance
    FROM (VALUES {}) line (username, code, state, quantity, balance)
    JOIN accounts_account account USING (username) JOIN licenses_product product USING (code)
"""
NUMBERS = """
    UPDATE licenses_holding SET available = %s, deployed = %s, sold = %s FROM accounts_account account, licenses_product product
    WHERE account.id = account_id AND product.id = product_id AND username = %s AND code = %s
"""
TWIN = "INSERT INTO licenses_holding (account_id, product_id, is_source, available, deployed, sold) {}"
ITSELF = "SELECT account_id, product_id, is_source, available, deployed, sold FROM licenses_holding LIMIT 1"


@dataclass(frozen=True)
class Writing:
    """An entry with its lines, and the holdings as they are to be after it."""

    kind: str
    giver: str
    receiver: str
    lines: tuple = ()  # (username, code, state, quantity, balance)
    holdings: dict = field(default_factory=dict)  # (username, code): (available, deployed, sold)
    reverses: int | None = None  # the primary key of the entry that it takes back

    def __call__(self):
        """Write it; return the entry's primary key."""
        with connection.cursor() as cursor:
            for account, code in self.holdings:
                cursor.execute(HOLDING, [account, code])
            cursor.execute(ENTRY, [f"X-2026-{next(_numbers):06}", self.kind, self.reverses, self.giver, self.receiver])
            (entry,) = cursor.fetchone()
            if self.lines:
                values = ", ".join(["(%s, %s, %s, %s::bigint, %s::bigint)"] * len(self.lines))
                cursor.execute(LINES.format(values), [entry, *(value for line in self.lines for value in line)])
            for (account, code), numbers in self.holdings.items():
                cursor.execute(NUMBERS, [*numbers, account, code])
        return entry


def honest(model, kind, giver, receiver, code, quantity, *, of=None, reverses=None):
    """What the ledger would write, in its shape; whether the rules allow it is another matter.

    What takes back names the model's entry and the primary key of the journal's.
    """
    after = {account: dict(model.holding(account, code)) for account in (giver, receiver)}
    lines = []
    for account, state, change in [(giver, TAKEN_FROM.get(kind, "available"), -quantity), (receiver, PUT_INTO.get(kind, "available"), quantity)]:
        after[account][state] += change
        lines.append((account, code, state, change, after[account][state]))
    if seller := seller_of(kind, giver, receiver, of):
        after[seller]["sold"] += quantity if seller == giver else -quantity
    numbers = {(account, code): (held["available"], held["deployed"], held["sold"]) for account, held in after.items()}
    return Writing(kind, giver, receiver, tuple(lines), numbers, reverses)


def sql(statement, *, as_owner=False):
    """An act that executes one statement."""

    def act():
        with connection.cursor() as cursor:
            if as_owner:
                with the_owner():
                    cursor.execute(statement)
            else:
                cursor.execute(statement)

    return act


def forgeries(model, seller, owner, code, quantity):
    """Every way to falsify a sale that would be in order, or the books beside it: (the wall that must stop it, how it says so, the act)."""
    yield from _wrong_lines(honest(model, "sale", seller, owner, code, quantity))
    yield from _wrong_sides(model, seller, code, quantity)
    yield from _wrong_numbers(model, seller, owner, code)
    yield from _wrong_corrections(model, seller, owner, code)
    for table, wall in [("licenses_journalentry", "journal_entries_are_never_changed"), ("licenses_journalline", "journal_lines_are_never_changed")]:
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):  # noqa: S608
            yield wall, "refuse_to_change_the_journal", sql(statement, as_owner=True)
            yield privilege(statement.split()[0], table), f"permission denied for table {table}", sql(statement)
        yield privilege("TRUNCATE", table), f"permission denied for table {table}", sql(f"TRUNCATE {table}")


def privilege(right, table):
    return f"no {right} on {table}"


def _wrong_lines(sale):
    """The same sale, with something wrong in what is written of it."""
    (giver, receiver), (gave, received) = sale.holdings, sale.lines
    (from_, code, *_, n, left), (to, _, _, _, held) = gave, received
    more = {**sale.holdings, receiver: (sale.holdings[receiver][0] + 1, *sale.holdings[receiver][1:])}
    kept = {**sale.holdings, giver: (sale.holdings[giver][0] + 1, *sale.holdings[giver][1:])}
    direction, by = "each_product_moves_from_giver_to_receiver", "refuse_lines_in_a_wrong_direction"
    yield direction, by, replace(sale, lines=(gave, (to, code, "available", 1 - n, held + 1)), holdings=more)
    yield direction, by, replace(sale, lines=(received,), holdings={receiver: sale.holdings[receiver]})
    counting, by = "each_line_counts_on_from_the_one_before", "refuse_lines_that_do_not_count_on"
    yield counting, by, replace(sale, lines=((from_, code, "available", n, left + 1), received), holdings=kept)
    yield "an_entry_has_lines", "refuse_an_entry_without_lines", replace(sale, lines=(), holdings={})
    yield "a_holding_is_what_its_last_lines_say", "refuse_a_holding_beside_the_journal", replace(sale, holdings=more)
    yield (
        "a_line_moves_something",
        "",
        replace(sale, lines=((from_, code, "available", 0, left - n), (to, code, "available", 0, held + n)), holdings={}),
    )
    yield "line_state_is_known", "", replace(sale, lines=((from_, code, "lost", n, n), (to, code, "lost", -n, -n)), holdings={})
    yield "entry_kind_is_known", "", replace(sale, kind="gift")
    yield "a_reversing_entry_points_to_another", "", replace(sale, kind="recall")


def _wrong_sides(model, seller, code, quantity):
    """Honest writing of what the seller may not do."""
    others = [account for account in sorted(model.accounts) if account not in {seller, "publisher"}]
    for account in others:
        if not model.may_be_sold_to(seller, account):
            yield "a_sale_is_to_an_own_enduser", "refuse_a_sale_to_a_stranger", honest(model, "sale", seller, account, code, quantity)
        if (account, seller) not in model.links:
            yield "a_transfer_goes_over_a_link", "refuse_a_transfer_without_a_link", honest(model, "transfer", seller, account, code, quantity)
    held, deployed, sold = model.holding("publisher", code).values()
    lines = ("publisher", code, "available", -quantity, held - quantity), ("publisher", code, "available", quantity, held)
    to_itself = Writing("adjustment", "publisher", "publisher", lines, {("publisher", code): (held, deployed, sold)})
    yield "only_deployed_licenses_stay_with_their_owner", "", to_itself


def _wrong_corrections(model, seller, owner, code):
    """Issues and adjustments without the publisher, and what takes back of another entry, or more than it moved."""
    for kind in ("issue", "adjustment"):
        without = honest(model, kind, seller, owner, code, 1)
        yield "the_publisher_issues_and_adjusts", "refuse_to_issue_and_adjust_without_the_publisher", without
    issue, after = honest(model, "issue", "publisher", seller, code, 1), deepcopy(model)
    after.move("issue", "publisher", seller, {code: 1})

    def taken_back(receiver, quantity):
        reversal = honest(after, "reversal", seller, receiver, code, quantity, of=after.entries[-1])

        def act():
            replace(reversal, reverses=issue())()

        return act

    yield "a_reversing_entry_turns_another_round", "refuse_what_turns_no_entry_round", taken_back(owner, 1)
    yield "no_more_comes_back_than_went", "refuse_to_take_back_more_than_went", taken_back("publisher", 2)


def _wrong_numbers(model, seller, owner, code):
    """Honest writing of more than there is."""
    held, deployed, _ = model.holding(seller, code).values()
    yield "available_is_never_negative", "", honest(model, "sale", seller, owner, code, held + 1)
    yield "deployed_is_never_negative", "", honest(model, "retirement", seller, seller, code, deployed + 1)
    yield "sold_is_never_negative", "", sql("UPDATE licenses_holding SET sold = -1")
    yield "one_holding_per_account_and_product", "", sql(TWIN.format(ITSELF))
