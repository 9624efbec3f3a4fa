"""Deployments to read, with their server files and who downloaded what; Retire deployment and one more replacement go through services (C8, C11)."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import permissions
from accounts.requests import PortalRequest, binding_of, data_of
from accounts.selectors import publisher
from deployments import pages, services
from deployments.forms import AllowReplacementForm, RetireDeploymentForm
from deployments.models import (
    Deployment,
    DeploymentEntry,
    DeploymentLine,
    LicenseFileDownload,
    ReplacementAllowance,
    ServerFile,
)
from licensing_portal.foundation.admin import LinesToRead, ToReadOnly
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.templatetags.portal import licenses as in_words


class DeploymentLineInline(LinesToRead):
    model = DeploymentLine
    fields = ["product", "quantity"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeploymentLine]:
        return super().get_queryset(request).select_related("product", "deployment")


class DeploymentEntryInline(LinesToRead):
    model = DeploymentEntry
    fields = ["entry", "sale", "is_retirement"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeploymentEntry]:
        return super().get_queryset(request).select_related("entry", "sale", "deployment")


class ServerFileInline(LinesToRead):
    model = ServerFile
    fields = ["name", "size", "sha256", "uploaded_by", "uploaded_as", "uploaded_at", "ended_at", "reason"]
    readonly_fields = ["uploaded_at", "ended_at"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServerFile]:
        return super().get_queryset(request).defer("content").select_related("uploaded_by", "uploaded_as", "deployment")


@admin.register(ReplacementAllowance)
class ReplacementAllowanceAdmin(ToReadOnly, admin.ModelAdmin):
    """What staff allowed beyond the replacements that everybody has, and why (C8)."""

    list_display = ["deployment", "year", "reason", "allowed_by", "allowed_at"]
    list_select_related = ["deployment", "allowed_by"]
    search_fields = ["deployment__name", "deployment__owner__username", "reason"]
    ordering = ["-pk"]


@admin.register(LicenseFileDownload)
class LicenseFileDownloadAdmin(ToReadOnly, admin.ModelAdmin):
    """Who was given which license file, for which account, and when (C6)."""

    list_display = ["deployment", "serial", "downloaded_by", "downloaded_as", "downloaded_at"]
    list_select_related = ["license_file__deployment", "downloaded_by", "downloaded_as"]
    search_fields = ["license_file__deployment__name", "downloaded_by__username", "downloaded_as__username"]
    date_hierarchy = "downloaded_at"
    ordering = ["-pk"]
    fields = ["deployment", "serial", "downloaded_by", "downloaded_as", "downloaded_at"]

    @admin.display(description=_("deployment"), ordering="license_file__deployment__name")
    def deployment(self, download: LicenseFileDownload) -> str:
        return download.license_file.deployment.name

    @admin.display(description=_("serial"), ordering="license_file__serial")
    def serial(self, download: LicenseFileDownload) -> int:
        return download.license_file.serial


@admin.register(Deployment)
class DeploymentAdmin(ToReadOnly, admin.ModelAdmin):
    """Every deployment with its lines and the entries that made it; staff retire it from its page."""

    list_display = ["name", "host_name", "owner", "made_by", "state", "created_at", "changed_at"]
    list_filter = ["state"]
    list_select_related = ["owner", "made_by"]
    search_fields = ["name", "host_name", "owner__username", "owner__company"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    fields = ["name", "host_name", "owner", "made_by", "state", "serial", "notes", "created_at", "changed_at", "retired_at"]
    inlines = [DeploymentLineInline, DeploymentEntryInline, ServerFileInline]

    def get_urls(self) -> list[URLPattern]:
        retire = path("<int:pk>/retire/", self.admin_site.admin_view(retire_deployment), name="deployments_deployment_retire")
        allow = path(
            "<int:pk>/allow-replacement/",
            self.admin_site.admin_view(allow_replacement),
            name="deployments_deployment_allow_replacement",
        )
        return [retire, allow, *super().get_urls()]


def retire_deployment(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Retire whosever deployment, which is how a deployment entry is put right; its owner is told (C7, C11)."""
    desk = publisher()
    if not permissions.may_retire_any_deployment(request.user, desk):
        raise PermissionDenied
    found = get_object_or_404(Deployment.objects.select_related("owner"), pk=pk)
    form = RetireDeploymentForm(data_of(request), binding=binding_of(request, "retire_deployment"))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            entry = services.retire_deployment(deployment=found, account=desk, retired_by=request.user, reason=typed["reason"], key=typed["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            said = gettext("{entry}: <bdi>{deployment}</bdi> is retired, and {licenses} of it can be used again by {owner}.")
            messages.success(request, format_html(said, entry=entry, deployment=found, licenses=in_words(entry.total), owner=found.owner))
            return redirect("admin:deployments_deployment_change", found.pk)
    context = admin.site.each_context(request) | {"form": form, "page": pages.retirement_page(found, desk), "title": gettext("Retire deployment")}
    return render(request, "admin/retire_deployment.html", context)


def allow_replacement(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Give a deployment one more replacement of its server this year; it stands in the log of its owner (C8)."""
    desk = publisher()
    if not permissions.may_allow_replacements(request.user, desk):
        raise PermissionDenied
    found = get_object_or_404(Deployment.objects.select_related("owner"), pk=pk)
    form = AllowReplacementForm(data_of(request), binding=binding_of(request, "allow_replacement"))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            services.allow_replacement(deployment=found, publisher=desk, allowed_by=request.user, reason=typed["reason"], key=typed["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            said = gettext("The server of <bdi>{deployment}</bdi> can be replaced once more this year.")
            messages.success(request, format_html(said, deployment=found))
            return redirect("admin:deployments_deployment_change", found.pk)
    context = admin.site.each_context(request) | {"form": form, "page": pages.replacements_of(found), "title": gettext("Allow one more replacement")}
    return render(request, "admin/allow_replacement.html", context)
