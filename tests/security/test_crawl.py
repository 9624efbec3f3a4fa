"""Everybody knocks at everybody else's doors (A9): what anyone's pages lead to is opened and pressed by all others, and by nobody.

The world is the demo's. A visitor walks from My Licenses over every link and form of every page. What one visitor has found is
then sent again by each visitor who did not: it shows nothing of an account that the visitor may not see, and takes nothing.
"""

import html
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urljoin, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db.models import Q
from django.test import Client
from django.urls import resolve

from accounts.importing.files import EnduserRow
from accounts.importing.services import import_endusers, upload_endusers
from accounts.models import Account, Invitation, Link, NoticeRecipient, Session, User
from accounts.services import create_enduser
from accounts.team.services import invite_user
from deployments.models import Deployment, LicenseFileDownload, ServerFile
from licenses.models import JournalEntry
from licensing_portal import demo
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.books import balances
from tests.factories.accounts import RecipientFactory, UserFactory
from tests.factories.factors import give_factor, give_passkey
from tests.jobs import do_jobs
from tests.test_view_matrix import ADMIN, TABLE
from tests.views import errors_of, page_of

NOBODY = "nobody"
CUSTOMERS = ["northgate", "northgate-west", "tideway", "harborcu", "harborcu-tw", "stmarys", "metrotransit", "pinecrest"]
VISITORS = [*CUSTOMERS, "northgate as northgate-west", "northgate-viewer", "admin", NOBODY]

OF_ONES_OWN_SESSION = {"/sign-out/", "/switch-back/"}
TO_SIGN_IN = ("/sign-in/", "/admin/login/")


@dataclass(frozen=True)
class Door:
    """Where a page leads: an address, and what the form that posts to it sends of itself, its one-use key among it."""

    address: str
    sent: tuple = ()

    @property
    def path(self):
        return urlsplit(self.address).path


@pytest.fixture
def browsers(db, settings):
    """Everybody of the demo at a browser of their own, who ask for more files at once than anybody may."""
    settings.REQUEST_LIMITS = {}
    demo.load()
    more_than_the_demo_has()
    found = {}
    for visitor in VISITORS:
        found[visitor] = Client()
        who, _, acting = visitor.partition(" as ")
        if who != NOBODY:
            found[visitor].force_login(User.objects.get(username=who))
        if acting:
            found[visitor].post(f"/switch/{acting}/")
    return found


def more_than_the_demo_has():
    """What the rest of the addresses is about: people who are invited or deactivated, second factors, another session, letters, an import."""
    northgate, tideway = (User.objects.get(username=username) for username in ("northgate", "tideway"))
    UserFactory(account=northgate.account, username="northgate-viewer", role="viewer")
    UserFactory(account=northgate.account, username="northgate-gone", role="viewer", is_active=False)
    new = {"invited_by": northgate, "account": northgate.account, "role": "viewer", "key": fresh_key()}
    invite_user(username="northgate-new", email="new@northgate.example.com", **new)
    create_enduser(
        reseller=northgate.account, created_by=northgate, username="clinic", company="Clinic of Tomorrow", email="clinic@example.com", key=fresh_key()
    )
    give_passkey(give_factor(tideway), "Tideway’s own key")
    RecipientFactory(account=Account.objects.get(username="harborcu"))
    Account.objects.filter(pk=tideway.account_id).update(requires_second_factor=True)
    allowed = {"year": 2026, "reason": "Flooded data center", "allowed_by": User.objects.get(username="admin")}
    Deployment.objects.get(name="HCU-IVR-01").replacement_allowances.create(**allowed)
    Group.objects.get_or_create(name="clerks")  # those of the migrations are gone where a test before has emptied the tables
    Client().force_login(northgate)
    rows = [EnduserRow(2, "imported", "Imported Clinic", "imported@example.com"), EnduserRow(3, "", "Nameless Clinic", "")]
    upload = upload_endusers(reseller=northgate.account, uploaded_by=northgate, file_name="endusers.csv", rows=rows, key=fresh_key())
    import_endusers(upload=upload, reseller=northgate.account, imported_by=northgate, key=fresh_key())
    do_jobs()
    deliver_due()


