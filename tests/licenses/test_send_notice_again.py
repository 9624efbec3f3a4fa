"""Send again: the receipt lets the seller send the notice of an entry once more (C4)."""

import pytest

from accounts.models import Account
from licenses.models import JournalEntry
from licenses.services import NothingToSendAgain, sell_licenses, send_notice_again
from licensing_portal.foundation import notices
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.mail import message_id
from transfers.services import transfer_licenses


@pytest.fixture
def sell(northgate, harborcu, user):
    """Sell 3 ASR from northgate to harborcu."""
    give(northgate, ASR=100)

    def act():
        return sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), key=fresh_key())

    return act


@pytest.fixture
def sale(sell):
    return sell()


@pytest.fixture
def send(northgate, user, sale):
    """Send the notice of the sale again, as northgate; what a test is about is said in the call."""

    def act(**changes):
        call = {"entry": sale, "account": northgate, "sent_by": user(northgate), "key": fresh_key()}
        return send_notice_again(**call | changes)

    return act


def everything():
    return balances(), Notice.objects.count(), Submission.objects.count()


def test_a_new_mail_refers_to_the_first(send, sale):
    """contract.md: "Retries of a mail keep its Message-ID; Send again makes a new one that refers to it"."""
    first = Notice.objects.get(event=sale.number)

    again = send()

    assert message_id(again) != message_id(first)
    assert (again.email.headers["In-Reply-To"], again.email.headers["References"]) == (message_id(first), message_id(first))
    assert (again.again_of, again.fate, again.account, again.address) == (first, "queued", "harborcu", "harborcu@example.com")
    assert (again.asked_for_by, first.asked_for_by) == ("northgate", "")
    assert (again.email.subject, again.email.message, again.email.html_message) == (
        first.email.subject,
        first.email.message,
        first.email.html_message,
    )


def test_it_moves_nothing(send):
    """C4: a mail tells of a sale, it makes none."""
    before = balances()

    send()

    assert balances() == before == {("northgate", "ASR"): (97, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}


def test_it_goes_to_the_owners_address_of_today(send, sale, harborcu):
    """C4: the first went to an address that was wrong, which is why one sends again."""
    Account.objects.filter(pk=harborcu.pk).update(email="mended@example.com")

    assert send(entry=JournalEntry.objects.get(pk=sale.pk)).address == "mended@example.com"


@pytest.mark.parametrize("fate", ["queued", "sent"])
def test_whatever_became_of_the_first_it_can_be_sent_again(send, fate):
    """C4: "shows whether it is queued, sent or failed and lets the seller send it again"."""
    if fate == "sent":
        notices.deliver_due()

    assert [send().fate, Notice.objects.order_by("pk").last().again_of.fate] == ["queued", fate]


def test_every_further_mail_refers_to_the_first_of_all(send, sale):
    """contract.md: a mail program shows them as one conversation."""
    first = Notice.objects.get(event=sale.number)

    again, once_more = send(), send()

    assert (again.again_of, once_more.again_of) == (first, first)
    assert len({message_id(notice) for notice in (first, again, once_more)}) == 3


def test_the_same_form_again_sends_one_mail(send):
    """B5: a double click."""
    key = fresh_key()
    again = send(key=key)
    before = everything()

    assert send(key=key) == again
    assert everything() == before


def test_the_key_of_one_receipt_does_not_send_anothers_notice(send, sell):
    """B5."""
    key, other = fresh_key(), sell()
    send(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        send(entry=other, key=key)

    assert everything() == before


def test_a_manager_sends_again_and_a_viewer_does_not(send, northgate, user):
    """rules.md §1."""
    manager, viewer = user(northgate, "manager"), user(northgate, "viewer")
    send(sent_by=manager)
    before = everything()

    with pytest.raises(NotAllowed):
        send(sent_by=viewer)

    assert everything() == before


@pytest.mark.parametrize("who", ["harborcu", "stmarys", "tideway"])
def test_nobody_but_the_account_that_acted_sends_again(send, harborcu, stmarys, tideway, user, who):
    """C4, A9: the seller; neither the owner, nor another enduser, nor another reseller."""
    account = {"harborcu": harborcu, "stmarys": stmarys, "tideway": tideway}[who]
    before = everything()

    with pytest.raises(NothingToSendAgain, match=r"There is no notice to send again\."):
        send(account=account, sent_by=user(account))

    assert everything() == before


def test_a_person_acting_for_the_seller_sends_again(send, northgate, west, user):
    """A7: acting, a person may do what a manager may."""
    LinkFactory(holder=west, target=northgate)

    assert send(sent_by=user(west)).again_of is not None


def test_an_issue_is_not_sent_again_by_the_account_that_received_it(send, northgate):
    """C4, C11: the publisher acted."""
    issue = northgate.entries_received.get()
    before = everything()

    with pytest.raises(NothingToSendAgain):
        send(entry=issue)

    assert everything() == before


def test_an_entry_that_nobody_was_told_of_has_nothing_to_send_again(send, northgate):
    """C5: a deployment for oneself sends no mail."""
    deployment = deploy(northgate, ASR=1)
    before = everything()

    with pytest.raises(NothingToSendAgain):
        send(entry=deployment.entries.get().entry)

    assert everything() == before


def test_the_mail_of_a_sale_by_deployment_is_sent_again_with_its_own_words(send, northgate, harborcu):
    """C5: one e-mail tells of the sale and names the deployment; so does the second."""
    deployment = deploy(northgate, owner=harborcu, name="HCU-IVR", ASR=1)

    again = send(entry=deployment.entries.get().sale)

    assert again.kind == "deployments/emails/deployment_sold"
    assert '"HCU-IVR"' in again.email.message


def test_of_a_transfer_the_receiver_who_pulled_sends_its_own_notice_again(send, northgate, west, user):
    """C9: the other side's notice is not the receiver's to send; it acted, so the mail goes to itself."""
    LinkFactory(holder=west, target=northgate)
    transfer = transfer_licenses(receiver=west, transferred_by=user(west), giver=northgate, quantities=quantities(ASR=1), key=fresh_key())

    again = send(entry=transfer, account=west, sent_by=user(west))

    assert (again.account, again.again_of.account) == ("northgate-west", "northgate-west")
