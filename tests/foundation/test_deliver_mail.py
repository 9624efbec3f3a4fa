"""Delivering mail to a real SMTP server on loopback: what happens to a mail whatever the server says (C4), and to those behind it."""

import email
import signal
import socket
from datetime import timedelta
from email import policy

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.utils import timezone
from post_office.models import STATUS, Email

from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice
from tests.factories.accounts import PublisherFactory
from tests.mail import PATIENCE, fates, make_due, message_id


def put_off_by(notice):
    """How many seconds after the last try the next one is due: both moments were written by one statement."""
    mail = Email.objects.get(pk=notice.email_id)
    return (mail.scheduled_time - mail.last_updated).total_seconds()


# ── Sent ──


def test_a_mail_is_sent_once_with_its_headers(mail_server, write):
    """C4: what the receipt calls sent has been accepted by the mail server."""
    notice = write("harborcu", sender="Northgate Voice Systems", reply_to="northgate@example.com")

    assert (notices.deliver_due(), notices.deliver_due()) == (1, 0)

    (mail,) = mail_server.mails()
    assert (mail["From"], mail["To"]) == ("Northgate Voice Systems via License Portal <notices@localhost>", "harborcu@example.com")
    assert (mail["Reply-To"], mail["Auto-Submitted"]) == ("northgate@example.com", "auto-generated")
    assert mail.get_all("Message-ID") == [message_id(notice)]
    assert fates() == {"harborcu": ("sent", "")}
    assert Notice.objects.get().sent_at is not None


def test_letters_of_all_scripts_arrive_whole(mail_server, write):
    """C4: names are not ASCII."""
    write("harborcu", sender="Überlingen – 漢字 😀")

    notices.deliver_due()

    (mail,) = mail_server.mails()
    assert mail["From"].addresses[0].display_name == "Überlingen – 漢字 😀 via License Portal"


def test_mails_go_out_in_the_order_of_their_age(mail_server, write):
    """C4: what waited longest goes first when a server is back."""
    for name in ("first", "second", "third"):
        write(name)

    notices.deliver_due()

    assert mail_server.subjects() == ["first", "second", "third"]


def test_a_mail_that_is_not_due_yet_waits(mail_server, write):
    """C4: a mail that was put off is tried at its time."""
    Email.objects.filter(pk=write("later").email_id).update(scheduled_time=Now() + timedelta(hours=1))
    write("now")

    assert notices.deliver_due() == 1
    assert mail_server.subjects() == ["now"]


# ── Refused for good, refused for now ──


def test_one_bad_address_fails_with_the_servers_reason_and_blocks_none_of_the_others(mail_server, write):
    """C4: 550 is final, and people are shown why; 451 and 421 are not; the mails behind them are delivered."""
    replies = {"gone": "550 5.1.1 No such user", "busy": "451 4.7.1 Try later", "closing": "421 4.3.2 Shutting down"}
    mail_server.replies |= {f"{name}@example.com": reply for name, reply in replies.items()}
    for name in ("first", "gone", "busy", "closing", "last"):
        write(name)

    notices.deliver_due()

    assert mail_server.subjects() == ["first", "last"]
    assert fates() == {
        "first": ("sent", ""),
        "gone": ("failed", replies["gone"]),
        "busy": ("queued", replies["busy"]),
        "closing": ("queued", replies["closing"]),
        "last": ("sent", ""),
    }


def test_a_mail_that_failed_is_not_tried_again_by_itself(mail_server, write):
    """C4: "failed" is a final state that people see; Send again is theirs."""
    mail_server.replies["gone@example.com"] = "550 No such user"
    write("gone")
    notices.deliver_due()
    mail_server.replies.clear()
    Email.objects.update(scheduled_time=Now() - timedelta(days=1))

    assert (notices.deliver_due(), mail_server.mails()) == (0, [])


