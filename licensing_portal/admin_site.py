"""The admin as this house's own site: one sign-in for all, and nobody but staff comes in."""

from typing import Any

from allauth.account import views as allauth
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse


class PortalAdminSite(AdminSite):
    """Staff alone; a signed-in customer gets 403, and who is not signed in goes to the portal's own sign-in."""

    site_header = "License Portal"
    site_title = "License Portal"
    index_title = "Administration"
    enable_nav_sidebar = False  # the lists need its place: beside it and the filters they would scroll sideways on a desk

    def has_permission(self, request: HttpRequest) -> bool:
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied
        return super().has_permission(request)

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        if request.user.is_authenticated:
            self.has_permission(request)
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))

    def logout(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> Any:
        return allauth.logout(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> Any:
        """Staff choose a password as everybody does; Django's own page takes the old one as often as one likes to guess (A8)."""
        return redirect("account_reset_password")
