"""What PostgreSQL itself refuses of recalls, reversals, issues and adjustments (B1, C10, C11), and who may correct.

The walls are made as those of 0004_walls.py, which already hold a recall to its direction: it lowers the available of its giver,
the enduser, and raises that of its receiver, and nothing else.
"""

from django.db import migrations

FUNCTIONS = {
    "refuse_what_turns_no_entry_round": """
BEGIN
    PERFORM FROM licenses_journalentry first
    WHERE first.id = NEW.reverses_id AND first.receiver_id = NEW.giver_id AND first.giver_id = NEW.receiver_id
        AND (first.kind = 'sale' OR NEW.kind = 'reversal' AND first.kind IN ('issue', 'transfer', 'recall', 'adjustment'));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a recall turns a sale round, a reversal an issue, sale, transfer, recall or adjustment' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
""",
    # All that takes back of one entry has the same giver. The lock on what that holds is the one that the portal's flows take,
    # so that of two at once the second waits here, and then counts the first; else both would see what neither had taken yet.
    # What was reversed of a recall has not come back.
    "refuse_to_take_back_more_than_went": """
BEGIN
    PERFORM FROM licenses_holding WHERE account_id = NEW.giver_id
        AND product_id IN (SELECT product_id FROM licenses_journalline WHERE entry_id = NEW.id) ORDER BY product_id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM (
            SELECT product_id, quantity FROM licenses_journalline WHERE entry_id = NEW.reverses_id AND quantity > 0
            UNION ALL
            SELECT line.product_id, -line.quantity FROM licenses_journalentry came
            JOIN licenses_journalline line ON line.entry_id = came.id
            WHERE came.reverses_id = NEW.reverses_id AND line.quantity > 0
            UNION ALL
            SELECT line.product_id, line.quantity FROM licenses_journalentry came
            JOIN licenses_journalentry went_again ON went_again.reverses_id = came.id
            JOIN licenses_journalline line ON line.entry_id = went_again.id
            WHERE came.reverses_id = NEW.reverses_id AND line.quantity > 0
        ) moved GROUP BY product_id HAVING sum(quantity) < 0
    ) THEN
        RAISE EXCEPTION 'no more comes back of an entry than it moved' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
""",
    "refuse_to_issue_and_adjust_without_the_publisher": """
BEGIN
    PERFORM FROM accounts_account WHERE kind = 'publisher' AND (id = NEW.giver_id OR NEW.kind = 'adjustment' AND id = NEW.receiver_id);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the publisher issues, and is one side of every adjustment' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
""",
}

ON_ENTRIES = "licenses_journalentry"

# name: (table, whether it is checked at the commit, when it fires, function)
TRIGGERS = {
    "a_reversing_entry_turns_another_round": (
        ON_ENTRIES, "", f"BEFORE INSERT ON {ON_ENTRIES} FOR EACH ROW WHEN (NEW.kind IN ('recall', 'reversal') AND NEW.reverses_id IS NOT NULL)",
        "refuse_what_turns_no_entry_round",
    ),
    "no_more_comes_back_than_went": (
        ON_ENTRIES, "CONSTRAINT",
        f"AFTER INSERT ON {ON_ENTRIES} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL)",
        "refuse_to_take_back_more_than_went",
    ),
    "the_publisher_issues_and_adjusts": (
        ON_ENTRIES, "", f"BEFORE INSERT ON {ON_ENTRIES} FOR EACH ROW WHEN (NEW.kind IN ('issue', 'adjustment'))",
        "refuse_to_issue_and_adjust_without_the_publisher",
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
    dependencies = [("licenses", "0006_figures_of_proofs"), ("accounts", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="journalentry",
            options={
                "permissions": [
                    ("issue_licenses", "Can issue licenses"),
                    ("adjust_licenses", "Can adjust licenses"),
                    ("reverse_entry", "Can reverse journal entries"),
                ],
                "verbose_name_plural": "journal entries",
            },
        ),
        migrations.RunPython(build, tear_down),
    ]
