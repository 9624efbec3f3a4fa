"""Settings → Security, and the second factor at the sign-in. A view translates; services decide."""

import json
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import authenticate as allauth_authenticate
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.webauthn.internal.auth import begin_registration
from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permissions, sessions
from accounts.limits import throttled_if_locked
from accounts.middleware import CODES_TO_SAVE
from accounts.permissions import allowed
from accounts.requests import PortalRequest, data_of
from accounts.security import factors, services
from accounts.security.forms import AddPasskeyForm, ChangePasswordForm, ConfirmedForm, SaveCodesForm, SetUpAuthenticatorForm, TurnOffForm
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.templatetags.portal import duration

NEW_SECRET = "new_authenticator_key"  # noqa: S105 - the name of a key in the session

ones_own = allowed(permissions.may_secure_sign_in)


def confirmed_page(request: HttpRequest, template: str, form: forms.Form, **context: Any) -> HttpResponseBase:
    """Show a form; too many wrong passwords or codes are answered with 429, as everywhere (A8)."""
    return throttled_if_locked(render(request, template, {"form": form, **context}), form)


# ── Signing in ──


@login_not_required
@never_cache
def enter_second_factor(request: HttpRequest) -> HttpResponseBase:
    """allauth's second step of the sign-in: a code, a recovery code or a passkey; too many tries are answered with 429 (A8)."""
    response: HttpResponseBase = allauth_authenticate(request)
    context = getattr(response, "context_data", None)
    if not context:
        return response
    context["passkeys"] = factors.passkeys_of(context["form"].user)
    context["options"] = json.dumps(context["js_data"]["request_options"])
    return throttled_if_locked(response, context["form"], context["webauthn_form"])


# ── Settings → Security ──


