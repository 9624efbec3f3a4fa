"""A Django project with nothing but django-hordak, as its own documentation sets it up."""

import os

SECRET_KEY = "nobody signs in here"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"]
DEFAULT_CURRENCY = "EUR"
CURRENCIES = ["EUR"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PEER_HOST"], "NAME": os.environ["PEER_DATABASE"],
    "USER": os.environ["PEER_ROLE"], "CONN_MAX_AGE": None}}  # fmt: skip
