"""Add Licenses, the flow: the owner puts more of its licenses on a deployment, as an entry of its own (C7)."""

import pytest

from deployments.models import Deployment, DeploymentEntry
from deployments.rights import DeploymentRetired, NotYourDeployment
from deployments.services import add_licenses
from licenses.ledger import InsufficientLicenses, NothingEntered
from licenses.models import JournalEntry
from licensing_portal.foundation.errors import NotAllowed, Problem
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities


@pytest.fixture
def deployment(northgate, harborcu):
    """HCU-IVR-01 with 3 ASR, which northgate made for harborcu; harborcu has 10 ASR and 4 TTS besides."""
    give(northgate, ASR=3)
    give(harborcu, ASR=10, TTS=4)
    return deploy(northgate, owner=harborcu, name="HCU-IVR-01", ASR=3)


@pytest.fixture
def add(deployment, harborcu, user):
    """Add 5 ASR as harborcu; what a test is about is said in the call."""

    def act(**changes):
        call = {"deployment": deployment, "account": harborcu, "added_by": user(harborcu), "quantities": quantities(ASR=5), "key": fresh_key()}
        return add_licenses(**call | changes)

    return act


def everything():
    """All that adding licenses moves or makes."""
    lines = list(Deployment.objects.order_by("pk").values_list("name", "lines__product__code", "lines__quantity"))
    return balances(), lines, [model.objects.count() for model in (JournalEntry, DeploymentEntry, Notice, Submission)]


def lines_of(deployment):
    return {line.product.code: line.quantity for line in deployment.lines.select_related("product")}


def test_the_owner_adds_licenses_of_known_and_new_products(add, deployment):
    """C7: what is on it grows; what is deployed is what is on deployments."""
    add(quantities=quantities(ASR=5, TTS=4))

    assert lines_of(deployment) == {"ASR": 8, "TTS": 4}
    assert balances() == {("northgate", "ASR"): (0, 0, 3), ("harborcu", "ASR"): (5, 8, 0), ("harborcu", "TTS"): (0, 4, 0)}
    assert_the_books_are_proven()


def test_it_is_an_entry_of_its_own_that_names_the_deployment(add, deployment, harborcu, user):
    """C7, B1."""
    entry = add()

    assert (entry.kind, entry.giver, entry.receiver, entry.reference) == ("deployment", harborcu, harborcu, "HCU-IVR-01")
    assert (entry.posted_by, entry.acting_as) == (user(harborcu), harborcu)
    assert [(step.entry == entry, step.sale is None) for step in deployment.entries.order_by("pk")] == [(False, False), (True, True)]


def test_nothing_is_sold_and_nobody_is_mailed(add):
    """C5, C7."""
    before = Notice.objects.count(), JournalEntry.objects.filter(kind="sale").count()

    add()

    assert (Notice.objects.count(), JournalEntry.objects.filter(kind="sale").count()) == before


def test_the_deployment_is_the_one_that_changed_last(add, deployment):
    """C1: the list shows the last changed first."""
    before = Deployment.objects.get(pk=deployment.pk).changed_at

    add()

    assert Deployment.objects.get(pk=deployment.pk).changed_at > before


def test_the_reseller_who_made_it_cannot_add_licenses(add, northgate, user):
    """C7: "by its owner"; neither its own licenses nor the owner's."""
    give(northgate, ASR=50)
    before = everything()

    with pytest.raises(NotYourDeployment, match="Licenses can’t be added to this deployment"):
        add(account=northgate, added_by=user(northgate))

    assert everything() == before


@pytest.mark.parametrize("who", ["stmarys", "tideway"])
def test_a_stranger_cannot_add_licenses(add, stmarys, tideway, user, who):
    """A9."""
    account = {"stmarys": stmarys, "tideway": tideway}[who]
    give(account, ASR=50)
    before = everything()

    with pytest.raises(NotYourDeployment):
        add(account=account, added_by=user(account))

    assert everything() == before


def test_a_viewer_adds_nothing_and_a_manager_does(add, harborcu, user):
    """rules.md §1."""
    viewer, manager = user(harborcu, "viewer"), user(harborcu, "manager")
    before = everything()

    with pytest.raises(NotAllowed):
        add(added_by=viewer)

    assert everything() == before
    assert add(added_by=manager).posted_by == manager


def test_a_retired_deployment_takes_no_more_licenses(add, deployment):
    """C7, B7: the form's copy of it is active still."""
    Deployment.objects.filter(pk=deployment.pk).update(state="retired", retired_at=deployment.created_at)
    before = everything()

    with pytest.raises(DeploymentRetired, match="HCU-IVR-01 is retired"):
        add()

    assert everything() == before


def test_only_what_the_owner_has_available_is_added(add):
    """C3, B6: what the reseller has does not count; all or nothing."""
    before = everything()

    with pytest.raises(InsufficientLicenses) as refusal:
        add(quantities=quantities(ASR=11, TTS=1, CPA=1))

    assert refusal.value.problems == [Problem("10 available, 3 deployed", field="qty-ASR"), Problem("0 available", field="qty-CPA")]
    assert everything() == before


@pytest.mark.parametrize("amounts", [{}, {"ASR": 0}])
def test_nothing_entered_is_refused(add, amounts):
    """C7."""
    before = everything()

    with pytest.raises(NothingEntered):
        add(quantities=quantities(**amounts))

    assert everything() == before


def test_the_same_form_again_gives_the_first_entry(add):
    """B5."""
    key = fresh_key()
    entry = add(key=key)
    before = everything()

    assert add(key=key) == entry
    assert everything() == before


def test_the_same_key_with_another_quantity_is_refused_and_leads_to_the_entry(add):
    """B5."""
    key = fresh_key()
    entry = add(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed) as refusal:
        add(key=key, quantities=quantities(ASR=4))

    assert (refusal.value.problems[0].url, everything()) == (entry.get_absolute_url(), before)


def test_the_key_of_one_deployment_adds_nothing_to_another(add, harborcu):
    """B5."""
    other = deploy(harborcu, name="OTHER", ASR=1)
    key = fresh_key()
    add(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        add(key=key, deployment=other)

    assert everything() == before


def test_a_refused_key_is_still_good(add):
    """B6."""
    key = fresh_key()
    with pytest.raises(InsufficientLicenses):
        add(key=key, quantities=quantities(ASR=11))

    add(key=key, quantities=quantities(ASR=10))

    assert balances() == {("northgate", "ASR"): (0, 0, 3), ("harborcu", "ASR"): (0, 13, 0), ("harborcu", "TTS"): (4, 0, 0)}


def test_a_person_acting_for_the_owner_adds_licenses(add, northgate, harborcu, user):
    """A7: like a manager of the account acted for, and the journal names both."""
    LinkFactory(holder=northgate, target=harborcu)

    entry = add(added_by=user(northgate))

    assert (entry.posted_by, entry.acting_as) == (user(northgate), harborcu)
