"""Ending a link, the flow (A5): northgate is linked to northgate-west, and either of the two may end it."""

import pytest

from accounts.links.services import remove_link
from accounts.models import Link
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import balances
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give, quantities
from transfers.services import NotLinked, transfer_licenses


@pytest.fixture
def link(northgate, west):
    """Link northgate to northgate-west."""
    return lambda: LinkFactory(holder=northgate, target=west)


def links():
    return {(link.holder.username, link.target.username) for link in Link.objects.all()}


def told():
    """Who was told of what about links."""
    letters = Notice.objects.filter(kind__startswith="accounts/emails/").order_by("pk")
    return [(notice.kind.removeprefix("accounts/emails/"), notice.account, notice.address) for notice in letters]


def everything():
    """Links, mails and claimed keys, to see that nothing was changed."""
    return [links(), told(), Submission.objects.count()]


@pytest.mark.parametrize("side", ["northgate", "northgate-west"])
def test_either_side_ends_the_link_and_both_are_told(link, northgate, west, user, side):
    """A5: at any moment, and from then on nothing moves over it."""
    give(west, ASR=5)
    account = northgate if side == "northgate" else west

    remove_link(link=link(), removed_by=user(account), acting=account, key=fresh_key())

    assert links() == set()
    assert told() == [("link_removed", "northgate", "northgate@example.com"), ("link_removed", "northgate-west", "northgate-west@example.com")]
    with pytest.raises(NotLinked, match="You are not linked to northgate-west"):
        transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(ASR=1), key=fresh_key())
    assert balances() == {("northgate-west", "ASR"): (5, 0, 0)}


def test_ending_a_link_that_is_gone_does_nothing(link, northgate, user):
    """A5: the other side's press at the same moment."""
    made = link()
    remove_link(link=made, removed_by=user(northgate), acting=northgate, key=fresh_key())
    before = links(), told()

    remove_link(link=made, removed_by=user(northgate), acting=northgate, key=fresh_key())

    assert (links(), told()) == before


def test_the_same_press_twice_ends_a_link_once_and_gives_the_account_at_its_other_end(link, northgate, west, user):
    """B5: and it does not end the link that was made anew in between."""
    press = {"removed_by": user(northgate), "acting": northgate, "key": fresh_key()}
    first = remove_link(link=link(), **press)
    again = link()
    before = everything()

    second = remove_link(link=again, **press)

    assert (first, second, everything()) == (west, west, before)
    assert links() == {("northgate", "northgate-west")}


def test_a_key_that_ended_one_link_does_not_end_another(link, northgate, tideway, user):
    """B5."""
    key, other = fresh_key(), LinkFactory(holder=northgate, target=tideway)
    remove_link(link=link(), removed_by=user(northgate), acting=northgate, key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        remove_link(link=other, removed_by=user(northgate), acting=northgate, key=key)

    assert everything() == before


def test_a_third_account_cannot_end_a_link(link, tideway, user):
    """A5, A9."""
    made = link()
    before = everything()

    with pytest.raises(NotAllowed):
        remove_link(link=made, removed_by=user(tideway), acting=tideway, key=fresh_key())

    assert everything() == before


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_another_role_cannot_end_a_link(link, northgate, user, role):
    """rules.md §1: links are an administrator's."""
    made, person = link(), user(northgate, role)
    before = everything()

    with pytest.raises(NotAllowed):
        remove_link(link=made, removed_by=person, acting=northgate, key=fresh_key())

    assert everything() == before


def test_nobody_ends_links_while_acting(link, west, northgate, user):
    """A7: acting as B, A's administrator cannot remove the others who reach B, nor itself."""
    made = link()
    before = everything()

    with pytest.raises(NotAllowed):
        remove_link(link=made, removed_by=user(northgate), acting=west, key=fresh_key())

    assert everything() == before