def test_a_mail_refused_for_now_is_tried_later_with_the_same_message_id(mail_server, write):
    """C4, contract.md: "Retries of a mail keep its Message-ID"."""
    mail_server.replies["busy@example.com"] = "451 4.7.1 Greylisted, try again later"
    notice = write("busy")

    assert (notices.deliver_due(), notices.deliver_due()) == (1, 0)  # put off: not due at once again
    assert fates() == {"busy": ("queued", "451 4.7.1 Greylisted, try again later")}
    assert Email.objects.get().status == STATUS.requeued
    assert put_off_by(notice) == 10

    mail_server.replies.clear()
    make_due()
    notices.deliver_due()

    assert [mail["Message-ID"] for mail in mail_server.mails()] == [message_id(notice)]
    assert fates() == {"busy": ("sent", "")}


def test_each_try_waits_longer_up_to_half_an_hour(mail_server, write):
    """C4: 10 seconds, twice as long each time, never more than 30 minutes."""
    mail_server.replies["busy@example.com"] = "451 try again later"
    notice = write("busy")
    waits = []

    for _ in range(10):
        make_due()
        notices.deliver_due()
        waits.append(put_off_by(notice))

    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800]


def test_a_mail_is_given_up_after_a_day_of_tries(mail_server, write):
    """C4: no mail is queued for ever without anybody being told; the reason is the last one."""
    mail_server.replies["busy@example.com"] = "451 try again later"
    write("busy")
    Email.objects.update(number_of_retries=notices.MOST_TRIES - 2)

    notices.deliver_due()
    fate_before_the_last_try = fates()
    make_due()
    notices.deliver_due()

    assert fate_before_the_last_try == {"busy": ("queued", "451 try again later")}
    assert fates() == {"busy": ("failed", "451 try again later")}


@pytest.mark.parametrize(
    ("step", "reply", "fate"),
    [
        ("MAIL", "550 5.7.1 Sender not allowed", "failed"),
        ("MAIL", "421 4.3.2 Shutting down", "queued"),
        ("MAIL", "452 4.3.1 Disk full", "queued"),
        ("harborcu@example.com", "553 5.1.3 Bad mailbox name", "failed"),
        ("harborcu@example.com", "421 4.7.0 Too many connections", "queued"),
        ("harborcu@example.com", "450 4.2.1 Mailbox busy", "queued"),
        ("DATA", "554 5.6.0 Message refused", "failed"),
        ("DATA", "451 4.3.0 Try again", "queued"),
    ],
)
def test_a_5xx_is_final_and_a_4xx_is_not_at_every_step(mail_server, write, step, reply, fate):
    """C4, RFC 5321 4.2.1."""
    mail_server.replies[step] = reply
    write("harborcu")

    notices.deliver_due()

    assert (fates(), mail_server.mails()) == ({"harborcu": (fate, reply)}, [])


# ── Servers that are down, mute or cut the line ──


def test_a_server_that_never_answers_holds_the_worker_no_longer_than_the_timeout(write, settings):
    """C4: a mute server must not stop the mails for ever."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_TIMEOUT = 0.1
    write("harborcu")

    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings.EMAIL_HOST, settings.EMAIL_PORT = mute.getsockname()
        notices.deliver_due()

    assert fates() == {"harborcu": ("queued", "Connection unexpectedly closed: timed out")}


def test_a_sign_in_that_the_server_refuses_says_nothing_about_the_mails(mail_server, write, settings):
    """C4: a wrong password in EMAIL_URL is the operator's to mend; the mails wait for it."""
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = "nobody"
    write("harborcu")

    notices.deliver_due()

    assert fates()["harborcu"][0] == "queued"


