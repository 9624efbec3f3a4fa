"""Deployments to read: they change by the flows alone."""

from django.contrib import admin

from deployments.models import Deployment, DeploymentEntry, DeploymentLine
from licensing_portal.foundation.admin import ToReadOnly


class DeploymentLineInline(ToReadOnly, admin.TabularInline):
    model = DeploymentLine
    fields = ["product", "quantity"]
    extra = 0


class DeploymentEntryInline(ToReadOnly, admin.TabularInline):
    model = DeploymentEntry
    fields = ["entry", "sale"]
    extra = 0


@admin.register(Deployment)
class DeploymentAdmin(ToReadOnly, admin.ModelAdmin):
    """Every deployment with its lines and the entries that made it."""

    list_display = ["name", "host_name", "owner", "made_by", "state", "created_at", "changed_at"]
    list_filter = ["state"]
    list_select_related = ["owner", "made_by"]
    search_fields = ["name", "host_name", "owner__username", "owner__company"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    fields = ["name", "host_name", "owner", "made_by", "state", "notes", "created_at", "changed_at"]
    inlines = [DeploymentLineInline, DeploymentEntryInline]
