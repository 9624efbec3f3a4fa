"""Who may do what: the table in docs/security.md, walked cell by cell through the flows themselves (rules.md §1, A7, B7, C11).

The table is the one source: a cell that says other than the flow does fails, and so does a flow or a right that has no row.
To add one: its row in docs/security.md, and how it is done in ACTS. tests/test_view_matrix.py asks the same of the addresses.
"""

import re
from functools import partial

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client

from accounts.importing.files import EnduserRow
from accounts.importing.services import import_endusers, upload_endusers
from accounts.links.services import link_account, remove_link
from accounts.models import AddressChange
from accounts.notifications.services import add_recipient, move_notices, remove_recipient, save_notices
from accounts.profile.services import ask_for_email, confirm_email, save_profile
from accounts.security.services import (
    add_passkey,
    change_password,
    remove_passkey,
    renew_recovery_codes,
    require_second_factor,
    set_up_authenticator,
    take_away_second_factor,
    turn_off_second_factor,
)
from accounts.services import correct_address, create_enduser, create_reseller, invite_again, invite_any_again, send_any_notice_again
from accounts.team.services import activate_user, change_any_user, change_role, deactivate_user, invite_user, invite_user_again
from deployments.services import (
    add_deployment,
    add_licenses,
    allow_replacement,
    download_license_file,
    replace_server,
    retire_deployment,
    upload_server_file,
)
from licenses.history import HistoryFilterForm
from licenses.services import (
    adjust_licenses,
    ask_for_proof,
    close_enduser,
    export_history,
    issue_licenses,
    recall_sale,
    reverse_entry,
    sell_licenses,
    send_notice_again,
)
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.authenticator import KEY
from tests.factories.accounts import LinkFactory, RecipientFactory, UserFactory
from tests.factories.deployments import upload, upload_of
from tests.factories.factors import give_factor
from tests.factories.licenses import give, quantities, sell
from tests.test_architecture import HOUSE, SOURCES, flows_of, named
from transfers.services import transfer_licenses

ROLES = ("administrator", "manager", "viewer")
WHO = [*((kind, role) for kind in ("reseller", "enduser", "acting") for role in ROLES), ("staff", "")]

# Whoever holds the link of an invitation accepts it or asks for a new one, and whoever is asked decides about copies: nobody is signed in, so there is no right to have.
FOR_WHOEVER_HOLDS_THE_LINK = {"accept_invitation", "renew_invitation", "agree_to_copies", "end_copies"}


# ── Reading ──


def read_table(paper):
    """The rows of the table under "Who may do what": by the name between backticks, whether each of WHO may."""
    section = paper.partition("## Who may do what")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in section.splitlines() if re.match(r"\|.*`", line)]
    return {
        re.search(r"`(\w+)`", action)[1]: dict(zip(WHO, [{"yes": True, "no": False}[cell] for cell in cells], strict=True)) for action, *cells in rows
    }


def rights_of(services, rights):
    """What needs a row: every flow, and every right that no flow and no other right asks for."""
    flows = {flow.name for source in services for flow in flows_of(source)}
    asked = set(re.findall(r"permissions\.(may_\w+)", "\n".join(services))) | set(re.findall(r"(?<!def )\b(may_\w+)\(", rights))
    return flows | (set(re.findall(r"^def (may_\w+)", rights, re.MULTILINE)) - asked)


TABLE = read_table((HOUSE / "docs" / "security.md").read_text())


def test_the_reader_sees_rows_and_what_needs_one():
    """The check itself."""
    cells = " | ".join(["yes", "no"] * 5)
    paper = f"| `other` | yes |\n## Who may do what\n| Action | a |\n|---|---|\n| Sell, `sell` | {cells} |\n\n## Next\n| `more` | {cells} |\n"
    assert read_table(paper) == {"sell": dict(zip(WHO, [True, False] * 5, strict=True))}
    services = ["@flow\ndef sell(*, key):\n    require(permissions.may_sell)\ndef help(): pass", "def buy(*, key): pass"]
    assert rights_of(services, "def may_sell(): return may_move()\ndef may_move(): pass\ndef may_look(): pass") == {"sell", "buy", "may_look"}


