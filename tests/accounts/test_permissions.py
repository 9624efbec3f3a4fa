"""Who may do what, as tables: by role, by kind of account, and acting for another account (rules.md §1, A7)."""

import pytest
from django.contrib.auth.models import Permission

from accounts import permissions
from accounts.models import Account, User
from licenses.services import issue_licenses, sell_licenses
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.submissions import fresh_key
from tests.books import balances
from tests.factories.accounts import LinkFactory, UserFactory
from tests.factories.licenses import give, quantities

RIGHTS = {
    "sell": permissions.may_sell,
    "move": permissions.may_move_licenses,
    "administer": permissions.may_administer,
    "see endusers": permissions.may_see_endusers,
    "create endusers": permissions.may_create_endusers,
    "act for others": permissions.may_act_for_others,
    "issue": permissions.may_issue,
    "retire any": permissions.may_retire_any_deployment,
}


def rights(user, account):
    return {name for name, may in RIGHTS.items() if may(user, account)}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("administrator", {"sell", "move", "administer", "see endusers", "create endusers", "act for others"}),
        ("manager", {"sell", "move", "see endusers", "act for others"}),
        ("viewer", {"see endusers", "act for others"}),
    ],
)
def test_rights_of_a_resellers_users(northgate, user, role, expected):
    """rules.md §1: administrator (everything), manager (sells, deploys, transfers), viewer (only looks)."""
    assert rights(user(northgate, role), northgate) == expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("administrator", {"move", "administer", "act for others"}),
        ("manager", {"move", "act for others"}),
        ("viewer", {"act for others"}),
    ],
)
def test_rights_of_an_endusers_users(harborcu, user, role, expected):
    """C2, A1: an enduser sells nothing and creates no accounts."""
    assert rights(user(harborcu, role), harborcu) == expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("administrator", {"sell", "move", "see endusers", "act for others"}),
        ("manager", {"sell", "move", "see endusers", "act for others"}),
        ("viewer", {"see endusers", "act for others"}),
    ],
)
def test_acting_for_a_reseller_one_has_the_lesser_of_manager_and_ones_own_role(northgate, west, user, role, expected):
    """A7: "never what an administrator may (no users, no links, no passwords, no settings)"."""
    LinkFactory(holder=west, target=northgate)

    assert rights(user(west, role), northgate) == expected


@pytest.mark.parametrize(("role", "expected"), [("administrator", {"move", "act for others"}), ("viewer", {"act for others"})])
def test_acting_for_an_enduser_one_sells_nothing_though_one_is_a_resellers(northgate, harborcu, user, role, expected):
    """A7, C2: the right to sell is the account's acted for."""
    LinkFactory(holder=northgate, target=harborcu)

    assert rights(user(northgate, role), harborcu) == expected


def test_an_endusers_user_who_acts_for_a_reseller_sells(harborcu, northgate, user):
    """A7: the account acted for is a reseller, and a manager sells."""
    LinkFactory(holder=harborcu, target=northgate)

    assert rights(user(harborcu), northgate) == {"sell", "move", "see endusers", "act for others"}


def test_staff_issue_and_retire_and_hold_nothing(staff, publisher):
    """C11: "Nothing else there touches a holding"."""
    assert rights(staff, publisher) == {"issue", "retire any"}


@pytest.mark.parametrize(("codename", "right"), [("issue_licenses", "issue"), ("retire_deployment", "retire any")])
def test_staff_have_the_rights_alone_that_they_were_given(publisher, codename, right):
    """C11: being staff opens the admin, not the source of all licenses."""
    clerk = UserFactory(account=publisher, username="clerk", is_staff=True)
    assert rights(clerk, publisher) == set()

    clerk.user_permissions.add(Permission.objects.get(codename=codename))
    assert rights(User.objects.get(pk=clerk.pk), publisher) == {right}


def test_a_superuser_who_is_not_staff_issues_nothing(publisher):
    """C11: staff issue."""
    former = UserFactory(account=publisher, username="former", is_superuser=True)

    assert rights(former, publisher) == set()


