"""Add New Deployment, the flow: C5. For oneself licenses are deployed; for an enduser it is a sale as well, told by one e-mail."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account
from accounts.services import NotYourEnduser
from deployments.models import Deployment, DeploymentEntry, DeploymentLine
from deployments.pages import deployment_page
from deployments.selectors import deployments_made_for, deployments_visible_to
from deployments.services import add_deployment, add_licenses
from licenses.ledger import InsufficientLicenses, NothingEntered
from licenses.models import JournalEntry, Product
from licensing_portal.foundation.errors import NotAllowed, Problem
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import upload_of
from tests.factories.licenses import ProductFactory, give, quantities


@pytest.fixture
def add(northgate, user):
    """Add HCU-IVR-01 with 3 ASR, from northgate for northgate; what a test is about is said in the call."""

    def act(**changes):
        call = {
            "account": northgate,
            "added_by": user(northgate),
            "owner": northgate,
            "name": "HCU-IVR-01",
            "host_name": "ivr-01.example.com",
            "quantities": quantities(ASR=3),
            "key": fresh_key(),
        }
        return add_deployment(**call | changes)

    return act


def everything():
    """All that a deployment moves or makes."""
    counted = (JournalEntry, Notice, Submission, Deployment, DeploymentLine, DeploymentEntry)
    return balances(), [model.objects.count() for model in counted]


def lines_of(deployment):
    return {line.product.code: line.quantity for line in deployment.lines.select_related("product")}


def kinds():
    """The entries after the issues, in order."""
    return list(JournalEntry.objects.exclude(kind="issue").order_by("pk").values_list("kind", "giver__username", "receiver__username"))


# ── For oneself ──


def test_a_deployment_for_oneself_deploys_ones_own_licenses_and_sells_nothing(add, northgate):
    """C5."""
    give(northgate, ASR=10, TTS=4)

    deployment = add(quantities=quantities(ASR=3, TTS=4), notes="rack 4")

    assert balances() == {("northgate", "ASR"): (7, 3, 0), ("northgate", "TTS"): (0, 4, 0)}
    assert kinds() == [("deployment", "northgate", "northgate")]
    assert (deployment.owner, deployment.made_by, deployment.state, deployment.notes) == (northgate, northgate, "waiting", "rack 4")
    assert (deployment.name, deployment.host_name, lines_of(deployment)) == ("HCU-IVR-01", "ivr-01.example.com", {"ASR": 3, "TTS": 4})
    assert_the_books_are_proven()


def test_a_deployment_for_oneself_sends_no_mail(add, northgate):
    """C5: "With oneself as owner nothing is sold and no sale e-mail goes out"."""
    give(northgate, ASR=10)
    mails = Notice.objects.count()

    add()

    assert Notice.objects.count() == mails


def test_its_entry_names_the_deployment_the_person_and_the_account(add, northgate, user):
    """B1."""
    give(northgate, ASR=10)

    step = add().entries.get()

    assert (step.entry.kind, step.entry.number[:2], step.entry.reference, step.sale) == ("deployment", "D-", "HCU-IVR-01", None)
    assert (step.entry.posted_by, step.entry.acting_as) == (user(northgate), northgate)


def test_an_enduser_deploys_what_it_owns(add, harborcu, user):
    """C5."""
    give(harborcu, ASR=5)

    deployment = add(account=harborcu, added_by=user(harborcu), owner=harborcu)

    assert balances() == {("harborcu", "ASR"): (2, 3, 0)}
    assert (deployment.owner, deployment.made_by) == (harborcu, harborcu)


def test_names_may_repeat(add, northgate):
    """C5: "names may repeat"."""
    give(northgate, ASR=10)

    first, second = add(), add()

    assert (first != second, first.name, second.name) == (True, "HCU-IVR-01", "HCU-IVR-01")


# ── For an enduser ──


def test_a_deployment_for_an_enduser_is_also_a_sale(add, northgate, harborcu):
    """C5: the licenses leave the reseller's account, the deployment is the enduser's."""
    give(northgate, ASR=10, TTS=4)

    deployment = add(owner=harborcu, quantities=quantities(ASR=3, TTS=4))

    assert balances() == {
        ("northgate", "ASR"): (7, 0, 3),
        ("northgate", "TTS"): (0, 0, 4),
        ("harborcu", "ASR"): (0, 3, 0),
        ("harborcu", "TTS"): (0, 4, 0),
    }
    assert kinds() == [("sale", "northgate", "harborcu"), ("deployment", "harborcu", "harborcu")]
    assert (deployment.owner, deployment.made_by, lines_of(deployment)) == (harborcu, northgate, {"ASR": 3, "TTS": 4})
    assert_the_books_are_proven()


def test_both_entries_name_the_seller_as_the_account_acted_for(add, northgate, harborcu, user):
    """A7, B1: the journal names the user and the account who acted, in the enduser's books as well."""
    give(northgate, ASR=10)

    step = add(owner=harborcu).entries.get()

    assert [(entry.kind, entry.posted_by, entry.acting_as) for entry in (step.sale, step.entry)] == [
        ("sale", user(northgate), northgate),
        ("deployment", user(northgate), northgate),
    ]


