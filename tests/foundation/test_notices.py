"""Queueing mail: a notice is a row of its event's transaction (C4), its headers are safe, and a one-time link is never kept (A1)."""

from datetime import UTC, datetime
from email.utils import parseaddr

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from post_office.models import Email

from accounts.models import Account
from accounts.security.services import ask_for_new_password
from accounts.services import create_enduser
from licenses.services import sell_licenses
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import header_text
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import RecipientFactory
from tests.factories.licenses import ProductFactory, give, quantities
from tests.mail import message_id


@pytest.fixture
def sell(northgate, harborcu, user):
    """Sell 3 ASR from northgate to harborcu, who is told of it."""
    give(northgate, ASR=100)

    def act(**changes):
        call = {"seller": northgate, "sold_by": user(northgate), "owner": harborcu, "quantities": quantities(ASR=3), "key": fresh_key()}
        return sell_licenses(**call | changes)

    return act


def notice_of(sale):
    return Notice.objects.get(event=sale.number)


def notice_of_first(sale):
    return Notice.objects.get(event=sale.number, again_of=None)


# ── What is queued ──


def test_a_sale_makes_one_mail_with_all_its_headers(sell):
    """C4: from the portal on behalf of the seller, whom an answer reaches; marked as written by a machine."""
    sale = sell()
    notices.deliver_due()

    message = mail.outbox[-1].message()
    names = ("From", "To", "Reply-To", "Subject", "Auto-Submitted", "Message-ID")
    assert [message.get_all(name) for name in names] == [
        ["Northgate Voice Systems via License Portal <notices@localhost>"],
        ["harborcu@example.com"],
        ["northgate@example.com"],
        [f"3 licenses from Northgate Voice Systems (sale {sale.number})"],
        ["auto-generated"],
        [message_id(notice_of(sale))],
    ]
    assert message["Message-ID"].endswith("@testserver>")


def test_every_mail_has_a_message_id_of_its_own(sell):
    """contract.md: retries keep it, so no two mails may share it."""
    first, second = notice_of(sell()), notice_of(sell())

    assert message_id(first) != message_id(second)


def test_a_mail_is_queued_and_not_sent_by_the_flow(sell):
    """C4: a mail server that is down delays the mail, never the sale."""
    sale = sell()

    assert (notice_of(sale).fate, mail.outbox) == ("queued", [])


def test_a_notice_of_what_did_not_happen_does_not_exist(sell):
    """C4: "no notice is lost or sent for a sale that was not made"."""
    before = Notice.objects.count(), Email.objects.count()

    with pytest.raises(ValueError, match="power cut"), transaction.atomic():
        sell()
        raise ValueError("power cut")

    assert (Notice.objects.count(), Email.objects.count()) == before


@pytest.mark.postgres
def test_one_event_is_told_to_one_account_once(sell):
    """C4: constraint one_notice_per_event_and_addressee."""
    sale = sell()

    with pytest.raises(IntegrityError, match="one_notice_per_event_and_addressee"), transaction.atomic():
        notices.queue(
            "licenses/emails/licenses_sold", event=sale.number, account="harborcu", address="x@example.com", context={"entry": sale, "total": 3}
        )

    assert Notice.objects.filter(event=sale.number).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_notice_that_the_database_refuses_leaves_no_mail_behind(sell):
    """C4: the sign-in pages open no transaction; a mail without its notice would be sent, and one with a one-time link would be empty."""
    sale = sell()
    before = Email.objects.count()

    with pytest.raises(IntegrityError):
        notices.queue(
            "licenses/emails/licenses_sold", event=sale.number, account="harborcu", address="x@example.com", context={"entry": sale, "total": 3}
        )

    assert Email.objects.count() == before


# ── Headers ──


@pytest.mark.parametrize(
    ("typed", "safe"),
    [
        ("Harbor Credit Union", "Harbor Credit Union"),
        ("St. Mary’s · Ωmega 漢字 😀", "St. Mary’s · Ωmega 漢字 😀"),
        ("a\rb", "a b"),
        ("a\nb", "a b"),
        ("a\r\nBcc: victim@example.com", "a  Bcc: victim@example.com"),
        ("a\x0bb\x0cc\x1cd\x1de\x1ef", "a b c d e f"),
        ("a\x85b\u2028c\u2029d", "a b c d"),
        ("a\0b\tc\x7fd", "a b c d"),
        ("\n padded \n", "padded"),
    ],
)
def test_header_text_has_no_control_character_and_no_line_end(typed, safe):
    """C4: Django looks for CR and LF alone; a mail program ends a header at others too."""
    assert header_text(typed) == safe