def test_every_flow_and_every_right_has_its_row():
    needed = rights_of(named("services").values(), SOURCES["accounts.permissions"]) - FOR_WHOEVER_HOLDS_THE_LINK

    assert (set(TABLE), set(ACTS)) == (needed, needed)


# ── Doing ──


class World:
    """northgate, a reseller, and its enduser harborcu, each with something to act upon; west's people act for northgate over a link.

    Whatever a flow asks for beside the right is there, so that only the right can be missing.
    """

    def __init__(self, northgate, west, tideway, harborcu, stmarys, publisher, staff, user):
        self.publisher, self.northgate, self.west, self.tideway = publisher, northgate, west, tideway
        self.accounts = {"reseller": northgate, "enduser": harborcu, "acting": northgate, "staff": publisher}
        homes = {"reseller": northgate, "enduser": harborcu, "acting": west}
        self.people = {(kind, role): user(homes[kind], role) for kind, role in WHO if kind in homes} | {("staff", ""): staff}
        LinkFactory(holder=west, target=northgate)
        self.owner, self.stranger = stmarys, UserFactory(username="stranger")
        self.amount = quantities(ASR=1)
        self.invited = create_enduser(
            reseller=northgate, created_by=user(northgate), username="pinecrest", company="Pinecrest", email="p@example.com", key=fresh_key()
        )
        self.rows = [EnduserRow(2, "clinic", "The Clinic", "it@clinic.example.com")]
        self.upload = upload_endusers(reseller=northgate, uploaded_by=user(northgate), file_name="endusers.csv", rows=self.rows, key=fresh_key())
        give(west, ASR=9)
        self.deployments, self.entries, self.links, self.colleagues = {}, {}, {}, {}
        for account in (northgate, harborcu):
            self.furnish(account, user(account))
        self.deployments[publisher] = self.deployments[northgate]
        self.sale = sell(northgate, harborcu, ASR=1)
        deliver_due()
        self.notice = Notice.objects.filter(event=self.entries[northgate].number).first()

    def furnish(self, account, person):
        give(account, ASR=9)
        LinkFactory(holder=account, target=self.west)
        self.links[account] = LinkFactory(holder=account, target=self.tideway)
        self.deployments[account] = add_deployment(
            account=account, added_by=person, owner=account, name="IVR", host_name="ivr", quantities=self.amount, key=fresh_key()
        )
        self.entries[account] = transfer_licenses(receiver=account, transferred_by=person, giver=self.west, quantities=self.amount, key=fresh_key())
        self.colleagues[account] = invite_user(
            account=account, invited_by=person, username=f"new-at-{account}", email=f"new@{account}.example.com", role="viewer", key=fresh_key()
        )


def flow(function, **arguments):
    """An act that is one flow; each argument is a function of the world, the person and the account."""
    return lambda world, person, account: function(
        **{name: argument(world, person, account) for name, argument in arguments.items()}, key=fresh_key()
    )


def page(address):
    """An act that no flow stands behind: its page, which the person opens, acting for the account."""

    def act(world, person, account):
        browser = Client()
        browser.force_login(person)
        if person.account != account:
            browser.post(f"/switch/{account}/")
        status = browser.get(address).status_code
        assert status in {200, 403}
        if status == 403:
            raise NotAllowed(address)

    return act


def the(what):
    return lambda world, person, account: what


def of_the_world(name):
    return lambda world, person, account: getattr(world, name)


def of_the_account(name):
    """The deployment, entry, link or colleague of whom one acts for; of northgate for whoever has none."""
    return lambda world, person, account: getattr(world, name).get(account) or getattr(world, name)[world.northgate]


def myself(world, person, account):
    return person


def acting(world, person, account):
    return account


