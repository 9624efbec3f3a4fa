"""The group licensing may adjust and reverse as well; support still reads alone (C11)."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ACTS = ("adjust_licenses", "reverse_entry")


def let_licensing_correct(apps, schema_editor):
    # Django makes permissions once all migrations are through; a group needs its own now.
    create_permissions(installed.get_app_config("licenses"), verbosity=0, using=schema_editor.connection.alias, apps=apps)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    acts = Permission.objects.filter(content_type__app_label="licenses", codename__in=ACTS)
    for group in Group.objects.filter(name="licensing"):  # whoever took it away wants it to stay away
        group.permissions.add(*acts)


class Migration(migrations.Migration):
    dependencies = [
        ("licensing_portal", "0001_groups_of_the_staff"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("licenses", "0007_recalls_and_corrections"),
    ]

    operations = [migrations.RunPython(let_licensing_correct, migrations.RunPython.noop)]
