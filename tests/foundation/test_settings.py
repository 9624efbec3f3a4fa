"""The settings, read by a process of their own with a chosen environment: production refuses to start on anything unsafe (contract.md)."""

import json
import subprocess
import sys

import pytest
from django.conf import settings as portal_settings

from tests.keys import RFC_8032_FIRST, key_of, pem_of

PRODUCTION = {
    "SECRET_KEY": "a secret of sixty letters that nobody knows but this one test run alone",
    "DATABASE_URL": "postgres://portal:p%40ss@db.example.com:5433/portal",
    "ALLOWED_HOSTS": "portal.example.com,www.example.com",
    "EMAIL_URL": "smtp://notices:p%40ss@mail.example.com:2525",
    "PORTAL_URL": "https://portal.example.com",
    "LICENSE_SIGNING_KEY": pem_of(key_of(RFC_8032_FIRST)),
}

STARTS = "import licensing_portal.settings"
TELLS = "import json, licensing_portal.settings as settings; print(json.dumps(settings.{name}, default=str))"


def start(program=STARTS, **environment):
    """Run Python with this environment and nothing of ours."""
    return subprocess.run([sys.executable, "-c", program], env=environment, cwd=portal_settings.BASE_DIR, capture_output=True, text=True, check=False)


def complaint(**environment):
    """The last line of what stopped the settings from being read; "" if they were."""
    started = start(**environment)
    return started.stderr.strip().splitlines()[-1].removeprefix("django.core.exceptions.") if started.returncode else ""


def setting(name, **environment):
    return json.loads(start(TELLS.format(name=name), **environment).stdout)


def without(name):
    return {key: value for key, value in PRODUCTION.items() if key != name}


# ── Production ──


def test_production_starts_when_everything_is_set():
    """contract.md; the counterpart of all the refusals below."""
    assert complaint(**PRODUCTION) == ""


@pytest.mark.parametrize(
    "environment",
    [{}, without("SECRET_KEY"), PRODUCTION | {"SECRET_KEY": ""}],
    ids=["nothing at all", "no SECRET_KEY", "an empty one"],
)
def test_production_does_not_start_without_a_secret(environment):
    """contract.md: required outside the demo."""
    assert complaint(**environment) == "ImproperlyConfigured: Set SECRET_KEY: production does not start without a secret of its own."


@pytest.mark.parametrize("hosts", [None, "", "*", "portal.example.com,*"])
def test_production_does_not_start_for_any_host(hosts):
    """contract.md: ALLOWED_HOSTS; links in e-mails and CSRF checks would believe whatever a request says."""
    environment = without("ALLOWED_HOSTS") | ({} if hosts is None else {"ALLOWED_HOSTS": hosts})

    assert complaint(**environment) == "ImproperlyConfigured: Set ALLOWED_HOSTS to the portal's own host names; * would believe any Host header."


@pytest.mark.parametrize("url", [None, "", "sqlite:///portal.sqlite3", "sqlite://:memory:", "mysql://portal@localhost/portal"])
def test_production_does_not_start_on_another_database_than_postgresql(url):
    """contract.md: PostgreSQL; B3's locks are PostgreSQL's."""
    environment = without("DATABASE_URL") | ({} if url is None else {"DATABASE_URL": url})

    assert complaint(**environment).startswith("ImproperlyConfigured: Set DATABASE_URL to a PostgreSQL database")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (without("EMAIL_URL"), "ImproperlyConfigured: Set EMAIL_URL: endusers are told of every sale by e-mail."),
        (PRODUCTION | {"EMAIL_URL": ""}, "ImproperlyConfigured: Invalid email schema"),
    ],
    ids=["no EMAIL_URL", "an empty one"],
)
def test_production_does_not_start_without_a_mail_server(environment, words):
    """C4: the owner is told of every sale by e-mail; mails written to a folder of the server reach nobody."""
    assert complaint(**environment) == words


@pytest.mark.parametrize("key", [None, ""])
def test_production_does_not_start_without_a_key_to_sign_with(key):
    """C6: a key that the portal made for itself would be gone with its folder, and every license file worth nothing."""
    environment = without("LICENSE_SIGNING_KEY") | ({} if key is None else {"LICENSE_SIGNING_KEY": key})

    assert (
        complaint(**environment)
        == "ImproperlyConfigured: Set LICENSE_SIGNING_KEY: license files are signed with an Ed25519 key of the publisher’s own."
    )


@pytest.mark.parametrize("mode", [{}, {"DEMO": "1"}], ids=["production", "demo"])
@pytest.mark.parametrize(("name", "words"), [("LICENSE_SIGNING_KEY", "an Ed25519 private key"), ("LICENSE_VERIFYING_KEYS", "Ed25519 public keys")])
def test_nothing_starts_with_a_key_of_the_wrong_kind(mode, name, words, tmp_path):
    """At the start, and not at the first download; what it is, is told to nobody."""
    environment = PRODUCTION | {"VAR": str(tmp_path), name: "a secret of another kind"} | mode

    assert complaint(**environment).startswith(f"ImproperlyConfigured: {name} is not {words} in PEM")
    assert "a secret of another kind" not in start(**environment).stderr


