"""A deployment as its owner, or as the reseller who made it, sees it (A9)."""

from dataclasses import dataclass

from accounts.models import Account
from deployments.models import Deployment
from licenses.models import JournalEntry, JournalLine


@dataclass(frozen=True)
class DeploymentPage:
    """What the page shows. A reseller sees the licenses that it gave, not what the owner did with the deployment later."""

    deployment: Deployment
    is_owner: bool
    lines: list[tuple[str, str, int]]  # code, name, quantity
    entries: list[JournalEntry]
    sales: list[JournalEntry]

    @property
    def total(self) -> int:
        return sum(quantity for _, _, quantity in self.lines)


def deployment_page(deployment: Deployment, viewer: Account) -> DeploymentPage:
    """Make the page of a deployment for an account that may see it."""
    is_owner = deployment.owner_id == viewer.pk
    steps = list(deployment.entries.select_related("entry__posted_by", "entry__acting_as", "sale").order_by("pk"))
    sales = [step.sale for step in steps if step.sale]
    given = JournalLine.objects.filter(entry__in=sales, account=deployment.owner_id)
    lines = (deployment.lines.all() if is_owner else given).order_by("product__code")
    return DeploymentPage(
        deployment=deployment,
        is_owner=is_owner,
        lines=list(lines.values_list("product__code", "product__name", "quantity")),
        entries=[step.entry for step in reversed(steps)] if is_owner else [],
        sales=sales,
    )
