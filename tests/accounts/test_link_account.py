"""Links, the flows: A2 to A7. northgate is to be linked to northgate-west, whose administrator gives the credentials."""

import pytest

from accounts import selectors
from accounts.links.services import CannotLink, link_account, remove_link
from accounts.models import Account, Link, User
from licensing_portal.foundation.errors import NotAllowed, Problem
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import balances
from tests.factories.accounts import PASSWORD, LinkFactory, UserFactory
from tests.factories.licenses import give, quantities
from transfers.services import NotLinked, transfer_licenses


@pytest.fixture
def link(northgate, west, user):
    """Link northgate to northgate-west; what a test is about is said in the call."""

    def act(**changes):
        call = {"holder": northgate, "linked_by": user(northgate), "proved_by": user(west), "key": fresh_key()}
        return link_account(**call | changes)

    return act


@pytest.fixture
def pull(northgate, west, user):
    """Pull 1 ASR from northgate-west into northgate."""

    def act():
        return transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(ASR=1), key=fresh_key())

    return act


def links():
    return {(link.holder.username, link.target.username) for link in Link.objects.all()}


def everything():
    """Links, mails and claimed keys, to see that nothing was changed."""
    return [links(), Notice.objects.count(), Submission.objects.count()]


def told():
    """Who was told of what, by which kind of letter."""
    return [(notice.kind.removeprefix("accounts/emails/"), notice.account, notice.address) for notice in Notice.objects.order_by("pk")]


# ── A2: what makes a link ──


def test_the_credentials_of_an_administrator_make_a_link(link, northgate, west, user):
    """A2, A3."""
    made = link()

    assert (made.holder, made.target, made.linked_by, made.proved_by, made.is_proven) == (northgate, west, user(northgate), user(west), True)
    assert links() == {("northgate", "northgate-west")}


def test_a_link_stores_no_password(link, west):
    """A2: "checked once, never stored"; what is kept changes with the password and opens nothing."""
    proof = link().proof

    assert PASSWORD not in proof
    assert User.objects.get(username=west.username).password not in proof


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_the_credentials_of_another_role_make_no_link(link, west, user, role):
    """A2: an administrator's of B."""
    person = user(west, role)
    before = everything()

    with pytest.raises(CannotLink) as refusal:
        link(proved_by=person)

    assert refusal.value.problems == [Problem(f"northgate-west-{role} is not an administrator of northgate-west", field="username")]
    assert everything() == before


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_another_role_links_nothing(link, northgate, user, role):
    """A2: an administrator of A."""
    person = user(northgate, role)
    before = everything()

    with pytest.raises(NotAllowed):
        link(linked_by=person)

    assert everything() == before


def test_one_cannot_link_to_oneself(link, northgate, user):
    """A2."""
    before = everything()

    with pytest.raises(CannotLink, match="That is the account you are in"):
        link(proved_by=user(northgate))

    assert everything() == before


def test_a_second_link_is_refused_while_the_first_holds(link):
    """A2: there is nothing to do, and the form says so."""
    link()
    before = everything()

    with pytest.raises(CannotLink, match="You are already linked to northgate-west"):
        link()

    assert everything() == before


def test_the_same_form_again_gives_the_first_link(link):
    """B5."""
    key = fresh_key()

    assert link(key=key) == link(key=key) == Link.objects.get()
    assert told() == [("link_created", "northgate-west", "northgate-west@example.com")]