def of_ones_own(function, **facts):
    """A change to one's own sign-in, for which one has all that it takes."""

    def act(world, person, account):
        arguments = {name: fact(person) for name, fact in facts.items()}
        function(user=person, acting=account, **arguments)

    return act


def without_a_factor(person):
    """A key of an authenticator app, for whoever has none."""
    person.authenticator_set.all().delete()
    return KEY


def a_passkey(person):
    give_factor(person)
    return person.authenticator_set.create(type="webauthn", data={"name": "Office key", "credential": {}})


def a_new_address(person):
    return AddressChange.objects.create(user=person, email="new@people.example.com")


def choose_notices(world, person, account):
    save_notices(account=account, changed_by=person, wanted={}, time_zone="UTC")


def move_to_another_address(world, person, account):
    move_notices(account=account, recipient=RecipientFactory(account=account), changed_by=person)


def require_of_everybody(world, person, account):
    require_second_factor(account=account, changed_by=person, is_required=True)


def change_anybody(world, person, account):
    colleague = world.colleagues.get(account) or world.colleagues[world.northgate]
    change_any_user(user=colleague, role="manager", is_active=True, changed_by=person)


def that_is_active(world, person, account):
    """The deployment of whom one acts for, with its server file."""
    deployment = of_the_account("deployments")(world, person, account)
    return upload(deployment, f"of {deployment.owner}") if deployment.is_waiting else deployment


def take_away(world, person, account):
    take_away_second_factor(user=give_factor(world.stranger), taken_by=person, key=fresh_key())


def history(world, person, account):
    return HistoryFilterForm(QueryDict(), account=account, products=())


moves = partial(flow, quantities=of_the_world("amount"))
put_right = partial(moves, publisher=of_the_world("publisher"), reason=the("Counted again"), ticket=the("T-1"))
in_the_team = partial(flow, account=acting, user=of_the_account("colleagues"))
new = {"username": the("newcomer"), "email": the("newcomer@example.com")}
new_account = new | {"company": the("Newcomer")}