@pytest.mark.parametrize(
    "company",
    [
        "Evil\r\nBcc: victim@example.com",
        "Evil\x0bInc",
        "Evil\u2028Inc",
        'Evil "quoted", Inc <x@example.com>',
        "a@b; c, d (e) [f]",
    ],
)
def test_a_company_name_cannot_write_a_header(sell, northgate, company):
    """C4: a row that was written past the forms makes one mail, to the right address, with the right headers."""
    Account.objects.filter(pk=northgate.pk).update(company=company)
    northgate.refresh_from_db()

    sell(seller=northgate)
    notices.deliver_due()

    message = mail.outbox[-1].message()
    assert (message["To"], message["Bcc"], mail.outbox[-1].recipients()) == ("harborcu@example.com", None, ["harborcu@example.com"])
    assert parseaddr(message["From"])[1] == "notices@localhost"
    assert len(message.get_all("Subject")) == len(message.get_all("From")) == 1


@pytest.mark.parametrize("company", ["Müller & Söhne", "Bold <b> Inc", "<>", "漢" * 120, "Ü" * 120, "W" * 120], ids=lambda name: name[:14])
def test_a_sale_never_fails_over_the_sellers_name(sell, northgate, company):
    """C4: every name of up to 120 characters that an account may have makes a sender that the mail's row can hold."""
    Account.objects.filter(pk=northgate.pk).update(company=company)
    northgate.refresh_from_db()

    sale = sell(seller=northgate)
    notices.deliver_due()

    assert (sale.total, notice_of(sale).fate) == (3, "sent")


@pytest.mark.parametrize(
    "address", ["o'brien+licenses@example.com", "harborcu@example.co.uk", "a" * 60 + "@" + "b" * 60 + ".example.com", "x@bücher.example.com"]
)
def test_a_sale_never_fails_over_the_owners_address(sell, harborcu, address):
    """C4: every address that Django's EmailField lets into an account can be written to."""
    harborcu.email = address
    harborcu.full_clean()
    harborcu.save()

    sale = sell()
    notices.deliver_due()

    assert (mail.outbox[-1].recipients(), notice_of(sale).fate, notice_of(sale).last_error) == ([address], "sent", "")


def test_a_name_is_written_as_it_is_in_the_text_and_escaped_in_the_markup(northgate, harborcu, user):
    """A9: what a customer types is shown, never run."""
    product = ProductFactory(code="ASR", name="O'Brien's <b>& Co</b> {{ 7 }}")
    give(northgate, ASR=3)

    sale = sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities={product: 3}, key=fresh_key())

    notices.deliver_due()
    email = notice_of(sale).email
    assert "O'Brien's <b>& Co</b> {{ 7 }}" in email.message
    assert "<b>& Co" not in email.html_message
    assert "&lt;b&gt;&amp; Co&lt;/b&gt; {{ 7 }}" in email.html_message


def test_every_letter_has_a_text_and_a_markup_part_that_tell_the_same(sell):
    """C4."""
    sale = sell()
    notices.deliver_due()

    message = mail.outbox[-1].message()
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    text, markup = (part.get_payload(decode=True).decode() for part in message.get_payload())
    assert [sale.number in part and "The Asr" in part and "harborcu" in part for part in (text, markup)] == [True, True]
    assert f"http://testserver{sale.get_absolute_url()}" in text


# ── Written when delivered, from what was so at the event ──


@pytest.fixture
def renamed(sell, northgate, harborcu):
    """A sale after which everything that its letter names was given another name."""
    sale = sell(reference="PO 7")
    for row, name in ((northgate, "company"), (ProductFactory(code="ASR"), "name"), (sale.posted_by, "name")):
        setattr(row, name, "Another name")
        row.save()
    Account.objects.filter(pk=harborcu.pk).update(time_zone="Asia/Tokyo", company="Another name")
    return sale


def test_a_sale_stores_facts_and_no_words_and_the_words_are_kept_once_it_is_tried(renamed):
    queued, facts = notice_of(renamed).email, notice_of(renamed).facts
    before = queued.message, queued.html_message

    notices.deliver_due()

    after = notice_of(renamed)
    assert (before, after.facts) == (("", ""), facts)
    assert (after.email.message, after.email.html_message) == (mail.outbox[-1].body, mail.outbox[-1].alternatives[0][0])


def test_whatever_was_renamed_meanwhile_the_letter_says_what_was_so_at_the_sale(renamed):
    """C4: a mail is what was said at that moment, however long a server is down."""
    notices.deliver_due()

    parts = mail.outbox[-1].body, mail.outbox[-1].alternatives[0][0]
    assert ["Another name" in part for part in (*parts, mail.outbox[-1].subject)] == [False] * 3
    assert [all(said in part for said in ("Northgate Voice Systems", "The Asr", "harborcu", "PO 7", renamed.number)) for part in parts] == [True] * 2
    assert ["JST" in part for part in parts] == [False] * 2


def test_a_copy_says_on_which_page_it_ends_and_the_accounts_own_does_not(sell, harborcu):
    RecipientFactory(account=harborcu, email="books@example.com")
    sale = sell()

    notices.deliver_due()

    ways_out = {notice.address: notice.facts["way_out"] for notice in Notice.objects.filter(event=sale.number)}
    bodies = {message.to[0]: message.body for message in mail.outbox}
    assert (ways_out["harborcu@example.com"], "Stop these emails" in bodies["harborcu@example.com"]) == ("", False)
    assert ways_out["books@example.com"] in bodies["books@example.com"]


