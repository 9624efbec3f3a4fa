"""Pages that gather from several apps. They only read."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts import permissions
from accounts import selectors as account_selectors
from accounts.models import Account
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of
from deployments import selectors as deployment_selectors
from deployments.pages import DeploymentRow, given_row, own_row
from licenses import selectors as license_selectors
from licenses.models import Holding, Product
from licenses.presentation import sentence
from licensing_portal.foundation.forms import OneUseForm
from licensing_portal.foundation.notices import notices_of_account

RECENT = 6
DEPLOYMENTS_PER_PAGE = 25
ENDUSERS_PER_PAGE = 50


@dataclass(frozen=True)
class SummaryRow:
    """One product of the License Purchase / Deployment Summary (C1), with what the stacked bar needs, in percent."""

    holding: Holding
    net_transferred: int

    @property
    def product(self) -> Product:
        return self.holding.product

    @property
    def sold_width(self) -> str:
        return self._percent(self.holding.sold)

    @property
    def sold_and_deployed_width(self) -> str:
        return self._percent(self.holding.sold + self.holding.deployed)

    def _percent(self, part: int) -> str:
        return f"{100 * part / self.holding.purchased:.2f}%" if self.holding.purchased else "0%"


@require_safe
def my_licenses(request: PortalRequest) -> HttpResponseBase:
    """My Licenses: what is left, where the rest is, and what happened last (C1). Staff have their desk in the admin."""
    account = request.acting
    if account.is_publisher:
        return redirect("admin:index")
    transferred = license_selectors.net_transfers_of(account)
    rows = [SummaryRow(holding, transferred.get(holding.product_id, 0)) for holding in license_selectors.holdings_of(account)]
    deployments = Paginator(deployment_selectors.deployments_of(account), DEPLOYMENTS_PER_PAGE).get_page(request.GET.get("page"))
    recent = license_selectors.recent_entries_of(account)[:RECENT]
    context = {
        "rows": rows,
        "totals": _totals(rows),
        "shows_sold": account.is_reseller or any(row.holding.sold for row in rows),
        "deployments": deployments,
        "deployment_rows": [own_row(deployment) for deployment in deployments],
        "for_endusers": _given_rows(account) if account.is_reseller else [],
        "recent": [(entry, sentence(entry, account)) for entry in recent],
    }
    return render(request, "my_licenses.html", context)


def _totals(rows: list[SummaryRow]) -> dict[str, int]:
    return {name: sum(getattr(row.holding, name) for row in rows) for name in ("purchased", "sold", "deployed", "available")}


def _given_rows(reseller: Account, owner: Account | None = None) -> list[DeploymentRow]:
    made = deployment_selectors.deployments_made_for_endusers(reseller)
    return [given_row(deployment) for deployment in (made.filter(owner=owner) if owner else made)[:DEPLOYMENTS_PER_PAGE]]


@require_safe
@allowed(permissions.may_see_endusers)
def endusers(request: PortalRequest) -> HttpResponse:
    """The accounts one may sell to, with whether they have signed in."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = account_selectors.endusers_matching(request.acting, text) if text else account_selectors.endusers_of(request.acting)
    return render(request, "endusers.html", {"page": Paginator(found, ENDUSERS_PER_PAGE).get_page(request.GET.get("page")), "q": text})


@require_safe
@allowed(permissions.may_see_endusers)
def enduser(request: PortalRequest, username: str) -> HttpResponse:
    """One enduser: its name and address, and what was sold to it (A9)."""
    found = get_object_or_404(account_selectors.endusers_of(request.acting), username=username)
    return render(request, "enduser.html", _enduser_context(request, found))


def _enduser_context(request: PortalRequest, found: Account) -> dict[str, Any]:
    first_user = found.users.filter(username=found.username).first()
    return {
        "enduser": found,
        "sold": license_selectors.sold_to(found, seller=request.acting),
        "sales": license_selectors.sales_to(found, seller=request.acting)[:DEPLOYMENTS_PER_PAGE],
        "deployment_rows": _given_rows(request.acting, found),
        "is_invited": first_user is not None and not first_user.has_usable_password(),
        "invitation_notice": notices_of_account(found.username, kind="accounts/emails/invitation").last(),
        "invite_again": OneUseForm(binding=binding_of(request, "invite_again")),
    }
