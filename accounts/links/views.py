"""Link User Admin and Switch Accounts: what one account may do as another. A view translates; services decide."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permissions, selectors
from accounts.limits import throttled_if_locked
from accounts.links import services
from accounts.links.forms import LinkAccountForm
from accounts.middleware import start_acting, stop_acting
from accounts.models import Account, Link
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of, data_of, one_button, press
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import FilterForm

MANY_LINKS = 7  # with one's own these are eight accounts, too many to look through


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
def link_account(request: PortalRequest) -> HttpResponseBase:
    """Link User Admin: make a link with the other account's credentials; see and end links in both directions (A2, A5)."""
    form = LinkAccountForm(data_of(request), request=request, binding=binding_of(request, "link_account"))
    if request.method == "POST" and form.is_valid() and form.proved_by:
        try:
            link = services.link_account(holder=request.acting, linked_by=request.user, proved_by=form.proved_by, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("Linked to %(target)s. Transfer Licenses is now in the menu.") % {"target": link.target})
            return redirect("accounts:link_account")
    context = {
        "form": form,
        "links": [(link.target, link, one_button(request, "remove_link")) for link in selectors.links_of(request.acting)],
        "incoming": [(link, one_button(request, "remove_access")) for link in selectors.incoming_links_of(request.acting)],
    }
    return throttled_if_locked(render(request, "accounts/link_account.html", context), form)


@require_POST
@allowed(permissions.may_administer)
def remove_link(request: PortalRequest, username: str) -> HttpResponseBase:
    """End one's own link to another account (A5). A link that is gone already is no error."""
    link = selectors.links_of(request.acting).filter(target__username=username).first()
    if link is None or _end(request, link, "remove_link"):
        messages.success(request, gettext("There is no link to %(username)s now.") % {"username": username})
    return redirect("accounts:link_account")


@require_POST
@allowed(permissions.may_administer)
def remove_access(request: PortalRequest, username: str) -> HttpResponseBase:
    """End another account's link to one's own (A5)."""
    link = selectors.incoming_links_of(request.acting).filter(holder__username=username).first()
    if link is None or _end(request, link, "remove_access"):
        messages.success(request, gettext("%(username)s can’t use this account now.") % {"username": username})
    return redirect("accounts:link_account")


def _end(request: PortalRequest, link: Link, form: str) -> bool:
    return press(request, form, partial(services.remove_link, link=link, removed_by=request.user, acting=request.acting))


# ── Switching ──


@require_safe
@allowed(permissions.may_act_for_others)
def switch_accounts(request: PortalRequest) -> HttpResponse:
    """The accounts one can act for: one's own and those it is linked to (A7)."""
    own, form = request.user.account, FilterForm(request.GET)
    links = list(selectors.links_of(own))
    context = {
        "own": own,
        "accounts": [(own, None), *((link.target, link) for link in links if form.is_valid() and _mentions(link.target, form.text))],
        "has_search": len(links) >= MANY_LINKS,
        "form": form,
    }
    return render(request, "accounts/switch_accounts.html", context)


def _mentions(account: Account, text: str) -> bool:
    return text.lower() in f"{account.username} {account.company}".lower()


@require_POST
@allowed(permissions.may_act_for_others)
def switch_account(request: PortalRequest, username: str) -> HttpResponseBase:
    """Act for a linked account from now on (A7)."""
    link = get_object_or_404(selectors.links_of(request.user.account), target__username=username)
    if not link.is_proven:
        messages.warning(
            request, gettext("The link to %(target)s needs its username and password again. Link the account once more.") % {"target": link.target}
        )
        return redirect("accounts:switch_accounts")
    start_acting(request, link)
    return redirect("my_licenses")


@require_POST
def return_to_own_account(request: PortalRequest) -> HttpResponseBase:
    """Act for one's own account again."""
    stop_acting(request, request.acting)
    return redirect("my_licenses")
