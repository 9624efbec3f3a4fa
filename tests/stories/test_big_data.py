"""load_big: a database that is full in minutes, and whose books are as true as if years had passed."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts.models import Account, Link, User
from deployments.models import Deployment, DeploymentLine
from licenses import proof
from licenses.ledger_in_bulk import BooksInUse, BulkBooks, Short
from licenses.models import Holding, JournalEntry, JournalLine, Product
from licensing_portal import big
from licensing_portal.foundation.models import Notice
from tests.factories.licenses import give

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

SMALL = {"accounts": 60, "products": 12, "lines": 3000}


def load(seed=1, **size):
    """Load, and have all be judged that is else judged at the commit."""
    *_, lines = big.load(**SMALL | size, seed=seed)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return lines


def what_was_made(seed):
    """All that a seed makes, named as people name it, and then taken back: keys and numbers count on, as others could have had them."""
    with transaction.atomic():
        load(seed)
        made = [
            list(Account.objects.order_by("username").values_list("username", "company", "email", "reseller__username")),
            list(User.objects.order_by("username").values_list("username", "account__username", "role", "password", "last_login")),
            list(Link.objects.order_by("pk").values_list("holder__username", "target__username", "proof")),
            list(
                JournalLine.objects.order_by("pk").values_list(
                    "entry__kind", "entry__posted_at", "entry__giver__username", "entry__receiver__username", "entry__posted_by__username",
                    "entry__reference", "account__username", "product__code", "state", "quantity", "balance",
                )
            ),
            list(Deployment.objects.order_by("pk").values_list("name", "owner__username", "made_by__username", "state", "created_at")),
            list(Notice.objects.order_by("pk").values_list("kind", "account", "sent_at", "email__to")),
        ]  # fmt: skip
        transaction.set_rollback(True)
    return made


def test_the_same_seed_makes_the_same_data_on_the_same_day_and_another_one_other_data(time_machine):
    time_machine.move_to(timezone.now(), tick=False)

    first, again, other = what_was_made(7), what_was_made(7), what_was_made(8)

    assert first == again
    assert [mine != theirs for mine, theirs in zip(first, other, strict=True)] == [True] * len(first)


def test_the_books_are_proven_and_everything_is_in_them_that_happens():
    lines = load()

    assert list(proof.faults()) == []
    assert lines == JournalLine.objects.count() >= SMALL["lines"]
    assert (Product.objects.count(), Account.objects.exclude(kind="publisher").count()) == (SMALL["products"], SMALL["accounts"])
    kinds = set(JournalEntry.objects.values_list("kind", flat=True))
    assert kinds == {kind.value for kind in JournalEntry.Kind} - {"reversal"}
    on_deployments = DeploymentLine.objects.exclude(deployment__state="retired")
    assert sum(on_deployments.values_list("quantity", flat=True)) == sum(Holding.objects.values_list("deployed", flat=True)) > 0


def test_every_sale_has_one_letter_to_its_enduser_and_none_waits_to_be_sent():
    load()

    told = {(notice.event, notice.account, notice.email.to[0]) for notice in Notice.objects.select_related("email")}
    sales = JournalEntry.objects.filter(kind="sale").select_related("receiver")
    assert told == {(sale.number, sale.receiver.username, sale.receiver.email) for sale in sales}
    assert Notice.objects.count() == len(told) > 0
    assert set(Email.objects.values_list("status", flat=True)) == {STATUS.sent}


def test_one_reseller_has_half_of_the_endusers_and_most_of_the_sales():
    load()

    by_seller = JournalEntry.objects.filter(kind="sale").values_list("giver__username").annotate(sales=Count("pk"))
    shares = dict(by_seller)
    assert shares["atlas"] > 2 * (sum(shares.values()) - shares["atlas"])
    assert Account.objects.filter(reseller__username="atlas").count() > SMALL["accounts"] / 3


def test_a_database_with_accounts_is_kept_as_it_is(northgate):
    with pytest.raises(CommandError, match=r"has accounts or products already; nothing was changed"):
        call_command("load_big", accounts=10, products=1, lines=1)

    assert list(Account.objects.order_by("username").values_list("username", flat=True)) == ["northgate", "publisher"]


def test_production_has_to_be_named(settings):
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError, match="known to everyone"):
        call_command("load_big", accounts=10, products=1, lines=1)
    assert not Account.objects.exists()

    call_command("load_big", "--in-production", accounts=10, products=1, lines=1, verbosity=0)

    assert Account.objects.count() == 11


@pytest.mark.parametrize("size", [{"accounts": 9}, {"products": 0}, {"lines": 0}])
def test_less_than_a_portal_is_refused(size):
    with pytest.raises(CommandError, match="at least 10 accounts, one product and one line"):
        call_command("load_big", **{"accounts": 10, "products": 1, "lines": 1} | size)

    assert not Account.objects.exists()


# ── The books in bulk ──


def test_books_with_entries_are_not_opened_in_bulk(northgate, publisher):
    give(northgate, ASR=1)

    with pytest.raises(BooksInUse):
        BulkBooks(publisher.pk)


def test_nothing_is_posted_in_bulk_that_is_not_there(northgate, harborcu, publisher, staff):
    product = Product.objects.create(code="ASR", name="Speech Engine")
    books = BulkBooks(publisher.pk)
    by = {"posted_by": staff.pk, "posted_at": timezone.now()}
    books.enter("issue", {product.pk: 3}, giver=publisher.pk, receiver=northgate.pk, acting_as=publisher.pk, **by)

    with pytest.raises(Short):
        books.enter("sale", {product.pk: 4}, giver=northgate.pk, receiver=harborcu.pk, acting_as=northgate.pk, **by)
    books.write()

    assert list(proof.faults()) == []
    assert list(Holding.objects.order_by("available").values_list("account__username", "available")) == [("publisher", -3), ("northgate", 3)]
