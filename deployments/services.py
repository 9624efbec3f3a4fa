"""The flows about deployments. Each is one transaction (rules.md §3)."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from accounts import permissions, security_log
from accounts.models import Account, SecurityEvent, User
from accounts.selectors import publisher as the_publisher
from deployments import license_files, notices, server_files
from deployments.license_files import LicensedProduct, LicenseFile
from deployments.models import (
    Deployment,
    DeploymentEntry,
    DeploymentLine,
    LicenseFileDownload,
    ReplacementAllowance,
    ServerFile,
    SignedLicenseFile,
)
from deployments.rights import (
    refusal_to_add_licenses,
    refusal_to_allow_replacement,
    refusal_to_download,
    refusal_to_replace_server,
    refusal_to_retire,
    refusal_to_upload,
)
from deployments.server_files import Upload
from licenses import ledger
from licenses.ledger import Quantities
from licenses.models import JournalEntry
from licenses.services import content_of, post_sale
from licensing_portal.foundation import submissions
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.flows import flow

Kind = JournalEntry.Kind


class LicenseFileSuperseded(Refusal):
    """The form was used already, and what it gave is not the license file of now."""


@flow
def add_deployment(
    *,
    account: Account,
    added_by: User,
    owner: Account,
    name: str,
    host_name: str,
    notes: str = "",
    quantities: Quantities,
    server_file: Upload | None = None,
    key: str,
) -> Deployment:
    """Put licenses of `account` on a new deployment that `owner` owns, which is the account itself or one of its endusers (C5).

    With an enduser as owner it is also a sale: the licenses leave the account, and one e-mail tells the owner of both. Of one of its
    own an account is told where it asked to be. With a server file the deployment is active at once (C6).

    Raises NotAllowed, NotYourEnduser, NothingEntered, InsufficientLicenses, NotAServerFile, ServerFileInUse, FormAlreadyUsed.
    """
    sent = [account.username, owner.username, name, host_name, notes, content_of(quantities), server_file.sha256 if server_file else ""]
    claim = submissions.claim(key, Deployment, *sent)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_move_licenses, added_by, account)
    is_sale = owner != account
    sale = post_sale(seller=account, sold_by=added_by, owner=owner, quantities=quantities) if is_sale else None
    deployment = Deployment.objects.create(name=name, host_name=host_name, notes=notes, owner=owner, made_by=account)
    entry = _deploy(deployment, quantities, deployed_by=added_by, acting_as=account, sale=sale)
    if server_file:
        server_files.attach(server_file, deployment, uploaded_by=added_by, uploaded_as=account)
    if sale:
        notices.deployment_sold(deployment, sale)
    else:
        notices.deployment_added(deployment, entry)
    return claim.settle(deployment)


@flow
def add_licenses(*, deployment: Deployment, account: Account, added_by: User, quantities: Quantities, key: str) -> JournalEntry:
    """Put more licenses of its owner on a deployment, as an entry of its own; the license file of before is superseded (C7).

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
    it, the owner is told by e-mail. Its server file may be used on another deployment from then on.

    Raises NotAllowed, NotYourDeployment, DeploymentRetired, LicenseFileDownloaded, TooLateToRetire, FormAlreadyUsed.
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


@flow
def upload_server_file(*, deployment: Deployment, account: Account, uploaded_by: User, server_file: Upload, key: str) -> ServerFile:
    """Give a deployment that waits for it the identity of its license server; its license file can be downloaded from then on (C6).

    Raises NotAllowed, NotYourDeployment, DeploymentRetired, ServerFileThere, NotAServerFile, ServerFileInUse, FormAlreadyUsed.
    """
    claim = submissions.claim(key, ServerFile, deployment.pk, account.username, server_file.sha256)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_move_licenses, uploaded_by, account)
    deployment = _lock(deployment)
    if refusal := refusal_to_upload(deployment, account):
        raise refusal
    return claim.settle(server_files.attach(server_file, deployment, uploaded_by=uploaded_by, uploaded_as=account))


@flow
def replace_server(*, deployment: Deployment, account: Account, replaced_by: User, server_file: Upload, reason: str, key: str) -> ServerFile:
    """Put the identity of a new license server in the place of the one before, whose license file is superseded (C8).

    Raises NotAllowed, NotYourDeployment, DeploymentRetired, NoServerFile, NoReplacementLeft, NotAServerFile, ServerFileInUse,
    ServerFileUnchanged, FormAlreadyUsed.
    """
    claim = submissions.claim(key, ServerFile, deployment.pk, account.username, server_file.sha256, reason)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_move_licenses, replaced_by, account)
    deployment = _lock(deployment)
    if refusal := refusal_to_replace_server(deployment, account):
        raise refusal
    server_files.check_that_it_is_another(server_file, deployment)
    server_files.detach(deployment)
    return claim.settle(server_files.attach(server_file, deployment, uploaded_by=replaced_by, uploaded_as=account, reason=reason))


