"""Sell Licenses, the flow: C2 to C4, and what is decided again under the lock (B7)."""

import pytest

from accounts.models import Account
from accounts.services import NotYourEnduser
from licenses.ledger import InsufficientLicenses
from licenses.models import JournalEntry
from licenses.services import sell_licenses
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import ProductFactory, give, quantities


@pytest.fixture
def sell(northgate, harborcu, user):
    """Sell from northgate to harborcu; what a test is about is said in the call."""

    def act(**changes):
        call = {"seller": northgate, "sold_by": user(northgate), "owner": harborcu, "quantities": quantities(ASR=3), "key": fresh_key()}
        return sell_licenses(**call | changes)

    return act


def sales():
    return JournalEntry.objects.filter(kind="sale")


def test_a_sale_makes_the_owner_own_the_licenses(sell, northgate, harborcu, user):
    """C2, C4: one entry with a number, giver, receiver, person, account and reference."""
    give(northgate, ASR=10, TTS=4)

    sale = sell(quantities=quantities(ASR=3, TTS=4), reference="PO 20931")

    assert balances() == {
        ("northgate", "ASR"): (7, 0, 3),
        ("northgate", "TTS"): (0, 0, 4),
        ("harborcu", "ASR"): (3, 0, 0),
        ("harborcu", "TTS"): (4, 0, 0),
    }
    assert (sale.kind, sale.number[:2], sale.giver, sale.receiver) == ("sale", "S-", northgate, harborcu)
    assert (sale.posted_by, sale.acting_as, sale.reference) == (user(northgate), northgate, "PO 20931")
    assert_the_books_are_proven()


def test_the_owner_is_told_by_one_mail(sell, northgate, harborcu):
    """C4: the notice is queued with the sale, to the account's address."""
    give(northgate, ASR=10)

    sale = sell()

    notices = Notice.objects.filter(event=sale.number)
    assert [(notice.account, notice.address, notice.fate) for notice in notices] == [("harborcu", "harborcu@example.com", "queued")]


def test_a_sale_that_is_refused_changes_nothing(sell, northgate):
    """B6: no entry, no notice, and the key is still good."""
    give(northgate, ASR=2)
    before, mails = balances(), Notice.objects.count()
    key = fresh_key()

    with pytest.raises(InsufficientLicenses):
        sell(key=key)

    assert (balances(), Notice.objects.count(), sales().count()) == (before, mails, 0)
    assert sell(quantities=quantities(ASR=2), key=key) == sales().get()


def test_only_available_licenses_can_be_sold(sell, northgate):
    """C3: deployed ones stay where they are."""

    give(northgate, ASR=10)
    deploy(northgate, ASR=8)

    with pytest.raises(InsufficientLicenses, match="2 available, 8 deployed"):
        sell(quantities=quantities(ASR=3))

    assert balances() == {("northgate", "ASR"): (2, 8, 0)}


def test_the_same_form_again_gives_the_first_sale(sell, northgate):
    """B5: double click, reload, back and send."""
    give(northgate, ASR=10)
    key = fresh_key()

    assert sell(key=key) == sell(key=key) == sales().get()
    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}
    assert Notice.objects.filter(event=sales().get().number).count() == 1


def test_the_same_form_again_gives_the_first_sale_though_nothing_is_left(sell, northgate):
    """B5: the first result, not a refusal for want of what the first press took."""
    give(northgate, ASR=3)
    key = fresh_key()

    assert sell(key=key) == sell(key=key)


@pytest.mark.parametrize("change", [{"quantities": 4}, {"reference": "other"}, {"owner": "stmarys"}])
def test_the_same_key_with_other_content_is_refused(sell, northgate, stmarys, change):
    """B5: back, edit, send does not sell twice; the refusal leads to the first result."""
    give(northgate, ASR=10)
    key = fresh_key()
    first = sell(key=key)
    changed = {"quantities": quantities(ASR=4)} if "quantities" in change else {"owner": stmarys} if "owner" in change else change

    with pytest.raises(FormAlreadyUsed) as refusal:
        sell(key=key, **changed)

    assert refusal.value.problems[0].url == first.get_absolute_url()
    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}


def test_an_enduser_of_another_reseller_cannot_be_the_owner(sell, northgate, metrotransit):
    """C2."""
    give(northgate, ASR=10)

    with pytest.raises(NotYourEnduser, match="“metrotransit” is not one of your endusers"):
        sell(owner=metrotransit)

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_another_reseller_cannot_be_the_owner(sell, northgate, tideway):
    give(northgate, ASR=10)

    with pytest.raises(NotYourEnduser):
        sell(owner=tideway)

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_an_enduser_that_was_moved_meanwhile_is_refused(sell, northgate, tideway, harborcu):
    """B7: the form's copy of the owner says northgate still."""
    give(northgate, ASR=10)
    Account.objects.filter(pk=harborcu.pk).update(reseller=tideway)

    with pytest.raises(NotYourEnduser):
        sell(owner=harborcu)

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_a_closed_enduser_is_refused(sell, northgate, harborcu):
    give(northgate, ASR=10)
    Account.objects.filter(pk=harborcu.pk).update(closed_at=harborcu.created_at)

    with pytest.raises(NotYourEnduser, match="harborcu is closed and can’t receive licenses"):
        sell()

    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_an_enduser_cannot_sell(sell, harborcu, stmarys, user):
    give(harborcu, ASR=10)

    with pytest.raises(NotAllowed):
        sell(seller=harborcu, sold_by=user(harborcu), owner=stmarys)

    assert balances() == {("harborcu", "ASR"): (10, 0, 0)}


def test_a_viewer_cannot_sell_and_a_manager_can(sell, northgate, user):
    """rules.md §1: viewers look, managers sell."""
    give(northgate, ASR=10)

    with pytest.raises(NotAllowed):
        sell(sold_by=user(northgate, "viewer"))
    sell(sold_by=user(northgate, "manager"))

    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}


def test_a_person_of_a_linked_account_sells_and_stands_in_the_journal(sell, northgate, west, user):
    """A7: the journal names the person and the account acted for."""
    LinkFactory(holder=west, target=northgate)
    give(northgate, ASR=10)

    sale = sell(sold_by=user(west))

    assert (sale.posted_by.username, sale.acting_as.username) == ("northgate-west", "northgate")


def test_a_retired_product_can_still_be_sold(sell, northgate):
    """rules.md §2: no new issue, while what is held can still be sold."""
    give(northgate, ASR=10)
    product = ProductFactory(code="ASR")
    product.retired_at = northgate.created_at
    product.save()

    sell()

    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}


def test_a_refused_sale_leaves_no_claimed_key(sell, northgate, metrotransit):
    give(northgate, ASR=10)
    claimed = Submission.objects.count()

    with pytest.raises(NotYourEnduser):
        sell(owner=metrotransit)

    assert Submission.objects.count() == claimed
