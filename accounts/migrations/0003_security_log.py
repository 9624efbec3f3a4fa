"""The security log, and the wall around it: what is written is never changed (A8), not even by a slip of the owner's."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

FUNCTION = """
BEGIN
    RAISE EXCEPTION 'the security log is never changed: % of %', lower(TG_OP), TG_TABLE_NAME USING ERRCODE = 'check_violation';
END
"""

# As in licenses/migrations/0004_walls.py: name: (table, whether it is checked at the commit, when it fires, function)
TRIGGERS = {
    "security_events_are_never_changed": (
        "accounts_securityevent", "", "BEFORE UPDATE OR DELETE ON accounts_securityevent FOR EACH ROW", "refuse_to_change_the_security_log",
    ),
}  # fmt: skip


def build(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for name, (table, constraint, when, function) in TRIGGERS.items():
        schema_editor.execute(
            f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $${FUNCTION}$$", params=None
        )
        schema_editor.execute(f"CREATE {constraint} TRIGGER {name} {when} EXECUTE FUNCTION {function}()")
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def tear_down(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for name, (table, _, _, function) in TRIGGERS.items():
        schema_editor.execute(f"DROP TRIGGER {name} ON {table}")
        schema_editor.execute(f"DROP FUNCTION {function}()")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_revocations"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecurityEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("signed_in", "Signed in"),
                            ("sign_in_failed", "Wrong username or password"),
                            ("locked", "Locked after too many tries"),
                            ("signed_out", "Signed out"),
                            ("reset_asked", "Password reset asked for"),
                            ("password_changed", "Password changed"),
                            ("second_factor_added", "Second factor added"),
                            ("second_factor_removed", "Second factor removed"),
                            ("account_created", "Account created"),
                            ("account_closed", "Account closed"),
                            ("user_invited", "User invited"),
                            ("role_changed", "Role changed"),
                            ("user_deactivated", "User deactivated"),
                            ("user_activated", "User activated"),
                            ("linked", "Account linked"),
                            ("unlinked", "Link ended"),
                            ("switched", "Acting began"),
                            ("returned", "Acting ended"),
                            ("refused", "Refused"),
                            ("throttled", "Too many requests"),
                            ("staff_acted", "Done by the publisher"),
                        ],
                        max_length=30,
                    ),
                ),
                ("about", models.CharField(blank=True, help_text="What it was about, on one line.", max_length=200)),
                ("address", models.CharField(blank=True, help_text="The IP address that the request came from.", max_length=45)),
                ("request_id", models.CharField(blank=True, help_text="The id that log lines and error pages name.", max_length=32)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        help_text="The user’s own account.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        db_index=False,
                        help_text="The account acted for, linked or otherwise concerned.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        help_text="Who did it, or whose name was tried; nobody where no user has the name.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account", "-id"], name="security_event_of_account"),
                    models.Index(fields=["other", "-id"], name="security_event_of_other"),
                ],
            },
        ),
        migrations.RunPython(build, tear_down),
    ]