def test_a_refusal_names_the_person_and_the_account_and_what_was_changed(northgate, user):
    """B6."""
    with pytest.raises(NotAllowed) as refusal:
        permissions.require(permissions.may_sell, user(northgate, "viewer"), northgate)

    assert str(refusal.value) == "northgate-viewer may not do this for northgate. Nothing was changed."


def test_whoever_was_deactivated_may_do_nothing(northgate, user):
    """B7: rights are decided again when the form is sent."""
    person = user(northgate)
    permissions.require(permissions.may_sell, person, northgate)
    User.objects.filter(pk=person.pk).update(is_active=False)

    with pytest.raises(NotAllowed):
        permissions.require(permissions.may_sell, person, northgate)


def test_a_right_is_the_persons_of_now_and_not_of_when_the_page_was_opened(northgate, user):
    """B7."""
    person = user(northgate)
    User.objects.filter(pk=person.pk).update(role="viewer")

    assert person.role == "administrator"
    with pytest.raises(NotAllowed):
        permissions.require(permissions.may_sell, person, northgate)


def test_for_an_account_that_was_closed_nobody_does_anything(northgate, user):
    """B7: closed by staff while a page of it was open."""
    person = user(northgate)
    Account.objects.filter(pk=northgate.pk).update(closed_at=northgate.created_at)

    with pytest.raises(NotAllowed):
        permissions.require(permissions.may_sell, person, northgate)


# ── Who acts for whom is a right as well ──


@pytest.fixture
def sell(northgate, harborcu):
    def act(sold_by):
        return sell_licenses(seller=northgate, sold_by=sold_by, owner=harborcu, quantities=quantities(ASR=3), key=fresh_key())

    return act


def test_a_stranger_sells_nothing_for_an_account(sell, northgate, tideway, user):
    """A7, B7: one acts for another account over a link alone; the flow decides it, whoever calls it."""
    give(northgate, ASR=10)

    with pytest.raises(NotAllowed):
        sell(user(tideway))

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_nothing_moves_over_a_link_that_was_removed_meanwhile(sell, northgate, west, user):
    """A5: "from then on nothing moves over it, not even from a form that was already open"."""
    give(northgate, ASR=10)
    LinkFactory(holder=west, target=northgate).delete()

    with pytest.raises(NotAllowed):
        sell(user(west))

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_nothing_moves_over_a_link_that_goes_the_other_way(sell, northgate, west, user):
    """A3: links are one-way."""
    give(northgate, ASR=10)
    LinkFactory(holder=northgate, target=west)

    with pytest.raises(NotAllowed):
        sell(user(west))

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_nothing_moves_over_a_link_that_is_not_proven_any_more(sell, northgate, west, user):
    """A6."""
    give(northgate, ASR=10)
    LinkFactory(holder=west, target=northgate)
    prover = user(northgate)
    prover.set_password("another password")
    prover.save()

    with pytest.raises(NotAllowed):
        sell(user(west))

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_a_customer_issues_nothing(northgate, publisher, user):
    """C11: staff alone."""
    with pytest.raises(NotAllowed):
        issue_licenses(publisher=publisher, issued_by=user(northgate), account=northgate, quantities=quantities(ASR=10), key=fresh_key())

    assert balances() == {}


def test_staff_issue_from_the_publisher_alone(staff, northgate, tideway):
    """C11, B1: licenses come from the one source; staff move nothing between customers."""
    give(northgate, ASR=10)

    with pytest.raises(NotAllowed):
        issue_licenses(publisher=northgate, issued_by=staff, account=tideway, quantities=quantities(ASR=10), key=fresh_key())

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_staff_sell_nothing_for_a_reseller(sell, northgate, staff):
    """C11, A7: staff are the publisher's; what moves between customers is theirs."""
    give(northgate, ASR=10)

    with pytest.raises(NotAllowed):
        sell(staff)

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_a_person_of_another_account_is_acting(northgate, west, user):
    """A7: "Every page says as whom one acts"."""
    assert [permissions.is_acting(user(northgate), account) for account in (northgate, Account.objects.get(pk=northgate.pk), west)] == [
        False,
        False,
        True,
    ]
