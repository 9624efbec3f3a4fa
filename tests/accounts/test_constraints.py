"""What the database itself refuses about accounts, users and links, in words: each constraint is hit by a row written past all code."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account, Link, User
from tests.factories.accounts import EnduserFactory, LinkFactory, PublisherFactory, ResellerFactory
from tests.roles import the_owner

pytestmark = pytest.mark.postgres


@pytest.fixture
def refused():
    """Write rows and return what refused them: refused(write) is the name that PostgreSQL gives."""

    def act(write):
        with pytest.raises(IntegrityError) as refusal, transaction.atomic():
            write()
        return refusal.value.__cause__.diag.constraint_name

    return act


def rows():
    """How many accounts, users and links there are, to see that nothing was written."""
    return [model.objects.count() for model in (Account, User, Link)]


@pytest.mark.parametrize("username", ["", "a", "Harborcu", "harbor cu", "harbor_cu", "harbör", "harborcu\n", "a.b", "１２"])
def test_an_ill_formed_username_is_refused(northgate, refused, username):
    """rules.md §1: 2 to 30 of a to z, 0 to 9 and -."""
    assert refused(lambda: Account.objects.filter(pk=northgate.pk).update(username=username)) == "account_username_is_well_formed"
    assert refused(lambda: User.objects.filter(account=northgate).update(username=username)) == "user_username_is_well_formed"


def test_two_accounts_with_one_username_are_refused(northgate, tideway, refused):
    """rules.md §1: a unique short username."""
    assert refused(lambda: Account.objects.filter(pk=tideway.pk).update(username="northgate")) == "accounts_account_username_key"


def test_two_users_with_one_username_are_refused(northgate, tideway, refused):
    """rules.md §1: one namespace."""
    assert refused(lambda: User.objects.filter(account=tideway).update(username="northgate")) == "accounts_user_username_key"


def test_an_unknown_kind_of_account_is_refused(northgate, refused):
    """rules.md §1: reseller, enduser, publisher."""
    assert refused(lambda: Account.objects.filter(pk=northgate.pk).update(kind="customer")) == "account_kind_is_known"


def test_an_enduser_without_a_reseller_is_refused(harborcu, refused):
    """rules.md §1: "an enduser account has exactly one reseller"."""
    assert refused(lambda: Account.objects.filter(pk=harborcu.pk).update(reseller=None)) == "an_enduser_and_no_other_has_a_reseller"


@pytest.mark.parametrize("kind", ["reseller", "publisher"])
def test_a_reseller_of_a_reseller_is_refused(northgate, tideway, publisher, refused, kind):
    """rules.md §1: no other kind has one."""
    account = northgate if kind == "reseller" else publisher

    assert refused(lambda: Account.objects.filter(pk=account.pk).update(reseller=tideway)) == "an_enduser_and_no_other_has_a_reseller"


def test_a_second_publisher_is_refused(publisher, refused):
    """rules.md §1: "the publisher itself is the one account of kind publisher"."""
    assert refused(lambda: ResellerFactory(username="another", kind="publisher")) == "there_is_one_publisher"


def test_an_account_with_history_cannot_be_deleted(northgate, harborcu):
    """B2: history outlives companies; they are closed."""
    before = rows()

    with the_owner(), pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=northgate.pk)._raw_delete("default")
        transaction.get_connection().check_constraints()

    assert rows() == before


def test_an_unknown_role_is_refused(northgate, refused):
    """rules.md §1: administrator, manager, viewer."""
    assert refused(lambda: User.objects.filter(account=northgate).update(role="owner")) == "user_role_is_known"


@pytest.mark.parametrize("email", ["northgate@people.example.com", "NorthGate@People.Example.COM"])
def test_two_users_with_one_email_are_refused_case_ignored(northgate, tideway, refused, email):
    """rules.md §1: "a user's e-mail is unique"."""
    assert refused(lambda: User.objects.filter(account=tideway).update(email=email)) == "a_users_email_is_unique"


def test_users_without_an_email_are_many(northgate, tideway):
    """A1: who has not accepted an invitation has proven no address."""
    assert User.objects.exclude(is_staff=True).update(email=None) == 2


def test_accounts_may_share_an_address_for_notices(northgate, tideway):
    """rules.md §1: "an address for notices (which several accounts may share)"."""
    assert Account.objects.update(email="office@example.com") == 3


def test_a_second_link_between_the_same_two_is_refused(northgate, west, refused):
    """A2: one link per pair and direction; the other direction is its own (A3)."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=northgate)

    assert refused(lambda: LinkFactory(holder=northgate, target=west)) == "one_link_per_pair"


def test_a_link_to_oneself_is_refused(northgate, refused):
    """A2."""
    assert refused(lambda: LinkFactory(holder=northgate, target=northgate)) == "link_is_not_to_oneself"


def test_every_constraint_of_the_accounts_is_named_as_a_fact_and_tried_here(request):
    """README, "The database has the last word": named "as the facts they keep"; a constraint that no test hits may be one that nothing keeps."""
    named = {constraint.name for model in (Account, User, Link) for constraint in model._meta.constraints}
    tried = request.path.read_text()

    assert {name for name in named if f'== "{name}"' not in tried} == set()


def test_well_formed_rows_are_let_in(publisher):
    """The counterpart of all refusals above."""
    reseller = ResellerFactory(username="a-2")
    enduser = EnduserFactory(username="0" * 30, reseller=reseller)
    LinkFactory(holder=reseller, target=enduser)

    assert rows() == [3, 2, 1]
    assert PublisherFactory() == publisher
