"""The only door for mail: queue a notice in the transaction of the event that it tells of, deliver it afterwards.

A notice is a row (post-office's Email and our Notice beside it), so it stands or falls with its event. `deliver_mail`
sends what is due: at least once, with the same Message-ID on every try, and never for what did not happen.

Each letter has three templates, `<name>.subject.txt`, `<name>.txt` and `<name>.html`.
"""

import json
import smtplib
import uuid
from collections.abc import Callable
from datetime import UTC, timedelta, tzinfo
from email.headerregistry import Address
from email.utils import parseaddr
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext
from post_office.models import STATUS, Email

from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.text import header_text, is_one_line
from licensing_portal.foundation.zones import zone_named

Context = dict[str, Any]

LEASE = timedelta(minutes=5)  # how long a worker may take for one mail before another worker takes it up
FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(minutes=30)
UNSENT = [STATUS.queued, STATUS.requeued]
MOST_TRIES = 60  # a little more than a day, after which a mail is given up and people are shown why
REFUSED_FOR_GOOD = 500  # reply codes from here on are permanent (RFC 5321 4.2.1)

Writer = Callable[[Context], Context]

_writers: dict[str, Writer] = {}
_writers_of_facts: dict[str, Writer] = {}


def written_when_sent(name: str) -> Callable[[Writer], Writer]:
    """Mark a function as the one that gives letter `name` its full context at the moment of sending.

    For letters with a one-time link: neither the link nor the body is ever stored.
    """

    def register(writer: Writer) -> Writer:
        _writers[name] = writer
        return writer

    return register


def written_from_facts(name: str) -> Callable[[Writer], Writer]:
    """Mark a function as the one that gives letter `name` its context from the facts that were queued with it.

    For letters of which many are queued while somebody waits: their words are written at the first try to deliver them, and kept.
    The facts hold all that may be another by then, so that the letter says what was so at its event.
    """

    def register(writer: Writer) -> Writer:
        _writers_of_facts[name] = writer
        return writer

    return register


def queue(
    name: str,
    *,
    event: str,
    account: str,
    address: str,
    context: Context,
    reply_to: str = "",
    sender: str = "",
    zone: tzinfo = UTC,
    way_out: str = "",
    facts: Context | None = None,
) -> Notice:
    """Queue letter `name` to `account` at `address`, in the transaction that is open.

    `event` is what it tells of; a second first notice of one event to one account is refused by the database.
    `sender` is the company on whose behalf it is sent, `reply_to` the address that answers go to, `zone` the time zone of
    whoever reads it. With a `way_out`, the address of a page that ends such copies, it is a copy for a further address of the account's.
    With `facts`, all but the subject is written from them when it is delivered (`written_from_facts`).
    """
    is_written_later = name in _writers or facts is not None
    headers = {"From": _from_header(sender, settings.DEFAULT_FROM_EMAIL, settings.LANGUAGE_CODE), "Auto-Submitted": "auto-generated"}
    if reply_to:
        headers["Reply-To"] = header_text(reply_to)
    if way_out:
        headers["List-Unsubscribe"] = f"<{way_out}>"
    # Nobody knows yet which language the addressee reads: it is the portal's, whoever pressed.
    context = context | {"told": account}
    with timezone.override(zone), translation.override(settings.LANGUAGE_CODE):
        email = Email(
            to=[address],
            subject=header_text(render_to_string(f"{name}.subject.txt", _with_portal(context))),
            message="" if is_written_later else _text(name, context | {"way_out": way_out}),
            html_message="" if is_written_later else _html(name, context | {"way_out": way_out}),
            headers=headers,
        )
    notice = Notice(kind=name, event=event, account=account, copy_to=address if way_out else "")
    if name in _writers:
        notice.written_when_sent_from = context
    elif facts is not None:
        notice.facts = facts | {"zone": str(zone), "way_out": way_out, "told": account}
    return _store(email, notice)


def send_again(notice: Notice, *, address: str, asked_for_by: str) -> Notice:
    """Queue a new mail with the same words, to its addressee's address of today, that refers to the first (rule C4).

    `asked_for_by` is the username of whoever pressed.
    """
    first = notice.email
    refers = dict.fromkeys(("In-Reply-To", "References"), first.headers["Message-ID"])
    return _store(
        Email(to=[address], subject=first.subject, message=first.message, html_message=first.html_message, headers=first.headers | refers),
        Notice(
            kind=notice.kind,
            event=notice.event,
            account=notice.account,
            copy_to=notice.copy_to,
            again_of=notice,
            asked_for_by=asked_for_by,
            written_when_sent_from=notice.written_when_sent_from,
            facts=notice.facts,
        ),
    )