def test_a_reply_that_was_lost_makes_one_more_copy_with_the_same_message_id(mail_server, write):
    """C4: none is lost, so it goes out at least once. The Message-ID lets the receiver's mail program drop the second."""
    mail_server.cuts_before_its_reply = True
    notice = write("harborcu")
    notices.deliver_due()
    fate_after_the_cut = fates()["harborcu"][0]

    mail_server.cuts_before_its_reply = False
    make_due()
    notices.deliver_due()

    assert fate_after_the_cut == "queued"
    assert [mail["Message-ID"] for mail in mail_server.mails()] == [message_id(notice)] * 2
    assert fates() == {"harborcu": ("sent", "")}
    assert Email.objects.get().number_of_retries == 2


# ── The lease ──


def test_a_mail_in_one_workers_hands_is_not_taken_by_another(mail_server, write):
    """C4: whoever takes a mail has it to itself for a while."""
    notice = write("harborcu")

    taken = notices._lease_next()

    assert (taken, notices._lease_next(), notices.deliver_due()) == (notice.email, None, 0)
    assert Email.objects.get().scheduled_time > timezone.now()


# ── Poison ──


UNWRITABLE = "has a control character or a line end"
POISON = {
    "a subject with CRLF": ({"subject": "one line\r\nBcc: victim@example.com"}, ("failed", f"The Subject {UNWRITABLE}")),
    "a subject with a vertical tab": ({"subject": "Acme\x0bInjected"}, ("failed", f"The Subject {UNWRITABLE}")),
    "a subject with a file separator": ({"subject": "Acme\x1cBcc: victim@example.com"}, ("failed", f"The Subject {UNWRITABLE}")),
    "a subject with a Unicode line end": ({"subject": "Acme\u2028Bcc: victim@example.com"}, ("failed", f"The Subject {UNWRITABLE}")),
    "a header with CR": ({"headers": {"Message-ID": "<1@testserver>", "Reply-To": "a\rb"}}, ("failed", f"The Reply-To {UNWRITABLE}")),
    "a header with LF": ({"headers": {"Message-ID": "<1@testserver>", "X-Note": "a\nb"}}, ("failed", f"The X-Note {UNWRITABLE}")),
    "a From with NEL": ({"headers": {"Message-ID": "<1@testserver>", "From": "Acme\x85 <a@b.example>"}}, ("failed", f"The From {UNWRITABLE}")),
    "a sender with LF": ({"from_email": "notices@localhost\n"}, ("failed", f"The sender {UNWRITABLE}")),
    "a recipient with a vertical tab": ({"to": "gone\x0b@example.com"}, ("failed", f"The recipient {UNWRITABLE}")),
    "an address without @": ({"to": "not an address"}, ("failed", "not an address is not an address")),
    "no headers": ({"headers": None}, ("sent", "")),
    "a long line": ({"message": "lone \\ and \u0130 and " + "x" * 2000}, ("sent", "")),
}


@pytest.mark.parametrize(("poison", "fate"), POISON.values(), ids=POISON)
def test_a_poisonous_mail_comes_to_its_end_at_once_and_blocks_nobody(mail_server, write, poison, fate):
    """C4: trying again cannot help, so people are told; the mails behind it are delivered, and no header is written by a value."""
    Email.objects.filter(pk=write("poison").email_id).update(**poison)
    write("behind")

    assert (notices.deliver_due(), notices.deliver_due()) == (2, 0)

    assert fates() == {"poison": fate, "behind": ("sent", "")}
    assert mail_server.subjects() == (["poison"] if fate[0] == "sent" else []) + ["behind"]


def test_a_letter_whose_template_is_broken_blocks_nobody(mail_server, write, settings, tmp_path):
    """C4: letters with a one-time link are written when they are sent, when a template may be another than when they were queued."""
    (tmp_path / "accounts/emails").mkdir(parents=True)
    (tmp_path / "accounts/emails/password_reset.txt").write_text("{% no_such_tag %}")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    publisher = PublisherFactory()
    person = publisher.users.create(username="person", email="person@example.com")
    write("reset", address="person@example.com")
    Notice.objects.update(kind="accounts/emails/password_reset", written_when_sent_from={"user": person.pk, "username": "person"})
    write("behind")

    notices.deliver_due()

    assert mail_server.subjects() == ["behind"]
    assert {name: fate for name, (fate, _) in fates().items()} == {"reset": "failed", "behind": "sent"}
    assert "no_such_tag" in fates()["reset"][1]


