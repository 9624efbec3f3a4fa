"""One settings module; every knob comes from the environment (see docs/operations.md).

Three ways to run: DEMO=1 (the story of docs/rules.md §5, SQLite unless DATABASE_URL is set, mails as files),
DEBUG=1 (development), and neither: production, which refuses to start on anything that would be unsafe.
"""

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from licensing_portal.foundation import signing_keys

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

# ── Which of the three ─────────────────────────────────────────────────────────────────────────────────────────────

DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)
IS_PRODUCTION = not (DEMO or DEBUG)

VAR = Path(env.str("VAR", default=str(BASE_DIR / "var"))).resolve()

SECRET_KEY = env.str("SECRET_KEY", default="" if IS_PRODUCTION else "for the demo and for development alone, never for real licenses")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY: production does not start without a secret of its own.")

SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # those before, until nothing stands on them any more

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
if IS_PRODUCTION and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured("Set ALLOWED_HOSTS to the portal's own host names; * would believe any Host header.")

PORTAL_URL = env.str("PORTAL_URL", default=f"https://{ALLOWED_HOSTS[0]}" if IS_PRODUCTION else "http://localhost:8000").rstrip("/")
IS_HTTPS = PORTAL_URL.startswith("https://")

# ── Applications ───────────────────────────────────────────────────────────────────────────────────────────────────

INSTALLED_APPS = [
    # The house, from the roof down.
    "licensing_portal.apps.LicensingPortalConfig",
    "deployments",
    "transfers",
    "licenses",
    "accounts",
    "licensing_portal.foundation",
    # Libraries.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_include_bootstrap",
    "heroicons",
    "post_office",
    "licensing_portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "licensing_portal.foundation.tracing.TraceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "licensing_portal.headers.NothingIsKeptMiddleware",
    "licensing_portal.headers.NoTraceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "licensing_portal.foundation.uploads.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SessionLimitsMiddleware",
    "accounts.middleware.ActingAccountMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "accounts.middleware.TimeZoneMiddleware",
]

ROOT_URLCONF = "licensing_portal.urls"
WSGI_APPLICATION = "licensing_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.shell",
            ],
        },
    },
]

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# ── Database ───────────────────────────────────────────────────────────────────────────────────────────────────────

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {"default": env.db_url("DATABASE_URL", default="" if IS_PRODUCTION else f"sqlite:///{VAR / 'portal.sqlite3'}")}
IS_SQLITE = DATABASES["default"].get("ENGINE") == "django.db.backends.sqlite3"

if IS_PRODUCTION and DATABASES["default"].get("ENGINE") != "django.db.backends.postgresql":
    raise ImproperlyConfigured("Set DATABASE_URL to a PostgreSQL database: SQLite has no row locks and serves the demo alone.")

if IS_SQLITE:
    # SQLite ignores row locks; taking the write lock when a transaction begins is what serialises the flows there.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    # Without the health check the first request after a database restart would fail on its old connection.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Seconds: a database that does not answer is told to people soon, and a request that died in the middle of a transaction
    # does not hold its locks.
    DATABASES["default"].setdefault("OPTIONS", {})
    DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)
    DATABASES["default"]["OPTIONS"].setdefault("options", "-c idle_in_transaction_session_timeout=30s")

# Counts of failed sign-ins must be seen by every worker process, so the cache lies in the database. Beyond its most entries
# it forgets a third of them, counts included: with Django's 300, whoever tries many names would reset them.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache", "OPTIONS": {"MAX_ENTRIES": 20_000}},
    # Parts of pages that are everybody's and the same until the next start; whoever works on them sees each change.
    "parts": {"BACKEND": f"django.core.cache.backends.{'dummy.DummyCache' if DEBUG else 'locmem.LocMemCache'}"},
}

# ── Signing in ─────────────────────────────────────────────────────────────────────────────────────────────────────

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PortalBackend"]
PASSWORD_HASHERS = [
    "accounts.hashing.OneAtATimeHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ("username", "email")}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.NoNamesValidator"},
    {"NAME": "licenses.passwords.NoProductNamesValidator"},
]
# Wrong passwords are counted together at every door that takes one (A8). Two counts: for a name from an address, so that
# nobody keeps its owner out from elsewhere; and for an address, whatever the names.
TRIES_PER_NAME_AND_ADDRESS = 5
TRIES_PER_ADDRESS = 20
TRIES_WITHIN = 5 * 60  # seconds in which they are counted, and after which one may try again
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # how many proxies of our own write X-Forwarded-For

# How often one person may ask for a file of rows, have one read, and ask for a letter to somebody, and how often an address, where
# nobody need be signed in, for a license file to be verified: far more than anybody needs.
REQUEST_LIMITS = {
    "files": f"30/{TRIES_WITHIN}s/user",
    "uploads": f"30/{TRIES_WITHIN}s/user",
    "letters": f"60/{TRIES_WITHIN}s/user",
    "verifications": f"60/{TRIES_WITHIN}s/ip",
}

PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds: a reset link is good for one hour
INVITATION_TIMEOUT = 7 * 24 * 60 * 60  # seconds: rule A1
EMAIL_CHANGE_TIMEOUT = 24 * 60 * 60  # seconds: for so long a new address may be confirmed
ACTING_TIMEOUT = 30 * 60  # seconds without a request after which one acts for one's own account again

# How long a session may be silent, and how long it may last: docs/security.md says why.
SESSION_LIMITS = {
    "staff": (timedelta(hours=1), timedelta(hours=12)),
    "customer": (timedelta(hours=8), timedelta(days=14)),
}
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60  # seconds

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "my_licenses"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ChoosePasswordForm",
}
ACCOUNT_RATE_LIMITS = {"login_failed": f"{TRIES_PER_ADDRESS}/{TRIES_WITHIN}s/ip,{TRIES_PER_NAME_AND_ADDRESS}/{TRIES_WITHIN}s/key"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.tokens.ResetTokenGenerator"  # noqa: S105 - the name of a class

# Staff must have a second factor; the demo's admin alone goes without (a system check refuses that anywhere else).
STAFF_WITHOUT_SECOND_FACTOR = {"admin"} if DEMO else set()

MFA_ADAPTER = "accounts.security.factors.FactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.security.forms.SecondFactorForm",
    "authenticate_webauthn": "accounts.security.forms.UsePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # half minutes by which a clock may be wrong
MFA_RECOVERY_CODE_DIGITS = 10

# ── Rules with a number ────────────────────────────────────────────────────────────────────────────────────────────

RECALL_WINDOW = timedelta(days=30)  # how long a reseller can undo what it did for an enduser: rules C7 and C10
SERVER_REPLACEMENTS_PER_YEAR = env.int("SERVER_REPLACEMENTS_PER_YEAR", default=2)  # of a deployment that need nobody's help: rule C8

# ── License files ──────────────────────────────────────────────────────────────────────────────────────────────────

# PEM, whose line ends may be written \n. A key of the wrong kind stops the start, and not the first download.
LICENSE_SIGNING_KEY = env.str("LICENSE_SIGNING_KEY", default="", multiline=True)
LICENSE_SIGNING_KEY_FILE = VAR / "license-signing-key.pem"  # the demo's and development's own, made when it is first asked for
if LICENSE_SIGNING_KEY:
    signing_keys.private_key(LICENSE_SIGNING_KEY)
elif IS_PRODUCTION:
    raise ImproperlyConfigured("Set LICENSE_SIGNING_KEY: license files are signed with an Ed25519 key of the publisher’s own.")

LICENSE_VERIFYING_KEYS = env.str("LICENSE_VERIFYING_KEYS", default="", multiline=True)  # public keys of before; what they signed is still believed
signing_keys.public_keys(LICENSE_VERIFYING_KEYS)

# ── Mail ───────────────────────────────────────────────────────────────────────────────────────────────────────────

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="License Portal <notices@localhost>")
EMAIL_TIMEOUT = 30  # seconds: a mute mail server must not hold the worker for ever
if "EMAIL_URL" in env:
    vars().update(env.email_url("EMAIL_URL"))
elif IS_PRODUCTION:
    raise ImproperlyConfigured("Set EMAIL_URL: endusers are told of every sale by e-mail.")
else:
    EMAIL_BACKEND = "licensing_portal.foundation.mail_files.EmailBackend"
    EMAIL_FILE_PATH = VAR / "mail"

POST_OFFICE = {
    # Notices set a Message-ID of their own, the same on every try.
    "MESSAGE_ID_ENABLED": False,
}

# ── Language, time, numbers ────────────────────────────────────────────────────────────────────────────────────────

LANGUAGE_CODE = "en"  # of letters as well, and of whoever asks for none of those below
# One more language is one more line here and a catalogue in locale/ (CONTRIBUTING.md, "Other languages").
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["licensing_portal.formats"]

# ── Static files ───────────────────────────────────────────────────────────────────────────────────────────────────

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not IS_PRODUCTION

# ── Security ───────────────────────────────────────────────────────────────────────────────────────────────────────

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap draws its arrows and ticks as data: images
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
MESSAGE_STORAGE = "licensing_portal.foundation.sealed_messages.SealedMessages"  # in a cookie, for the next page of this session alone
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # asked from inside, past the proxy that speaks TLS

SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "licensing_portal.errors.csrf_failure"
if IS_HTTPS:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    CSRF_TRUSTED_ORIGINS = [PORTAL_URL]

# A form has one quantity per product; the default of 1,000 fields would turn a large range into a bare 400.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_HANDLERS = ["licensing_portal.foundation.uploads.LimitedUpload"]

# ── Logs ───────────────────────────────────────────────────────────────────────────────────────────────────────────

LOG_FORMAT = env.str("LOG_FORMAT", default="json" if IS_PRODUCTION else "text")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "{asctime} {request_id} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "licensing_portal.foundation.logs.JsonFormatter"},
    },
    "filters": {"request_id": {"()": "licensing_portal.foundation.tracing.TraceFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django.server": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}
