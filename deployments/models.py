"""Licenses on one license server.

Deployment      is the owner's; until it is retired, its licenses are counted as deployed in the owner's holdings.
DeploymentLine  is how many licenses of one product it has; they only grow (C7). Of a retired deployment the lines stay as
                they were: they tell what was on it and came back.
DeploymentEntry is each journal entry that put licenses on it, with the sale it was made of, if it was one (C5), and the
                one that returned them all.

And what licenses asks of whoever knows deployments: what keeps a sale from being recalled, and where licenses are.
"""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from licenses.extensions import PLACES_NAMED, in_short, knows_where_licenses_are, objects_to_recalls
from licenses.models import JournalEntry, Product
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.text import isolated


class Deployment(models.Model):
    """One license server with its licenses. A reseller may have made it for an enduser, who owns it (C5)."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for server file"
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Retired"

    name = models.CharField(max_length=120)
    host_name = models.CharField(max_length=253)
    notes = models.TextField(blank=True)
    owner = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="deployments")
    made_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="deployments_made", help_text="The owner, or its reseller.")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        permissions = [("retire_deployment", "Can retire deployments")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["waiting", "active", "retired"]), name="deployment_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="retired", retired_at__isnull=False) | (~Q(state="retired") & Q(retired_at=None)),
                name="a_retired_deployment_and_no_other_says_since_when",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-changed_at"], name="deployments_of_an_owner"),
            models.Index(fields=["made_by", "-changed_at"], name="deployments_made_by_an_account"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("deployments:deployment", args=[self.pk])

    @property
    def is_retired(self) -> bool:
        return self.state == self.State.RETIRED


class DeploymentLine(models.Model):
    """How many licenses of one product are on a deployment, or were until it was retired."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="deployment_lines")
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "product"], name="one_line_per_deployment_and_product"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="a_deployment_line_has_licenses"),
        ]

    def __str__(self) -> str:
        return f"{isolated(str(self.deployment))}: {self.quantity} {self.product.code}"


class DeploymentEntry(models.Model):
    """A journal entry that put licenses on a deployment, with the sale that gave them to its owner at that moment; or that returned all of them."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="entries")
    entry = models.OneToOneField(JournalEntry, on_delete=models.PROTECT, related_name="deployment_entry")
    sale = models.OneToOneField(JournalEntry, null=True, blank=True, on_delete=models.PROTECT, related_name="deployment_entry_of_sale")
    is_retirement = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment"], condition=Q(is_retirement=True), name="a_deployment_is_retired_once"),
            models.CheckConstraint(condition=Q(is_retirement=False) | Q(sale=None), name="a_retirement_sells_nothing"),
        ]

    def __str__(self) -> str:
        return f"{self.entry} on {self.deployment}"


class DeploymentNotRetired(Refusal):
    """The sale was made by a deployment that still stands: retiring that comes before recalling the sale (C10)."""


@objects_to_recalls
def objection_to_recall(sale: JournalEntry) -> Refusal | None:
    """Say that a sale was made by a deployment that is not retired; None if it was not, or is (C10)."""
    made = DeploymentEntry.objects.filter(sale=sale).exclude(deployment__state=Deployment.State.RETIRED).select_related("deployment").first()
    if made is None:
        return None
    deployment = made.deployment
    return DeploymentNotRetired(
        f"This sale was made by the deployment {deployment}. Retire that first, then recall the sale.", url=deployment.get_absolute_url()
    )


@knows_where_licenses_are
def where_licenses_are_deployed(account: Account, product: Product) -> list[str]:
    """Name the account's deployments with the most licenses of a product, for staff (C11)."""
    lines = DeploymentLine.objects.filter(deployment__owner=account, product=product).exclude(deployment__state=Deployment.State.RETIRED)
    most = [f"{line.quantity:,} on {line.deployment}" for line in lines.select_related("deployment").order_by("-quantity", "pk")[:PLACES_NAMED]]
    return [f"Deployed: {in_short(most, lines.count())}."] if most else []
