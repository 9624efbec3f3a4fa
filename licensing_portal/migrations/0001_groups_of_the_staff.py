"""Two groups to put staff in: support reads everything, licensing issues, retires, sends again and has the books proven as well (C11)."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

OF_THE_HOUSE = ("foundation", "accounts", "licenses", "deployments")
ACTS = ("issue_licenses", "retire_deployment", "send_notice_again", "add_proofrequest")


def make_groups(apps, schema_editor):
    # Django makes permissions once all migrations are through; a group needs its own now.
    for label in OF_THE_HOUSE:
        create_permissions(installed.get_app_config(label), verbosity=0, using=schema_editor.connection.alias, apps=apps)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    reads = Permission.objects.filter(content_type__app_label__in=OF_THE_HOUSE, codename__startswith="view_")
    acts = Permission.objects.filter(content_type__app_label__in=OF_THE_HOUSE, codename__in=ACTS)
    Group.objects.get_or_create(name="support")[0].permissions.set(reads)
    Group.objects.get_or_create(name="licensing")[0].permissions.set(reads | acts)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("foundation", "0003_who_asked_for_it"),
        ("accounts", "0003_security_log"),
        ("licenses", "0005_proofs_on_record"),
        ("deployments", "0002_retired_deployments"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