def test_the_same_key_with_other_credentials_is_refused(link, tideway, user):
    """B5: back, other credentials, press: one form makes one link."""
    key = fresh_key()
    link(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        link(key=key, proved_by=user(tideway))

    assert everything() == before


def test_a_form_does_not_make_a_link_again_that_was_removed(link, northgate, user):
    """B5, A5: a reload is not a new decision."""
    key = fresh_key()
    remove_link(link=link(key=key), removed_by=user(northgate), acting=northgate, key=fresh_key())
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        link(key=key)

    assert everything() == before


# ── A7: who can be neither linked nor switched to ──


def test_staff_and_the_publisher_cannot_be_linked(link, staff):
    """A7; the words are those of a wrong password (A8)."""
    before = everything()

    with pytest.raises(CannotLink) as refusal:
        link(proved_by=staff)

    assert refusal.value.problems == [Problem("Username or password is wrong", field="username")]
    assert everything() == before


def test_a_user_of_the_publisher_who_is_not_staff_cannot_be_linked_either(link, publisher):
    """A7."""
    before = everything()

    with pytest.raises(CannotLink, match="Username or password is wrong"):
        link(proved_by=UserFactory(account=publisher, username="clerk"))

    assert everything() == before


def test_staff_who_belong_to_a_customers_account_cannot_be_linked(link, west):
    """A7: whoever may enter the admin is not lent out."""
    before = everything()

    with pytest.raises(CannotLink, match="Username or password is wrong"):
        link(proved_by=UserFactory(account=west, username="helper", is_staff=True))

    assert everything() == before


@pytest.mark.parametrize("what", ["the account is closed", "the user is deactivated"])
def test_what_is_closed_cannot_be_linked(link, west, user, what):
    """A2, A8: with the words of a wrong password."""
    if what == "the account is closed":
        Account.objects.filter(pk=west.pk).update(closed_at=west.created_at)
    else:
        User.objects.filter(account=west).update(is_active=False)
    before = everything()

    with pytest.raises(CannotLink, match="Username or password is wrong"):
        link(proved_by=user(west))

    assert everything() == before


def test_nobody_makes_links_while_acting(link, tideway, west, northgate, user):
    """A7: acting for northgate, a person of tideway makes no links for it."""
    LinkFactory(holder=tideway, target=northgate)
    before = everything()

    with pytest.raises(NotAllowed):
        link(linked_by=user(tideway))

    assert everything() == before


# ── A3, A4: one way, and not followed on ──


def test_a_link_is_seen_from_its_holder_alone(link, northgate, west):
    """A3."""
    made = link()

    assert (list(selectors.links_of(northgate)), list(selectors.links_of(west))) == ([made], [])
    assert (list(selectors.incoming_links_of(northgate)), list(selectors.incoming_links_of(west))) == ([], [made])


def test_the_other_direction_is_a_link_of_its_own(link, northgate, west, user):
    """A3."""
    link()
    link(holder=west, linked_by=user(west), proved_by=user(northgate))

    assert links() == {("northgate", "northgate-west"), ("northgate-west", "northgate")}


def test_for_ones_own_account_all_links_are_usable(northgate, west, tideway, user):
    """A4."""
    wanted = [LinkFactory(holder=northgate, target=west), LinkFactory(holder=northgate, target=tideway)]

    assert list(selectors.usable_links(user(northgate), northgate)) == wanted


def test_while_acting_only_a_link_that_leads_back_is_usable(northgate, west, tideway, user):
    """A4, A7: northgate → west → tideway does not let northgate reach tideway, but licenses may be pulled back home."""
    LinkFactory(holder=northgate, target=west)
    back = LinkFactory(holder=west, target=northgate)
    LinkFactory(holder=west, target=tideway)

    assert list(selectors.usable_links(user(northgate), west)) == [back]


def test_while_acting_without_a_link_back_none_is_usable(northgate, west, tideway, user):
    """A4."""
    LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=tideway)

    assert list(selectors.usable_links(user(northgate), west)) == []


# ── A5: being told ──


def test_the_linked_account_is_told_by_mail(link):
    """A5: B, not A."""
    link()

    assert told() == [("link_created", "northgate-west", "northgate-west@example.com")]
    assert Notice.objects.get().email.subject == "northgate can now use your account northgate-west"


def test_a_link_can_be_made_again_after_it_was_removed(link, northgate, user):
    """A2, A5: the same two, told once more."""
    remove_link(link=link(), removed_by=user(northgate), acting=northgate, key=fresh_key())

    link()

    assert links() == {("northgate", "northgate-west")}
    assert [kind for kind, *_ in told()] == ["link_created", "link_removed", "link_removed", "link_created"]


# ── A6: when the credentials are asked for again ──


def change_the_password(person):
    person.set_password("another good password")
    person.save()


def demote(person):
    User.objects.filter(pk=person.pk).update(role=User.Role.MANAGER)


def deactivate(person):
    User.objects.filter(pk=person.pk).update(is_active=False)


def move_to_another_account(person):
    User.objects.filter(pk=person.pk).update(account=UserFactory().account)


