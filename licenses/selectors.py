"""What one may read of the books. Every fetch takes the account that asks; what it may not see does not exist (A9)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db import connection
from django.db.models import Max, Prefetch, Q, QuerySet, Sum

from accounts.models import Account
from licenses.counting import OF_SALES, SOLD, came_back, came_back_by_product
from licenses.models import Holding, JournalEntry, JournalLine, Product
from licensing_portal.foundation.gathering import gathered


def holdings_of(account: Account) -> QuerySet[Holding]:
    """Every product the account has ever held, by code."""
    return account.holdings.select_related("product").order_by("product__code")


def available_to(account: Account) -> QuerySet[Holding]:
    """What the account can sell, deploy or give: products of which some are available, by code."""
    return holdings_of(account).filter(available__gt=0)


MOST_TO_CHOOSE_FROM = 200  # products that a list offers


def products_to_choose_from(account: Account) -> list[Product]:
    """The products that the account has ever held, by code: all of them or, where they are too many for a list, one more than that offers."""
    return list(Product.objects.filter(holdings__account=account).order_by("code")[: MOST_TO_CHOOSE_FROM + 1])


def products_available_to(account: Account) -> QuerySet[Product]:
    """The products of which the account has some available."""
    return Product.objects.filter(holdings__account=account, holdings__available__gt=0)


def available_of(account: Account, products: Iterable[Product]) -> dict[int, int]:
    """How many licenses of each of these products (its primary key) the account has available, of those that it ever held."""
    return dict(account.holdings.filter(product__in=products).values_list("product", "available"))


def available_in(accounts: Iterable[Account]) -> dict[int, int]:
    """How many licenses each of these accounts (by its primary key) has available, over all products; in one query."""
    numbers = dict.fromkeys((account.pk for account in accounts), 0)
    found = Holding.objects.filter(account__in=numbers).values_list("account").annotate(total=Sum("available"))
    return numbers | dict(found)


@dataclass(frozen=True)
class ProductSummary:
    """How many licenses an account has of a product and what became of the others; net transfers are those that came in by them less what went out."""

    code: str
    name: str
    purchased: int
    sold: int
    deployed: int
    available: int
    net_transferred: int


# Net transfers are found from the entries, of which few are transfers: an account that sells all day has a million other lines.
_SUMMARY = """
    SELECT product.code, product.name, sold + deployed + available, sold, deployed, available, COALESCE(net, 0)
      FROM licenses_holding AS holding JOIN licenses_product AS product ON product.id = holding.product_id
      LEFT JOIN (SELECT line.product_id, CAST(SUM(line.quantity) AS bigint) AS net
                   FROM licenses_journalentry AS entry JOIN licenses_journalline AS line ON line.entry_id = entry.id
                   LEFT JOIN licenses_journalentry AS reversed ON reversed.id = entry.reverses_id
                  WHERE line.account_id = %(account)s AND (entry.giver_id = %(account)s OR entry.receiver_id = %(account)s)
                    AND entry.kind IN ('transfer', 'reversal') AND (entry.kind = 'transfer' OR reversed.kind = 'transfer')
                  GROUP BY line.product_id) AS transfers ON transfers.product_id = holding.product_id
     WHERE holding.account_id = %(account)s"""


def summary_of(account: Account) -> list[ProductSummary]:
    """Every product the account has ever held, by code; in one query, in SQL, as Django has no such join, and takes three times as long for another."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARY, {"account": account.pk})
        return sorted((ProductSummary(*row) for row in cursor.fetchall()), key=attrgetter("code"))


def journal_of(account: Account) -> QuerySet[JournalLine]:
    """The account's journal lines, the newest first."""
    entry = [f"entry__{name}" for name in ("giver", "receiver", "posted_by", "acting_as", "reverses")]
    return account.lines.select_related("product", *entry).order_by("-id")


# The numbers of the summary, as the journal lines that add up to each (C1); sold ones with the sign turned round.
COLUMNS = {
    "purchased": ~SOLD,
    "sold": SOLD,
    "deployed": Q(state=JournalLine.State.DEPLOYED),
    "available": Q(state=JournalLine.State.AVAILABLE),
}


