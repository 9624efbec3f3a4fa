"""Deployments to read, and Retire deployment, which goes through the service (C11)."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.html import format_html

from accounts import permissions
from accounts.requests import PortalRequest, binding_of
from accounts.selectors import publisher
from deployments import pages, services
from deployments.forms import RetireDeploymentForm
from deployments.models import Deployment, DeploymentEntry, DeploymentLine
from licensing_portal.foundation.admin import ToReadOnly
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.templatetags.portal import licenses as in_words


class DeploymentLineInline(ToReadOnly, admin.TabularInline):
    model = DeploymentLine
    fields = ["product", "quantity"]
    extra = 0


class DeploymentEntryInline(ToReadOnly, admin.TabularInline):
    model = DeploymentEntry
    fields = ["entry", "sale", "is_retirement"]
    extra = 0


@admin.register(Deployment)
class DeploymentAdmin(ToReadOnly, admin.ModelAdmin):
    """Every deployment with its lines and the entries that made it; staff retire it from its page."""

    list_display = ["name", "host_name", "owner", "made_by", "state", "created_at", "changed_at"]
    list_filter = ["state"]
    list_select_related = ["owner", "made_by"]
    search_fields = ["name", "host_name", "owner__username", "owner__company"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    fields = ["name", "host_name", "owner", "made_by", "state", "notes", "created_at", "changed_at", "retired_at"]
    inlines = [DeploymentLineInline, DeploymentEntryInline]

    def get_urls(self) -> list[URLPattern]:
        retire = path("<int:pk>/retire/", self.admin_site.admin_view(retire_deployment), name="deployments_deployment_retire")
        return [retire, *super().get_urls()]


def retire_deployment(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Retire whosever deployment, which is how a deployment entry is put right; its owner is told (C7, C11)."""
    desk = publisher()
    if not permissions.may_retire_any_deployment(request.user, desk):
        raise PermissionDenied
    found = get_object_or_404(Deployment.objects.select_related("owner"), pk=pk)
    form = RetireDeploymentForm(request.POST if request.method == "POST" else None, binding=binding_of(request, "retire_deployment"))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            entry = services.retire_deployment(deployment=found, account=desk, retired_by=request.user, reason=typed["reason"], key=typed["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            said = "{}: <bdi>{}</bdi> is retired, and {} of it can be used again by {}."
            messages.success(request, format_html(said, entry, found, in_words(entry.total), found.owner))
            return redirect("admin:deployments_deployment_change", found.pk)
    context = admin.site.each_context(request) | {"form": form, "page": pages.retirement_page(found, desk), "title": "Retire deployment"}
    return render(request, "admin/retire_deployment.html", context)
