"""Which page somebody asks for, by the kind of visit, and what a form that they open would send."""

import gzip
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from random import Random

from django.utils import timezone

from tests.load.people import People, Person
from tests.serving import Answer

NOT_SENT = {"submit", "button", "file", "checkbox", "radio"}

Wish = tuple[Person, str]  # who, and the path


def wish(kind: str, people: People, chance: Random) -> Wish:
    """Draw who reads, and which page of this kind."""
    return _WISHES[kind](people, chance)


def _anybodys(path: str) -> Callable[[People, Random], Wish]:
    return lambda people, chance: (people.anybody(chance), path)


def _resellers(*paths: str) -> Callable[[People, Random], Wish]:
    """One of these pages; an enduser of the reseller's takes the place of {enduser}."""

    def draw(people: People, chance: Random) -> Wish:
        person = people.reseller(chance, lambda person: person.knows.endusers)
        return person, chance.choice(paths).format(enduser=chance.choice(person.knows.endusers))

    return draw


def _filtered(people: People, chance: Random) -> Wish:
    person = people.anybody(chance, lambda person: person.knows.stock)
    start = timezone.now() - timedelta(days=chance.randrange(30, 900))
    filters = [
        f"product={chance.choice(person.knows.stock)}",
        f"kind={chance.choice(['sale', 'deployment', 'transfer', 'recall'])}",
        f"from={start:%Y-%m-%d}&to={start + timedelta(days=30):%Y-%m-%d}",
        f"q={chance.choice(['Order+12', 'zzzzzz', 'harbor'])}",
        f"user={person.knows.username}",
    ]
    return person, f"/history/?{chance.choice(filters)}"


def _far_down(people: People, chance: Random) -> Wish:
    person = people.anybody(chance, lambda person: person.knows.lines)
    return person, f"/history/?before={chance.choice(person.knows.lines)}"


def _receipt(people: People, chance: Random) -> Wish:
    person = people.anybody(chance, lambda person: person.knows.receipts)
    return person, f"/receipts/{chance.choice(person.knows.receipts)}/"


def _deployment(people: People, chance: Random) -> Wish:
    person = people.anybody(chance, lambda person: person.knows.deployments)
    return person, f"/deployments/{chance.choice(person.knows.deployments)}/"


def _sell_form(people: People, chance: Random) -> Wish:
    return people.reseller(chance, lambda person: person.may_press and person.knows.stock), "/sell/"


def _file(people: People, chance: Random) -> Wish:
    """Now and then one of what a filter leaves; a whole journal is L8's."""
    person = people.anybody(chance, lambda person: person.knows.stock)
    return person, chance.choice(["/licenses.csv", f"/history.csv?product={chance.choice(person.knows.stock)}"])


_WISHES: dict[str, Callable[[People, Random], Wish]] = {
    "My Licenses": _anybodys("/"),
    "History": _anybodys("/history/"),
    "History, filtered": _filtered,
    "History, far down": _far_down,
    "Sold": _resellers("/sold/", "/sold/?owner={enduser}", "/sold/?q=Order+12"),
    "Endusers": _resellers("/endusers/", "/endusers/?page=2", "/endusers/?q=harbor"),
    "Enduser": _resellers("/endusers/{enduser}/"),
    "Receipt": _receipt,
    "Deployment": _deployment,
    "Sell form": _sell_form,
    "Suggestions": _resellers("/suggest-endusers/?q=harbor", "/suggest-endusers/?q={enduser}", "/suggest-endusers/?q=zzz"),
    "Search": _resellers("/search/?q=Order+12", "/search/?q={enduser}", "/search/?q=IVR-0001"),
    "File": _file,
}


# ── What a form would send ──


def fields_of(answer: Answer) -> dict[str, str]:
    """What the last form of the page's main part would send if nothing were typed; nothing if there is none.

    Found by patterns: to read the page as `tests.views` does would take the machine from those that are measured.
    """
    content = gzip.decompress(answer.content) if answer.content.startswith(b"\x1f\x8b") else answer.content
    main = content.decode().partition("<main")[2].partition("</main>")[0]
    forms = [body for attributes, body in re.findall(r"<form\b([^>]*)>(.*?)</form>", main, re.DOTALL) if 'method="post"' in attributes]
    controls = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for body in forms[-1:] for tag in re.findall(r"<input\b[^>]*>", body)]
    return {
        one["name"]: unescape(one.get("value", "")) for one in controls if one.get("name") and one.get("type") not in NOT_SENT and "form" not in one
    }
