"""Add New Deployment, the page of a deployment, and what is done there. A view translates; services decide."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permissions
from accounts.limits import limited
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of, data_of
from deployments import downloads, pages, selectors, services
from deployments.forms import AddDeploymentForm, AddLicensesForm, ReplaceServerForm, RetireDeploymentForm, UploadServerFileForm
from deployments.models import LARGEST_SERVER_FILE, Deployment
from deployments.rights import NotYourDeployment, refusal_to_add_licenses, refusal_to_replace_server, refusal_to_upload
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import OneUseForm
from licensing_portal.foundation.templatetags.portal import licenses as in_words
from licensing_portal.foundation.uploads import takes_a_file_of


@takes_a_file_of(LARGEST_SERVER_FILE)
@require_http_methods(["GET", "POST"])
@allowed(permissions.may_move_licenses)
def add_deployment(request: PortalRequest) -> HttpResponseBase:
    """Put licenses on a license server; with an enduser as Owner this sells them too (C5)."""
    form = AddDeploymentForm(
        **_sent(request),
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
                notes=typed["notes"], quantities=form.quantities, server_file=typed["server_file"], key=typed["key"],
            )  # fmt: skip
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, _what_was_added(deployment, sum(form.quantities.values())))
            return redirect(deployment)
    return render(request, "deployments/add_deployment.html", {"form": form})


def _sent(request: PortalRequest) -> dict[str, Any]:
    """What a form with a file is filled with; nothing where it is only looked at."""
    return {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}


def _what_was_added(deployment: Deployment, total: int) -> str:
    """The deployment and, where the press sold as well, the sale (C5); and what its owner can do next (C6)."""
    if deployment.owner == deployment.made_by:
        return gettext("Deployment added. Its license file is ready to download.") if deployment.serial else gettext("Deployment added.")
    added = gettext("Deployment added with its server file.") if deployment.serial else gettext("Deployment added.")
    sold = ngettext(
        "{licenses} now belongs to <bdi>{company}</bdi>. The owner gets an email.",
        "{licenses} now belong to <bdi>{company}</bdi>. The owner gets an email.",
        total,
    )
    return format_html("{} {}", added, format_html(sold, licenses=in_words(total), company=deployment.owner.company))


@require_safe
def deployment(request: PortalRequest, pk: int) -> HttpResponse:
    """A deployment: whole for its owner; for the reseller who made it, its name, owner and given licenses (A9)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    context = {
        "page": pages.deployment_page(found, request.acting, before=request.GET.get("before", "")),
        "upload": UploadServerFileForm(binding=binding_of(request, "upload_server_file")),
        "download": OneUseForm(binding=binding_of(request, "download_license_file")),
    }
    return render(request, "deployments/deployment.html", context)


@takes_a_file_of(LARGEST_SERVER_FILE)
@require_http_methods(["GET", "POST"])
@allowed(permissions.may_move_licenses)
def upload_server_file(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Give the deployment the identity of its license server, which makes it active (C6)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    refusal = refusal_to_upload(found, request.acting)
    if isinstance(refusal, NotYourDeployment):
        raise PermissionDenied
    form = UploadServerFileForm(**_sent(request), binding=binding_of(request, "upload_server_file"))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            services.upload_server_file(deployment=found, account=request.acting, uploaded_by=request.user, **typed)
        except Refusal as problem:
            problem.show_on(form)
        else:
            said = gettext("<bdi>{deployment}</bdi> is active. Its license file is ready to download.")
            messages.success(request, format_html(said, deployment=found))
            return redirect(found)
    return render(request, "deployments/upload_server_file.html", {"form": form, "deployment": found, "refusal": refusal})


@takes_a_file_of(LARGEST_SERVER_FILE)
@require_http_methods(["GET", "POST"])
@allowed(permissions.may_move_licenses)
def replace_server(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Put a new license server in the place of the one before; the license file of that is superseded (C8)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    if isinstance(refusal_to_replace_server(found, request.acting), NotYourDeployment):
        raise PermissionDenied
    form = ReplaceServerForm(**_sent(request), binding=binding_of(request, "replace_server"))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            services.replace_server(deployment=found, account=request.acting, replaced_by=request.user, **typed)
        except Refusal as problem:
            problem.show_on(form)
        else:
            said = gettext("The server of <bdi>{deployment}</bdi> is replaced. Download its new license file.")
            messages.success(request, format_html(said, deployment=found))
            return redirect(found)
    return render(request, "deployments/replace_server.html", {"form": form, "page": pages.replacement_page(found, request.acting)})


@require_POST
@allowed(permissions.may_move_licenses)
@limited("files")
def download_license_file(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Give the license file (C6). It takes a press: what merely reads a page ahead would end the owner's right to retire (C7)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    form = OneUseForm(request.POST, binding=binding_of(request, "download_license_file"))
    if form.is_valid():
        try:
            download = services.download_license_file(
                deployment=found, account=request.acting, downloaded_by=request.user, key=form.cleaned_data["key"]
            )
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return downloads.license_file_response(download.license_file)
    for problem in form.non_field_errors():
        messages.warning(request, str(problem))
    return redirect(found)


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_move_licenses)
def add_licenses(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Put more of the owner's licenses on its deployment; the reseller who made it may see it, but not do this (C7)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    refusal = refusal_to_add_licenses(found, request.acting)
    if isinstance(refusal, NotYourDeployment):
        raise PermissionDenied
    form = AddLicensesForm(data_of(request), deployment=found, binding=binding_of(request, "add_licenses"))
    if request.method == "POST" and form.is_valid():
        try:
            entry = services.add_licenses(
                deployment=found, account=request.acting, added_by=request.user, quantities=form.quantities, key=form.cleaned_data["key"]
            )
        except Refusal as problem:
            problem.show_on(form)
        else:
            said = gettext("{licenses} added to <bdi>{deployment}</bdi>.")
            messages.success(request, format_html(said, licenses=in_words(entry.total), deployment=found))
            return redirect(found)
    return render(request, "deployments/add_licenses.html", {"form": form, "deployment": found, "refusal": refusal})


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_move_licenses)
def retire_deployment(request: PortalRequest, pk: int) -> HttpResponseBase:
    """End a deployment: all that is on it is its owner's to use again, and the page says so in numbers first (C7)."""
    found = get_object_or_404(selectors.deployments_visible_to(request.acting), pk=pk)
    form = RetireDeploymentForm(data_of(request), binding=binding_of(request, "retire_deployment"))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            services.retire_deployment(deployment=found, account=request.acting, retired_by=request.user, reason=typed["reason"], key=typed["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            said = gettext("<bdi>{deployment}</bdi> is retired. Its licenses are available to {owner} again.")
            messages.success(request, format_html(said, deployment=found, owner=found.owner))
            return redirect(found)
    return render(request, "deployments/retire_deployment.html", {"form": form, "page": pages.retirement_page(found, request.acting)})
