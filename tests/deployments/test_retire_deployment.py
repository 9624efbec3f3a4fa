"""Retire deployment, the flow (C7): everything on it returns to its owner's available, once and for good."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Account
from deployments.models import Deployment, DeploymentEntry
from deployments.rights import DeploymentRetired, NotYourDeployment, TooLateToRetire
from deployments.services import add_licenses, retire_deployment
from licenses.models import Holding, JournalEntry
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory, UserFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities

REASON = "The server was taken down"


@pytest.fixture
def deployment(northgate, harborcu, user):
    """HCU-IVR-01 with 3 ASR, which northgate made for harborcu; harborcu added 5 ASR and 4 TTS, and has 5 ASR besides."""
    give(northgate, ASR=10)
    give(harborcu, ASR=10, TTS=4)
    made = deploy(northgate, owner=harborcu, name="HCU-IVR-01", ASR=3)
    add_licenses(deployment=made, account=harborcu, added_by=user(harborcu), quantities=quantities(ASR=5, TTS=4), key=fresh_key())
    return made


BEFORE = {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (5, 8, 0), ("harborcu", "TTS"): (0, 4, 0)}
AFTER = {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (13, 0, 0), ("harborcu", "TTS"): (4, 0, 0)}


@pytest.fixture
def retire(deployment, harborcu, user):
    """Retire it as harborcu; what a test is about is said in the call."""

    def act(**changes):
        call = {"deployment": deployment, "account": harborcu, "retired_by": user(harborcu), "reason": REASON, "key": fresh_key()}
        return retire_deployment(**call | changes)

    return act


def everything():
    """All that retiring moves or makes."""
    deployments = list(Deployment.objects.order_by("pk").values_list("name", "state", "changed_at", "retired_at", "lines__quantity"))
    return balances(), deployments, [model.objects.count() for model in (JournalEntry, DeploymentEntry, Notice, Submission)]


def letters_about(entry):
    return [(notice.kind, notice.account, notice.address) for notice in Notice.objects.filter(event=entry.number)]


# ── What it does ──


def test_all_licenses_return_to_the_owners_available_and_what_was_sold_stays_sold(deployment, retire):
    """C7: also what the owner added itself; the reseller gets nothing back by it."""
    assert balances() == BEFORE

    retire()

    assert balances() == AFTER
    assert_the_books_are_proven()


def test_it_is_one_entry_of_its_own_that_names_the_deployment_and_the_reason(deployment, retire, harborcu, user):
    """B1, C7."""
    entry = retire()

    assert (entry.kind, entry.number[:2], entry.giver, entry.receiver) == ("retirement", "R-", harborcu, harborcu)
    assert (entry.posted_by, entry.acting_as, entry.reference, entry.note) == (user(harborcu), harborcu, "HCU-IVR-01", REASON)
    lines = [(line.product.code, line.state, line.quantity, line.balance) for line in entry.lines.select_related("product").order_by("pk")]
    assert lines == [("ASR", "deployed", -8, 0), ("ASR", "available", 8, 13), ("TTS", "deployed", -4, 0), ("TTS", "available", 4, 4)]
    last = deployment.entries.order_by("pk").last()
    assert (last.entry, last.sale, last.is_retirement) == (entry, None, True)


def test_the_deployment_is_retired_from_that_moment_and_its_lines_tell_what_was_on_it(deployment, retire):
    """C7."""
    entry = retire()

    deployment.refresh_from_db()
    assert (deployment.state, deployment.retired_at, deployment.changed_at) == ("retired", entry.posted_at, entry.posted_at)
    assert {line.product.code: line.quantity for line in deployment.lines.select_related("product")} == {"ASR": 8, "TTS": 4}


def test_other_deployments_of_the_owner_stay_as_they_are(retire, harborcu):
    """C7: "only retiring a deployment returns its licenses"."""
    other = deploy(harborcu, name="OTHER", ASR=2)

    retire()

    assert (Deployment.objects.get(pk=other.pk).state, Holding.objects.get(account=harborcu, product__code="ASR").deployed) == ("waiting", 2)


def test_what_came_back_can_be_deployed_again(retire, harborcu):
    """C7."""
    retire()

    deploy(harborcu, name="NEXT", ASR=13, TTS=4)

    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (0, 13, 0), ("harborcu", "TTS"): (0, 4, 0)}
    assert_the_books_are_proven()


# ── Its owner ──


@pytest.mark.parametrize("state", ["waiting", "active"])
def test_its_owner_retires_it_whatever_its_age(deployment, retire, settings, state):
    """C7: the window is the reseller's."""
    settings.RECALL_WINDOW = timedelta(0)
    Deployment.objects.filter(pk=deployment.pk).update(state=state, serial=int(state == "active"))

    retire()

    assert balances() == AFTER


def test_its_owner_gets_no_mail_about_what_it_did_itself(retire):
    assert letters_about(retire()) == []


