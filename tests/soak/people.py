"""Somebody who presses one form after the other and, whatever happens, sends the very same form again until it is answered."""

import itertools
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from django.core import signing

from licensing_portal.foundation import submissions
from tests.serving import Answer, Browser, CutOff
from tests.soak.world import PRODUCTS, Account
from tests.views import errors_of, values_of

BUSY = "The portal is busy"
PAUSE = 0.1  # seconds until one presses again
AMOUNTS = itertools.count(1)  # a number of its own for each act, written in licenses: what has no text of its own is known by it
PAGES = ["/", "/history/", "/history/?kind=sale"]  # no file: of these nobody gets many within a few minutes

Amounts = tuple[int, ...]  # of each product, in the order of PRODUCTS
Mark = tuple[object, ...]  # what an act's entry can be told by


@dataclass
class Act:
    """One form, filled in, and what became of it."""

    path: str
    typed: dict[str, str]
    mark: Mark
    form: dict[str, str] = field(default_factory=dict)
    told: str = ""  # the page that it led to
    is_refused: bool = False
    presses: int = 0
    seconds: float = 0  # from the first press to the answer

    @property
    def key(self) -> str:
        return str(signing.loads(self.form["key"], salt=submissions._SALT)[0])


class Person:
    """The administrator of an account, in a browser."""

    def __init__(self, account: Account, browser: Browser, chance: random.Random) -> None:
        self.account, self.browser, self.chance = account, browser, chance
        self.acts: list[Act] = []
        self.answers: Counter[str] = Counter()
        self.surprises: list[str] = []  # answers that nobody should ever get
        # The names of the deployments that one has made and not retired, by their pages: one's own, and those of one's endusers.
        self.own: dict[str, str] = {}
        self.given: dict[str, str] = {}
        self.sales: list[str] = []  # the pages of one's sales

    def press_on(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            try:
                self.look_around()
                act = self.think_of_an_act()
                if self.open(act):
                    self.acts.append(act)
                    self.press(act)
            except Exception as surprise:
                self.surprises.append(repr(surprise))

    # ── What one may want ──

    def think_of_an_act(self) -> Act:
        wishes = [self.deploy]
        if self.account.endusers:
            wishes += [self.sell, self.sell]
        if self.account.linked:
            wishes += [self.transfer]
        if self.own:
            wishes += [self.add_licenses]
        if self.sales:
            wishes += [self.recall]
        if self.own or self.given:
            wishes += [self.retire]
        return self.chance.choice(wishes)()

    def sell(self) -> Act:
        owner, amounts = self.chance.choice(self.account.endusers), amounts_of_its_own()
        reference = f"PO {'-'.join(map(str, amounts))}"
        return Act(
            "/sell/",
            {"owner": owner, "reference": reference} | quantities(amounts),
            ("sale", self.account.username, owner, reference, amounts),
        )

    def deploy(self) -> Act:
        """For oneself, or for an enduser, to whom it sells as well."""
        owner, amounts = self.chance.choice([self.account.username, *self.account.endusers]), amounts_of_its_own()
        name = f"IVR {'-'.join(map(str, amounts))}"
        typed = {"name": name, "host_name": "ivr.example.com"} | quantities(amounts)
        if self.account.linked:  # an enduser has no such field
            typed["owner"] = owner
        return Act("/deployments/add/", typed, ("deployment", owner, name, amounts))

    def add_licenses(self) -> Act:
        page, amounts = self.chance.choice(list(self.own)), amounts_of_its_own()
        return Act(f"{page}add-licenses/", quantities(amounts), ("deployment", self.account.username, self.own[page], amounts))

    def retire(self) -> Act:
        page = self.chance.choice([*self.own, *self.given])
        name = self.own.pop(page, "") or self.given.pop(page)
        return Act(f"{page}retire/", {"reason": f"{name} is not needed any more"}, ("retirement", f"{name} is not needed any more"))

    def recall(self) -> Act:
        reason = f"Recall {next(AMOUNTS)}, of what was sold by mistake"
        return Act(f"{self.chance.choice(self.sales)}recall/", {"reason": reason, f"qty-{PRODUCTS[0]}": "1"}, ("recall", reason))

    def transfer(self) -> Act:
        amounts = amounts_of_its_own()
        return Act(
            f"/transfer/?account={self.account.linked}",
            quantities(amounts),
            ("transfer", self.account.linked, self.account.username, amounts),
        )

    # ── How one goes about it ──

    def look_around(self) -> None:
        self.ask("GET", self.chance.choice(PAGES))

    def open(self, act: Act) -> bool:
        """Fill the form in; False if there is none, as one has nothing that could be moved."""
        while (answer := self.ask("GET", act.path)) is None:
            pass
        if b'name="key"' not in answer.content:
            return False
        act.form = values_of(answer) | act.typed
        return True

    def press(self, act: Act) -> None:
        began = time.monotonic()
        while not (act.told or act.is_refused):
            act.presses += 1
            self.take(act, self.ask("POST", act.path, act.form))
        act.seconds = time.monotonic() - began

    def take(self, act: Act, answer: Answer | None) -> None:
        """A receipt, a refusal, or neither: then one presses again."""
        if answer is None:
            return
        if answer.status_code == 302:
            act.told = answer.url
            self.remember(act)
        elif not any(BUSY in words for said in errors_of(answer).values() for words in said):
            act.is_refused = True

    def remember(self, act: Act) -> None:
        if act.mark[0] == "sale":
            self.sales.append(act.told)
        if act.mark[0] == "deployment":
            mine = self.own if act.mark[1] == self.account.username else self.given
            mine[act.told] = str(act.mark[2])

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> Answer | None:
        """Return the answer, if there is one and the database was there. Raises Surprise."""
        try:
            answer = self.browser.get(path) if form is None else self.browser.post(path, form)
        except CutOff:
            self.answers["cut off"] += 1
            time.sleep(PAUSE)
            return None
        self.answers[str(answer.status_code)] += 1
        if answer.status_code == 503:
            time.sleep(PAUSE)
            return None
        if answer.status_code not in {200, 302} or answer.url.startswith("/sign-in/"):
            raise Surprise(f"{method} {path} answered {answer.status_code} {answer.url}")
        return answer


class Surprise(Exception):
    """An answer that nobody should ever get."""


def amounts_of_its_own() -> Amounts:
    """Write the number of an act in licenses, so that no other moves the same: 1 to 100 of the first product, and so on."""
    number = next(AMOUNTS)
    return (1 + number % 100, number // 100 % 100, number // 10_000)


def quantities(amounts: Amounts) -> dict[str, str]:
    return {f"qty-{code}": str(amount) for code, amount in zip(PRODUCTS, amounts, strict=True)}
