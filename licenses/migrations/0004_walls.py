"""What PostgreSQL itself refuses, whoever asks (B1 to B4): each wall is a trigger named after the fact that it keeps.

The privileges of the application's role are the wall against the portal's own mistakes and against whoever gets in;
these triggers also stop the owner's slips. They are ENABLE ALWAYS, so that no setting of a session turns them off.
A search_path of its own keeps each function right in a restore, which runs with an empty one.
"""

from django.db import migrations

FUNCTIONS = {
    "refuse_to_change_the_journal": """
BEGIN
    RAISE EXCEPTION 'the journal is never changed: % of %', lower(TG_OP), TG_TABLE_NAME USING ERRCODE = 'check_violation';
END
""",
    # All lines of an entry come in one statement, so that what was balanced once stays so. Each product has two: what the
    # giver gives and what the receiver receives. Only a deployment adds to what is deployed, only a retirement takes from it.
    "refuse_lines_in_a_wrong_direction": """
BEGIN
    IF EXISTS (
        SELECT FROM added JOIN licenses_journalentry entry ON entry.id = added.entry_id
        GROUP BY entry.id, added.product_id
        HAVING count(*) <> 2 OR sum(added.quantity) <> 0 OR bool_or(CASE
            WHEN added.quantity < 0 THEN added.account_id <> entry.giver_id
                OR added.state <> CASE entry.kind WHEN 'retirement' THEN 'deployed' ELSE 'available' END
            ELSE added.account_id <> entry.receiver_id
                OR added.state <> CASE entry.kind WHEN 'deployment' THEN 'deployed' ELSE 'available' END
            END)
    ) THEN
        RAISE EXCEPTION 'each product moves from the giver to the receiver, and nothing else' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM licenses_journalline line
        WHERE line.entry_id IN (SELECT entry_id FROM added) AND NOT EXISTS (SELECT FROM added WHERE added.id = line.id)
    ) THEN
        RAISE EXCEPTION 'an entry has all its lines at once: none is added later' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
""",
    "refuse_lines_that_do_not_count_on": """
BEGIN
    IF EXISTS (
        SELECT FROM added LEFT JOIN LATERAL (
            SELECT line.balance FROM licenses_journalline line
            WHERE line.account_id = added.account_id AND line.product_id = added.product_id AND line.state = added.state AND line.id < added.id
            ORDER BY line.id DESC LIMIT 1
        ) before ON true
        WHERE added.balance <> coalesce(before.balance, 0) + added.quantity
    ) THEN
        RAISE EXCEPTION 'the balance of a line is the one before it and its quantity' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
""",
    "refuse_an_entry_without_lines": """
BEGIN
    IF NOT EXISTS (SELECT FROM licenses_journalline WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'an entry has lines: % has none', NEW.number USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
""",
    # The share lock makes whoever moves or closes the enduser wait: the lock of a foreign key would let them.
    "refuse_a_sale_to_a_stranger": """
BEGIN
    PERFORM FROM accounts_account WHERE id = NEW.receiver_id AND reseller_id = NEW.giver_id AND closed_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a sale is to an open enduser of the seller' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
""",
    "refuse_a_transfer_without_a_link": """
BEGIN
    PERFORM FROM accounts_link WHERE holder_id = NEW.receiver_id AND target_id = NEW.giver_id FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a transfer goes over a link of the receiver' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
""",
    # Deferred, as the lines are written before the holding; it looks at the row as it is at the commit.
    "refuse_a_holding_beside_the_journal": """
DECLARE
    holding licenses_holding;
    said record;
BEGIN
    SELECT * INTO holding FROM licenses_holding WHERE id = NEW.id;
    SELECT
        coalesce((SELECT balance FROM licenses_journalline line WHERE line.account_id = holding.account_id
            AND line.product_id = holding.product_id AND line.state = 'available' ORDER BY line.id DESC LIMIT 1), 0) AS available,
        coalesce((SELECT balance FROM licenses_journalline line WHERE line.account_id = holding.account_id
            AND line.product_id = holding.product_id AND line.state = 'deployed' ORDER BY line.id DESC LIMIT 1), 0) AS deployed
    INTO said;
    IF (holding.available, holding.deployed) IS DISTINCT FROM (said.available, said.deployed) THEN
        RAISE EXCEPTION 'a holding is what its last lines say: % and %, not % and %',
            said.available, said.deployed, holding.available, holding.deployed USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
""",
}

ON_ENTRIES, ON_LINES, ON_HOLDINGS = "licenses_journalentry", "licenses_journalline", "licenses_holding"
EACH_LINES = f"AFTER INSERT ON {ON_LINES} REFERENCING NEW TABLE AS added FOR EACH STATEMENT"

# name: (table, whether it is checked at the commit, when it fires, function)
TRIGGERS = {
    "journal_entries_are_never_changed": (
        ON_ENTRIES, "", f"BEFORE UPDATE OR DELETE ON {ON_ENTRIES} FOR EACH ROW", "refuse_to_change_the_journal",
    ),
    "journal_lines_are_never_changed": (
        ON_LINES, "", f"BEFORE UPDATE OR DELETE ON {ON_LINES} FOR EACH ROW", "refuse_to_change_the_journal",
    ),
    "each_product_moves_from_giver_to_receiver": (ON_LINES, "", EACH_LINES, "refuse_lines_in_a_wrong_direction"),
    "each_line_counts_on_from_the_one_before": (ON_LINES, "", EACH_LINES, "refuse_lines_that_do_not_count_on"),
    "an_entry_has_lines": (
        ON_ENTRIES, "CONSTRAINT", f"AFTER INSERT ON {ON_ENTRIES} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW", "refuse_an_entry_without_lines",
    ),
    "a_sale_is_to_an_own_enduser": (
        ON_ENTRIES, "", f"BEFORE INSERT ON {ON_ENTRIES} FOR EACH ROW WHEN (NEW.kind = 'sale')", "refuse_a_sale_to_a_stranger",
    ),
    "a_transfer_goes_over_a_link": (
        ON_ENTRIES, "", f"BEFORE INSERT ON {ON_ENTRIES} FOR EACH ROW WHEN (NEW.kind = 'transfer')", "refuse_a_transfer_without_a_link",
    ),
    "a_holding_is_what_its_last_lines_say": (
        ON_HOLDINGS, "CONSTRAINT", f"AFTER INSERT OR UPDATE ON {ON_HOLDINGS} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
        "refuse_a_holding_beside_the_journal",
    ),
}  # fmt: skip


def build(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for name, body in FUNCTIONS.items():
        schema_editor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $${body}$$", params=None
        )
    for name, (table, constraint, when, function) in TRIGGERS.items():
        schema_editor.execute(f"CREATE {constraint} TRIGGER {name} {when} EXECUTE FUNCTION {function}()")
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def tear_down(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for name, (table, *_) in TRIGGERS.items():
        schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
    for name in FUNCTIONS:
        schema_editor.execute(f"DROP FUNCTION {name}()")


class Migration(migrations.Migration):
    dependencies = [("licenses", "0003_deployments_are_referred_to_by_name"), ("accounts", "0001_initial")]

    operations = [migrations.RunPython(build, tear_down)]
