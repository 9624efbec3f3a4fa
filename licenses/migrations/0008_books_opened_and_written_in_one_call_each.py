"""How the books are opened and written on PostgreSQL: in one call each, of a function whose statements are planned once per connection.

They do what the statements of `licenses/ledger.py` do (`ByStatements`, which SQLite has and a property test compares them with), in the
same order, with the rights of whoever calls: every wall of 0004_walls.py and 0007_recalls_and_corrections.py stands before them too.
"""

from django.db import migrations

# Missing holdings are made before any is locked, and both in the order (account, product): whoever waits for a holding that somebody
# makes has locked none yet, and whoever waits for a lock waits for somebody who is further on.
OPEN_BOOKS = """
CREATE FUNCTION open_books(of_accounts bigint[], of_products bigint[]) RETURNS SETOF licenses_holding LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO licenses_holding (account_id, product_id, is_source, available, deployed, sold)
        SELECT account.id, product.id, account.kind = 'publisher', 0, 0, 0
        FROM accounts_account account CROSS JOIN unnest(of_products) AS product (id)
        WHERE account.id = ANY (of_accounts) AND NOT EXISTS (
            SELECT FROM licenses_holding holding WHERE holding.account_id = account.id AND holding.product_id = product.id
        )
        ORDER BY account.id, product.id
        ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT * FROM licenses_holding holding
        WHERE holding.account_id = ANY (of_accounts) AND holding.product_id = ANY (of_products)
        ORDER BY holding.account_id, holding.product_id
        FOR NO KEY UPDATE;
END
$$
"""

# Holdings change by what is added and not to the new number: even if a lock were missing, the constraints would see the truth.
POST_ENTRY = """
CREATE FUNCTION post_entry(
    series text, its_kind text, its_moment timestamptz, its_giver bigint, its_receiver bigint, its_person bigint, its_account bigint,
    its_reference text, its_note text, what_it_reverses bigint,
    of_accounts bigint[], of_products bigint[], in_states text[], by_quantities bigint[], to_balances bigint[],
    of_holdings bigint[], more_available bigint[], more_deployed bigint[], more_sold bigint[],
    OUT its_id bigint, OUT its_number text, OUT its_lines bigint[]
) LANGUAGE plpgsql AS $$
BEGIN
    its_number := next_entry_number(lower(replace(series, '-', '_')))::text;
    its_number := series || '-' || lpad(its_number, greatest(6, length(its_number)), '0');
    INSERT INTO licenses_journalentry
            (number, kind, posted_at, giver_id, receiver_id, posted_by_id, acting_as_id, reference, note, reverses_id)
        VALUES (its_number, its_kind, its_moment, its_giver, its_receiver, its_person, its_account, its_reference, its_note, what_it_reverses)
        RETURNING id INTO its_id;
    WITH written AS (
        INSERT INTO licenses_journalline (entry_id, account_id, product_id, state, quantity, balance)
            SELECT its_id, line.* FROM unnest(of_accounts, of_products, in_states, by_quantities, to_balances) AS line
            RETURNING id
    )
    SELECT array_agg(id ORDER BY id) INTO its_lines FROM written;
    UPDATE licenses_holding holding
        SET available = holding.available + more.available, deployed = holding.deployed + more.deployed, sold = holding.sold + more.sold
        FROM unnest(of_holdings, more_available, more_deployed, more_sold) AS more (id, available, deployed, sold)
        WHERE holding.id = more.id;
END
$$
"""


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(OPEN_BOOKS, params=None)
        schema_editor.execute(POST_ENTRY, params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION post_entry")
        schema_editor.execute("DROP FUNCTION open_books")


class Migration(migrations.Migration):
    dependencies = [("licenses", "0007_recalls_and_corrections"), ("accounts", "0001_initial")]

    operations = [migrations.RunPython(make, drop)]