def test_a_letter_to_a_user_who_is_gone_fails_and_blocks_nobody(mail_server, write):
    """C4: what a one-time letter is written from may be gone when it is sent."""
    write("reset")
    Notice.objects.update(kind="accounts/emails/password_reset", written_when_sent_from={"user": 0})
    write("behind")

    notices.deliver_due()

    assert mail_server.subjects() == ["behind"]
    assert fates()["reset"] == ("failed", "User matching query does not exist.")


@pytest.mark.parametrize("reply", ["550 a\0b", "550 \udcff\udcfe".encode("utf-8", "surrogateescape").decode("latin-1"), "550 " + "x" * 400])
def test_whatever_the_server_says_the_worker_goes_on(mail_server, write, reply):
    """C4: a reply is bytes from a stranger; PostgreSQL stores no NUL."""
    mail_server.replies["gone@example.com"] = reply
    write("gone")
    write("behind")

    notices.deliver_due()

    assert (mail_server.subjects(), fates()["gone"][0]) == (["behind"], "failed")


# ── The command ──


def test_deliver_mail_once_empties_the_queue_and_ends(mail_server, write, capsys):
    """contract.md: `deliver_mail --once`."""
    write("first")
    write("second")

    call_command("deliver_mail", "--once")

    assert (mail_server.subjects(), capsys.readouterr().out) == (["first", "second"], "2 tried\n")


@pytest.mark.django_db(transaction=True)
def test_deliver_mail_goes_on_until_it_is_stopped(mail_server, write, start_worker):
    """contract.md: it delivers what is queued while it runs, and ends in peace on SIGTERM."""
    write("before-it-started")

    worker = start_worker(mail_server.port)
    first = mail_server.received.get(timeout=PATIENCE)["Subject"]
    write("while-it-runs")
    second = mail_server.received.get(timeout=PATIENCE)["Subject"]
    worker.send_signal(signal.SIGTERM)
    complaints = worker.communicate(timeout=PATIENCE)[1]

    assert (first, second) == ("before-it-started", "while-it-runs")
    assert (worker.returncode, complaints) == (0, b"")


# ── Mails as files ──


@pytest.fixture
def mail_files(settings, tmp_path):
    settings.EMAIL_BACKEND = "licensing_portal.foundation.mail_files.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "not" / "there" / "yet"
    return settings.EMAIL_FILE_PATH


def test_the_demo_writes_each_mail_whole_to_a_file_of_its_own(mail_files, write):
    """contract.md: mails are written as `.eml` files to VAR/mail; nothing half-written stays."""
    first, second = write("first", sender="Überlingen"), write("second")

    notices.deliver_due()

    files = sorted(mail_files.iterdir())
    assert [path.suffix for path in files] == [".eml", ".eml"]
    mails = [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    assert [mail["Subject"] for mail in mails] == ["first", "second"]
    assert [mail["Message-ID"] for mail in mails] == [message_id(notice) for notice in (first, second)]
    assert [mail.defects for mail in mails] == [[], []]
    assert all(mail.get_body(("html",)).get_content().rstrip().endswith("</html>") for mail in mails)
    assert fates() == {"first": ("sent", ""), "second": ("sent", "")}


def test_a_folder_that_cannot_be_written_keeps_the_mail_queued(mail_files, write):
    """C4: a full or closed disk delays a mail like a server that is down."""
    mail_files.parent.parent.mkdir()
    mail_files.parent.write_text("a file stands where the folder should be")
    write("harborcu")

    notices.deliver_due()

    assert fates()["harborcu"][0] == "queued"