def test_a_viewer_retires_nothing_and_a_manager_does(retire, harborcu, user):
    """rules.md §1."""
    viewer, manager = user(harborcu, "viewer"), user(harborcu, "manager")
    before = everything()

    with pytest.raises(NotAllowed):
        retire(retired_by=viewer)

    assert everything() == before
    assert retire(retired_by=manager).posted_by == manager


def test_who_acts_for_the_owner_over_a_link_retires_it_as_the_owner(retire, northgate, harborcu, user):
    """A7."""
    LinkFactory(holder=northgate, target=harborcu)

    entry = retire(retired_by=user(northgate))

    assert (entry.posted_by, entry.acting_as, letters_about(entry)) == (user(northgate), harborcu, [])


def test_a_closed_account_retires_nothing(retire, harborcu):
    """B7: closed between the form and the press."""
    Account.objects.filter(pk=harborcu.pk).update(closed_at=timezone.now())
    harborcu.refresh_from_db()
    before = everything()

    with pytest.raises(NotAllowed):
        retire()

    assert everything() == before


@pytest.mark.parametrize("who", ["stmarys", "tideway", "metrotransit"])
def test_to_strangers_it_is_nothing_to_retire(retire, request, user, who):
    """A9, C7: another enduser of the same reseller, another reseller and its enduser."""
    account = request.getfixturevalue(who)
    before = everything()

    with pytest.raises(NotYourDeployment, match="This deployment can’t be retired"):
        retire(account=account, retired_by=user(account))

    assert everything() == before


def test_a_reseller_does_not_retire_what_its_enduser_made_itself(northgate, harborcu, user):
    """C7: "the reseller who made it"."""
    give(harborcu, ASR=4)
    own = deploy(harborcu, name="OWN", host_name="own", ASR=4)
    before = everything()

    with pytest.raises(NotYourDeployment):
        retire_deployment(deployment=own, account=northgate, retired_by=user(northgate), reason=REASON, key=fresh_key())

    assert everything() == before


# ── The reseller who made it ──


def test_the_reseller_who_made_it_retires_it_whole_and_its_owner_is_told(retire, northgate, harborcu, user):
    """C7: the licenses return to the owner, not to the reseller."""
    entry = retire(account=northgate, retired_by=user(northgate))

    assert balances() == AFTER
    assert (entry.giver, entry.receiver, entry.acting_as) == (harborcu, harborcu, northgate)
    assert letters_about(entry) == [("deployments/emails/deployment_retired", "harborcu", "harborcu@example.com")]
    assert_the_books_are_proven()


def test_the_letter_says_who_why_how_many_and_where_to_look(deployment, retire, northgate, user):
    """C7."""
    entry = retire(account=northgate, retired_by=user(northgate))

    mail = Notice.objects.get(event=entry.number).email
    assert mail.subject == f'Northgate Voice Systems retired your deployment "HCU-IVR-01" ({entry.number})'
    facts = [REASON, "Its 12 licenses are available in your account", "The Asr", "The Tts", entry.number, f"/deployments/{deployment.pk}/"]
    for body in (mail.message, mail.html_message):
        words = " ".join(body.split())
        assert [fact for fact in facts if fact not in words] == []
    assert mail.headers["Reply-To"] == "northgate@example.com"


def test_the_reseller_can_for_thirty_days_and_not_a_moment_longer(deployment, retire, northgate, user):
    """C7: the recall window, from the making of the deployment."""
    as_northgate = {"account": northgate, "retired_by": user(northgate)}
    Deployment.objects.filter(pk=deployment.pk).update(created_at=timezone.now() - timedelta(days=30, seconds=1))
    before = everything()

    with pytest.raises(TooLateToRetire, match="The 30 days in which you could retire HCU-IVR-01 are over"):
        retire(**as_northgate)

    assert everything() == before
    Deployment.objects.filter(pk=deployment.pk).update(created_at=timezone.now() - timedelta(days=30) + timedelta(minutes=1))
    retire(**as_northgate)
    assert balances() == AFTER


def test_the_window_is_a_setting(retire, northgate, user, settings):
    settings.RECALL_WINDOW = timedelta(0)

    with pytest.raises(TooLateToRetire, match="The 0 days"):
        retire(account=northgate, retired_by=user(northgate))


def test_once_a_server_file_was_uploaded_the_reseller_can_not(deployment, retire, northgate, user):
    """C7, B7: the form's copy of it waits still."""
    Deployment.objects.filter(pk=deployment.pk).update(state="active", serial=1)
    before = everything()

    with pytest.raises(TooLateToRetire, match="HCU-IVR-01 is in use: a server file was uploaded"):
        retire(account=northgate, retired_by=user(northgate))

    assert everything() == before


def test_a_viewer_of_the_reseller_retires_nothing(retire, northgate, user):
    """rules.md §1."""
    viewer = user(northgate, "viewer")
    before = everything()

    with pytest.raises(NotAllowed):
        retire(account=northgate, retired_by=viewer)

    assert everything() == before


