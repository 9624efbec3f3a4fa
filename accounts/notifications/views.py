"""Settings → Notifications, and what whoever reads a further address decides there. A view translates; services decide."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import notices, permissions, selectors
from accounts.links_in_letters import opens
from accounts.models import NoticeRecipient
from accounts.notifications import services
from accounts.notifications.forms import AddRecipientForm, NoticesForm
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of, data_of, one_button, press
from accounts.security.forms import ConfirmedForm
from accounts.security.views import confirmed_page
from accounts.telling import recipient_of_way_out
from licensing_portal.foundation.errors import Refusal

COPIES_TOKEN, WAY_OUT_TOKEN = "copies_token", "way_out_token"

administrators = allowed(permissions.may_administer)


@require_http_methods(["GET", "POST"])
@administrators
def notifications(request: PortalRequest) -> HttpResponseBase:
    """Which notices the account gets by e-mail, and where they go."""
    form = NoticesForm(data_of(request), account=request.acting)
    if request.method == "POST" and form.is_valid():
        zone = form.cleaned_data["time_zone"]
        try:
            services.save_notices(account=request.acting, changed_by=request.user, wanted=form.wanted, time_zone=zone)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("Settings saved."))
            return redirect("accounts:notifications")
    buttons = [(one, one_button(request, "remove_recipient")) for one in selectors.recipients_of(request.acting)]
    return render(request, "accounts/notifications.html", {"form": form, "recipients": buttons, "most": services.MOST_RECIPIENTS})


@require_http_methods(["GET", "POST"])
@administrators
def add_recipient(request: PortalRequest) -> HttpResponseBase:
    """Ask a further address whether it wants copies."""
    form = AddRecipientForm(data_of(request), binding=binding_of(request, "add_recipient"))
    if request.method == "POST" and form.is_valid():
        try:
            recipient = services.add_recipient(account=request.acting, added_by=request.user, **form.cleaned_data)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("%(recipient)s was asked. It gets copies once it agrees.") % {"recipient": recipient})
            return redirect("accounts:notifications")
    return render(request, "accounts/add_recipient.html", {"form": form})


@require_POST
@administrators
def remove_recipient(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Send a further address no more copies. One that is gone already is no error."""
    recipient = selectors.recipients_of(request.acting).filter(pk=pk).first()
    if recipient is None or _remove(request, recipient):
        messages.success(request, gettext("%(recipient)s gets no more copies.") % {"recipient": recipient or gettext("That address")})
    return redirect("accounts:notifications")


def _remove(request: PortalRequest, recipient: NoticeRecipient) -> bool:
    return press(
        request, "remove_recipient", partial(services.remove_recipient, account=request.acting, recipient=recipient, removed_by=request.user)
    )


@require_http_methods(["GET", "POST"])
@administrators
@never_cache
def move_notices(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Make a further address the account's own; the password is asked for."""
    recipient = get_object_or_404(selectors.recipients_of(request.acting).exclude(confirmed_at=None), pk=pk)
    form = ConfirmedForm(data_of(request), request=request)
    if request.method == "POST" and form.is_valid():
        try:
            services.move_notices(account=request.acting, recipient=recipient, changed_by=request.user)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("Notices go to %(recipient)s from now on. The address of before is told.") % {"recipient": recipient})
            return redirect("accounts:notifications")
    return confirmed_page(request, "accounts/move_notices.html", form, recipient=recipient)


# ── Whoever reads a further address: nobody is signed in, and nothing happens by looking ──


open_copies = opens("accounts:agree_to_copies", keeping=COPIES_TOKEN)
open_way_out = opens("accounts:end_copies", keeping=WAY_OUT_TOKEN)


@require_http_methods(["GET", "POST"])
@login_not_required
@never_cache
def agree_to_copies(request: HttpRequest) -> HttpResponseBase:
    """Agree to copies, by a press."""
    return _decide(request, COPIES_TOKEN, notices.recipient_of, services.agree_to_copies, "accounts/agree_to_copies.html")


@require_http_methods(["GET", "POST"])
@login_not_required
@never_cache
def end_copies(request: HttpRequest) -> HttpResponseBase:
    """End the copies to an address, by a press."""
    return _decide(request, WAY_OUT_TOKEN, recipient_of_way_out, services.end_copies, "accounts/end_copies.html")


def _decide(request: HttpRequest, key: str, find: Callable[[str], NoticeRecipient | None], act: Callable[..., object], template: str) -> HttpResponse:
    """Show the question and, once its button was pressed, that it is done; a link that leads nowhere says so."""
    if key not in request.session:
        raise Http404
    recipient = find(request.session[key])
    is_done = recipient is not None and request.method == "POST"
    try:
        if recipient and is_done:
            act(recipient=recipient)
    except Refusal:
        recipient = None
    return render(request, template, {"recipient": recipient, "is_done": is_done})
