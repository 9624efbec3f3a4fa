"""Who is signed in, and what each knows that may be asked for: people of the large reseller, of others, and of endusers, drawn from the big data."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.middleware.csrf import CSRF_SECRET_LENGTH
from django.test import Client
from django.utils.crypto import get_random_string

from accounts.models import Account, Link, User
from deployments.selectors import deployments_visible_to
from licenses.models import Holding, JournalLine
from licenses.selectors import entries_visible_to
from licensing_portal.big_cast import LARGEST
from licensing_portal.demo import PASSWORD
from tests.serving import Browser
from tests.views import form_of

RESELLERS, ENDUSERS = 60, 120  # beside the largest, whose whole team is there
SHARE_OF_LARGEST = 0.5  # of what resellers do
REALLY_SIGNED_IN = 12  # people; all others get their session at once, as hashing their passwords would take a minute
KNOWN = 100  # of each kind of thing
PLENTY = 50  # licenses, so that a press need not be refused
FAR_DOWN = 100_000  # lines

Thing = TypeVar("Thing")


@dataclass
class Knowledge:
    """What the people of an account have seen, and go back to. Of products the codes, of lines the primary keys."""

    username: str
    is_reseller: bool
    stock: list[str]
    endusers: list[str]
    receipts: list[str]
    deployments: list[int]
    lines: list[int]
    linked: dict[str, list[str]]  # to accounts that have plenty, with what


@dataclass
class Person:
    browser: Browser
    knows: Knowledge
    may_press: bool


@dataclass
class People:
    """Everybody; those who can do something are found by what they know."""

    largest: list[Person] = field(default_factory=list)
    resellers: list[Person] = field(default_factory=list)
    endusers: list[Person] = field(default_factory=list)

    def in_words(self) -> str:
        return f"{len(self.largest)} people of {LARGEST}, {len(self.resellers)} of other resellers and {len(self.endusers)} of endusers are signed in"

    def reseller(self, chance: random.Random, can: Callable[[Person], object] = bool) -> Person:
        """One of a reseller's who can do that: of the largest as often as is said."""
        able = [[person for person in group if can(person)] for group in (self.largest, self.resellers)]
        return chance.choice((able[0] if chance.random() < SHARE_OF_LARGEST else able[1]) or able[0])

    def anybody(self, chance: random.Random, can: Callable[[Person], object] = bool) -> Person:
        able = [person for person in self.endusers if can(person)]
        return chance.choice(able) if able and chance.random() < 1 / 3 else self.reseller(chance, can)


def sign_in(port: int, chance: random.Random) -> People:
    """Draw who is there, and sign them in."""
    people = People()
    largest = Account.objects.get(username=LARGEST)
    stocked = Holding.objects.filter(available__gte=PLENTY, account__closed_at=None)
    resellers = _some(stocked.filter(account__kind="reseller").exclude(account=largest), chance, RESELLERS)
    endusers = _some(stocked.filter(account__kind="enduser"), chance, ENDUSERS)
    for group, accounts in ((people.largest, [largest]), (people.resellers, resellers), (people.endusers, endusers)):
        for account in accounts:
            knows = _knowledge_of(account)
            group += [signed_in(port, user, knows) for user in User.objects.filter(account=account).select_related("account")]
    everybody = [*people.largest, *people.resellers, *people.endusers]
    for number, person in enumerate(everybody):
        person.browser.headers |= {"X-Forwarded-For": f"10.1.{number // 250}.{number % 250 + 1}", "Accept-Encoding": "gzip"}
    return people


def sign_in_by_hand(people: People) -> None:
    """Some through the form with their passwords, one after the other: an administrator has the account's name."""
    for person in [*people.resellers, *people.endusers][:REALLY_SIGNED_IN]:
        browser = Browser(person.browser.port, headers={"X-Forwarded-For": person.browser.headers["X-Forwarded-For"]})
        answer = browser.post("/sign-in/", form_of(browser, "/sign-in/") | {"login": person.knows.username, "password": PASSWORD})
        assert answer.status_code == 302, f"the sign-in answered {answer.status_code}"
        person.browser.cookies = browser.cookies


def _some(holdings: object, chance: random.Random, number: int) -> Sequence[Account]:
    keys = sorted(set(holdings.values_list("account", flat=True)))
    return Account.objects.filter(pk__in=chance.sample(keys, min(number, len(keys)))).order_by("pk")


def signed_in(port: int, user: User, knows: Knowledge) -> Person:
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    # Both cookies, as the sign-in leaves them: two forms that are opened at once would else each bring a token of their own.
    cookies = {"sessionid": client.cookies["sessionid"].value, "csrftoken": get_random_string(CSRF_SECRET_LENGTH)}
    return Person(Browser(port, cookies), knows, may_press=user.role != User.Role.VIEWER)


def _knowledge_of(account: Account) -> Knowledge:
    own_lines = JournalLine.objects.filter(account=account).order_by("-pk").values_list("pk", flat=True)
    targets = [link.target for link in Link.objects.filter(holder=account).select_related("target")]
    linked = {target.username: _stock_of(target) for target in targets}
    return Knowledge(
        account.username,
        account.is_reseller,
        stock=_stock_of(account),
        endusers=_thinned(account.endusers.filter(closed_at=None).order_by("pk").values_list("username", flat=True)),
        receipts=list(entries_visible_to(account).order_by("-pk").values_list("number", flat=True)[:KNOWN]),
        deployments=list(deployments_visible_to(account).order_by("-pk").values_list("pk", flat=True)[:KNOWN]),
        lines=_thinned(own_lines[:FAR_DOWN]),
        linked={username: stock for username, stock in linked.items() if stock},
    )


def _stock_of(account: Account) -> list[str]:
    return list(account.holdings.filter(available__gte=PLENTY).order_by("pk").values_list("product__code", flat=True))


def _thinned(things: Sequence[Thing]) -> list[Thing]:
    """As many as one may know, from all over."""
    every = list(things)
    return every[:: max(1, len(every) // KNOWN)]