# ── Staff ──


def test_staff_retire_it_at_any_age_in_any_state_and_its_owner_is_told(deployment, retire, publisher, staff):
    """C7, C11: "staff always can, with a reason"; answers go to nobody, as for an issue."""
    Deployment.objects.filter(pk=deployment.pk).update(created_at=timezone.now() - timedelta(days=900), state="active", serial=1)

    entry = retire(account=publisher, retired_by=staff)

    assert balances() == AFTER
    assert (entry.posted_by, entry.acting_as, entry.note) == (staff, publisher, REASON)
    assert letters_about(entry) == [("deployments/emails/deployment_retired", "harborcu", "harborcu@example.com")]
    mail = Notice.objects.get(event=entry.number).email
    assert ("Reply-To" in mail.headers, "Reply to this email" in mail.message) == (False, False)
    assert_the_books_are_proven()


def test_staff_need_the_permission(retire, publisher):
    """C11."""
    clerk = UserFactory(account=publisher, username="clerk", is_staff=True)
    before = everything()

    with pytest.raises(NotAllowed):
        retire(account=publisher, retired_by=clerk)

    assert everything() == before
    clerk.user_permissions.add(Permission.objects.get(codename="retire_deployment"))
    assert retire(account=publisher, retired_by=type(clerk).objects.get(pk=clerk.pk)).posted_by.username == "clerk"


def test_a_customer_with_the_permission_is_no_staff(retire, publisher, tideway, user):
    """C11: not even in the publisher's name."""
    somebody = user(tideway)
    somebody.user_permissions.add(Permission.objects.get(codename="retire_deployment"))
    before = everything()

    with pytest.raises(NotAllowed):
        retire(account=publisher, retired_by=somebody)

    assert everything() == before


# ── Once ──


def test_a_retired_deployment_is_not_retired_again_by_anybody(retire, northgate, publisher, staff, user):
    """C7, B7: though the owner's other licenses are deployed still."""
    retire()
    before = everything()

    for call in ({}, {"account": northgate, "retired_by": user(northgate)}, {"account": publisher, "retired_by": staff}):
        with pytest.raises(DeploymentRetired, match="HCU-IVR-01 is retired already"):
            retire(**call)

    assert everything() == before


def test_the_same_form_again_gives_the_first_entry(retire, northgate, user):
    """B5: one retirement, one letter."""
    call = {"account": northgate, "retired_by": user(northgate), "key": fresh_key()}
    entry = retire(**call)
    before = everything()

    assert retire(**call) == entry
    assert everything() == before


def test_the_same_key_with_another_reason_is_refused_and_leads_to_the_deployment(deployment, retire):
    """B5: a page that the reseller may see as well, unlike the receipt."""
    key = fresh_key()
    retire(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed) as refusal:
        retire(key=key, reason="Another reason altogether")

    assert (refusal.value.problems[0].url, everything()) == (f"/deployments/{deployment.pk}/", before)


def test_the_key_of_one_deployment_retires_no_other(retire, harborcu):
    """B5."""
    other = deploy(harborcu, name="OTHER", ASR=1)
    key = fresh_key()
    retire(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        retire(key=key, deployment=other)

    assert everything() == before


def test_a_refused_key_is_still_good(deployment, retire, northgate, user, settings):
    """B6."""
    call = {"account": northgate, "retired_by": user(northgate), "key": fresh_key()}
    settings.RECALL_WINDOW = timedelta(0)
    with pytest.raises(TooLateToRetire):
        retire(**call)

    settings.RECALL_WINDOW = timedelta(days=30)
    retire(**call)

    assert balances() == AFTER


# ── The walls ──


@pytest.mark.postgres
@pytest.mark.parametrize("change", [{"state": "retired"}, {"retired_at": "2026-11-24T00:00Z"}])
def test_a_retired_deployment_and_no_other_says_since_when(deployment, change):
    """C7: the database refuses the one without the other."""
    with pytest.raises(IntegrityError, match="a_retired_deployment_and_no_other_says_since_when"), transaction.atomic():
        Deployment.objects.update(**change)


@pytest.mark.postgres
def test_a_second_retirement_is_refused_by_the_database(deployment, retire):
    """C7: whatever the code does."""
    retire()

    with pytest.raises(IntegrityError, match="a_deployment_is_retired_once"), transaction.atomic():
        DeploymentEntry.objects.create(deployment=deployment, entry=JournalEntry.objects.filter(deployment_entry=None).first(), is_retirement=True)


@pytest.mark.postgres
def test_a_retirement_sells_nothing(deployment):
    """C7."""
    with pytest.raises(IntegrityError, match="a_retirement_sells_nothing"), transaction.atomic():
        DeploymentEntry.objects.exclude(sale=None).update(is_retirement=True)