def close_the_account(person):
    Account.objects.filter(pk=person.account_id).update(closed_at=person.created_at)


@pytest.mark.parametrize("change", [change_the_password, demote, deactivate, move_to_another_account, close_the_account])
def test_a_link_does_not_outlive_the_credentials_that_made_it(link, pull, west, user, change):
    """A6: no pull and no switch, until the credentials were given again."""
    give(west, ASR=5)
    link()
    pull()
    before = balances()

    change(user(west))

    assert Link.objects.get().is_proven is False
    with pytest.raises(NotLinked, match="The link to northgate-west needs its username and password again"):
        pull()
    assert balances() == before == {("northgate-west", "ASR"): (4, 0, 0), ("northgate", "ASR"): (1, 0, 0)}


def put_back(person):
    User.objects.filter(pk=person.pk).update(role=User.Role.ADMINISTRATOR, is_active=True)


@pytest.mark.parametrize("role_and_activity", [{"role": "manager", "is_active": "on"}, {"role": "administrator"}], ids=["demoted", "deactivated"])
def test_a_link_does_not_come_back_with_the_role(link, desk, west, user, role_and_activity):
    """A6: a link "asks for the credentials again" once its user was no administrator, whatever the user is today."""
    UserFactory(account=west, username="jo")  # an administrator always remains
    link()
    address = f"/admin/accounts/user/{user(west).pk}/change/"

    answer = desk.post(address, {"email": user(west).email} | role_and_activity)
    put_back(user(west))

    assert (answer.status_code, Link.objects.get().is_proven) == (302, False)
    link()
    assert Link.objects.get().is_proven is True


def test_what_happens_to_other_users_leaves_the_link(link, pull, west):
    """A6: "the user whose credentials made the link"."""
    give(west, ASR=5)
    other = UserFactory(account=west, username="other")
    link()

    change_the_password(other)
    deactivate(other)
    pull()

    assert balances() == {("northgate-west", "ASR"): (4, 0, 0), ("northgate", "ASR"): (1, 0, 0)}


def test_a_new_email_or_a_sign_in_of_the_prover_leaves_the_link(link, pull, west):
    """A6: only password, role and activity matter."""
    give(west, ASR=5)
    link()

    User.objects.filter(username=west.username).update(email="new@example.com", last_login=west.created_at)
    pull()

    assert balances() == {("northgate-west", "ASR"): (4, 0, 0), ("northgate", "ASR"): (1, 0, 0)}


def test_the_credentials_prove_the_link_again(link, pull, west, user):
    """A6: the same link, with the new password, and licenses move again."""
    give(west, ASR=5)
    first = link()
    change_the_password(user(west))

    again = link()
    pull()

    assert (again, again.is_proven, Link.objects.count()) == (first, True, 1)
    assert balances() == {("northgate-west", "ASR"): (4, 0, 0), ("northgate", "ASR"): (1, 0, 0)}


def test_another_administrator_proves_the_link_again(link, pull, west, user):
    """A6: the first one left; from now on the link stands with the second."""
    give(west, ASR=5)
    link()
    deactivate(user(west))
    second = UserFactory(account=west, username="second")

    link(proved_by=second)
    pull()
    change_the_password(second)

    assert (Link.objects.get().proved_by, Link.objects.get().is_proven) == (second, False)
    assert balances() == {("northgate-west", "ASR"): (4, 0, 0), ("northgate", "ASR"): (1, 0, 0)}


@pytest.mark.parametrize("change", [demote, deactivate])
def test_who_may_not_link_any_more_does_not_prove_it_again(link, west, user, change):
    """A6, A2."""
    link()
    change(user(west))
    before = everything()

    with pytest.raises(CannotLink):
        link()

    assert (everything(), Link.objects.get().is_proven) == (before, False)


def test_a_link_that_is_not_proven_is_still_listed_so_that_either_side_can_end_it(link, northgate, west, user):
    """A5, A6."""
    made = link()
    change_the_password(user(west))

    assert (list(selectors.links_of(northgate)), list(selectors.incoming_links_of(west))) == ([made], [made])
    remove_link(link=made, removed_by=user(west), acting=west, key=fresh_key())
    assert links() == set()