def test_a_letter_sent_again_before_it_was_written_has_the_same_words(renamed):
    again = notices.send_again(notice_of(renamed), address="new@example.com", asked_for_by="northgate")

    notices.deliver_due()

    assert [message.to for message in mail.outbox[-2:]] == [["harborcu@example.com"], ["new@example.com"]]
    assert mail.outbox[-2].body == mail.outbox[-1].body != ""
    assert again.facts == notice_of_first(renamed).facts


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["licenses/emails/licenses_sold", "accounts/emails/invitation"])
def test_one_call_stores_what_row_by_row_is_stored(sell, name, monkeypatch):
    """The readable way, which SQLite has, is what the function of PostgreSQL is compared with: to the last column."""
    sale = sell()
    facts = {"sale": sale.pk, "seller": 'Ünïcode "Inc"', "lines": [["The Asr", 3, 7]], "by": None}

    def queue(event):
        monkeypatch.setattr(notices, "_new_message_id", lambda: "<1@testserver>")
        context = {"entry": sale, "total": 3} if "sold" in name else {"user": 1, "inviter": "northgate", "account": "harborcu"}
        given = {"facts": facts} if "sold" in name else {}
        return notices.queue(name, event=event, account="harborcu", address="x@example.com", context=context, reply_to="y@example.com", **given)

    with time_machine.travel(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), tick=False):
        in_one = queue("in one call")
        monkeypatch.setattr(notices, "_store_in_one_call", notices._store_row_by_row)
        by_row = queue("row by row")

    def columns(model, pk):
        row = model.objects.filter(pk=pk).values().get()
        return {column: value for column, value in row.items() if column not in {"id", "email_id", "event", "scheduled_time"}}

    assert columns(Notice, in_one.pk) == columns(Notice, by_row.pk)
    assert columns(Email, in_one.email_id) == columns(Email, by_row.email_id)
    assert [Notice.objects.get(pk=notice.pk).email.scheduled_time is None for notice in (in_one, by_row)] == [False, False]
    assert (in_one.event, in_one.queued_at, in_one.fate) == ("in one call", by_row.queued_at, by_row.fate)


# ── Sent again ──


def test_a_mail_sent_again_is_a_new_mail_that_refers_to_the_first(sell):
    """contract.md: "Send again makes a new one that refers to it"; the words are the same, the address is today's."""
    first = notice_of(sell())

    again = notices.send_again(first, address="new@example.com", asked_for_by="northgate")

    first_id, new_id = (message_id(notice) for notice in (first, again))
    assert new_id != first_id
    assert again.email.headers == first.email.headers | {"Message-ID": new_id, "In-Reply-To": first_id, "References": first_id}
    assert (again.email.to, again.email.subject, again.email.message) == (["new@example.com"], first.email.subject, first.email.message)
    assert (again.again_of, again.fate, list(notices.notices_of(first.event))) == (first, "queued", [first, again])


# ── Mails with a one-time link ──


def test_the_link_of_an_invitation_is_stored_nowhere(northgate, user):
    """A1: neither before it is sent nor after; who reads the database or a backup cannot accept it."""
    create_enduser(reseller=northgate, created_by=user(northgate), username="pinecrest", company="Pinecrest", email="p@example.com", key=fresh_key())
    notice = Notice.objects.get(account="pinecrest")
    before = notice.email.message, notice.email.html_message

    notices.deliver_due()

    token = mail.outbox[0].body.split("/invitation/")[1].split("/")[0]
    stored = [str(row) for model in (Email, Notice) for row in model.objects.values()]
    notice.email.refresh_from_db()
    assert before == (notice.email.message, notice.email.html_message) == ("", "")
    assert [row for row in stored if token in row] == []


def test_a_reset_mail_goes_to_the_proven_address_whatever_was_typed(northgate, user):
    """A1: what was typed may be a username, or an address written otherwise."""
    ask_for_new_password(user=user(northgate))

    assert [notice.address for notice in Notice.objects.all()] == ["northgate@people.example.com"]


def test_notices_of_an_account_are_its_own_alone(sell, stmarys, northgate):
    """A9."""
    own, other = notice_of(sell()), notice_of(sell(owner=stmarys))

    assert list(notices.notices_of_account("harborcu", kind=own.kind)) == [own]
    assert list(notices.notices_of_account("stmarys", kind=own.kind)) == [other]
    assert list(notices.notices_of_account("harborcu", kind="accounts/emails/invitation")) == []


def test_a_product_renamed_later_does_not_change_what_was_told(sell):
    """C4: a mail is what was said at that moment, however long a server is down."""
    sale = sell()
    product = ProductFactory(code="ASR")
    product.name = "Another name"
    product.save()

    notices.deliver_due()

    assert "The Asr" in mail.outbox[-1].body
    assert mail.outbox[-1].subject.endswith(f"(sale {sale.number})")
