"""The letters that the demo's story and Settings send, as a mail program gets them: what all of them have, and what none has (C4, A5, C9)."""

import re
from html.parser import HTMLParser

import pytest
from django.core import mail
from django.http import QueryDict
from django.test import Client

from accounts.importing.files import EnduserRow
from accounts.importing.services import import_endusers, upload_endusers
from accounts.links.services import remove_link
from accounts.models import Account, Link, User
from accounts.team.services import change_role, deactivate_user
from deployments.models import Deployment
from deployments.services import retire_deployment
from licenses.history import HistoryFilterForm
from licenses.services import adjust_licenses, close_enduser, export_history, reverse_entry
from licensing_portal.demo import PASSWORD, Story
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import RecipientFactory, UserFactory
from tests.factories.licenses import quantities
from tests.jobs import do_jobs
from tests.test_architecture import HOUSE
from tests.views import press

LETTERS = {str(path.relative_to(HOUSE / "templates")).removesuffix(".subject.txt") for path in (HOUSE / "templates").glob("*/emails/*.subject.txt")}
# What is sent to people alone, and tested beside its flow, in the same frame.
BESIDE_THEIR_FLOWS = {"accounts/emails/user_activated"}
LINE = 78  # characters; RFC 5322 2.1.1


class Reader(HTMLParser):
    """What an HTML part has: its tags, what they lead to or load, and what lists of mails show beside the subject."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.preheader, self.is_within = [], "", False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.is_within = self.is_within or dict(attrs).get("class") == "preheader"

    def handle_endtag(self, tag):
        self.is_within = self.is_within and tag != "div"

    def handle_data(self, data):
        self.preheader += data if self.is_within else ""

    def all(self, name):
        return [attributes[name] for _, attributes in self.tags if name in attributes]


@pytest.fixture
def letters(transactional_db):
    """Every letter by its kind, of an account in another time zone than UTC that sends copies and wants to know of all there is."""
    story = Story()
    story.set_the_scene()
    harborcu = story.accounts["harborcu"]
    Account.objects.filter(pk=harborcu.pk).update(time_zone="America/Los_Angeles")
    harborcu.refresh_from_db()
    person = Client()
    person.force_login(User.objects.get(username="harborcu"))
    press(person, "/settings/notifications/", {"deployment_added": "on"})
    RecipientFactory(account=harborcu, email="books@example.com")
    for tell in story.events():
        tell()
    tell_the_rest(story, person)
    deliver_due()
    kinds = {notice.email.headers["Message-ID"]: notice.kind for notice in Notice.objects.select_related("email")}
    return [(kinds[message.message()["Message-ID"]], message) for message in mail.outbox]


def tell_the_rest(story, person):
    """What the story's events have not: a recall, what staff put right, an enduser closed, a deployment retired by its reseller, a user of the team, a link removed, and addresses."""
    northgate, harborcu = story.accounts["northgate"], story.accounts["harborcu"]
    retire_deployment(
        deployment=Deployment.objects.get(name="SMH-PROD-A"), account=northgate, retired_by=story.user("northgate"), reason="Moved", key=fresh_key()
    )
    colleague = UserFactory(account=harborcu, username="jo")
    by = {"account": harborcu, "user": colleague}
    change_role(**by, role="viewer", changed_by=story.user("harborcu"), key=fresh_key())
    deactivate_user(**by, deactivated_by=story.user("harborcu"), key=fresh_key())
    remove_link(link=Link.objects.get(holder=northgate), removed_by=story.user("northgate"), acting=northgate, key=fresh_key())
    press(Client(), "/password/reset/", {"email": "pinecrest"})
    press_for_jobs(story, northgate)
    story.mistake()
    by_staff = {"publisher": story.accounts["publisher"], "quantities": quantities(TTS=1), "reason": "Counted anew", "ticket": "T-1"}
    adjusted = adjust_licenses(account=harborcu, adjusted_by=story.user("admin"), is_up=True, key=fresh_key(), **by_staff)
    reverse_entry(entry=adjusted, reversed_by=story.user("admin"), key=fresh_key(), **by_staff)
    close_enduser(reseller=northgate, enduser=story.accounts["pinecrest"], closed_by=story.user("northgate"), key=fresh_key())
    press(person, "/settings/profile/email/", {"email": "jo@example.com", "password": PASSWORD})
    press(person, "/settings/notifications/addresses/add/", {"email": "more@example.com"})
    press(person, "/settings/security/password/", {"password": PASSWORD, "new_password": "a few words in a row"})
    move = f"/settings/notifications/addresses/{harborcu.recipients.get(email='books@example.com').pk}/move/"
    press(person, move, {"password": "a few words in a row"})


