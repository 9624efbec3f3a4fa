"""The area Deployments of My Licenses: one's own, or those made for endusers, filtered and a page at a time (C1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from deployments.models import Deployment, DeploymentEntry, DeploymentLine
from deployments.selectors import deployments_visible_to, mentions
from licenses.forms import product_select
from licenses.models import Product
from licenses.selectors import ProductSummary
from licensing_portal.foundation.forms import OneLineField
from licensing_portal.foundation.gathering import gathered
from licensing_portal.foundation.sorting import Order, SortableFilterForm

PAGE_SIZE = 25

BY_NAME = {
    "name": Order(_("Name, A to Z"), (Lower("name"), "-pk")),
    "-name": Order(_("Name, Z to A"), (Lower("name").desc(), "-pk")),
}
OF_ONES_OWN = {
    "-changed": Order(_("Last changed first"), ("-changed_at", "-pk")),
    "changed": Order(_("Last changed last"), ("changed_at", "pk")),
    **BY_NAME,
}
# What the owner changed later is not the reseller's to see, the order included (A9).
OF_ENDUSERS = {
    "-created": Order(_("Newest first"), ("-pk",)),
    "created": Order(_("Oldest first"), ("pk",)),
    **BY_NAME,
    "owner": Order(_("Owner, A to Z"), ("owner__username", "-pk")),
    "-owner": Order(_("Owner, Z to A"), ("-owner__username", "-pk")),
}


class DeploymentFilterForm(SortableFilterForm):
    """The filters of the deployments; `whose=endusers` shows those made for endusers in place of one's own.

    `keeping` is what of the address is about another list of the page.

    A reseller finds its endusers' deployments by what it may see of them: by neither host nor state (A9).
    """

    place_in_list = ("page",)
    search_hint = _("Name or host")

    product = OneLineField(label=_("Product"), required=False, max_length=30)
    state = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("All statuses")), *Deployment.State.choices])

    def __init__(self, data: QueryDict, *, account: Account, products: Iterable[Product | ProductSummary], keeping: Mapping[str, str]) -> None:
        super().__init__(data)
        self.account = account
        self.is_for_endusers = account.is_reseller and data.get("whose") == "endusers"
        self.elsewhere = keeping
        self.kept = {**keeping, "whose": "endusers"} if self.is_for_endusers else keeping
        self.orders = OF_ENDUSERS if self.is_for_endusers else OF_ONES_OWN
        self.fields["product"].widget = product_select(products)
        if self.is_for_endusers:
            self.search_hint = _("Name or owner")
            del self.fields["state"]

    @property
    def switch(self) -> dict[str, str]:
        """The addresses of either side of the switch, without the other's filters."""
        return {"own": f"?{urlencode(self.elsewhere)}", "endusers": f"?{urlencode({**self.elsewhere, 'whose': 'endusers'})}"}

    @property
    def whose(self) -> Q:
        """Whose of the deployments that the account may see."""
        return ~Q(owner=self.account) if self.is_for_endusers else Q(owner=self.account)

    @property
    def conditions(self) -> Q:
        """What passes the filters; nothing, if a filter makes no sense."""
        if not self.is_valid():
            return Q(pk__in=[])
        wanted, passes = self.cleaned_data, self.whose
        if wanted["q"]:
            passes &= mentions(wanted["q"], is_for_endusers=self.is_for_endusers)
        if wanted["product"]:
            passes &= Q(pk__in=self._with_product(wanted["product"]))
        return passes & Q(state=wanted["state"]) if wanted.get("state") else passes

    def _with_product(self, code: str) -> QuerySet[Any, Any]:
        if self.is_for_endusers:
            return DeploymentEntry.objects.filter(sale__lines__product__code=code).values("deployment")
        return DeploymentLine.objects.filter(product__code=code).values("deployment")


@dataclass(frozen=True)
class DeploymentRow:
    """A deployment in a list, with how many licenses of which product (by code)."""

    address: str
    name: str
    host_name: str
    owner: str
    state: str
    state_in_words: str
    created_at: datetime
    changed_at: datetime
    licenses: list[tuple[str, int]]


@dataclass(frozen=True)
class DeploymentList:
    """One page of the deployments that pass the filters, and how many there are of either kind without any."""

    form: DeploymentFilterForm
    page: Page
    rows: list[DeploymentRow]
    own_count: int
    for_endusers_count: int


class CountedPaginator(Paginator):
    """Pages of a list whose length is known already."""

    def __init__(self, deployments: QuerySet[Deployment], count: int) -> None:
        super().__init__(deployments, PAGE_SIZE)
        self.count = count


def deployment_list(form: DeploymentFilterForm, *, number: str) -> DeploymentList:
    """Make the page of this number, the nearest if there is none such; in two queries."""
    visible = deployments_visible_to(form.account)
    # All three in one query: how many the switch has on either side, and how many the filters let through.
    counts = visible.aggregate(
        own=Count("pk", filter=Q(owner=form.account)),
        for_endusers=Count("pk", filter=~Q(owner=form.account)),
        found=Count("pk", filter=form.conditions),
    )
    page = CountedPaginator(visible.filter(form.conditions).order_by(*form.order.fields), counts["found"]).get_page(number)
    shown = cast("QuerySet[Deployment]", page.object_list)
    rows = given_rows(shown) if form.is_for_endusers else own_rows(shown)
    return DeploymentList(form, page, rows, counts["own"], counts["for_endusers"])


# What is on each deployment, and what was sold with it.
ON_IT = """deployments_deploymentline AS line JOIN licenses_product AS product ON product.id = line.product_id
     WHERE line.deployment_id = deployments_deployment.id"""
GIVEN_WITH_IT = """deployments_deploymententry AS made JOIN licenses_journalline AS line ON line.entry_id = made.sale_id
      JOIN licenses_product AS product ON product.id = line.product_id
     WHERE made.deployment_id = deployments_deployment.id AND line.quantity > 0"""


def own_rows(deployments: QuerySet[Deployment]) -> list[DeploymentRow]:
    """Make rows for the owner: all that is on each; in one query."""
    return _rows(deployments, ON_IT)


def given_rows(deployments: QuerySet[Deployment]) -> list[DeploymentRow]:
    """Make rows for the reseller who made them for endusers: what was sold with each (A9); in one query."""
    return _rows(deployments, GIVEN_WITH_IT)


def _rows(deployments: QuerySet[Deployment], licenses: str) -> list[DeploymentRow]:
    columns = ("pk", "name", "host_name", "owner__username", "state", "created_at", "changed_at", "licenses")
    found = deployments.annotate(licenses=gathered("product.code", "line.quantity", rows=licenses)).values_list(*columns)
    words = {state: str(state.label) for state in Deployment.State}
    return [
        DeploymentRow(
            address=reverse("deployments:deployment", args=[pk]),
            name=name,
            host_name=host_name,
            owner=owner,
            state=state,
            state_in_words=words[state],
            created_at=created_at,
            changed_at=changed_at,
            licenses=sorted((code, quantity) for code, quantity in on_it or ()),
        )
        for pk, name, host_name, owner, state, created_at, changed_at, on_it in found
    ]
