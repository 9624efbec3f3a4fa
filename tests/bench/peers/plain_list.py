"""The plain site with a page more: a Django template that lists 50 rows of four cells from one query, for whoever is signed in.

`python -m tests.bench.peers.plain_list TIMES` makes tables and rows, asks for the page so many times, and prints its median, in milliseconds.
"""

import statistics
import sys
import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from tests.bench.peers.plain_site import *  # noqa: F403 - they are its settings, all of them

ROOT_URLCONF = __name__
ROWS = 50
PAGE = """<!doctype html><title>People</title><table>{% for row in rows %}
<tr><td>{{ row.username }}</td><td>{{ row.email }}</td><td>{{ row.last_name }}</td><td>{{ row.date_joined|date }}</td></tr>{% endfor %}</table>"""
# Compiled once, as templates are that lie in files.
LOADERS = [("django.template.loaders.cached.Loader", [("django.template.loaders.locmem.Loader", {"page.html": PAGE})])]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": LOADERS}}]


def page(request: HttpRequest) -> HttpResponse:
    from django.contrib.auth.models import User

    rows = User.objects.order_by("pk").values("username", "email", "last_name", "date_joined")[:ROWS]
    return render(request, "page.html", {"rows": rows})


urlpatterns = [path("", page)]


def median(times: int) -> float:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    people = User.objects.bulk_create([User(username=f"person-{n}", email=f"person-{n}@example.com", last_name=f"Person {n}") for n in range(ROWS)])
    browser, seconds = Client(HTTP_HOST="127.0.0.1"), []
    browser.force_login(people[0])
    for _ in range(times + 1):
        began = time.perf_counter()
        assert browser.get("/").status_code == 200
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:]) * 1000


if __name__ == "__main__":
    print(median(int(sys.argv[1])))  # noqa: T201 - the answer to who started this process