def press_for_jobs(story, northgate):
    """Import an enduser, and export the History."""
    by = story.user("northgate")
    rows = [EnduserRow(2, "oakridge", "Oakridge Insurance Group", "oakridge@example.com")]
    upload = upload_endusers(reseller=northgate, uploaded_by=by, file_name="endusers.csv", rows=rows, key=fresh_key())
    import_endusers(upload=upload, reseller=northgate, imported_by=by, key=fresh_key())
    export_history(form=HistoryFilterForm(QueryDict(), account=northgate, products=()), exported_by=by, key=fresh_key())
    do_jobs()


def broken(letter):
    """What a letter has wrong, in words."""
    message, text, html = letter.message(), letter.body, letter.alternatives[0][0]
    page = Reader(html)
    lines = [line for line in text.splitlines() if len(line) > LINE and "http://" not in line]
    wrong = {
        "parts": message.get_content_type() == "multipart/alternative" and [part.get_content_type() for part in message.get_payload()],
        "headers": [name for name in ("Subject", "From", "Message-ID", "Date") if len(message.get_all(name) or []) != 1],
        "machine": message["Auto-Submitted"],
        "long lines": lines,
        "tags in the text": re.findall(r"<\w+|&\w+;|{[{%]", text),
        "left over": re.findall(r"{[{%]|None\b", html),
        "loads": page.all("src") + page.all("background") + [tag for tag, _ in page.tags if tag in {"img", "link", "script", "iframe", "form"}],
        "leads elsewhere": [there for there in page.all("href") if not there.startswith("http://testserver/")],
        "says nothing beside the subject": not re.search(r"\w", page.preheader),
        "dark": "prefers-color-scheme: dark" in html and {"name": "color-scheme", "content": "light dark"} in [a for _, a in page.tags],
        "buttons": len(re.findall(r'<td class="button"', html)),
        "names of tables": [
            a for tag, a in page.tags if tag == "table" and a.get("role") != "presentation" and a.get("class") not in {"lines", "facts"}
        ],
    }
    right = {
        "parts": ["text/plain", "text/html"], "headers": [], "machine": "auto-generated", "long lines": [], "tags in the text": [], "left over": [],
        "loads": [], "leads elsewhere": [], "says nothing beside the subject": False, "dark": True, "buttons": 1, "names of tables": [],
    }  # fmt: skip
    return {name: value for name, value in wrong.items() if value != right[name]}


def test_every_letter_is_whole_in_both_parts_and_loads_nothing(letters):
    assert {kind for kind, _ in letters} == LETTERS - BESIDE_THEIR_FLOWS
    assert [(kind, letter.subject, broken(letter)) for kind, letter in letters if broken(letter)] == []


def test_no_two_letters_have_one_id_and_none_is_a_copy_of_what_opens_something(letters):
    ids = [letter.message()["Message-ID"] for _, letter in letters]
    copied = {kind for kind, letter in letters if letter.message()["List-Unsubscribe"]}

    assert len(set(ids)) == len(ids)
    assert copied == {
        *("licenses/emails/licenses_sold", "deployments/emails/deployment_added"),
        *("licenses/emails/licenses_adjusted", "licenses/emails/entry_reversed"),
        "transfers/emails/licenses_transferred_in",
    }


def test_whoever_sold_or_invited_writes_over_the_portal_and_a_warning_comes_from_the_portal_alone(letters):
    """C4, C9: whom a warning is about must not choose from whom it seems to be."""
    senders = {}
    for kind, letter in letters:
        senders.setdefault(kind.rpartition("/")[2], set()).add(letter.message()["From"].rpartition(" <")[0].strip('"'))

    assert senders["licenses_sold"] == {"Northgate Voice Systems via License Portal", "Tideway Contact Solutions via License Portal"}
    assert senders["deployment_retired"] == {"Northgate Voice Systems via License Portal"}
    assert senders["licenses_issued"] == {"Clearline Speech Software via License Portal"}
    alone = ("licenses_transferred_out", "licenses_transferred_in", "link_created", "link_removed", "deployment_added", "notice_address_changed")
    assert {sender for kind in alone for sender in senders[kind]} == {"License Portal"}


def test_a_transfer_tells_each_side_what_it_has_then(letters):
    """C9: harborcu-tw had 10 of each; harborcu had deployed all of its own."""
    told = {kind.rpartition("/")[2]: " ".join(letter.body.split()) for kind, letter in letters if "harborcu" in letter.to[0]}

    assert "10 Speech Engine (ASR) Full (left: 0) 6 Text-to-Speech Server (left: 4)" in told["licenses_transferred_out"]
    assert "10 Speech Engine (ASR) Full (now available: 10) 6 Text-to-Speech Server (now available: 18)" in told["licenses_transferred_in"]