def _store(email: Email, notice: Notice) -> Notice:
    """Store a mail that is due now, with a Message-ID of its own, and its notice: both or none.

    Now is the database's: a mail queued by a host whose clock is a day fast would else wait for a day.
    """
    email.from_email = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    email.headers |= {"Message-ID": _new_message_id()}
    email.status, email.number_of_retries = STATUS.queued, 0
    notice.email = email
    store = _store_in_one_call if connection.vendor == "postgresql" else _store_row_by_row
    store(email, notice)
    return notice


def _store_row_by_row(email: Email, notice: Notice) -> None:
    with transaction.atomic(savepoint=False):
        email.save()
        Email.objects.filter(pk=email.pk).update(scheduled_time=Now())
        notice.email = email
        notice.save()


def _store_in_one_call(email: Email, notice: Notice) -> None:
    """The same by a function of PostgreSQL: for whoever sells, three statements of Django's took as long as the sale itself."""
    email.created = email.last_updated = notice.queued_at = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT its_mail, its_notice FROM queue_mail("
            "%s, %s, %s, %s, %s, %s::jsonb, %s::smallint, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s)",
            [
                *(email.from_email, ", ".join(email.to), email.subject, email.message, email.html_message, _json(email.headers), email.status),
                *(notice.kind, notice.event, notice.account, notice.copy_to, notice.again_of_id, notice.asked_for_by),
                *(_json(notice.written_when_sent_from), _json(notice.facts), notice.queued_at),
            ],
        )
        email.pk, notice.pk = cursor.fetchone()
    notice.email = email
    for row in (email, notice):
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - Django documents it


def _json(value: Context | None) -> str | None:
    return None if value is None else json.dumps(value)


def notices_of(*events: str) -> QuerySet[Notice]:
    """Return all notices of these events, the oldest first."""
    return Notice.objects.filter(event__in=events).select_related("email").order_by("pk")


def notices_of_account(account: str, *, kind: str) -> QuerySet[Notice]:
    """Return the notices of one kind to one account (by its username), the oldest first."""
    return Notice.objects.filter(account=account, kind=kind).select_related("email").order_by("pk")


def failed_notices() -> QuerySet[Notice]:
    """Return the notices that failed for good and were not sent again, the newest first."""
    return Notice.objects.filter(email__status=STATUS.failed, sent_again=None).select_related("email").order_by("-pk")


def kind_in_words(kind: str) -> str:
    """Name a notice's kind after its template: Licenses sold, for licenses/emails/licenses_sold.

    The words are marked where the letters are (LETTERS in each app's notices.py).
    """
    return gettext(kind.rpartition("/")[2].replace("_", " ").capitalize())


def deliver_due() -> int:
    """Try every mail that is due, and return how many were tried."""
    tried = 0
    while email := _lease_next():
        _deliver(email)
        tried += 1
    return tried


def _lease_next() -> Email | None:
    """Take the oldest mail that is due and put it off by the lease: a killed worker delays a mail and loses none.

    SKIP LOCKED lets several workers pass each other; the database's clock decides what is due. The try counts from here, so
    that one which ends with its worker counts as well.
    """
    due = Q(scheduled_time__lte=Now()) | Q(scheduled_time=None)
    with transaction.atomic():
        email = Email.objects.select_for_update(skip_locked=True).filter(due, status__in=UNSENT).order_by("scheduled_time", "pk").first()
        if email:
            email.number_of_retries = (email.number_of_retries or 0) + 1
            Email.objects.filter(pk=email.pk).update(scheduled_time=Now() + LEASE, number_of_retries=email.number_of_retries)
    return email


def _deliver(email: Email) -> None:
    try:
        message = _message(email)
        # Entered, the connection is closed whatever happens; one whose sign-in is refused would else stay open.
        with get_connection() as line:
            line.send_messages([message])
    except Exception as problem:  # noqa: BLE001 - whatever is wrong with one mail must not stop those behind it
        _put_off(email, problem)
    else:
        with transaction.atomic():
            Email.objects.filter(pk=email.pk).update(status=STATUS.sent, last_updated=Now())
            Notice.objects.filter(email=email).update(sent_at=Now(), last_error="")