def test_the_line_ends_of_a_key_may_be_written_as_two_letters():
    """Where a file of variables has one line for each."""
    in_one_line = PRODUCTION | {"LICENSE_SIGNING_KEY": PRODUCTION["LICENSE_SIGNING_KEY"].replace("\n", "\\n")}

    assert setting("LICENSE_SIGNING_KEY", **in_one_line) == PRODUCTION["LICENSE_SIGNING_KEY"]


def test_production_takes_its_database_and_mail_server_from_the_environment():
    """contract.md: an @ in a password is written %40."""
    database = setting("DATABASES", **PRODUCTION)["default"]
    mail = {name: setting(name, **PRODUCTION) for name in ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")}

    assert [database[key] for key in ("ENGINE", "HOST", "PORT", "NAME", "USER", "PASSWORD")] == [
        "django.db.backends.postgresql", "db.example.com", 5433, "portal", "portal", "p@ss",
    ]  # fmt: skip
    assert mail == {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "mail.example.com",
        "EMAIL_PORT": 2525,
        "EMAIL_HOST_USER": "notices",
        "EMAIL_HOST_PASSWORD": "p@ss",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", False),
        ("DEMO", False),
        ("ALLOWED_HOSTS", ["portal.example.com", "www.example.com"]),
        ("SESSION_COOKIE_SECURE", True),
        ("CSRF_COOKIE_SECURE", True),
        ("SESSION_COOKIE_NAME", "__Host-sessionid"),
        ("CSRF_COOKIE_NAME", "__Host-csrftoken"),
        ("SECURE_SSL_REDIRECT", True),
        ("CSRF_TRUSTED_ORIGINS", ["https://portal.example.com"]),
    ],
)
def test_production_over_https_is_closed(name, value):
    """contract.md: PORTAL_URL says whether it is https."""
    assert setting(name, **PRODUCTION) == value


def test_the_address_in_mails_has_no_slash_at_its_end():
    """contract.md: PORTAL_URL; paths are put after it."""
    assert setting("PORTAL_URL", **PRODUCTION | {"PORTAL_URL": "https://portal.example.com/"}) == "https://portal.example.com"


# ── The demo and development ──


@pytest.mark.parametrize("mode", ["DEMO", "DEBUG"])
def test_the_demo_and_development_start_with_nothing_else_set(mode, tmp_path):
    """contract.md: `make demo` on a machine with nothing but Python and make."""
    environment = {mode: "1", "VAR": str(tmp_path)}

    assert complaint(**environment) == ""
    assert setting("DATABASES", **environment)["default"]["NAME"] == str(tmp_path / "portal.sqlite3")
    assert setting("ALLOWED_HOSTS", **environment) == ["localhost", "127.0.0.1", "[::1]"]
    assert setting("EMAIL_FILE_PATH", **environment) == str(tmp_path / "mail")
    assert (setting("LICENSE_SIGNING_KEY", **environment), list(tmp_path.iterdir())) == ("", [])  # the key is made when it is asked for


def test_the_demo_takes_a_database_and_a_mail_server_if_they_are_set(tmp_path):
    """contract.md: "`make demo` uses it too, if it is set"."""
    environment = {"DEMO": "1", "VAR": str(tmp_path), "DATABASE_URL": PRODUCTION["DATABASE_URL"], "EMAIL_URL": PRODUCTION["EMAIL_URL"]}

    assert setting("DATABASES", **environment)["default"]["HOST"] == "db.example.com"
    assert setting("EMAIL_BACKEND", **environment) == "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize("mode", ["DEMO", "DEBUG"])
@pytest.mark.parametrize("no", ["0", "false", "off", ""])
def test_a_mode_that_is_switched_off_is_production(mode, no):
    """contract.md: DEMO=0 must not open the doors of DEMO=1."""
    assert complaint(**{mode: no}).startswith("ImproperlyConfigured: Set SECRET_KEY")


def test_the_demo_is_loaded_in_the_demo_alone(tmp_path):
    """contract.md: `load_demo` refuses unless DEMO=1, as its passwords are known to everyone."""
    environment = {"DEBUG": "1", "VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "licensing_portal.settings"}

    refused = start("from django.core.management import execute_from_command_line as run; run(['manage.py', 'load_demo'])", **environment)

    assert (refused.returncode, refused.stderr) == (
        1,
        "CommandError: The demo's passwords are known to everyone: it is loaded with DEMO=1 alone.\n",
    )


# ── Logs ──

LOGS = """
import django, logging
django.setup()
try:
    raise ValueError("two\\nlines")
except ValueError:
    logging.getLogger("licenses").exception("a message\\nof two lines and an é")
"""


def test_production_writes_each_log_record_as_one_line_of_json():
    """contract.md: LOG_FORMAT=json|text; in production it is json."""
    written = start(LOGS, DJANGO_SETTINGS_MODULE="licensing_portal.settings", **PRODUCTION)

    (line,) = written.stderr.splitlines()
    record = json.loads(line)
    assert (record["level"], record["logger"], record["message"]) == ("ERROR", "licenses", "a message\nof two lines and an é")
    assert "ValueError: two\nlines" in record["exception"]


def test_logs_can_be_text():
    """contract.md."""
    written = start(LOGS, DJANGO_SETTINGS_MODULE="licensing_portal.settings", LOG_FORMAT="text", **PRODUCTION)

    assert "ERROR licenses a message" in written.stderr.splitlines()[0]
