"""The settings of a test run: the portal's own, with a throw-away database, and nothing taken from the caller's environment.

TEST_SQLITE=1 runs on SQLite, with the very options of the demo: what the demo promises is tried on what the demo has.
"""

import os

from tests import postgres, scratch

# Whoever runs the tests may have a portal of their own in this shell; none of it must reach a test, nor a test it.
for name in (
    "DEMO",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "EMAIL_URL",
    "DEFAULT_FROM_EMAIL",
    "LICENSE_SIGNING_KEY",
    "LICENSE_VERIFYING_KEYS",
    "SERVER_REPLACEMENTS_PER_YEAR",
    "DATABASE_OWNER_URL",
    "LOG_FORMAT",
    "TRUSTED_PROXIES",
):
    os.environ.pop(name, None)

IS_ON_SQLITE = os.environ.get("TEST_SQLITE") == "1"
FOLDER = scratch.folder("test")  # each of xdist's workers has its own

os.environ["VAR"] = str(FOLDER)
os.environ["DEBUG"] = "1"  # for its defaults; pytest-django turns DEBUG itself off
os.environ["PORTAL_URL"] = "http://testserver"  # the name that Django's test client uses
os.environ["DATABASE_URL"] = f"sqlite:///{FOLDER / 'portal.sqlite3'}" if IS_ON_SQLITE else postgres.ensure()

from licensing_portal.settings import *

if IS_ON_SQLITE:
    # Django would test in memory, where threads share one connection: the locks of the demo would not be tried.
    DATABASES["default"]["TEST"] = {"NAME": str(FOLDER / "test.sqlite3")}
else:
    DATABASES["default"]["ENGINE"] = "tests.database"
    # A connection that a thread leaves open would keep the test database from being dropped.
    DATABASES["default"]["CONN_MAX_AGE"] = 0

CACHES["parts"]["BACKEND"] = "django.core.cache.backends.locmem.LocMemCache"  # as in production

# The hasher of production with the least work: the format and the library are tried, and a sign-in costs no 50 ms.
PASSWORD_HASHERS = ["tests.hashers.FastArgon2PasswordHasher"]

# The demo's story is told in tests as well, and its admin goes without.
STAFF_WITHOUT_SECOND_FACTOR = {"admin"}

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# Looks files up when they are asked for; else every test client would list all static files first.
WHITENOISE_AUTOREFRESH = True

LOGGING["root"]["level"] = "WARNING"
