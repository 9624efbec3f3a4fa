"""A visit, from the moment at which it was to begin: a page that is read, or a form that is opened, filled in, pressed, and what it led to."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from django.core import signing

from licensing_portal.foundation import submissions
from tests.load.pages import fields_of, wish
from tests.load.people import People, Person
from tests.load.plan import CHANGES, Arrival
from tests.load.scoring import CUT_OFF, Answered
from tests.serving import Answer, CutOff

AT_ONCE = 400  # visits; whoever comes when so many wait for answers waits as well, and that counts
THINKING = (1.0, 4.0)  # seconds between a form and its press, the shortest and the longest
REFERENCE = "Load"  # what the references of sales of a run begin with


@dataclass
class Press:
    """One form that was sent, once, and where it led; "" if it was refused or not answered."""

    kind: str
    key: str
    reference: str
    told: str = ""
    is_answered: bool = False


@dataclass
class Made:
    """What a press has made that may be undone: by whom, on which page, with a product."""

    person: Person
    page: str
    product: str


@dataclass
class Change:
    """A form to fill in: of which of CHANGES, by whom, and where."""

    kind: str
    person: Person
    path: str
    typed: dict[str, str]
    product: str = ""


class Visits:
    """All that come, and what became of it. What is measured can be begun anew, so that some may come before to warm up."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.presses: list[Press] = []
        self.surprises: list[str] = []
        self.sales: list[Made] = []
        self.deployments: list[Made] = []
        self.lock = threading.Lock()
        self.numbers = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        self.answers: list[Answered] = []
        self.late: list[float] = []  # seconds by which this process itself was late

    def let_come(self, arrivals: list[Arrival]) -> None:
        """Let everybody come when they are to, whatever the answers take; return when the last one is answered."""
        began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for arrival in arrivals:
                time.sleep(max(0.0, began + arrival.moment - time.monotonic()))
                self.late.append(time.monotonic() - began - arrival.moment)
                threads.submit(self.visit, arrival, began + arrival.moment)

    def visit(self, arrival: Arrival, due: float) -> None:
        chance = Random(arrival.seed)  # noqa: S311 - the plan draws the seed
        try:
            if arrival.kind in CHANGES:
                self.change(arrival.kind, chance, due)
            else:
                person, path = wish(arrival.kind, self.people, chance)
                self.ask(arrival.kind, person, path, due)
        except Exception as surprise:
            self.surprises.append(f"{arrival.kind}: {surprise!r}")

    # ── A change ──

    def change(self, kind: str, chance: Random, due: float) -> None:
        change = self.change_of(kind, chance)
        page = f"{change.kind.capitalize()} form"
        answer = self.ask(page, change.person, change.path, due)
        fields = fields_of(answer) if answer else {}
        if "key" not in fields:
            self.surprises.append(f"{page} of {change.person.knows.username}: {change.path} has no form")
            return
        due = time.monotonic() + chance.uniform(*THINKING)
        time.sleep(due - time.monotonic())
        self.press(change, fields | change.typed, due)

    def press(self, change: Change, form: dict[str, str], due: float, page: str = "") -> None:
        kind = change.kind
        press = Press(kind, str(signing.loads(form["key"], salt=submissions._SALT)[0]), form.get("reference", ""))
        self.presses.append(press)
        answer = self.ask(page or f"{kind.capitalize()} press", change.person, change.path, due, form)
        press.is_answered = answer is not None
        if answer is None or answer.status_code != 302:
            return
        press.told = answer.url
        self.ask(f"{kind.capitalize()} made", change.person, answer.url, time.monotonic())
        made = Made(change.person, answer.url, change.product)
        with self.lock:
            if kind == "sale":
                self.sales.append(made)
            elif kind == "deployment":
                self.deployments.append(made)

    def change_of(self, kind: str, chance: Random) -> Change:
        """What is there to undo is undone; where nothing is yet, somebody sells."""
        acts: dict[str, Callable[[Random], Change]] = {"sale": self.sale, "deployment": self.deployment, "transfer": self.transfer}
        if kind in acts:
            return acts[kind](chance)
        with self.lock:
            made = self.sales if kind == "recall" else self.deployments
            undone = made.pop(chance.randrange(len(made))) if made else None
        if undone is None:
            return self.sale(chance)
        if kind == "recall":
            return Change(kind, undone.person, f"{undone.page}recall/", {"reason": "Ordered by mistake", f"qty-{undone.product}": "1"})
        return Change(kind, undone.person, f"{undone.page}retire/", {"reason": "Not needed any more"})

    def sale(self, chance: Random) -> Change:
        person = self.people.reseller(chance, lambda person: person.may_press and person.knows.stock and person.knows.endusers)
        product = chance.choice(person.knows.stock)
        return Change(
            "sale", person, "/sell/", {"owner": chance.choice(person.knows.endusers), "reference": self.reference(), f"qty-{product}": "1"}, product
        )

    def deployment(self, chance: Random) -> Change:
        person = self.people.anybody(chance, lambda person: person.may_press and person.knows.stock)
        product = chance.choice(person.knows.stock)
        typed = {"name": self.reference(), "host_name": "ivr.example.com", f"qty-{product}": "1"}
        return Change("deployment", person, "/deployments/add/", typed, product)

    def transfer(self, chance: Random) -> Change:
        person = self.people.anybody(chance, lambda person: person.may_press and person.knows.linked)
        linked = chance.choice(sorted(person.knows.linked))
        product = chance.choice(person.knows.linked[linked])
        return Change("transfer", person, f"/transfer/?account={linked}", {f"qty-{product}": "1"}, product)

    def reference(self) -> str:
        with self.lock:
            self.numbers += 1
            return f"{REFERENCE} {self.numbers}"

    # ── A request ──

    def ask(self, page: str, person: Person, path: str, due: float, form: dict[str, str] | None = None) -> Answer | None:
        """Return the answer, if it is one that somebody could expect."""
        try:
            answer = person.browser.get(path) if form is None else person.browser.post(path, form)
        except CutOff:
            answer = None
        is_expected = answer is not None and answer.status_code in {200, 302} and not answer.url.startswith("/sign-in/")
        status = answer.status_code if answer else CUT_OFF
        self.answers.append(Answered(page, status, is_expected, time.monotonic() - due))
        if not is_expected:
            self.surprises.append(f"{page}: {path} answered {status} to {person.knows.username}")
        return answer if is_expected else None
