"""What a letter says is kept with its notice, so that its words can be written when it is delivered; and both rows of one are stored in one call.

On PostgreSQL alone: SQLite stores them row by row, as `licensing_portal/foundation/notices.py` does there.
"""

from django.db import migrations, models

# When a mail is due is said by the database's own clock.
QUEUE_MAIL = """
CREATE FUNCTION queue_mail(
    its_sender text, its_address text, its_subject text, its_text text, its_markup text, its_headers jsonb, its_status smallint,
    its_kind text, its_event text, its_account text, its_copy_to text, what_it_repeats bigint, who_asked text,
    what_it_is_written_from jsonb, its_facts jsonb, its_moment timestamptz,
    OUT its_mail bigint, OUT its_notice bigint
) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO post_office_email
            (from_email, "to", cc, bcc, subject, message, html_message, status, created, last_updated, scheduled_time,
            number_of_retries, headers, backend_alias)
        VALUES (its_sender, its_address, '', '', its_subject, its_text, its_markup, its_status, its_moment, its_moment, statement_timestamp(),
            0, its_headers, '')
        RETURNING id INTO its_mail;
    INSERT INTO foundation_notice
            (kind, event, account, copy_to, email_id, again_of_id, asked_for_by, written_when_sent_from, facts, queued_at, last_error)
        VALUES (its_kind, its_event, its_account, its_copy_to, its_mail, what_it_repeats, who_asked, what_it_is_written_from, its_facts,
            its_moment, '')
        RETURNING id INTO its_notice;
END
$$
"""


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(QUEUE_MAIL, params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION queue_mail")


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0005_jobs"),
        ("post_office", "0014_alter_email_recipient_delivery_status_and_more"),
    ]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="facts",
            field=models.JSONField(
                blank=True, help_text="What it says of its event, for mails whose words are written when they are delivered.", null=True
            ),
        ),
        migrations.RunPython(make, drop),
    ]