def body_of(response):
    """What a page says, but for the examples that stand in empty fields: they are written like what there is."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return html.unescape(re.sub(r' placeholder="[^"]*"', "", content.decode(errors="replace")))


def doors_of(response, address):
    """The links and forms of a page that lead to the portal itself."""
    if not response["Content-Type"].startswith("text/html"):
        return
    page = page_of(response)
    for link in page.all("a"):
        yield Door(urljoin(address, link["href"]).partition("#")[0])
    for box in page.all("div"):
        if box["data-suggest-url"]:
            yield Door(urljoin(address, f"{box['data-suggest-url']}?q=e"))
    for form in page.all("form"):
        sent = {control["name"]: control["value"] for control in form.all("input") if control["name"]}
        yield Door(urljoin(address, form["action"] or "?").partition("#")[0], tuple(sent.items()) if form["method"] == "post" else ())


def is_worth_a_visit(door, seen_from):
    """Each page once, and what it leads to with filters; not the filters of a page that is filtered already, nor the admin's.

    In the admin nothing is deleted, and a record's page of changes is shut as its own page is: tests/test_view_matrix.py.
    """
    here = door.address.startswith("/") and not door.address.startswith(("//", "/static/")) and door.path not in OF_ONES_OWN_SESSION
    is_filtered = "?" in door.address and ("?" in seen_from or door.path.startswith("/admin/"))
    is_a_record = door.path.startswith("/admin/") and door.path.endswith(("/history/", "/delete/", "/jsi18n/"))
    return here and not is_filtered and not is_a_record


def walk(browser, start):
    """Everything that leads on from a page: the doors by their addresses, and what those that open show."""
    doors, bodies, unseen = {}, {}, [Door(start)]
    while unseen:
        door = unseen.pop(0)
        if door.address in bodies:
            continue
        response = browser.get(door.address)
        bodies[door.address] = body_of(response) if response.status_code == 200 else ""
        for further in doors_of(response, door.address) if response.status_code == 200 else ():
            if is_worth_a_visit(further, door.address):
                doors[further.address] = max(further, doors.get(further.address, further), key=lambda door: len(door.sent))
                unseen.append(further)
    return doors, bodies


# ── Whom one may see ──


def seen_by(visitor):
    """The accounts of which a visitor may read anything at all (A9)."""
    who, _, acting = visitor.partition(" as ")
    if who in {NOBODY, "admin"}:
        return set() if who == NOBODY else set(marks())
    own = User.objects.get(username=who).account
    accounts = [own, *Account.objects.filter(username=acting)]
    near = Q(reseller__in=accounts) | Q(endusers__in=accounts) | Q(incoming_links__holder__in=accounts) | Q(links__target__in=accounts)
    return {account.username for account in chain(accounts, Account.objects.filter(near))}


def marks():
    """By account, what tells of it wherever it stands: its company, its address, its deployments and its entries."""
    found = defaultdict(set)
    for account in Account.objects.exclude(kind="publisher"):
        found[account.username] |= {account.company, account.email}
    for deployment in Deployment.objects.select_related("owner"):
        found[deployment.owner.username] |= {deployment.name, deployment.host_name}
    for entry in JournalEntry.objects.select_related("giver", "receiver"):
        for side in {entry.giver.username, entry.receiver.username} & set(CUSTOMERS):
            found[side].add(entry.number)
    return found


def foreign_to(visitor, all_marks):
    seen = set().union(*(all_marks[name] for name in seen_by(visitor)))
    return set().union(*all_marks.values()) - seen


def everything():
    """What a press that went through would change."""
    of_people = (Account, User, Link, Authenticator, Invitation, NoticeRecipient)
    of_licenses = (Deployment, ServerFile, LicenseFileDownload, JournalEntry, Notice, Submission)
    counts = [model.objects.count() for model in (*of_people, *of_licenses)]
    people = set(User.objects.values_list("username", "role", "is_active", "revocations", "password"))
    return counts, balances(), people, set(Account.objects.values_list("username", "requires_second_factor"))


# ── Knocking ──


def is_shut(response, own_pages):
    """Whether a press was turned away: not allowed, not there, sign in first, or refused on a page of one's own."""
    if response.status_code == 302:
        return response.url.startswith(TO_SIGN_IN) or response.url in own_pages
    return response.status_code in {403, 404, 405} or errors_of(response) != {}


