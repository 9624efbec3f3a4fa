"""The admin as this house's own site: one sign-in for all, and nobody but staff comes in."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import TO_FIELD_VAR
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.views import sign_out
from licensing_portal.overview import overview_for

View = Callable[..., HttpResponseBase]

KEY = re.compile(r"[0-9]{1,18}")  # as Django's lists have it: of every table that has actions, a number


class PortalAdminSite(AdminSite):
    """Staff alone; a signed-in customer gets 403, and who is not signed in goes to the portal's own sign-in."""

    site_header = _("License Portal")
    site_title = _("License Portal")
    index_title = _("Administration")
    enable_nav_sidebar = False  # the lists need its place: beside it and the filters they would scroll sideways on a desk

    def has_permission(self, request: HttpRequest) -> bool:
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied
        return super().has_permission(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list of what there is, below what moves and what needs a hand."""
        return super().index(request, {**(extra_context or {}), "overview": overview_for(cast("User", request.user))})

    def admin_view(self, view: View, *args: Any, **kwargs: Any) -> Any:
        """Answer 400 to what Django's own pages trip over, and what no link and no form of theirs contains (rules.md §4)."""

        @wraps(view)
        def guarded(request: HttpRequest, *parts: Any, **named: Any) -> HttpResponseBase:
            names_no_field = "" in (*request.GET.getlist(TO_FIELD_VAR), *request.POST.getlist(TO_FIELD_VAR))
            chooses_no_row = not all(KEY.fullmatch(row) for row in request.POST.getlist(ACTION_CHECKBOX_NAME))
            if names_no_field or chooses_no_row or any("\0" in term for term in request.GET.getlist("term")):
                raise BadRequest
            return view(request, *parts, **named)

        return super().admin_view(guarded, *args, **kwargs)

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        if request.user.is_authenticated:
            self.has_permission(request)
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))

    def logout(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> Any:
        return sign_out(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> Any:
        """Staff choose a password as everybody does; Django's own page takes the old one as often as one likes to guess (A8)."""
        return redirect("accounts:change_password")
