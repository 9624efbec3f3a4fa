"""The benchmark, `make bench`: what no test may measure, for a test that measures time fails by chance.

The modules need Django's models, so it is set up here, with no database yet: the benchmark brings a server of its own. Where it is
set up already, as in a test run, all stays as it is; a peer's process names its own settings.
"""

import os

import django
from django.apps import apps

if not apps.ready:
    os.environ |= {"DJANGO_SETTINGS_MODULE": os.environ.get("BENCH_SETTINGS", "licensing_portal.settings")}
    os.environ |= {"DEMO": "1", "DATABASE_URL": "postgres://nobody@localhost/nowhere"}
    django.setup()