def test_nobody_sees_or_takes_anything_over_the_address_of_somebody_else(browsers):
    found = {who: walk(browser, "/admin/" if who == "admin" else "/") for who, browser in browsers.items() if who != NOBODY} | {NOBODY: ({}, {})}
    all_doors = {address: door for doors, _ in found.values() for address, door in doors.items()}
    all_marks, before, complaints = marks(), everything(), []
    elsewhere = set(Session.objects.values_list("pk", flat=True)) - {browser.session.session_key for browser in browsers.values()}

    for who, browser in browsers.items():
        own_doors, bodies = found[who]
        foreign, own_paths = foreign_to(who, all_marks), {door.path for door in own_doors.values()}
        for address, body in bodies.items():
            complaints += [f"{who} reads {mark} at {address}" for mark in foreign if mark in body]
        for address in sorted(all_doors.keys() - bodies.keys()):
            door, response = all_doors[address], browser.get(address)
            body = body_of(response) if response.status_code == 200 else ""
            complaints += [f"{who} reads {mark} at {address}, an address of somebody else’s" for mark in foreign if mark in body]
            if door.path not in own_paths and not is_shut(pressed := browser.post(address, dict(door.sent)), bodies):
                complaints.append(f"{who} presses at {address}: {pressed.status_code}")

    assert complaints == []
    assert everything() == before
    assert (len(elsewhere), Session.objects.filter(pk__in=elsewhere).count()) == (1, 1)
    assert [who for who, browser in browsers.items() if browser.get("/history/").status_code != (302 if who == NOBODY else 200)] == []


# No page of anybody's leads there: whoever is not signed in goes there, or comes over a letter, or has pressed something before.
FROM_NO_PAGE = {
    *("account_login", "account_logout", "account_reset_password", "account_reset_password_done", "account_reset_password_from_key"),
    *("account_reset_password_from_key_done", "mfa_authenticate", "healthz", "readyz", "accounts:return_to_own_account"),
    *("accounts:open_invitation", "accounts:accept_invitation", "accounts:renew_invitation", "accounts:save_recovery_codes"),
    *(
        "accounts:open_email",
        "accounts:confirm_email",
        "accounts:open_copies",
        "accounts:agree_to_copies",
        "accounts:open_way_out",
        "accounts:end_copies",
    ),
    *("licenses:export_history", "job_file"),
    *("admin:login", "admin:logout", "admin:password_change", "admin:password_change_done", "admin:autocomplete", "admin:jsi18n"),
}
NOT_WALKED_TO = {name for name in ADMIN if name.endswith(("_history", "_delete")) or (name.endswith("_add") and ADMIN[name][0] == 403)}


def test_the_walks_of_all_together_come_to_every_address(browsers):
    """A new address is walked to, or said to be none that a page leads to."""
    found = set()
    for who, browser in browsers.items():
        doors, bodies = walk(browser, "/admin/" if who == "admin" else "/") if who != NOBODY else ({}, {})
        found |= {resolve(urlsplit(address).path).view_name for address in {*doors, *bodies}}

    assert set(TABLE) - found == FROM_NO_PAGE | NOT_WALKED_TO


def test_the_walk_finds_what_there_is(browsers):
    """The check itself: an own deployment, a receipt, an enduser and a form that acts are among the doors, and a stranger’s is not."""
    doors, bodies = walk(browsers["northgate"], "/")
    deployment, receipt = Deployment.objects.get(name="NVS-LAB"), JournalEntry.objects.get(kind="sale", receiver__username="harborcu")

    assert {deployment.get_absolute_url(), receipt.get_absolute_url(), "/endusers/harborcu/", "/settings/team/northgate/"} <= bodies.keys()
    assert doors["/linked-accounts/northgate-west/remove/"].sent != ()
    assert not any("metrotransit" in address for address in doors)
    assert "Metro Transit Info Line" in foreign_to("northgate", marks())
    assert "Harbor Credit Union" not in foreign_to("northgate", marks())
