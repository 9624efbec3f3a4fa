"""A deployment, and what retiring it would do, as its owner or the reseller who made it sees it (A9); the publisher's staff see all."""

from dataclasses import dataclass

from accounts.models import Account
from deployments.models import Deployment
from deployments.rights import refusal_to_add_licenses, refusal_to_retire
from deployments.timeline import Event, events_of
from licenses.models import JournalLine
from licenses.selectors import available_to, holdings_of

Line = tuple[str, str, int]  # code, name, quantity


@dataclass(frozen=True)
class DeploymentPage:
    """What the page shows. A reseller sees the licenses that it gave, not what the owner did with the deployment later."""

    deployment: Deployment
    is_owner: bool
    lines: list[Line]
    events: list[Event]
    may_add_licenses: bool
    may_retire: bool

    @property
    def total(self) -> int:
        return sum(quantity for _, _, quantity in self.lines)


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


def deployment_page(deployment: Deployment, viewer: Account) -> DeploymentPage:
    """Make the page of a deployment for an account that may see it."""
    is_owner = deployment.owner_id == viewer.pk
    return DeploymentPage(
        deployment=deployment,
        is_owner=is_owner,
        lines=_all_lines(deployment) if is_owner else _given_lines(deployment),
        events=events_of(deployment, viewer),
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


def _returns(deployment: Deployment) -> list[ReturnRow]:
    holdings = {holding.product.code: holding for holding in holdings_of(deployment.owner)}
    return [ReturnRow(code, name, quantity, holdings[code].deployed, holdings[code].available) for code, name, quantity in _all_lines(deployment)]


def _all_lines(deployment: Deployment) -> list[Line]:
    return list(deployment.lines.order_by("product__code").values_list("product__code", "product__name", "quantity"))


def _given_lines(deployment: Deployment) -> list[Line]:
    """What the reseller who made it sold with it."""
    sold = JournalLine.objects.filter(entry__deployment_entry_of_sale__deployment=deployment, account=deployment.owner_id)
    return list(sold.order_by("product__code").values_list("product__code", "product__name", "quantity"))