def test_one_mail_tells_of_the_sale_and_names_the_deployment(add, northgate, harborcu):
    """C5."""
    give(northgate, ASR=10)
    before = Notice.objects.count()

    step = add(owner=harborcu).entries.get()

    notice = Notice.objects.latest("pk")
    assert Notice.objects.count() == before + 1
    assert (notice.event, notice.account, notice.address, notice.fate) == (step.sale.number, "harborcu", "harborcu@example.com", "queued")
    assert notice.email.subject == f'New deployment "HCU-IVR-01" with 3 licenses from Northgate Voice Systems (sale {step.sale.number})'
    assert "ivr-01.example.com" in notice.email.message


def test_what_the_owner_had_before_stays_available(add, northgate, harborcu):
    """C5: what is deployed is what was sold with it."""
    give(northgate, ASR=10)
    give(harborcu, ASR=5)

    add(owner=harborcu)

    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (5, 3, 0)}


def test_a_reseller_that_falls_short_does_not_deploy_what_the_owner_has(add, northgate, harborcu):
    """C5, B6: the licenses are the reseller's; every product that falls short is named, and nothing moves."""
    give(northgate, ASR=2, TTS=4)
    give(harborcu, ASR=50)
    ProductFactory(code="CPA")
    before = everything()

    with pytest.raises(InsufficientLicenses) as refusal:
        add(owner=harborcu, quantities=quantities(ASR=3, CPA=1, TTS=4))

    assert refusal.value.problems == [Problem("2 available", field="qty-ASR"), Problem("0 available", field="qty-CPA")]
    assert everything() == before


# ── Refusals ──


def test_only_available_licenses_are_deployed(add, northgate):
    """C3, B6: deployed ones are where they are."""
    give(northgate, ASR=10)
    add(quantities=quantities(ASR=8))
    before = everything()

    with pytest.raises(InsufficientLicenses, match="2 available, 8 deployed"):
        add()

    assert everything() == before


@pytest.mark.parametrize("owner", ["northgate", "harborcu"])
@pytest.mark.parametrize("amounts", [{}, {"ASR": 0}])
def test_nothing_entered_is_refused(add, northgate, harborcu, owner, amounts):
    """C5: "a Qty per product (one at least above zero)"."""
    give(northgate, ASR=10)
    before = everything()

    with pytest.raises(NothingEntered):
        add(owner={"northgate": northgate, "harborcu": harborcu}[owner], quantities=quantities(**amounts))

    assert everything() == before


@pytest.mark.parametrize("owner", ["metrotransit", "tideway", "publisher"])
def test_nobody_but_oneself_and_ones_own_endusers_can_be_the_owner(add, northgate, metrotransit, tideway, publisher, owner):
    """C5, C2, A9: another reseller's enduser, another reseller and the publisher get the same words."""
    give(northgate, ASR=10)
    before = everything()

    with pytest.raises(NotYourEnduser, match=f"“{owner}” is not one of your endusers"):
        add(owner={"metrotransit": metrotransit, "tideway": tideway, "publisher": publisher}[owner])

    assert everything() == before


def test_a_closed_enduser_cannot_be_the_owner(add, northgate, harborcu):
    """B7: closed between the form and the press."""
    give(northgate, ASR=10)
    Account.objects.filter(pk=harborcu.pk).update(closed_at=harborcu.created_at)
    before = everything()

    with pytest.raises(NotYourEnduser, match="harborcu is closed and can’t receive licenses"):
        add(owner=harborcu)

    assert everything() == before


def test_an_enduser_deploys_for_nobody_else(add, harborcu, stmarys, user):
    """C2: an enduser sells nothing, by a deployment neither."""
    give(harborcu, ASR=10)
    before = everything()

    with pytest.raises(NotAllowed):
        add(account=harborcu, added_by=user(harborcu), owner=stmarys)

    assert everything() == before


@pytest.mark.parametrize("owner", ["northgate", "harborcu"])
def test_a_viewer_deploys_nothing_and_a_manager_does(add, northgate, harborcu, user, owner):
    """rules.md §1."""
    give(northgate, ASR=10)
    owner = {"northgate": northgate, "harborcu": harborcu}[owner]
    viewer, manager = user(northgate, "viewer"), user(northgate, "manager")
    before = everything()

    with pytest.raises(NotAllowed):
        add(added_by=viewer, owner=owner)

    assert everything() == before
    assert add(added_by=manager, owner=owner).entries.get().entry.posted_by == manager


def test_staff_deploy_nothing_of_the_publishers(add, publisher, staff, northgate):
    """C11: "Nothing else there touches a holding"."""
    give(northgate, ASR=10)
    before = everything()

    with pytest.raises(NotAllowed):
        add(account=publisher, added_by=staff, owner=publisher)

    assert everything() == before


def test_a_retired_product_can_still_be_deployed(add, northgate):
    """rules.md §2: "what is held can still be sold, deployed and transferred"."""
    give(northgate, ASR=10)
    Product.objects.update(retired_at="2026-11-24T00:00Z")

    add()

    assert balances() == {("northgate", "ASR"): (7, 3, 0)}


