"""Settings → Profile. A view translates; services decide."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import notices, permissions, selectors
from accounts.context_processors import THEME, theme_of
from accounts.links_in_letters import opens
from accounts.permissions import allowed
from accounts.profile import services
from accounts.profile.forms import ChangeEmailForm, ProfileForm, ThemeForm
from accounts.requests import PortalRequest, data_of
from accounts.security.views import confirmed_page
from licensing_portal.foundation.errors import Refusal

EMAIL_TOKEN = "email_token"  # noqa: S105 - the name of a key in the session
A_YEAR = 365 * 24 * 60 * 60  # seconds
SAVED = _("Settings saved.")

ones_own = allowed(permissions.may_secure_sign_in)


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def profile(request: PortalRequest) -> HttpResponseBase:
    """How one is called, and where one's clock is."""
    form = ProfileForm(data_of(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_profile(user=request.user, acting=request.acting, **form.cleaned_data)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, SAVED)
            return redirect("accounts:profile")
    return _profile(request, form=form)


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def choose_theme(request: PortalRequest) -> HttpResponseBase:
    """Keep a theme in this browser, also without scripts; what leads here without a choice goes on to Profile."""
    if request.method != "POST":
        return redirect("accounts:profile")
    form = ThemeForm(request.POST, theme=theme_of(request))
    if not form.is_valid():
        return _profile(request, theme_form=form)
    messages.success(request, SAVED)
    response = redirect("accounts:profile")
    # Not HttpOnly: the button in the top bar changes it too, see static/portal/portal.js.
    response.set_cookie(THEME, form.cleaned_data["theme"], max_age=A_YEAR, samesite="Lax", secure=settings.IS_HTTPS)
    return response


def _profile(request: PortalRequest, *, form: ProfileForm | None = None, theme_form: ThemeForm | None = None) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form or ProfileForm(user=request.user),
        "theme_form": theme_form or ThemeForm(theme=theme_of(request)),
        "address": selectors.proven_address_of(request.user),
        "pending": selectors.pending_email_of(request.user),
    }
    context["refused"] = theme_form or context["form"]
    return render(request, "accounts/profile.html", context)


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def change_email(request: PortalRequest) -> HttpResponseBase:
    """Another address, and the password; it changes once the link that goes there is opened."""
    form = ChangeEmailForm(data_of(request), request=request)
    if request.method == "POST" and form.is_valid():
        try:
            change = services.ask_for_email(user=request.user, acting=request.acting, email=form.cleaned_data["email"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("A link is on its way to %(email)s. Open it within 24 hours.") % {"email": change.email})
            return redirect("accounts:profile")
    return confirmed_page(request, "accounts/change_email.html", form)


# The page itself asks to sign in.
open_email = opens("accounts:confirm_email", keeping=EMAIL_TOKEN)


@require_http_methods(["GET", "POST"])
@ones_own
@never_cache
def confirm_email(request: PortalRequest) -> HttpResponseBase:
    """Make the address that the link went to one's own, once, by a press."""
    if EMAIL_TOKEN not in request.session:
        raise Http404
    change = notices.change_of(request.session[EMAIL_TOKEN])
    if change is None or change != selectors.pending_email_of(request.user):
        return render(request, "accounts/email_link_over.html")
    problem = ""
    if request.method == "POST":
        try:
            services.confirm_email(user=request.user, acting=request.acting, change=change)
        except Refusal as refusal:
            problem = str(refusal)
        else:
            del request.session[EMAIL_TOKEN]
            messages.success(request, gettext("Your email address is %(email)s now.") % {"email": change.email})
            return redirect("accounts:profile")
    return render(request, "accounts/confirm_email.html", {"change": change, "problem": problem})
