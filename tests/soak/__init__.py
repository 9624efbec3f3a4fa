"""The portal under people who press on while its processes, its connections and its database are killed at random: `make soak`.

The modules need Django's models, so it is set up here, with no database yet: the soak brings a server of its own.
"""

import os

import django

os.environ |= {"DJANGO_SETTINGS_MODULE": "licensing_portal.settings", "DEMO": "1", "DATABASE_URL": "postgres://nobody@localhost/nowhere"}
django.setup()
