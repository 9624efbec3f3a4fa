"""A Django project as `startproject` makes it, with one page for whoever is signed in, which makes one query of its own: settings, address and view.

`python -m tests.bench.peers.plain_site` makes its tables and a session, and prints the session's key; gunicorn serves `tests.bench.peers.plain_wsgi`.
"""

import os

from django.http import HttpRequest, HttpResponse
from django.urls import path

SECRET_KEY = "nobody signs in here"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = __name__
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# The connection is kept and looked after as the portal's is.
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PEER_HOST"], "NAME": os.environ["PEER_DATABASE"],
    "USER": os.environ["PEER_ROLE"], "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}  # fmt: skip


def page(request: HttpRequest) -> HttpResponse:
    from django.contrib.contenttypes.models import ContentType

    return HttpResponse(ContentType.objects.filter(app_label="auth").order_by("model").values_list("model", flat=True)[0])


urlpatterns = [path("", page)]


def session_key() -> str:
    """Make the tables and somebody who is signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    user = User.objects.create(username="somebody")
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    return str(session.session_key)


if __name__ == "__main__":
    print(session_key())  # noqa: T201 - the answer to who started this process
