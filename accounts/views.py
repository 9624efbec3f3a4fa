"""The sign-in, endusers, invitations and the security log. A view translates; services decide."""

from functools import partial
from typing import Any

from allauth.account.utils import perform_login
from allauth.account.views import login as allauth_sign_in
from allauth.account.views import logout as allauth_sign_out
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import notices, permissions, selectors, services
from accounts.forms import AcceptInvitationForm, CorrectAddressForm, NewAccountForm, SecurityLogFilterForm
from accounts.limits import limited, throttled_if_locked
from accounts.links_in_letters import opens
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of, data_of, press
from accounts.security_page import security_page
from accounts.selectors import EnduserState
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import FilterForm

INVITATION_TOKEN = "invitation_token"  # noqa: S105 - the name of a key in the session

FORMS_WITH_AN_OWNER = {"licenses:sell_licenses", "deployments:add_deployment"}


# ── Signing in ──


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """allauth's sign-in; too many tries, and too many people at once, are answered with 429, as everywhere (A8)."""
    response = allauth_sign_in(request)
    shown = getattr(response, "context_data", None) or {}  # nothing once one is signed in
    return throttled_if_locked(response, *([shown["form"]] if "form" in shown else []))


@login_not_required
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """allauth's sign-out; the browser then forgets the pages that it had kept for going back."""
    response: HttpResponseBase = allauth_sign_out(request)
    if request.method == "POST":
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


# ── Endusers ──


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_create_endusers)
@limited("letters")
def create_enduser(request: PortalRequest) -> HttpResponseBase:
    """Create an enduser account and invite its first user (A1)."""
    form = NewAccountForm(data_of(request), binding=binding_of(request, "create_enduser"))
    if request.method == "POST" and form.is_valid():
        try:
            enduser = services.create_enduser(reseller=request.acting, created_by=request.user, **form.cleaned_data)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("Enduser created. An invitation goes to %(email)s.") % {"email": enduser.email})
            return redirect(f"{_came_from(request)}?owner={enduser}" if _came_from(request) else enduser)
    return render(request, "accounts/create_enduser.html", {"form": form, "came_from": _came_from(request)})


def _came_from(request: PortalRequest) -> str:
    """The address of the form from which somebody came to create its owner: one of our own, by its name, or none."""
    name = request.GET.get("next", "")
    return reverse(name) if name in FORMS_WITH_AN_OWNER else ""


@require_safe
@allowed(permissions.may_see_endusers)
def suggest_endusers(request: PortalRequest) -> HttpResponse:
    """Suggest owners while somebody types: the reseller's own open endusers that match."""
    text = FilterForm(request.GET).text
    matching = selectors.endusers_matching(request.acting, text).open()[: selectors.SUGGESTIONS] if text else []
    return JsonResponse({"owners": [_suggestion(owner) for owner in matching]})


def _suggestion(owner: Any) -> dict[str, str]:
    note = "" if owner.state == EnduserState.ACTIVE else EnduserState(owner.state).label
    return {"username": owner.username, "company": owner.company, "email": owner.email, "note": note}


@require_POST
@allowed(permissions.may_create_endusers)
@limited("letters")
def invite_again(request: PortalRequest, username: str) -> HttpResponseBase:
    """Send an enduser's invitation once more."""
    enduser = get_object_or_404(selectors.endusers_of(request.acting), username=username)
    act = partial(services.invite_again, reseller=request.acting, enduser=enduser, invited_by=request.user)
    if press(request, "invite_again", act):
        messages.success(request, gettext("A new invitation goes to %(email)s.") % {"email": enduser.email})
    return redirect(enduser)


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_create_endusers)
@limited("letters")
def correct_address(request: PortalRequest, username: str) -> HttpResponseBase:
    """Put right where a new enduser's invitation and notices go, until it has signed in (A1, A9)."""
    enduser = get_object_or_404(selectors.endusers_of(request.acting), username=username)
    form = CorrectAddressForm(data_of(request), binding=binding_of(request, "correct_address"), initial={"email": enduser.email})
    if request.method == "POST" and form.is_valid():
        try:
            services.correct_address(reseller=request.acting, enduser=enduser, corrected_by=request.user, **form.cleaned_data)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(
                request, gettext("The address is put right. A new invitation goes to %(email)s.") % {"email": form.cleaned_data["email"]}
            )
            return redirect(enduser)
    return render(request, "accounts/correct_address.html", {"form": form, "enduser": enduser})


# ── Invitations ──


open_invitation = opens("accounts:accept_invitation", keeping=INVITATION_TOKEN)


@require_http_methods(["GET", "POST"])
@login_not_required
@never_cache
def accept_invitation(request: HttpRequest) -> HttpResponseBase:
    """Choose the first password, once, and be signed in (A1)."""
    invitation, is_expired = notices.invitation_of(request.session.get(INVITATION_TOKEN, ""))
    if invitation is None:
        raise Http404
    if not selectors.is_open(invitation) or is_expired:
        context = {"invitation": invitation, "may_renew": selectors.is_open(invitation), "was_used": invitation.user.has_usable_password()}
        return render(request, "accounts/invitation_over.html", context)
    form = AcceptInvitationForm(data_of(request), user=invitation.user)
    if request.method == "POST" and form.is_valid():
        try:
            user = services.accept_invitation(invitation=invitation, password=form.cleaned_data["password"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            del request.session[INVITATION_TOKEN]
            signed_in: HttpResponseBase = perform_login(request, user)
            return signed_in
    return render(request, "accounts/accept_invitation.html", {"form": form, "invitation": invitation})


@require_POST
@login_not_required
def renew_invitation(request: HttpRequest) -> HttpResponseBase:
    """Send a new link to the address of an invitation whose time is over; the page that asks has proven to hold the old one."""
    invitation, is_expired = notices.invitation_of(request.session.get(INVITATION_TOKEN, ""))
    if invitation is None or not is_expired:
        raise Http404
    try:
        services.renew_invitation(invitation=invitation)
    except Refusal:
        return redirect("accounts:accept_invitation")
    del request.session[INVITATION_TOKEN]
    return render(request, "accounts/invitation_renewed.html", {"invitation": invitation})


# ── The security log ──


@require_safe
@allowed(permissions.may_administer)
def security_log(request: PortalRequest) -> HttpResponse:
    """Sign-in and security log: what happened at the account's doors, newest first."""
    form = SecurityLogFilterForm(request.GET, account=request.acting)
    shown = security_page(form, before=request.GET.get("before", ""), after=request.GET.get("after", ""))
    return render(request, "accounts/security_log.html", {"form": form, "shown": shown})