def _put_off(email: Email, problem: Exception) -> None:
    """Try again later, twice as late each time; give up on what the server refuses for good or after too many tries.

    A worker that outlived its lease changes nothing of a mail that another has sent meanwhile.
    """
    tries = email.number_of_retries
    is_final = tries >= MOST_TRIES or _is_refused_for_good(problem)
    delay = min(FIRST_RETRY * 2 ** min(tries - 1, 10), LONGEST_RETRY)
    with transaction.atomic():
        is_put_off = Email.objects.filter(pk=email.pk, status__in=UNSENT).update(
            status=STATUS.failed if is_final else STATUS.requeued,
            scheduled_time=Now() + delay,
            last_updated=Now(),
        )
        if is_put_off:
            Notice.objects.filter(email=email).update(last_error=_in_words(problem))


def _smtp_code(problem: Exception) -> int:
    """Return the reply code of the mail server, or 0 where none was given."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return max(code for code, _ in problem.recipients.values())
    return problem.smtp_code if isinstance(problem, smtplib.SMTPResponseException) else 0


def _is_refused_for_good(problem: Exception) -> bool:
    """Whether trying again cannot help: a 5xx reply to this very mail, or a mail that cannot be written.

    A server that is down, or does not let us sign in, says nothing about the mail.
    """
    if isinstance(problem, smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return _smtp_code(problem) >= REFUSED_FOR_GOOD
    return not isinstance(problem, OSError)


def _in_words(problem: Exception) -> str:
    """Say what went wrong, as the server said it, in a form that the database can store."""
    return header_text(_said(problem))[:1000]


def _said(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {text.decode(errors='replace')}" for code, text in problem.recipients.values())
    if isinstance(problem, smtplib.SMTPResponseException):
        text = problem.smtp_error
        return f"{problem.smtp_code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return str(problem) or type(problem).__name__


class BrokenMail(ValueError):
    """The row of a mail can't be written as a mail, today or later."""


def _check_that_it_can_be_written(email: Email) -> None:
    """Find what was stored past the one door. Django looks for CR and LF alone: after any other line end the headers would be text.

    Raises BrokenMail.
    """
    if email.number_of_retries > MOST_TRIES:
        raise BrokenMail("Given up: the worker ended in the middle of every try")
    for name, text in {"Subject": email.subject, "sender": email.from_email, "recipient": "".join(email.to), **(email.headers or {})}.items():
        if not is_one_line(str(text)):
            raise BrokenMail(f"The {name} has a control character or a line end")
    for address in email.to:
        if "@" not in address:
            raise BrokenMail(f"{address} is not an address")


def _message(email: Email) -> EmailMultiAlternatives:
    _check_that_it_can_be_written(email)
    text, html = _words(email)
    message = EmailMultiAlternatives(email.subject, text, email.from_email, email.to, headers=email.headers)
    message.attach_alternative(html, "text/html")
    return message


def _words(email: Email) -> tuple[str, str]:
    """The text and the markup of a mail; written now, and kept, if they are written from facts and this is the first try."""
    notice = Notice.objects.filter(email=email).first()
    if notice and notice.written_when_sent_from is not None:
        context = _writers[notice.kind](notice.written_when_sent_from)
        with translation.override(settings.LANGUAGE_CODE):
            return _text(notice.kind, context), _html(notice.kind, context)
    if notice and notice.facts is not None and not email.message:
        email.message, email.html_message = words_from_facts(notice.kind, notice.facts)
        Email.objects.filter(pk=email.pk).update(message=email.message, html_message=email.html_message)
    return email.message, email.html_message


def words_from_facts(name: str, facts: Context) -> tuple[str, str]:
    """Write the text and the markup of a letter, in the zone of whoever reads it."""
    with timezone.override(zone_named(facts["zone"])), translation.override(settings.LANGUAGE_CODE):
        context = _writers_of_facts[name](facts) | {"way_out": facts["way_out"], "told": facts["told"]}
        return _text(name, context), _html(name, context)


def _text(name: str, context: Context) -> str:
    return render_to_string(f"{name}.txt", _with_portal(context))


def _html(name: str, context: Context) -> str:
    """Render the HTML part; mail programs read styles best where they stand on each element."""
    return css_inline.inline(render_to_string(f"{name}.html", _with_portal(context)), keep_style_tags=True)


def _with_portal(context: Context) -> Context:
    return {"portal_url": settings.PORTAL_URL, **context}


def _new_message_id() -> str:
    return f"<{uuid.uuid4().hex}@{urlsplit(settings.PORTAL_URL).hostname}>"


@lru_cache(maxsize=1000)
def _from_header(sender: str, portal: str, language: str) -> str:
    """Say on whose behalf the portal, known by its own From, writes; the name is quoted and encoded as it needs."""
    name, address = parseaddr(portal)
    if sender:
        with translation.override(language):
            name = header_text(gettext("%(sender)s via %(portal)s") % {"sender": sender, "portal": name})
    return str(Address(name, addr_spec=address))
