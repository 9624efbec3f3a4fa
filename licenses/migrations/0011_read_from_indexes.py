"""Indexes of journal lines that hold the numbers too: what is summed over millions of lines is read from them, in their order.

`journal_of_a_holding` has each line's quantity and balance, which the proof of the books compares with the line before it, and
`lines_of_an_entry` the quantities that must sum to zero. SQLite knows no such indexes and gets plain ones. In their place go three
that found nothing which these and `journal_of_an_account` do not find. And PostgreSQL counts how many holdings the lines are of:
it would take them for a tenth of all lines, and sort those on the disk where a table in memory holds what is summed.
"""

from django.db import migrations, models
from django.db.models import PROTECT

LINES = "licenses_journalline"
COVERING = {
    "journal_of_a_holding": "(account_id, product_id, state, id) INCLUDE (quantity, balance)",
    "lines_of_an_entry": "(entry_id, product_id) INCLUDE (quantity)",
}
COUNT_HOLDINGS = f"CREATE STATISTICS holdings_that_lines_are_of (ndistinct) ON account_id, product_id FROM {LINES}"
OF_AN_ENTRY = models.Index(fields=["entry", "product"], name="lines_of_an_entry")


def build(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.add_index(apps.get_model("licenses", "JournalLine"), OF_AN_ENTRY)
        return
    schema_editor.execute("DROP INDEX journal_of_a_holding")
    for name, columns in COVERING.items():
        schema_editor.execute(f"CREATE INDEX {name} ON {LINES} {columns}")
    schema_editor.execute(COUNT_HOLDINGS)


def tear_down(apps, schema_editor):
    schema_editor.execute("DROP INDEX lines_of_an_entry")
    if schema_editor.connection.vendor == "postgresql":
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
