"""Indexes of journal lines that hold the numbers too: what is summed over millions of lines is read from them, in their order.

`journal_of_a_holding` has each line's quantity and balance, which the proof of the books compares with the line before it, and
`lines_of_an_entry` the quantities that must sum to zero. SQLite knows no such indexes and gets plain ones. In their place go three
that found nothing which these and `journal_of_an_account` do not find. And PostgreSQL counts how many holdings the lines are of:
it would take them for a tenth of all lines, and sort those on the disk where a table in memory holds what is summed.

One wall of 0004_walls.py says the same in other words: it counts the products that go a wrong way, and the lines of an entry, where it asked
whether there is one too many. Asked so, PostgreSQL expects to find one at once, and compares each of many lines with every other.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.models import PROTECT

LINES = "licenses_journalline"
COVERING = {
    "journal_of_a_holding": "(account_id, product_id, state, id) INCLUDE (quantity, balance)",
    "lines_of_an_entry": "(entry_id, product_id) INCLUDE (quantity)",
}
COUNT_HOLDINGS = f"CREATE STATISTICS holdings_that_lines_are_of (ndistinct) ON account_id, product_id FROM {LINES}"
OF_AN_ENTRY = models.Index(fields=["entry", "product"], name="lines_of_an_entry")


WALL = "refuse_lines_in_a_wrong_direction"
FIRST_WORDS = import_module("licenses.migrations.0004_walls").FUNCTIONS[WALL]
WORDS = """
DECLARE
    wrong bigint;
BEGIN
    SELECT count(*) INTO wrong FROM (
        SELECT FROM added JOIN licenses_journalentry entry ON entry.id = added.entry_id
        GROUP BY entry.id, added.product_id
        HAVING count(*) <> 2 OR sum(added.quantity) <> 0 OR bool_or(CASE
            WHEN added.quantity < 0 THEN added.account_id <> entry.giver_id
                OR added.state <> CASE entry.kind WHEN 'retirement' THEN 'deployed' ELSE 'available' END
            ELSE added.account_id <> entry.receiver_id
                OR added.state <> CASE entry.kind WHEN 'deployment' THEN 'deployed' ELSE 'available' END
            END)
    ) products;
    IF wrong > 0 THEN
        RAISE EXCEPTION 'each product moves from the giver to the receiver, and nothing else' USING ERRCODE = 'check_violation';
    END IF;
    IF (SELECT count(*) FROM licenses_journalline line WHERE line.entry_id IN (SELECT entry_id FROM added)) <> (SELECT count(*) FROM added) THEN
        RAISE EXCEPTION 'an entry has all its lines at once: none is added later' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
"""


def say(schema_editor, words):
    schema_editor.execute(
        f"CREATE OR REPLACE FUNCTION {WALL}() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $${words}$$", params=None
    )


def build(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.add_index(apps.get_model("licenses", "JournalLine"), OF_AN_ENTRY)
        return
    schema_editor.execute("DROP INDEX journal_of_a_holding")
    for name, columns in COVERING.items():
        schema_editor.execute(f"CREATE INDEX {name} ON {LINES} {columns}")
    schema_editor.execute(COUNT_HOLDINGS)
    say(schema_editor, WORDS)


def tear_down(apps, schema_editor):
    schema_editor.execute("DROP INDEX lines_of_an_entry")
    if schema_editor.connection.vendor == "postgresql":
        say(schema_editor, FIRST_WORDS)
        schema_editor.execute("DROP STATISTICS holdings_that_lines_are_of")
        schema_editor.execute("DROP INDEX journal_of_a_holding")
        schema_editor.execute(f"CREATE INDEX journal_of_a_holding ON {LINES} (account_id, product_id, state, id)")


def without_an_index(to, **more):
    return models.ForeignKey(to, on_delete=PROTECT, related_name="lines", db_index=False, **more)


class Migration(migrations.Migration):
    dependencies = [("licenses", "0010_large_journals")]

    operations = [
        # First, as the lines of an entry are found by nothing else once its own index is gone.
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(build, tear_down)],
            state_operations=[migrations.AddIndex("journalline", OF_AN_ENTRY)],
        ),
        migrations.AlterField("journalline", "entry", without_an_index("licenses.journalentry")),
        migrations.AlterField("journalline", "account", without_an_index("accounts.account", verbose_name="account")),
        migrations.AlterField("journalline", "product", without_an_index("licenses.product", verbose_name="product")),
    ]