def entries_visible_to(account: Account) -> QuerySet[JournalEntry]:
    """The entries that gave to or took from the account."""
    entries = JournalEntry.objects.filter(Q(giver=account) | Q(receiver=account))
    return entries.select_related("giver", "receiver", "posted_by", "acting_as", "reverses")


def entries_mentioning(account: Account, text: str) -> QuerySet[JournalEntry]:
    """The account's entries whose number or reference contains `text`, the newest first."""
    return _with_what_they_moved(entries_visible_to(account)).filter(Q(number__icontains=text) | Q(reference__icontains=text))


def sales_of(seller: Account) -> QuerySet[JournalEntry]:
    """What a reseller sold, with what each sale moved, the newest first. The lines tell of the owner's numbers as well (A9)."""
    sales = JournalEntry.objects.filter(kind=JournalEntry.Kind.SALE, giver=seller)
    lines = Prefetch("lines", JournalLine.objects.select_related("product"))
    return sales.select_related("receiver", "posted_by", "acting_as").prefetch_related(lines).order_by("-pk")


def sales_to(enduser: Account, *, seller: Account) -> QuerySet[JournalEntry]:
    """What a reseller sold to one of its endusers, the newest first, each with `came_back`: how many licenses of it did."""
    return sales_of(seller).filter(receiver=enduser).annotate(came_back=came_back())


def taken_back_of(sales: Iterable[JournalEntry]) -> dict[tuple[int, int], int]:
    """How many licenses came back of these sales by now, by sale and product (their primary keys)."""
    return came_back_by_product([sale.pk for sale in sales])


def entries_that_reverse(entry: JournalEntry) -> QuerySet[JournalEntry]:
    """The recalls and reversals of an entry with what they moved, the newest first; both of its sides see them, as they are theirs too."""
    return entry.reversed_by.prefetch_related(Prefetch("lines", JournalLine.objects.select_related("product"))).order_by("-pk")


def _lines_of_sales(seller: Account) -> QuerySet[JournalLine]:
    """The lines that tell a reseller's endusers what it sold them, and what of it went back."""
    return JournalLine.objects.filter(OF_SALES, Q(entry__giver=seller) | Q(entry__receiver=seller)).exclude(account=seller)


def sold_to_each(endusers: Iterable[Account], *, seller: Account) -> dict[int, tuple[int, datetime]]:
    """How many licenses each of these endusers (by its primary key) has of what a reseller sold it, and when that was last; in one query.

    An enduser that it never sold anything is left out.
    """
    lines = _lines_of_sales(seller).filter(account__in=[enduser.pk for enduser in endusers])
    last_sold_at = Max("entry__posted_at", filter=Q(entry__kind=JournalEntry.Kind.SALE))
    by_account = lines.values_list("account").annotate(total=Sum("quantity"), last_sold_at=last_sold_at)
    return {account: (total, last_sold_at) for account, total, last_sold_at in by_account}


def sold_to(enduser: Account, *, seller: Account) -> QuerySet[JournalLine, tuple[str, str, int]]:
    """How many licenses of each product, as (code, name, quantity), a reseller sold to one of its endusers, less what came back; by code."""
    lines = _lines_of_sales(seller).filter(account=enduser)
    by_product = lines.values("product__code", "product__name").annotate(total=Sum("quantity")).exclude(total=0)
    return by_product.order_by("product__code").values_list("product__code", "product__name", "total")


def _with_what_they_moved(entries: QuerySet[JournalEntry]) -> QuerySet[JournalEntry]:
    return entries.prefetch_related(Prefetch("lines", JournalLine.objects.select_related("product"))).order_by("-pk")


MOVED = """licenses_journalline AS line JOIN licenses_product AS product ON product.id = line.product_id
     WHERE line.entry_id = licenses_journalentry.id AND line.quantity > 0"""


def recent_entries_of(account: Account, number: int) -> Sequence[JournalEntry]:
    """The account's last entries, the newest first, each with its sides and what it moved; in one query.

    Who made it is not read: from eight tables on PostgreSQL joins in the order written.
    """
    entries = JournalEntry.objects.filter(Q(giver=account) | Q(receiver=account)).select_related("giver", "receiver", "reverses")
    last = list(entries.annotate(lines_in_short=gathered("product.code", "line.quantity", rows=MOVED)).order_by("-pk")[:number])
    for entry in last:
        entry.moved = entry.lines_in_short
    return last
