"""Add New Deployment and the page of a deployment. A view translates; services decide."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import permissions
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of
from deployments import pages, selectors, services
from deployments.forms import AddDeploymentForm
from licensing_portal.foundation.errors import Refusal


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_move_licenses)
def add_deployment(request: PortalRequest) -> HttpResponseBase:
    """Put licenses on a license server; with an enduser as Owner this sells them too (C5)."""
    form = AddDeploymentForm(
        request.POST if request.method == "POST" else None,
        account=request.acting,
        may_sell=permissions.may_sell(request.user, request.acting),
        binding=binding_of(request, "add_deployment"),
        initial={"owner": request.GET.get("owner", "")},
        start_at=request.GET.get("product", ""),
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            deployment = services.add_deployment(
                account=request.acting, added_by=request.user, owner=form.chosen_owner, name=typed["name"], host_name=typed["host_name"],
                notes=typed["notes"], quantities=form.quantities, key=typed["key"],
            )  # fmt: skip
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, "Deployment added.")
            return redirect(deployment)
    return render(request, "deployments/add_deployment.html", {"form": form})


@require_safe
def deployment(request: PortalRequest, pk: int) -> HttpResponse:
    """A deployment: whole for its owner; for the reseller who made it, its name, owner and given licenses (A9)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    return render(request, "deployments/deployment.html", {"page": pages.deployment_page(found, request.acting)})