# ── One press ──


@pytest.mark.parametrize("owner", ["northgate", "harborcu"])
def test_the_same_form_again_gives_the_first_deployment(add, northgate, harborcu, owner):
    """B5: though nothing is left of what the first press took."""
    give(northgate, ASR=3)
    key, owner = fresh_key(), {"northgate": northgate, "harborcu": harborcu}[owner]
    deployment = add(key=key, owner=owner)
    before = everything()

    assert add(key=key, owner=owner) == deployment
    assert everything() == before


@pytest.mark.parametrize("change", [{"name": "HCU-IVR-02"}, {"host_name": "other"}, {"notes": "other"}, {"owner": "harborcu"}, {"quantities": 4}])
def test_the_same_key_with_other_content_is_refused_and_leads_to_the_deployment(add, northgate, harborcu, change):
    """B5."""
    give(northgate, ASR=10)
    key = fresh_key()
    deployment = add(key=key)
    before = everything()
    changed = {"owner": harborcu} if "owner" in change else {"quantities": quantities(ASR=4)} if "quantities" in change else change

    with pytest.raises(FormAlreadyUsed) as refusal:
        add(key=key, **changed)

    assert (refusal.value.problems[0].url, everything()) == (f"/deployments/{deployment.pk}/", before)


# ── Who sees it ──


def test_the_reseller_sees_what_it_gave_and_not_what_the_owner_added(add, northgate, harborcu, user):
    """A9: "the name, owner and given licenses of deployments made for it"."""
    give(northgate, ASR=10)
    give(harborcu, ASR=5, TTS=2)
    deployment = add(owner=harborcu)
    add_licenses(deployment=deployment, account=harborcu, added_by=user(harborcu), quantities=quantities(ASR=5, TTS=2), key=fresh_key())

    seen = {account.username: deployment_page(deployment, account) for account in (northgate, harborcu)}

    assert {who: [(code, quantity) for code, _, quantity in page.lines] for who, page in seen.items()} == {
        "northgate": [("ASR", 3)],
        "harborcu": [("ASR", 8), ("TTS", 2)],
    }
    assert {who: len(page.timeline.events) for who, page in seen.items()} == {"northgate": 2, "harborcu": 4}


def test_a_deployment_is_seen_by_its_owner_and_its_maker_alone(add, northgate, harborcu, stmarys, tideway):
    """A9."""
    give(northgate, ASR=10)
    deployment = add(owner=harborcu)

    assert {account.username: list(deployments_visible_to(account)) for account in (northgate, harborcu, stmarys, tideway)} == {
        "northgate": [deployment],
        "harborcu": [deployment],
        "stmarys": [],
        "tideway": [],
    }
    assert list(deployments_made_for(harborcu, reseller=northgate)) == [deployment]
    assert list(deployments_made_for(stmarys, reseller=northgate)) == []


def test_who_acts_over_a_link_deploys_for_the_account_acted_for(add, northgate, west, user):
    """A7: like a manager."""
    LinkFactory(holder=west, target=northgate)
    give(northgate, ASR=10)

    deployment = add(added_by=user(west))

    entry = deployment.entries.get().entry
    assert (deployment.owner, entry.posted_by, entry.acting_as) == (northgate, user(west), northgate)


# ── The walls ──


@pytest.mark.postgres
def test_an_unknown_state_is_refused_by_the_database(add, northgate):
    """C6."""
    give(northgate, ASR=10)
    add()

    with pytest.raises(IntegrityError, match="deployment_state_is_known"), transaction.atomic():
        Deployment.objects.update(state="lost")


@pytest.mark.postgres
def test_a_line_without_licenses_is_refused_by_the_database(add, northgate):
    """C7: lines only grow."""
    give(northgate, ASR=10)
    add()

    with pytest.raises(IntegrityError, match="a_deployment_line_has_licenses"), transaction.atomic():
        DeploymentLine.objects.update(quantity=0)


@pytest.mark.postgres
def test_a_second_line_of_a_product_is_refused_by_the_database(add, northgate):
    """C7: one number per product."""
    give(northgate, ASR=10)
    line = add().lines.get()

    with pytest.raises(IntegrityError, match="one_line_per_deployment_and_product"), transaction.atomic():
        DeploymentLine.objects.create(deployment=line.deployment, product=line.product, quantity=1)


@pytest.mark.parametrize(
    ("server_file", "says"),
    [
        (None, "It waits for its server file: upload info.bts on its page, then download its license file there."),
        (upload_of(), "Its license file is ready to download on its page."),
    ],
)
def test_the_letter_says_what_the_owner_does_next_and_carries_no_file(add, northgate, harborcu, server_file, says):
    """C5, C6: a license file is never mailed."""
    give(northgate, ASR=10)
    add(owner=harborcu, server_file=server_file)

    email = Notice.objects.get(kind="deployments/emails/deployment_sold").email
    assert [says in " ".join(body.split()) for body in (email.message, email.html_message)] == [True, True]
    assert email.attachments.count() == 0
