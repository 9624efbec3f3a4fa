"""Big data: a database as full as one gets in years, made in minutes, to measure and to try on (docs/benchmarks.md).

It is made up, and it keeps every rule of the books: entries are posted in bulk (`licenses/ledger_in_bulk.py`), judged by all
constraints and triggers, and proven by `check_ledger`. What happened goes back three years, and ended when today began: the same
seed makes the same data on the same day.

What it leaves out: one-use keys and the security log, reversals, server files and license files. Of notices there is the
enduser's of every sale, short and delivered, and none of the others.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Account, User
from deployments.models import Deployment, DeploymentEntry, DeploymentLine
from deployments.notices import DEPLOYMENT_SOLD
from licenses.ledger_in_bulk import BulkBooks, Posted
from licenses.models import JournalEntry, Product
from licenses.notices import LICENSES_SOLD
from licensing_portal.big_cast import Cast, Seller, make_cast
from licensing_portal.foundation.notices_in_bulk import Delivered, DeliveredNotices
from licensing_portal.foundation.rows_in_bulk import copy_rows, fresh_keys
from licensing_portal.foundation.templatetags.portal import licenses as in_words

Kind = JournalEntry.Kind

FEWEST_ACCOUNTS = 10
SPAN = timedelta(days=3 * 365)  # that ended when today began
ENTRIES_AT_ONCE = 2000  # in a transaction; of small data fewer, so that no batch is longer than a recall may wait
SHARE_OF_LARGEST = 0.8  # of what resellers do
STOCK = 100_000  # licenses of a product that a reseller is issued when it runs short
RECALLABLE = 400  # sales, the last ones, of which one is recalled now and then
KNOWN_ANEW = 3  # times as many lines as PostgreSQL knew of: then it is told anew how large its tables are

Quantities = Mapping[int, int]


class NotEmpty(Exception):
    """The database has accounts or products."""


@dataclass
class _Deployment:
    """A row to write, or one that is written and may be retired."""

    pk: int
    owner: int
    made_by: int
    quantities: Quantities
    made_at: datetime
    number: int
    retired_at: datetime | None = None


@dataclass
class _Batch:
    """What is written together with the entries."""

    deployments: list[_Deployment] = field(default_factory=list)
    of_deployments: list[tuple[int, int, int | None, bool]] = field(default_factory=list)  # deployment, entry, sale, whether it returns
    retired: list[_Deployment] = field(default_factory=list)
    sales: list[Posted] = field(default_factory=list)
    letters: list[Delivered] = field(default_factory=list)


def load(*, accounts: int, products: int, lines: int, seed: int, part: float = 1) -> Iterator[int]:
    """Fill an empty database, and give how many journal lines there are after each batch; there may be a few more than asked for.

    Of the years only the first part passes while they are posted: for whoever lets more happen in the rest. Raises NotEmpty.
    """
    if Account.objects.exists() or User.objects.exists() or Product.objects.exists():
        raise NotEmpty
    chance = Random(seed)  # noqa: S311 # nosec B311 - the same seed makes the same data
    until = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    since = until - SPAN
    with transaction.atomic():
        cast = make_cast(chance, accounts=accounts, products=products, since=since)
    _tell_planner()
    known = 1
    for written in _Years(chance, cast, since=since, span=SPAN * part, lines=lines).pass_by():
        if written > known * KNOWN_ANEW:
            _tell_planner()
            known = written
        yield written
    _tell_planner()


def _tell_planner() -> None:
    """Have PostgreSQL count its tables, if their owner asks; of others it takes no notice.

    The walls plan their statements once per connection and again after this. For tables that it takes for empty it would compare
    every line of a batch with every entry there is.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


