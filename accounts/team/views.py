"""Settings → Team. A view translates; services decide."""

from functools import partial

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permissions, selectors
from accounts.limits import limited
from accounts.models import User
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of, data_of, one_button, press
from accounts.team import services
from accounts.team.forms import ChangeRoleForm, InviteUserForm
from licensing_portal.foundation.errors import Refusal

USERS_PER_PAGE = 50


@require_safe
@allowed(permissions.may_administer)
def team(request: PortalRequest) -> HttpResponse:
    """Settings → Team: the users of one's own account, what they may do, and whether they can sign in."""
    page = Paginator(selectors.team_of(request.acting), USERS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "accounts/team.html", {"page": page})


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
@limited("letters")
def invite_user(request: PortalRequest) -> HttpResponseBase:
    """Make a user of one's own account and invite that person (A1)."""
    form = InviteUserForm(data_of(request), binding=binding_of(request, "invite_user"))
    if request.method == "POST" and form.is_valid():
        try:
            invited = services.invite_user(account=request.acting, invited_by=request.user, **form.cleaned_data)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(
                request,
                gettext("%(invited)s is invited. The invitation goes to %(email)s.") % {"invited": invited, "email": form.cleaned_data["email"]},
            )
            return redirect("accounts:team_user", invited.username)
    return render(request, "accounts/invite_user.html", {"form": form})


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
def team_user(request: PortalRequest, username: str) -> HttpResponseBase:
    """One user of the team; the form changes the role."""
    person = get_object_or_404(selectors.team_of(request.acting), username=username)
    form = ChangeRoleForm(data_of(request), binding=binding_of(request, "change_role"), initial={"role": person.role})
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_role(account=request.acting, user=person, changed_by=request.user, **form.cleaned_data)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return _with_the_new_role(request, changed)
    buttons = {name: one_button(request, name) for name in ("invite_user_again", "deactivate_user", "activate_user")}
    return render(request, "accounts/team_user.html", {"form": form, "person": person, **buttons})


def _with_the_new_role(request: PortalRequest, changed: User) -> HttpResponseBase:
    """Say so, on a page that one may still see; whoever demotes oneself stays signed in, here alone."""
    messages.success(request, gettext("The role of %(person)s is %(role)s now.") % {"person": changed, "role": changed.get_role_display().lower()})
    if changed == request.user:
        update_session_auth_hash(request, changed)
    return redirect("accounts:team_user", changed.username) if changed.is_administrator or changed != request.user else redirect("my_licenses")


@require_POST
@allowed(permissions.may_administer)
@limited("letters")
def invite_user_again(request: PortalRequest, username: str) -> HttpResponseBase:
    """Send a user's invitation once more."""
    person = get_object_or_404(selectors.team_of(request.acting), username=username)
    if press(request, "invite_user_again", partial(services.invite_user_again, account=request.acting, user=person, invited_by=request.user)):
        messages.success(request, gettext("A new invitation goes to %(email)s.") % {"email": selectors.address_of(person)})
    return redirect("accounts:team_user", username)


@require_POST
@allowed(permissions.may_administer)
def deactivate_user(request: PortalRequest, username: str) -> HttpResponseBase:
    """Close a user's sign-in, at once."""
    person = get_object_or_404(selectors.team_of(request.acting), username=username)
    if press(request, "deactivate_user", partial(services.deactivate_user, account=request.acting, user=person, deactivated_by=request.user)):
        messages.success(request, gettext("%(person)s is deactivated and signed out.") % {"person": person})
    return redirect("accounts:team_user", username)


@require_POST
@allowed(permissions.may_administer)
def activate_user(request: PortalRequest, username: str) -> HttpResponseBase:
    """Open a user's sign-in again."""
    person = get_object_or_404(selectors.team_of(request.acting), username=username)
    if press(request, "activate_user", partial(services.activate_user, account=request.acting, user=person, activated_by=request.user)):
        messages.success(request, gettext("%(person)s can sign in again.") % {"person": person})
    return redirect("accounts:team_user", username)
