"""The group licensing may allow more replacements of a server as well, and both groups see who downloaded what (C6, C8)."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = {"licensing": ("allow_replacement",)}
BOTH = ("view_serverfile", "view_signedlicensefile", "view_licensefiledownload", "view_replacementallowance")


def let_staff_look_after_servers(apps, schema_editor):
    # Django makes permissions once all migrations are through; a group needs its own now.
    create_permissions(installed.get_app_config("deployments"), verbosity=0, using=schema_editor.connection.alias, apps=apps)
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for group in Group.objects.filter(name__in=["licensing", "support"]):  # whoever took one away wants it to stay away
        wanted = [*BOTH, *RIGHTS.get(group.name, ())]
        group.permissions.add(*Permission.objects.filter(content_type__app_label="deployments", codename__in=wanted))


class Migration(migrations.Migration):
    dependencies = [
        ("licensing_portal", "0002_corrections_by_the_staff"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("deployments", "0003_server_files"),
    ]

    operations = [migrations.RunPython(let_staff_look_after_servers, migrations.RunPython.noop)]
