"""A deployment, its license file, and what retiring it or replacing its server would do, as its owner or the reseller who made it sees it (A9); the publisher's staff see all."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, OuterRef, Subquery

from accounts.models import Account
from deployments.downloads import file_name
from deployments.models import Deployment, LicenseFileDownload, ServerFile
from deployments.rights import refusal_to_add_licenses, refusal_to_allow_replacement, refusal_to_replace_server, refusal_to_retire
from deployments.server_files import replacements_allowed, replacements_made, this_year
from deployments.timeline import Timeline, timeline_of
from licenses.models import JournalLine
from licenses.selectors import available_to, holdings_of

Line = tuple[str, str, int]  # code, name, quantity


@dataclass(frozen=True)
class LicenseFileFacts:
    """The license file of now; what it is called, and its size and SHA-256, once it was made."""

    serial: int
    name: str = ""
    size: int = 0  # bytes
    sha256: str = ""
    count: int = 0  # of its downloads
    last_at: datetime | None = None
    last_by: str = ""


@dataclass(frozen=True)
class DeploymentPage:
    """What the page shows. A reseller sees the licenses that it gave, not what the owner did with the deployment later."""

    deployment: Deployment
    is_owner: bool
    lines: list[Line]
    timeline: Timeline
    server_file: ServerFile | None
    license_file: LicenseFileFacts | None
    may_add_licenses: bool
    may_retire: bool

    @property
    def total(self) -> int:
        return sum(quantity for _, _, quantity in self.lines)

    @property
    def is_waiting_for_owner(self) -> bool:
        """Whether the viewer is the one whom it waits for."""
        return self.is_owner and self.deployment.is_waiting


@dataclass(frozen=True)
class ReturnRow:
    """One product that would come back, and what its owner has now."""

    code: str
    name: str
    quantity: int
    deployed: int
    available: int

    @property
    def deployed_after(self) -> int:
        return self.deployed - self.quantity

    @property
    def available_after(self) -> int:
        return self.available + self.quantity


@dataclass(frozen=True)
class RetirementPage:
    """What retiring would do. A reseller sees the licenses that it gave, and none of its enduser's numbers."""

    deployment: Deployment
    may_see_all: bool
    given: list[Line]
    returns: list[ReturnRow]
    refusal: str  # why it can't be retired, "" where it can

    @property
    def total(self) -> int:
        return sum(row.quantity for row in self.returns) if self.may_see_all else sum(quantity for _, _, quantity in self.given)


@dataclass(frozen=True)
class ReplacementPage:
    """What replacing the server means: which file it has, how often it was and can be replaced this year, and why not, "" where it can."""

    deployment: Deployment
    server_file: ServerFile | None
    made: int
    allowed: int
    year: int
    refusal: str

    @property
    def left(self) -> int:
        return max(0, self.allowed - self.made)


def deployment_page(deployment: Deployment, viewer: Account, *, before: str = "") -> DeploymentPage:
    """Make the page of a deployment for an account that may see it, with what happened before a moment of its timeline."""
    is_owner = deployment.owner_id == viewer.pk
    is_in_use = is_owner and deployment.state == Deployment.State.ACTIVE
    return DeploymentPage(
        deployment=deployment,
        is_owner=is_owner,
        lines=_all_lines(deployment) if is_owner else _given_lines(deployment),
        timeline=timeline_of(deployment, viewer, before=before),
        server_file=_server_file_of(deployment) if is_in_use else None,
        license_file=_license_file_of(deployment) if is_in_use else None,
        may_add_licenses=refusal_to_add_licenses(deployment, viewer) is None and available_to(viewer).exists(),
        may_retire=refusal_to_retire(deployment, viewer) is None,
    )


def retirement_page(deployment: Deployment, viewer: Account) -> RetirementPage:
    """Make the page that retires a deployment, for an account that may see it or for the publisher."""
    may_see_all = viewer.is_publisher or deployment.owner_id == viewer.pk
    return RetirementPage(
        deployment=deployment,
        may_see_all=may_see_all,
        given=[] if may_see_all else _given_lines(deployment),
        returns=_returns(deployment) if may_see_all and not deployment.is_retired else [],
        refusal=str(refusal_to_retire(deployment, viewer) or ""),
    )


def replacement_page(deployment: Deployment, viewer: Account) -> ReplacementPage:
    """Make the page that replaces the server, for the owner."""
    return replace(replacements_of(deployment), refusal=str(refusal_to_replace_server(deployment, viewer) or ""))


def replacements_of(deployment: Deployment) -> ReplacementPage:
    """Count the replacements of this year, for the page of staff who allow one more."""
    made, allowed = replacements_made(deployment), replacements_allowed(deployment)
    refusal = str(refusal_to_allow_replacement(deployment) or "")
    return ReplacementPage(deployment, _server_file_of(deployment), made, allowed, this_year(), refusal)


def _server_file_of(deployment: Deployment) -> ServerFile | None:
    return deployment.server_files.in_use().defer("content").select_related("uploaded_by").first()


def _license_file_of(deployment: Deployment) -> LicenseFileFacts:
    """In one query: a page has fifteen."""
    latest = LicenseFileDownload.objects.filter(license_file=OuterRef("pk")).order_by("-pk")
    made = deployment.license_files.filter(serial=deployment.serial).annotate(
        count=Count("downloads"),
        last_at=Subquery(latest.values("downloaded_at")[:1]),
        last_by=Subquery(latest.values("downloaded_by__username")[:1]),
    )
    for file in made:
        content = file.text.encode()
        return LicenseFileFacts(
            file.serial, file_name(deployment, file.serial), len(content), hashlib.sha256(content).hexdigest(), file.count, file.last_at, file.last_by
        )
    return LicenseFileFacts(deployment.serial)


def _returns(deployment: Deployment) -> list[ReturnRow]:
    holdings = {holding.product.code: holding for holding in holdings_of(deployment.owner)}
    return [ReturnRow(code, name, quantity, holdings[code].deployed, holdings[code].available) for code, name, quantity in _all_lines(deployment)]


def _all_lines(deployment: Deployment) -> list[Line]:
    return list(deployment.lines.order_by("product__code").values_list("product__code", "product__name", "quantity"))


def _given_lines(deployment: Deployment) -> list[Line]:
    """What the reseller who made it sold with it."""
    sold = JournalLine.objects.filter(entry__deployment_entry_of_sale__deployment=deployment, account=deployment.owner_id)
    return list(sold.order_by("product__code").values_list("product__code", "product__name", "quantity"))
