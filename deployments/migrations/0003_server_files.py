"""Server files, the license files made of them, and who was given one (C6 to C8); and the walls around what is written once."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

FUNCTIONS = {
    "refuse_to_change_what_was_given": """
BEGIN
    RAISE EXCEPTION 'what was given is never changed: % of %', lower(TG_OP), TG_TABLE_NAME USING ERRCODE = 'check_violation';
END
""",
    # Until when it is in use is told once, and all else of it stays.
    "refuse_to_change_a_server_file": """
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND to_jsonb(NEW) - 'ended_at' = to_jsonb(OLD) - 'ended_at' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a server file is never changed: %', lower(TG_OP) USING ERRCODE = 'check_violation';
END
""",
    "refuse_a_lower_serial": """
BEGIN
    RAISE EXCEPTION 'serials only rise: % after %', NEW.serial, OLD.serial USING ERRCODE = 'check_violation';
END
""",
}

WRITTEN_ONCE = {
    "license_files_are_never_changed": "deployments_signedlicensefile",
    "downloads_are_never_changed": "deployments_licensefiledownload",
    "allowances_are_never_changed": "deployments_replacementallowance",
}

# As in licenses/migrations/0004_walls.py: name: (table, whether it is checked at the commit, when it fires, function)
TRIGGERS = {
    **{
        name: (table, "", f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW", "refuse_to_change_what_was_given")
        for name, table in WRITTEN_ONCE.items()
    },
    "server_files_are_never_changed": (
        "deployments_serverfile", "", "BEFORE UPDATE OR DELETE ON deployments_serverfile FOR EACH ROW", "refuse_to_change_a_server_file",
    ),
    "serials_only_rise": (
        "deployments_deployment", "", "BEFORE UPDATE ON deployments_deployment FOR EACH ROW WHEN (NEW.serial < OLD.serial)",
        "refuse_a_lower_serial",
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
    dependencies = [
        ("accounts", "0005_profiles_and_addresses"),
        ("deployments", "0002_retired_deployments"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="deployment",
            options={
                "permissions": [
                    ("retire_deployment", "Can retire deployments"),
                    ("allow_replacement", "Can allow more replacements of a server"),
                ]
            },
        ),
        migrations.AddField(
            model_name="deployment",
            name="serial",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="Of the license file that its server file and licenses of now make; 0 before there was a server file.",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=(~Q(state="waiting") | Q(serial=0)) & (~Q(state="active") | Q(serial__gt=0)),
                name="an_active_deployment_and_no_waiting_one_has_a_serial",
            ),
        ),
        migrations.CreateModel(
            name="ServerFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(help_text="In hexadecimal digits, small letters.", max_length=64)),
                ("content", models.BinaryField()),
                ("size", models.PositiveIntegerField(help_text="In bytes.")),
                ("name", models.CharField(help_text="What the uploader’s file was called: to be shown, and for nothing else.", max_length=100)),
                ("reason", models.TextField(blank=True, help_text="Why it took the place of the one before.")),
                ("uploaded_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, editable=False, help_text="When it was superseded, or its deployment retired.", null=True),
                ),
                (
                    "deployment",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="server_files", to="deployments.deployment"),
                ),
                ("uploaded_as", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.account")),
                ("uploaded_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(condition=Q(ended_at=None), fields=("sha256",), name="a_server_file_is_in_use_on_one_deployment"),
                    models.UniqueConstraint(condition=Q(ended_at=None), fields=("deployment",), name="a_deployment_has_one_server_file_in_use"),
                    models.CheckConstraint(
                        condition=Q(Exact(Length("content"), F("size")), size__gte=1, size__lte=65536),
                        name="a_server_file_has_1_to_65536_bytes",
                    ),
                    models.CheckConstraint(condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="a_sha256_is_64_hexadecimal_digits"),
                ]
            },
        ),
        migrations.CreateModel(
            name="SignedLicenseFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("serial", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "deployment",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="license_files", to="deployments.deployment"),
                ),
                (
                    "server_file",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="license_files", to="deployments.serverfile"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("deployment", "serial"), name="one_license_file_per_deployment_and_serial"),
                    models.CheckConstraint(condition=Q(serial__gt=0), name="serials_of_license_files_begin_with_1"),
                ]
            },
        ),
        migrations.CreateModel(
            name="LicenseFileDownload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("downloaded_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "downloaded_as",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.account"),
                ),
                (
                    "downloaded_by",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                (
                    "license_file",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="downloads", to="deployments.signedlicensefile"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReplacementAllowance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("year", models.PositiveSmallIntegerField(help_text="Of UTC, as in the numbers of entries.")),
                ("reason", models.TextField()),
                ("allowed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("allowed_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "deployment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="replacement_allowances", to="deployments.deployment"
                    ),
                ),
            ],
        ),
        migrations.RunPython(build, tear_down),
    ]