@require_safe
@ones_own
@never_cache
def security(request: PortalRequest) -> HttpResponse:
    """How one signs in, and where one is signed in."""
    user = request.user
    idle, longest = sessions.limits_of(user)
    mine = sessions.sessions_of(user)
    context = {
        "app": factors.factors_of(user).filter(type="totp").first(),
        "passkeys": factors.passkeys_of(user),
        "codes_left": len(factors.recovery_codes_of(user)),
        "has_factor": factors.has_factor(user),
        "is_missing": factors.is_missing(user),
        "sessions": mine,
        "others": len(mine) - 1,
        "key": request.session.session_key,
        "idle": duration(idle),
        "longest": duration(longest),
    }
    return render(request, "accounts/security.html", context)


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def change_password(request: PortalRequest) -> HttpResponseBase:
    """The old password and the new one (A6)."""
    form = ChangePasswordForm(data_of(request), request=request)
    if request.method == "POST" and form.is_valid():
        try:
            password, session = form.cleaned_data["new_password"], request.session.session_key
            services.change_password(user=request.user, acting=request.acting, password=password, session=session)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            update_session_auth_hash(request, request.user)
            messages.success(request, gettext("Your password is changed. All other sessions are signed out."))
            return redirect("accounts:security")
    return confirmed_page(request, "accounts/change_password.html", form)


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def set_up_authenticator(request: PortalRequest) -> HttpResponseBase:
    """Show the key of an authenticator app, and take the first code that is made with it."""
    if factors.has_app(request.user):
        return redirect("accounts:security")
    had_factor, secret = factors.has_factor(request.user), _new_secret(request)
    form = SetUpAuthenticatorForm(data_of(request), request=request, secret=secret)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_up_authenticator(user=request.user, acting=request.acting, secret=secret, step=form.cleaned_data["code"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            del request.session[NEW_SECRET]
            return _to_security(request, gettext("Your authenticator app is set up.")) if had_factor else _to_the_codes(request)
    return confirmed_page(request, "accounts/set_up_authenticator.html", form, **_key_in_words(request, secret))


def _new_secret(request: PortalRequest) -> str:
    """The key that is being set up: the same when the page is loaded again, for it may have been scanned."""
    adapter = get_adapter()
    if NEW_SECRET not in request.session:
        request.session[NEW_SECRET] = adapter.encrypt(generate_totp_secret())
    return str(adapter.decrypt(request.session[NEW_SECRET]))


def _key_in_words(request: PortalRequest, secret: str) -> dict[str, str]:
    adapter = get_adapter()
    address = adapter.build_totp_url(request.user, secret)
    return {"picture": factors.picture_of(address), "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))}


def _to_security(request: PortalRequest, said: str) -> HttpResponseBase:
    """The recovery codes were there before, and were shown then."""
    request.session.cycle_key()
    messages.success(request, said)
    return redirect("accounts:security")


def _to_the_codes(request: PortalRequest) -> HttpResponseBase:
    """A second factor that has just come or gone gives the session a new key; the recovery codes come before everything else."""
    request.session.cycle_key()
    request.session[CODES_TO_SAVE] = True
    return redirect("accounts:save_recovery_codes")


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def save_recovery_codes(request: PortalRequest) -> HttpResponseBase:
    """Show the recovery codes that were just made, until their owner says that they are saved; never again after that."""
    if CODES_TO_SAVE not in request.session:
        return redirect("accounts:security")
    form = SaveCodesForm(data_of(request))
    if request.method == "POST" and form.is_valid():
        del request.session[CODES_TO_SAVE]
        messages.success(request, gettext("Your second factor is on, and your recovery codes are saved."))
        return redirect("accounts:security")
    return confirmed_page(request, "accounts/save_recovery_codes.html", form, codes=factors.recovery_codes_of(request.user))


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def renew_recovery_codes(request: PortalRequest) -> HttpResponseBase:
    """Make new recovery codes in place of those of before."""
    form = ConfirmedForm(data_of(request), request=request)
    if request.method == "POST" and form.is_valid():
        try:
            services.renew_recovery_codes(user=request.user, acting=request.acting)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return _to_the_codes(request)
    return confirmed_page(request, "accounts/renew_recovery_codes.html", form)


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def add_passkey(request: PortalRequest) -> HttpResponseBase:
    """Add a passkey: the browser makes it, the name tells it from others."""
    had_factor = factors.has_factor(request.user)
    form = AddPasskeyForm(data_of(request), request=request)
    if request.method == "POST" and form.is_valid():
        facts = {name: form.cleaned_data[name] for name in ("name", "credential")}
        try:
            services.add_passkey(user=request.user, acting=request.acting, **facts)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            said = format_html(gettext("The passkey <bdi>{name}</bdi> is added."), name=facts["name"])
            return _to_security(request, said) if had_factor else _to_the_codes(request)
    return confirmed_page(request, "accounts/add_passkey.html", form, options=json.dumps(begin_registration(request.user, passwordless=False)))


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def remove_passkey(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Take a passkey of one's own away."""
    passkey = get_object_or_404(factors.passkeys_of(request.user), pk=pk)
    form = ConfirmedForm(data_of(request), request=request)
    if request.method == "POST" and form.is_valid():
        try:
            services.remove_passkey(user=request.user, acting=request.acting, passkey=passkey)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, format_html(gettext("The passkey <bdi>{name}</bdi> is removed."), name=passkey))
            return redirect("accounts:security")
    return confirmed_page(request, "accounts/remove_passkey.html", form, passkey=passkey)


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def turn_off_second_factor(request: PortalRequest) -> HttpResponseBase:
    """Go back to the password alone."""
    if not factors.has_factor(request.user):
        return redirect("accounts:security")
    form = TurnOffForm(data_of(request), request=request)
    if request.method == "POST" and form.is_valid():
        try:
            services.turn_off_second_factor(user=request.user, acting=request.acting)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            request.session.cycle_key()
            messages.success(request, gettext("Your second factor is off. The password alone opens your sign-in."))
            return redirect("accounts:security")
    return confirmed_page(request, "accounts/turn_off_second_factor.html", form, is_required=factors.is_required_of(request.user))


@require_POST
@ones_own
def end_session(request: PortalRequest, handle: str) -> HttpResponseBase:
    """Sign out one of one's sessions, wherever it is."""
    sessions.end(request.user, handle)
    messages.success(request, gettext("That session is signed out."))
    return redirect("accounts:security")


@require_POST
@ones_own
def end_other_sessions(request: PortalRequest) -> HttpResponseBase:
    """Sign out everywhere but here."""
    sessions.end_all(request.user, but=request.session.session_key)
    messages.success(request, gettext("You are signed out everywhere else."))
    return redirect("accounts:security")


@require_POST
@allowed(permissions.may_administer)
def require_second_factor(request: PortalRequest, word: str) -> HttpResponseBase:
    """Ask every user of the account for a second factor, or no longer."""
    is_required = word == "on"
    now = gettext("Every user of %(acting)s needs a second factor now.") % {"acting": request.acting}
    no_longer = gettext("Users of %(acting)s may sign in without a second factor.") % {"acting": request.acting}
    try:
        services.require_second_factor(account=request.acting, changed_by=request.user, is_required=is_required)
    except Refusal as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, now if is_required else no_longer)
    return redirect("accounts:security")
