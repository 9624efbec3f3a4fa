"""Add New Deployment, the page of a deployment, and what is done there. A view translates; services decide."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from accounts import permissions
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of
from deployments import pages, selectors, services
from deployments.forms import AddDeploymentForm, AddLicensesForm, RetireDeploymentForm
from deployments.models import Deployment
from deployments.rights import NotYourDeployment, refusal_to_add_licenses
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.templatetags.portal import licenses as in_words


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
            messages.success(request, _what_was_added(deployment, sum(form.quantities.values())))
            return redirect(deployment)
    return render(request, "deployments/add_deployment.html", {"form": form})


def _what_was_added(deployment: Deployment, total: int) -> str:
    """The deployment and, where the press sold as well, the sale (C5)."""
    if deployment.owner == deployment.made_by:
        return "Deployment added."
    sold = "Deployment added. {} now {} to <bdi>{}</bdi>. The owner gets an email."
    return format_html(sold, in_words(total), "belongs" if total == 1 else "belong", deployment.owner.company)


@require_safe
def deployment(request: PortalRequest, pk: int) -> HttpResponse:
    """A deployment: whole for its owner; for the reseller who made it, its name, owner and given licenses (A9)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    return render(request, "deployments/deployment.html", {"page": pages.deployment_page(found, request.acting)})


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_move_licenses)
def add_licenses(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Put more of the owner's licenses on its deployment; the reseller who made it may see it, but not do this (C7)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    refusal = refusal_to_add_licenses(found, request.acting)
    if isinstance(refusal, NotYourDeployment):
        raise PermissionDenied
    form = AddLicensesForm(request.POST if request.method == "POST" else None, deployment=found, binding=binding_of(request, "add_licenses"))
    if request.method == "POST" and form.is_valid():
        try:
            entry = services.add_licenses(
                deployment=found, account=request.acting, added_by=request.user, quantities=form.quantities, key=form.cleaned_data["key"]
            )
        except Refusal as problem:
            problem.show_on(form)
        else:
            messages.success(request, format_html("{} added to <bdi>{}</bdi>.", in_words(entry.total), found))
            return redirect(found)
    return render(request, "deployments/add_licenses.html", {"form": form, "deployment": found, "refusal": refusal})


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_move_licenses)
def retire_deployment(request: PortalRequest, pk: int) -> HttpResponseBase:
    """End a deployment: all that is on it is its owner's to use again, and the page says so in numbers first (C7)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    form = RetireDeploymentForm(request.POST if request.method == "POST" else None, binding=binding_of(request, "retire_deployment"))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            services.retire_deployment(deployment=found, account=request.acting, retired_by=request.user, reason=typed["reason"], key=typed["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, format_html("<bdi>{}</bdi> is retired. Its licenses are available to {} again.", found, found.owner))
            return redirect(found)
    return render(request, "deployments/retire_deployment.html", {"form": form, "page": pages.retirement_page(found, request.acting)})