ACTS = {
    "sell_licenses": moves(sell_licenses, seller=acting, sold_by=myself, owner=of_the_world("owner")),
    "recall_sale": moves(recall_sale, sale=of_the_world("sale"), seller=acting, recalled_by=myself, reason=the("Ordered twice")),
    "add_deployment": moves(add_deployment, account=acting, added_by=myself, owner=acting, name=the("LAB"), host_name=the("lab")),
    "add_licenses": moves(add_licenses, deployment=of_the_account("deployments"), account=acting, added_by=myself),
    "retire_deployment": flow(retire_deployment, deployment=of_the_account("deployments"), account=acting, retired_by=myself, reason=the("Moved")),
    "upload_server_file": flow(
        upload_server_file, deployment=of_the_account("deployments"), account=acting, uploaded_by=myself, server_file=the(upload_of())
    ),
    "download_license_file": flow(download_license_file, deployment=that_is_active, account=acting, downloaded_by=myself),
    "replace_server": flow(
        replace_server, deployment=that_is_active, account=acting, replaced_by=myself, server_file=the(upload_of("2")), reason=the("It died")
    ),
    "allow_replacement": flow(
        allow_replacement, deployment=that_is_active, publisher=of_the_world("publisher"), allowed_by=myself, reason=the("Flood")
    ),
    "transfer_licenses": moves(transfer_licenses, receiver=acting, transferred_by=myself, giver=of_the_world("west")),
    "send_notice_again": flow(send_notice_again, entry=of_the_account("entries"), account=acting, sent_by=myself),
    "may_see_endusers": page("/endusers/"),
    "create_enduser": flow(create_enduser, reseller=acting, created_by=myself, **new_account),
    "close_enduser": flow(close_enduser, reseller=acting, enduser=of_the_world("invited"), closed_by=myself),
    "upload_endusers": flow(upload_endusers, reseller=acting, uploaded_by=myself, file_name=the("new.csv"), rows=of_the_world("rows")),
    "import_endusers": flow(import_endusers, upload=of_the_world("upload"), reseller=acting, imported_by=myself),
    "export_history": flow(export_history, form=history, exported_by=myself),
    "invite_again": flow(invite_again, reseller=acting, enduser=of_the_world("invited"), invited_by=myself),
    "correct_address": flow(correct_address, reseller=acting, enduser=of_the_world("invited"), corrected_by=myself, email=the("right@example.com")),
    "link_account": flow(link_account, holder=acting, linked_by=myself, proved_by=of_the_world("stranger")),
    "remove_link": flow(remove_link, link=of_the_account("links"), removed_by=myself, acting=acting),
    "may_act_for_others": page("/switch/"),
    "invite_user": flow(invite_user, account=acting, invited_by=myself, role=the("viewer"), **new),
    "invite_user_again": in_the_team(invite_user_again, invited_by=myself),
    "change_role": in_the_team(change_role, role=the("manager"), changed_by=myself),
    "deactivate_user": in_the_team(deactivate_user, deactivated_by=myself),
    "activate_user": in_the_team(activate_user, activated_by=myself),
    "change_any_user": change_anybody,
    "save_profile": of_ones_own(save_profile, name=lambda person: "Dana Okafor", time_zone=lambda person: "UTC"),
    "ask_for_email": of_ones_own(ask_for_email, email=lambda person: "new@people.example.com"),
    "confirm_email": of_ones_own(confirm_email, change=a_new_address),
    "save_notices": choose_notices,
    "add_recipient": flow(add_recipient, account=acting, added_by=myself, email=the("books@example.com")),
    "remove_recipient": flow(
        remove_recipient, account=acting, recipient=lambda world, person, account: RecipientFactory(account=account), removed_by=myself
    ),
    "move_notices": move_to_another_address,
    "change_password": of_ones_own(change_password, password=lambda person: "a few words in a row"),
    "set_up_authenticator": of_ones_own(set_up_authenticator, secret=without_a_factor, step=lambda person: 1),
    "add_passkey": of_ones_own(add_passkey, name=lambda person: "Office key", credential=lambda person: {}),
    "remove_passkey": of_ones_own(remove_passkey, passkey=a_passkey),
    "renew_recovery_codes": lambda world, person, account: renew_recovery_codes(user=give_factor(person), acting=account),
    "turn_off_second_factor": lambda world, person, account: turn_off_second_factor(user=give_factor(person), acting=account),
    "require_second_factor": require_of_everybody,
    "take_away_second_factor": take_away,
    "issue_licenses": moves(issue_licenses, publisher=of_the_world("publisher"), issued_by=myself, account=of_the_world("northgate")),
    "adjust_licenses": put_right(adjust_licenses, account=of_the_world("northgate"), adjusted_by=myself, is_up=the(True)),
    "reverse_entry": put_right(reverse_entry, entry=of_the_world("sale"), reversed_by=myself),
    "create_reseller": flow(create_reseller, created_by=myself, **new_account),
    "invite_any_again": flow(invite_any_again, account=of_the_world("invited"), invited_by=myself),
    "ask_for_proof": flow(ask_for_proof, publisher=of_the_world("publisher"), asked_by=myself),
    "send_any_notice_again": flow(send_any_notice_again, notice=of_the_world("notice"), sent_by=myself),
}


@pytest.fixture
def world(northgate, west, tideway, harborcu, stmarys, publisher, staff, user):
    return World(northgate, west, tideway, harborcu, stmarys, publisher, staff, user)


def may(act, world, who):
    """Whether the flow is done, whose effects are then undone, or refused to the person; no other refusal is expected."""
    try:
        with transaction.atomic():
            act(world, world.people[who], world.accounts[who[0]])
            transaction.set_rollback(True)
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize("name", TABLE)
def test_everybody_may_do_what_the_table_says_and_nothing_else(world, name):
    assert {who: may(ACTS[name], world, who) for who in WHO} == TABLE[name]
