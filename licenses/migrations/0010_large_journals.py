"""What finds few entries among millions: those of some days, an account's transfers, and on PostgreSQL those that contain some text.

The last needs the extension pg_trgm, which comes with PostgreSQL and which the owner of a database may create; where that is not
so, all is found as before, and slower.
"""

from django.db import migrations, models
from django.db.models import Q

FIND_TEXT = """
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX entries_by_text ON licenses_journalentry
        USING gin (upper(number) gin_trgm_ops, upper(reference) gin_trgm_ops, upper(note) gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm cannot be created: searches read the whole journal of an account';
END
$$
"""


def build(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FIND_TEXT, params=None)


def tear_down(apps, schema_editor):
    """The extension stays: others may have come to use it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS entries_by_text")


class Migration(migrations.Migration):
    dependencies = [("licenses", "0009_names_in_words")]

    operations = [
        migrations.AddIndex("journalentry", models.Index(fields=["posted_at"], name="entries_by_moment")),
        migrations.AddIndex(
            "journalentry", models.Index(fields=["giver"], condition=Q(kind__in=["transfer", "reversal"]), name="transfers_from_an_account")
        ),
        migrations.AddIndex(
            "journalentry", models.Index(fields=["receiver"], condition=Q(kind__in=["transfer", "reversal"]), name="transfers_to_an_account")
        ),
        migrations.RunPython(build, tear_down),
    ]
