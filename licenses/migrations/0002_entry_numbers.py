"""A sequence per letter and year, made on first use. The function has its owner's rights, as the application's role may make none."""

from django.db import migrations

CREATE = """
CREATE FUNCTION next_entry_number(series text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text := 'entry_number_' || series;
BEGIN
    IF series !~ '^[a-z]_[0-9]{4}$' THEN
        RAISE EXCEPTION 'not a series of entry numbers: %', series;
    END IF;
    IF to_regclass(name) IS NULL THEN
        BEGIN
            EXECUTE format('CREATE SEQUENCE %I', name);
        EXCEPTION WHEN duplicate_table OR unique_violation THEN
            NULL;  -- a rival made it at the same moment
        END;
    END IF;
    RETURN nextval(name::regclass);
END
$$
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE, params=None)  # its % are the function’s own


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION next_entry_number(text)")


class Migration(migrations.Migration):
    dependencies = [("licenses", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
