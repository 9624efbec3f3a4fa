"""Further addresses for an account's notices: asked first, told what the account is told of licenses, and free to end it (C4, A9)."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.links.services import link_account
from accounts.models import Account, NoticeRecipient, SecurityEvent
from accounts.notifications.services import NotARecipient, agree_to_copies, move_notices
from accounts.services import NotSentAgain, send_any_notice_again
from licenses.services import sell_licenses
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import PASSWORD, RecipientFactory
from tests.factories.licenses import give, quantities
from tests.views import ALREADY_USED, errors_of, form_of, heading_of, notes_of, press, text_of

ADD, NOTIFICATIONS = "/settings/notifications/addresses/add/", "/settings/notifications/"
AGREE, STOP = "/notices/agree/", "/notices/stop/"
BOOKS = "books@example.com"


@pytest.fixture
def visitor(harborcu, signed_in):
    return signed_in(harborcu)


@pytest.fixture
def sell(northgate, harborcu, user):
    give(northgate, ASR=100)
    return lambda: sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), key=fresh_key())


@pytest.fixture
def recipient(harborcu):
    return RecipientFactory(account=harborcu, email=BOOKS)


def add(visitor, email=BOOKS):
    return press(visitor, ADD, {"email": email})


def link(path):
    deliver_due()
    return next(found[1] for message in reversed(mail.outbox) if (found := re.search(rf"http://testserver({path}\S+/)", message.body)))


def open_link(there):
    """Open the link of a letter in a visitor that nobody is signed in with, and return that visitor."""
    visitor = Client()
    visitor.get(there)
    return visitor


def addressees(sale):
    return [(notice.address, notice.copy_to) for notice in Notice.objects.filter(event=sale.number).order_by("pk")]


# ── Asking and agreeing ──


def test_an_address_gets_nothing_before_it_agrees_and_then_a_copy_of_each_notice(visitor, sell):
    response = add(visitor)
    assert notes_of(visitor.get(response.url)) == [f"{BOOKS} was asked. It gets copies once it agrees."]
    there = link(AGREE)
    before = sell()
    reader = open_link(there)
    assert heading_of(reader.get(AGREE)) == "Copies of license notices"
    looked_at = sell()  # looking is not agreeing

    assert heading_of(press(reader, AGREE)) == "You get copies"
    after = sell()

    own = ("harborcu@example.com", "")
    assert [addressees(sale) for sale in (before, looked_at, after)] == [[own], [own], [own, (BOOKS, BOOKS)]]


def test_the_link_of_the_question_is_stored_nowhere(visitor):
    add(visitor)

    assert Notice.objects.get().email.message == ""


def test_a_question_is_good_for_seven_days(visitor):
    add(visitor)
    there = link(AGREE)

    with time_machine.travel(timezone.now() + timedelta(days=8)):
        page = open_link(there).get(AGREE)

    assert heading_of(page) == "This link is not good any more"


def test_who_was_removed_meanwhile_can_not_agree(visitor, harborcu, user):
    add(visitor)
    there, asked = link(AGREE), NoticeRecipient.objects.get()
    visitor.post(f"{NOTIFICATIONS}addresses/{asked.pk}/remove/", form_of_remove(visitor))

    assert heading_of(open_link(there).get(AGREE)) == "This link is not good any more"
    with pytest.raises(NotARecipient):
        agree_to_copies(recipient=asked)


def form_of_remove(visitor):
    return form_of(visitor, NOTIFICATIONS)  # the last form of the page


@pytest.mark.parametrize("typed", ["HarborCU@example.com", BOOKS.upper()])
def test_an_address_that_is_there_is_not_added_again(visitor, recipient, typed):
    assert errors_of(add(visitor, typed)) == {"email": [f"{typed} is there already"]}


def test_five_are_the_most(visitor, harborcu):
    for number in range(5):
        RecipientFactory(account=harborcu, email=f"books-{number}@example.com")

    assert errors_of(add(visitor)) == {"email": ["5 further addresses are the most. Remove one first."]}


def test_ten_questions_a_day_are_the_most(visitor):
    """Whoever adds and removes in turn would else mail strangers without end."""
    answers = []
    for number in range(11):
        answers.append(errors_of(add(visitor, f"books-{number}@example.com")))
        NoticeRecipient.objects.all().delete()

    assert answers == [{}] * 10 + [{"email": ["10 links were sent within a day. Try again tomorrow."]}]


def test_a_form_that_is_sent_again_asks_once(visitor):
    """B5."""
    form = form_of(visitor, ADD) | {"email": BOOKS}
    for _ in range(2):
        visitor.post(ADD, form)
    refused = visitor.post(ADD, form | {"email": "other@example.com"})

    assert Notice.objects.count() == 1
    assert errors_of(refused) == {"": [ALREADY_USED]}


# ── The copies ──


def test_a_copy_says_why_it_came_and_leads_to_its_end_and_the_accounts_own_notice_does_not(recipient, sell):
    sell()
    deliver_due()
    own, copy = mail.outbox[-2:]

    assert "You got this because the account harborcu sends copies of its notices to" in " ".join(copy.body.split())
    way_out = re.search(r"http://testserver/notices/stop/\S+/", copy.body)[0]
    assert copy.message()["List-Unsubscribe"].replace("\n ", "") == f"<{way_out}>"
    assert way_out in copy.alternatives[0][0]
    assert ("notices/stop" in own.body, own.message()["List-Unsubscribe"]) == (False, None)
    assert own.message()["Message-ID"] != copy.message()["Message-ID"]


def test_the_way_out_needs_no_sign_in_and_looking_ends_nothing(recipient, sell):
    sell()
    reader = open_link(link(STOP))
    assert heading_of(reader.get(STOP)) == "Stop these emails"
    assert NoticeRecipient.objects.count() == 1

    assert heading_of(press(reader, STOP)) == "No more copies"
    assert addressees(sell()) == [("harborcu@example.com", "")]
    assert heading_of(reader.get(STOP)) == "No more copies"


def test_a_way_out_is_good_for_its_own_address_alone_and_opens_nothing_else(recipient, harborcu, sell):
    other = RecipientFactory(account=harborcu, email="other@example.com")
    sell()
    there = link(STOP)
    token = there.rstrip("/").rpartition("/")[2]
    ended = press(open_link(there), STOP)

    assert f"{AGREE}{token}/" != there
    assert heading_of(open_link(f"{AGREE}{token}/").get(AGREE)) == "This link is not good any more"
    assert (heading_of(ended), NoticeRecipient.objects.count()) == ("No more copies", 1)
    assert NoticeRecipient.objects.get() in (other, recipient)


def test_a_made_up_way_out_ends_nothing(recipient):
    assert heading_of(open_link(f"{STOP}made:up:token/").post(STOP)) == "No more copies"
    assert NoticeRecipient.objects.count() == 1


def test_no_letter_about_links_or_with_a_link_of_ones_own_is_copied(recipient, harborcu, tideway, user):
    """A copy tells of licenses; whoever reads it can do nothing with it."""
    link_account(holder=tideway, linked_by=user(tideway), proved_by=user(harborcu), key=fresh_key())
    press(Client(), "/password/reset/", {"email": "harborcu"})

    assert {notice.copy_to for notice in Notice.objects.all()} == {""}
    assert Notice.objects.count() == 2


@pytest.mark.postgres
def test_one_event_is_copied_to_one_address_once(recipient, sell):
    """C4: constraint one_notice_per_event_and_addressee."""
    sale = sell()
    copy = Notice.objects.get(event=sale.number, copy_to=BOOKS)
    first = Notice.objects.get(event=sale.number, copy_to="")

    with pytest.raises(IntegrityError, match="one_notice_per_event_and_addressee"), transaction.atomic():
        Notice.objects.filter(pk=first.pk).update(copy_to=copy.copy_to)


def test_the_seller_sees_neither_the_copies_nor_their_addresses(recipient, sell, northgate, harborcu, signed_in):
    """A9: to whom else an enduser sends copies is its own affair."""
    sale = sell()

    shown = [text_of(signed_in(account).get(sale.get_absolute_url())) for account in (northgate, harborcu)]
    assert [BOOKS in page for page in shown] == [False, True]


def test_send_again_sends_to_the_account_alone(recipient, sell, northgate, signed_in):
    sale = sell()
    deliver_due()

    signed_in(northgate).post(f"{sale.get_absolute_url()}send-again/", form_of(signed_in(northgate), sale.get_absolute_url()))

    assert addressees(sale) == [("harborcu@example.com", ""), (BOOKS, BOOKS), ("harborcu@example.com", "")]


def test_staff_send_a_copy_again_to_its_address_while_it_wants_any(recipient, sell, staff):
    sale = sell()
    deliver_due()
    copy = Notice.objects.get(event=sale.number, copy_to=BOOKS)

    again = send_any_notice_again(notice=copy, sent_by=staff, key=fresh_key())
    recipient.delete()
    with pytest.raises(NotSentAgain, match="a copy for an address that gets none any more"):
        send_any_notice_again(notice=copy, sent_by=staff, key=fresh_key())

    assert (again.address, again.copy_to) == (BOOKS, BOOKS)


# ── Removing and moving ──


def test_an_administrator_removes_an_address_and_the_log_says_so(visitor, recipient, sell):
    response = visitor.post(f"{NOTIFICATIONS}addresses/{recipient.pk}/remove/", form_of_remove(visitor), follow=True)

    assert notes_of(response) == [f"{BOOKS} gets no more copies."]
    assert addressees(sell()) == [("harborcu@example.com", "")]
    event = SecurityEvent.objects.get(kind="recipient_removed")
    assert (event.user.username, event.about) == ("harborcu", BOOKS)


def test_nobody_removes_or_takes_the_addresses_of_another_account(recipient, tideway, signed_in):
    """A9."""
    stranger = signed_in(tideway)

    answers = [stranger.post(f"{NOTIFICATIONS}addresses/{recipient.pk}/{act}/").status_code for act in ("remove", "move")]
    assert (answers, NoticeRecipient.objects.count()) == ([302, 404], 1)


def test_notices_move_to_an_address_that_agreed_and_the_old_one_is_told(visitor, recipient, sell):
    response = press(visitor, f"{NOTIFICATIONS}addresses/{recipient.pk}/move/", {"password": PASSWORD})

    assert notes_of(visitor.get(response.url)) == [f"Notices go to {BOOKS} from now on. The address of before is told."]
    told = Notice.objects.get(kind="accounts/emails/notice_address_changed")
    assert (told.address, told.email.subject) == ("harborcu@example.com", "Notices for harborcu go to another address")
    assert (Account.objects.get(username="harborcu").email, addressees(sell())) == (BOOKS, [(BOOKS, "")])
    assert SecurityEvent.objects.get(kind="notice_address_changed").about == f"harborcu@example.com → {BOOKS}"


def test_they_do_not_move_without_the_password(visitor, recipient):
    response = press(visitor, f"{NOTIFICATIONS}addresses/{recipient.pk}/move/", {"password": "wrong horse battery"})

    assert errors_of(response) == {"password": ["This is not your password"]}
    assert Account.objects.get(username="harborcu").email == "harborcu@example.com"


def test_they_do_not_move_to_an_address_that_has_not_agreed(visitor, harborcu, user):
    silent = RecipientFactory(account=harborcu, confirmed_at=None)

    assert visitor.get(f"{NOTIFICATIONS}addresses/{silent.pk}/move/").status_code == 404
    with pytest.raises(NotARecipient):
        move_notices(account=harborcu, recipient=silent, changed_by=user(harborcu))


@pytest.mark.parametrize("address", [AGREE, STOP])
def test_without_a_link_there_is_nothing_to_decide(db, address):
    assert [Client().get(address).status_code, Client().post(address).status_code] == [404, 404]