class _Years:
    """Everything that happened, one thing after the other."""

    def __init__(self, chance: Random, cast: Cast, *, since: datetime, span: timedelta, lines: int) -> None:
        self.chance, self.cast, self.since, self.span, self.lines = chance, cast, since, span, lines
        self.books = BulkBooks(cast.publisher)
        self.notices = DeliveredNotices()
        self.keys = {model: fresh_keys(model) for model in (Deployment, DeploymentLine, DeploymentEntry)}
        self.batch = _Batch()
        self.deployments = 0
        self.standing: list[_Deployment] = []
        self.recallable: deque[Posted] = deque(maxlen=RECALLABLE)
        self.products_of: dict[int, list[int]] = {}
        self.what_happens: list[Callable[[], None]] = [
            self.sale, self.sold_deployment, self.deployment_of_enduser, self.own_deployment, self.transfer, self.recall, self.retirement,
            self.adjustment,
        ]  # fmt: skip
        self.how_often = [850, 30, 35, 15, 20, 30, 10, 5]

    def pass_by(self) -> Iterator[int]:
        at_once = min(ENTRIES_AT_ONCE, max(5, self.lines // 500))
        while self.books.lines < self.lines:
            self.chance.choices(self.what_happens, self.how_often)[0]()
            if self.books.entries_to_write >= at_once:
                yield self.write()
        yield self.write()

    @property
    def now(self) -> datetime:
        """Time passes as lines are written."""
        return self.since + self.span * min(self.books.lines / self.lines, 1)

    def write(self) -> int:
        """Write what has happened since the last time: entries, deployments and letters in one transaction."""
        batch, self.batch = self.batch, _Batch()
        with transaction.atomic():
            self.books.write()
            self._write_deployments(batch)
            self.notices.store(batch.letters)
        self.recallable.extend(batch.sales)
        return self.books.lines

    # ── What happens ──

    def sale(self) -> None:
        seller = self._seller()
        sale = self._sell(seller, self._enduser_of(seller), self._choice_of(seller))
        self.batch.sales.append(sale)
        self._tell(LICENSES_SOLD.letter, sale)

    def sold_deployment(self) -> None:
        """A reseller makes a deployment for an enduser: a sale and, for it, a deployment (C5)."""
        seller = self._seller()
        enduser, quantities = self._enduser_of(seller), self._choice_of(seller)
        sale = self._sell(seller, enduser, quantities)
        self._deploy(enduser, quantities, made_by=seller.account, by=seller.user, sale=sale)
        self._tell(DEPLOYMENT_SOLD.letter, sale)

    def deployment_of_enduser(self) -> None:
        enduser = self._enduser_of(self._seller())
        self._deploy_own(enduser)

    def own_deployment(self) -> None:
        self._deploy_own(self._seller().account)

    def transfer(self) -> None:
        """Over a link, of what the linked account has available (C9)."""
        holder, target = self.chance.choice(self.cast.links)
        if quantities := self._some_of(target):
            self._post(Kind.TRANSFER, quantities, giver=target, receiver=holder, acting_as=holder)

    def recall(self) -> None:
        """Of one of the last sales, as much as is still available of each product, up to what was sold (C10). Each sale once."""
        if not self.recallable:
            return
        place = self.chance.randrange(len(self.recallable))
        sale = self.recallable[place]
        del self.recallable[place]
        if sale.posted_at + settings.RECALL_WINDOW < self.now:
            return
        possible = {product: min(sold, self.books.available(sale.receiver, product)) for product, sold in sale.quantities.items()}
        if quantities := {product: self.chance.randint(1, most) for product, most in possible.items() if most}:
            self._post(
                Kind.RECALL, quantities, giver=sale.receiver, receiver=sale.giver, acting_as=sale.giver, note="Ordered by mistake.", reverses=sale.pk
            )

    def retirement(self) -> None:
        """Returns all licenses of a deployment to its owner (C7)."""
        if not self.standing:
            return
        place = self.chance.randrange(len(self.standing))
        self.standing[place], self.standing[-1] = self.standing[-1], self.standing[place]
        deployment = self.standing.pop()
        owner = deployment.owner
        entry = self._post(
            Kind.RETIREMENT, deployment.quantities, giver=owner, receiver=owner, acting_as=owner, reference=_name_of(deployment), note="Moved."
        )
        deployment.retired_at = entry.posted_at
        self.batch.of_deployments.append((deployment.pk, entry.pk, None, True))
        self.batch.retired.append(deployment)

    def adjustment(self) -> None:
        """Staff put a reseller's available right, upwards (C11)."""
        seller = self._seller()
        quantities = {self.chance.choice(seller.products): self.chance.randint(1, 5)}
        publisher = self.cast.publisher
        self._post(Kind.ADJUSTMENT, quantities, giver=publisher, receiver=seller.account, acting_as=publisher, note="Counted again.")

    # ── How ──

    def _seller(self) -> Seller:
        seller = self.cast.some_seller(self.chance, SHARE_OF_LARGEST)
        return seller if seller.endusers else self.cast.sellers[0]

    def _enduser_of(self, seller: Seller) -> int:
        """The first ones buy most; the last tenth never buys."""
        buyers = max(1, len(seller.endusers) * 9 // 10)
        return seller.endusers[int(buyers * self.chance.random() ** 2)]

    def _choice_of(self, seller: Seller) -> Quantities:
        number = min(self.chance.choice((1, 1, 2, 2, 3, 4)), len(seller.products))
        return {product: self.chance.randint(1, 20) for product in sorted(self.chance.sample(seller.products, number))}

    def _some_of(self, account: int) -> Quantities:
        """Some of what an account has available of up to three products."""
        known = self.products_of.get(account, [])
        chosen = sorted(self.chance.sample(known, min(len(known), self.chance.randint(1, 3))))
        there = {product: self.books.available(account, product) for product in chosen}
        return {product: self.chance.randint(1, min(number, 20)) for product, number in there.items() if number}

    def _sell(self, seller: Seller, enduser: int, quantities: Quantities) -> Posted:
        if short := {product: STOCK for product, n in quantities.items() if self.books.available(seller.account, product) < n}:
            publisher = self.cast.publisher
            order = f"PO-{self.chance.randint(10_000, 99_999)}"
            self._post(Kind.ISSUE, short, giver=publisher, receiver=seller.account, acting_as=publisher, reference=order)
        reference = f"Order {self.chance.randint(10_000, 99_999)}" if self.chance.random() < 0.5 else ""  # noqa: PLR2004
        return self._post(Kind.SALE, quantities, giver=seller.account, receiver=enduser, acting_as=seller.account, reference=reference)

    def _deploy_own(self, account: int) -> None:
        if quantities := self._some_of(account):
            self._deploy(account, quantities, made_by=account, by=self.cast.user_of[account])

    def _deploy(self, owner: int, quantities: Quantities, *, made_by: int, by: int, sale: Posted | None = None) -> None:
        self.deployments += 1
        deployment = _Deployment(next(self.keys[Deployment]), owner, made_by, quantities, self.now, self.deployments)
        entry = self._post(Kind.DEPLOYMENT, quantities, giver=owner, receiver=owner, acting_as=made_by, posted_by=by, reference=_name_of(deployment))
        self.batch.deployments.append(deployment)
        self.batch.of_deployments.append((deployment.pk, entry.pk, sale.pk if sale else None, False))
        self.standing.append(deployment)

    def _post(
        self,
        kind: JournalEntry.Kind,
        quantities: Quantities,
        *,
        giver: int,
        receiver: int,
        acting_as: int,
        posted_by: int | None = None,
        reference: str = "",
        note: str = "",
        reverses: int | None = None,
    ) -> Posted:
        known = self.products_of.setdefault(receiver, [])
        known.extend(product for product in quantities if (receiver, product) not in self.books.holdings)
        return self.books.enter(
            kind, quantities, giver=giver, receiver=receiver, posted_by=posted_by or self.cast.user_of[acting_as], acting_as=acting_as,
            posted_at=self.now, reference=reference, note=note, reverses=reverses,
        )  # fmt: skip

    def _tell(self, letter: str, sale: Posted) -> None:
        enduser, seller = self.cast.accounts[sale.receiver], self.cast.accounts[sale.giver]
        text = f"{seller.company} sold {in_words(sum(sale.quantities.values()))} to {enduser.company}: {sale.number}."
        subject = f"Licenses from {seller.company}: {sale.number}"
        self.batch.letters.append(Delivered(letter, sale.number, enduser.username, enduser.email, subject, text, sale.posted_at))

    def _write_deployments(self, batch: _Batch) -> None:
        retired, waiting = Deployment.State.RETIRED, Deployment.State.WAITING
        copy_rows(
            Deployment,
            ("id", "name", "host_name", "notes", "owner", "made_by", "state", "created_at", "changed_at", "retired_at"),
            [
                (is_.pk, _name_of(is_), f"host-{is_.number}.example.com", "", is_.owner, is_.made_by, retired if is_.retired_at else waiting,
                 is_.made_at, is_.retired_at or is_.made_at, is_.retired_at)
                for is_ in batch.deployments
            ],
        )  # fmt: skip
        lines = [(next(self.keys[DeploymentLine]), is_.pk, product, n) for is_ in batch.deployments for product, n in is_.quantities.items()]
        copy_rows(DeploymentLine, ("id", "deployment", "product", "quantity"), lines)
        entries = [(next(self.keys[DeploymentEntry]), *row) for row in batch.of_deployments]
        copy_rows(DeploymentEntry, ("id", "deployment", "entry", "sale", "is_retirement"), entries)
        for is_ in batch.retired:
            Deployment.objects.filter(pk=is_.pk).update(state=retired, retired_at=is_.retired_at, changed_at=is_.retired_at)


def _name_of(deployment: _Deployment) -> str:
    return f"IVR-{deployment.number:06}"
