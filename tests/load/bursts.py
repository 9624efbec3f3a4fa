"""Two things that come at once: fifty people who press for ten licenses, and somebody who tries passwords while all others read on."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from accounts.models import User
from licenses.services import issue_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import EnduserFactory, ResellerFactory, UserFactory
from tests.factories.licenses import ProductFactory
from tests.load.pages import fields_of
from tests.load.people import Knowledge, Person, signed_in
from tests.load.visits import Change, Visits
from tests.serving import Browser, CutOff
from tests.views import form_of

RIVALS, LICENSES = 50, 10
PAGE = "Fight for the last"
TRIES_PER_SECOND = 20


@dataclass
class Burst:
    """What came of fifty presses at once."""

    accepted: int
    slowest: float  # seconds
    unexpected: int  # answers that are neither a receipt nor a form that says what is wrong


def fight_for_the_last(visits: Visits, port: int) -> Burst:
    """Fifty people of one reseller, each with a form that shows ten licenses, press at the same moment, each for one."""
    people, owner, product = _rivals(port)
    forms = [fields_of(person.browser.get("/sell/")) for person in people]
    gate = threading.Barrier(RIVALS)
    already = len(visits.presses)

    def press(person: Person, form: dict[str, str]) -> None:
        change = Change("sale", person, "/sell/", {"owner": owner, "reference": visits.reference(), f"qty-{product}": "1"})
        gate.wait()
        visits.press(change, form | change.typed, time.monotonic(), page=PAGE)

    with ThreadPoolExecutor(RIVALS) as threads:
        list(threads.map(press, people, forms))
    answers = [answer for answer in visits.answers if answer.page == PAGE]
    accepted = sum(bool(press.told) for press in visits.presses[already:])
    return Burst(accepted, max(answer.seconds for answer in answers), sum(not answer.is_expected for answer in answers))


def _rivals(port: int) -> tuple[list[Person], str, str]:
    reseller, product = ResellerFactory(username="last-ones"), ProductFactory(code="LAST")
    owner = EnduserFactory(username="last-owner", reseller=reseller)
    staff = User.objects.select_related("account").filter(is_superuser=True).earliest("pk")
    issue_licenses(publisher=staff.account, issued_by=staff, account=reseller, quantities={product: LICENSES}, key=fresh_key())
    administrator = UserFactory(account=reseller)
    users = [
        User(account=reseller, username=f"rival-{n}", email=f"rival-{n}@people.example.com", role=User.Role.MANAGER, password=administrator.password)
        for n in range(RIVALS)
    ]
    knows = Knowledge(reseller.username, True, [product.code], [owner.username], [], [], [], {})
    return [signed_in(port, user, knows) for user in User.objects.bulk_create(users)], owner.username, product.code


class Attack:
    """Somebody who tries passwords, so many a second and each from another address, so that no count is met, while the block lasts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.is_over = threading.Event()
        self.statuses: list[int] = []

    def __enter__(self) -> Self:
        browser = Browser(self.port)
        self.form, self.cookies = form_of(browser, "/sign-in/"), browser.cookies
        self.thread = threading.Thread(target=self._try_on, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.is_over.set()
        self.thread.join()

    def _try_on(self) -> None:
        began, number = time.monotonic(), 0
        with ThreadPoolExecutor(TRIES_PER_SECOND * 10) as threads:
            while not self.is_over.wait(max(0.0, began + number / TRIES_PER_SECOND - time.monotonic())):
                threads.submit(self._try, number)
                number += 1

    def _try(self, number: int) -> None:
        browser = Browser(self.port, dict(self.cookies), {"X-Forwarded-For": f"10.9.{number // 250}.{number % 250 + 1}"})
        try:
            answer = browser.post("/sign-in/", self.form | {"login": f"customer-{number:06}", "password": "wrong horse battery"})
        except CutOff:
            self.statuses.append(0)
        else:
            self.statuses.append(answer.status_code)