@flow
def allow_replacement(*, deployment: Deployment, publisher: Account, allowed_by: User, reason: str, key: str) -> ReplacementAllowance:
    """Give a deployment one more replacement of its server in this year than it had (C8). Staff alone may.

    Raises NotAllowed, DeploymentRetired, NoServerFile, FormAlreadyUsed.
    """
    claim = submissions.claim(key, ReplacementAllowance, deployment.pk, reason)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_allow_replacements, allowed_by, publisher)
    deployment = _lock(deployment)
    if refusal := refusal_to_allow_replacement(deployment):
        raise refusal
    year = server_files.this_year()
    allowance = ReplacementAllowance.objects.create(deployment=deployment, year=year, reason=reason, allowed_by=allowed_by)
    about = f"One more replacement in {year} allowed: {deployment}"
    security_log.record(SecurityEvent.Kind.STAFF_ACTED, user=allowed_by, other=deployment.owner, about=about)
    return claim.settle(allowance)


@flow
def download_license_file(*, deployment: Deployment, account: Account, downloaded_by: User, key: str) -> LicenseFileDownload:
    """Give its owner the license file of a deployment as it is now, and keep who got it; its owner can't retire it any more (C6, C7).

    The file is made when it is first asked for. Whoever asks for the same serial again gets the same bytes.

    Raises NotAllowed, NotYourDeployment, DeploymentRetired, NoServerFile, LicenseFileTooLarge, LicenseFileSuperseded, FormAlreadyUsed.
    """
    claim = submissions.claim(key, LicenseFileDownload, deployment.pk, account.username)
    permissions.require(permissions.may_move_licenses, downloaded_by, account)
    deployment = _lock(deployment)
    if refusal := refusal_to_download(deployment, account):
        raise refusal
    if claim.first_result:
        return _still_current(claim.first_result, deployment)
    license_file = _license_file_of(deployment)
    return claim.settle(LicenseFileDownload.objects.create(license_file=license_file, downloaded_by=downloaded_by, downloaded_as=account))


def _lock(deployment: Deployment) -> Deployment:
    """Return the deployment as it is now, locked.

    The lock stops a retirement from slipping in between another flow's look at the state and its posting: licenses added
    in that moment would stay deployed on a retired deployment, a second retirement would return them twice, and a license
    file downloaded in it would let run what its owner uses elsewhere. Nor do two changes make license files of one serial.
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
    if deployment.serial:  # 0 while there is no server file, and so no license file that this supersedes
        deployment.serial += 1
    deployment.save(update_fields=["changed_at", "serial"])
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
    server_files.detach(deployment)
    return entry


def _license_file_of(deployment: Deployment) -> SignedLicenseFile:
    """Return the license file of a locked, active deployment: the one that was made of this serial, or a new one.

    One whose key the publisher trusts no longer is superseded, for no license server should believe it.
    """
    made = deployment.license_files.filter(serial=deployment.serial).first()
    if made and license_files.is_trusted(made.text):
        return made
    if made:
        deployment.serial += 1
        deployment.save(update_fields=["serial"])
    made_at = timezone.now()
    server_file = deployment.server_files.in_use().defer("content").get()
    text = license_files.signed(_content_of(deployment, server_file, issued_at=made_at))
    return SignedLicenseFile.objects.create(deployment=deployment, serial=deployment.serial, server_file=server_file, text=text, made_at=made_at)


def _content_of(deployment: Deployment, server_file: ServerFile, *, issued_at: datetime) -> LicenseFile:
    lines = deployment.lines.select_related("product").order_by("product__code")
    return LicenseFile(
        publisher=the_publisher().company,
        deployment_number=deployment.number,
        deployment=deployment.name,
        owner=deployment.owner.username,
        company=deployment.owner.company,
        host_name=deployment.host_name,
        server_file_sha256=server_file.sha256,
        products=tuple(LicensedProduct(line.product.code, line.product.name, line.quantity) for line in lines),
        issued_at=issued_at,
        serial=deployment.serial,
    )


def _still_current(download: LicenseFileDownload, deployment: Deployment) -> LicenseFileDownload:
    """The page stays open after a download. Pressed there again it gives the same file, but never one that is superseded meanwhile."""
    if download.license_file.serial != deployment.serial or not license_files.is_trusted(download.license_file.text):
        said = gettext("There is a newer license file of %(deployment)s now. Press again to download that.")
        raise LicenseFileSuperseded(said % {"deployment": deployment})
    return download
