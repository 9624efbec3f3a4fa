"""The flows about deployments. Each is one transaction (rules.md §3)."""

from accounts import permissions, security_log
from accounts.models import Account, SecurityEvent, User
from deployments import notices
from deployments.models import Deployment, DeploymentEntry, DeploymentLine
from deployments.rights import refusal_to_add_licenses, refusal_to_retire
from licenses import ledger
from licenses.ledger import Quantities
from licenses.models import JournalEntry
from licenses.services import content_of, post_sale
from licensing_portal.foundation import submissions
from licensing_portal.foundation.flows import flow

Kind = JournalEntry.Kind


@flow
def add_deployment(
    *, account: Account, added_by: User, owner: Account, name: str, host_name: str, notes: str = "", quantities: Quantities, key: str
) -> Deployment:
    """Put licenses of `account` on a new deployment that `owner` owns, which is the account itself or one of its endusers (C5).

    With an enduser as owner it is also a sale: the licenses leave the account, and one e-mail tells the owner of both. Of one of its
    own an account is told where it asked to be.

    Raises NotAllowed, NotYourEnduser, NothingEntered, InsufficientLicenses, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Deployment, account.username, owner.username, name, host_name, notes, content_of(quantities))
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_move_licenses, added_by, account)
    is_sale = owner != account
    sale = post_sale(seller=account, sold_by=added_by, owner=owner, quantities=quantities) if is_sale else None
    deployment = Deployment.objects.create(name=name, host_name=host_name, notes=notes, owner=owner, made_by=account)
    entry = _deploy(deployment, quantities, deployed_by=added_by, acting_as=account, sale=sale)
    if sale:
        notices.deployment_sold(deployment, sale)
    else:
        notices.deployment_added(deployment, entry)
    return claim.settle(deployment)


@flow
def add_licenses(*, deployment: Deployment, account: Account, added_by: User, quantities: Quantities, key: str) -> JournalEntry:
    """Put more licenses of its owner on a deployment, as an entry of its own (C7).

    Raises NotAllowed, NotYourDeployment, DeploymentRetired, NothingEntered, InsufficientLicenses, FormAlreadyUsed.
    """
    claim = submissions.claim(key, JournalEntry, deployment.pk, account.username, content_of(quantities))
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_move_licenses, added_by, account)
    deployment = _lock(deployment)
    if refusal := refusal_to_add_licenses(deployment, account):
        raise refusal
    return claim.settle(_deploy(deployment, quantities, deployed_by=added_by, acting_as=account))


@flow
def retire_deployment(*, deployment: Deployment, account: Account, retired_by: User, reason: str, key: str) -> JournalEntry:
    """Return all licenses of a deployment to its owner's available, for good, as an entry of its own (C7).

    `account` is the owner, the reseller who made the deployment for it, or the publisher; if another than the owner does
    it, the owner is told by e-mail.

    Raises NotAllowed, NotYourDeployment, DeploymentRetired, TooLateToRetire, FormAlreadyUsed.
    """
    # The key leads to the deployment and not to the entry: the reseller who made it may not see its owner's receipt (A9).
    claim = submissions.claim(key, Deployment, deployment.pk, account.username, reason)
    if claim.first_result:
        return claim.first_result.entries.get(is_retirement=True).entry
    permissions.require(permissions.may_retire_deployments, retired_by, account)
    deployment = _lock(deployment)
    if refusal := refusal_to_retire(deployment, account):
        raise refusal
    entry = _return_all(deployment, retired_by=retired_by, acting_as=account, reason=reason)
    if account != deployment.owner:
        notices.deployment_retired(deployment, entry)
    if account.is_publisher:
        security_log.record(SecurityEvent.Kind.STAFF_ACTED, user=retired_by, other=deployment.owner, about=f"Deployment retired: {entry}")
    claim.settle(deployment)
    return entry


def _lock(deployment: Deployment) -> Deployment:
    """Return the deployment as it is now, locked.

    The lock stops a retirement from slipping in between another flow's look at the state and its posting: licenses added
    in that moment would stay deployed on a retired deployment, or a second retirement would return them twice.
    """
    return Deployment.objects.select_for_update(no_key=True, of=("self",)).select_related("owner").get(pk=deployment.pk)


def _deploy(
    deployment: Deployment, quantities: Quantities, *, deployed_by: User, acting_as: Account, sale: JournalEntry | None = None
) -> JournalEntry:
    """Post the deployment of the owner's available licenses and count them on the deployment's lines.

    After a sale the owner's books are open already, so this locks nothing new.
    """
    owner = deployment.owner
    books = ledger.open_books(owners=[owner], products=quantities)
    entry = books.post(
        Kind.DEPLOYMENT, quantities, giver=owner, receiver=owner, posted_by=deployed_by, acting_as=acting_as, reference=deployment.name
    )
    DeploymentEntry.objects.create(deployment=deployment, entry=entry, sale=sale)
    for product, quantity in quantities.items():
        if quantity:
            line = DeploymentLine.objects.filter(deployment=deployment, product=product).first()
            line = line or DeploymentLine(deployment=deployment, product=product, quantity=0)
            line.quantity += quantity
            line.save()
    deployment.changed_at = entry.posted_at
    deployment.save(update_fields=["changed_at"])
    return entry


def _return_all(deployment: Deployment, *, retired_by: User, acting_as: Account, reason: str) -> JournalEntry:
    """Post the return of everything on a locked deployment, whoever put it there, and mark it as retired."""
    owner = deployment.owner
    quantities = {line.product: line.quantity for line in deployment.lines.select_related("product")}
    books = ledger.open_books(owners=[owner], products=quantities)
    entry = books.post(
        Kind.RETIREMENT,
        quantities,
        giver=owner,
        receiver=owner,
        posted_by=retired_by,
        acting_as=acting_as,
        reference=deployment.name,
        note=reason,
    )
    DeploymentEntry.objects.create(deployment=deployment, entry=entry, is_retirement=True)
    deployment.state, deployment.retired_at, deployment.changed_at = Deployment.State.RETIRED, entry.posted_at, entry.posted_at
    deployment.save(update_fields=["state", "retired_at", "changed_at"])
    return entry
