"""Endusers, invitations, links, switching and settings. A view translates; services decide."""

from functools import partial
from typing import Any

from allauth.account.utils import perform_login
from allauth.account.views import login as allauth_sign_in
from allauth.account.views import logout as allauth_sign_out
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import NON_FIELD_ERRORS
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import notices, permissions, selectors, services
from accounts.adapter import TOO_MANY_TRIES, seconds_to_wait
from accounts.enduser_files import enduser_rows, problem_rows
from accounts.forms import (
    AcceptInvitationForm,
    ChangeRoleForm,
    CorrectAddressForm,
    EnduserFilterForm,
    InviteUserForm,
    LinkAccountForm,
    NewAccountForm,
    SecurityLogFilterForm,
    UploadEndusersForm,
)
from accounts.import_page import import_page, problem_rows_of
from accounts.limits import limited
from accounts.links import services as links
from accounts.middleware import start_acting, stop_acting
from accounts.models import Account, AccountQuerySet, Link, User
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of, press
from accounts.security_page import security_page
from accounts.selectors import EnduserState
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import FilterForm, OneUseForm
from licensing_portal.foundation.tables import MOST_ROWS_AT_ONCE, csv_response, xlsx_response
from licensing_portal.foundation.templatetags.portal import number
from licensing_portal.foundation.uploads import MOST_BYTES, takes_a_file_of

INVITATION_TOKEN = "invitation_token"  # noqa: S105 - the name of a key in the session

MANY_LINKS = 7  # with one's own these are eight accounts, too many to look through

FORMS_WITH_AN_OWNER = {"licenses:sell_licenses", "deployments:add_deployment"}

USERS_PER_PAGE = 50
EARLIER_IMPORTS = 5

# ── Signing in ──


@login_not_required
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """allauth's sign-in; too many tries, and too many people at once, are answered with 429, as everywhere (A8)."""
    response = allauth_sign_in(request)
    seconds = seconds_to_wait((getattr(response, "context_data", None) or {}).get("form"))
    return throttled(response, seconds) if seconds else response


@login_not_required
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """allauth's sign-out; the browser then forgets the pages that it had kept for going back."""
    response: HttpResponseBase = allauth_sign_out(request)
    if request.method == "POST":
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def throttled(response: HttpResponseBase, seconds: int = settings.TRIES_WITHIN) -> HttpResponseBase:
    response.status_code = 429
    response.headers["Retry-After"] = str(seconds)
    return response


# ── Endusers ──


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_create_endusers)
@limited("letters")
def create_enduser(request: PortalRequest) -> HttpResponseBase:
    """Create an enduser account and invite its first user (A1)."""
    form = NewAccountForm(request.POST if request.method == "POST" else None, binding=binding_of(request, "create_enduser"))
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
    form = CorrectAddressForm(
        request.POST if request.method == "POST" else None, binding=binding_of(request, "correct_address"), initial={"email": enduser.email}
    )
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


@require_safe
@allowed(permissions.may_see_endusers)
@limited("files")
def endusers_csv(request: PortalRequest) -> HttpResponseBase:
    """The endusers that pass the filters of the list, as they can be imported again."""
    return csv_response(_file_name(request, "csv"), enduser_rows(_endusers_to_export(request).iterator(chunk_size=2000)))


@require_safe
@allowed(permissions.may_see_endusers)
@limited("files")
def endusers_xlsx(request: PortalRequest) -> HttpResponseBase:
    """The same as XLSX; of more than one waits for, as CSV."""
    endusers = _endusers_to_export(request)
    if endusers.order_by()[: MOST_ROWS_AT_ONCE + 1].count() > MOST_ROWS_AT_ONCE:
        messages.warning(
            request,
            gettext("More than %(number)s endusers match. Export them as CSV, or filter them.") % {"number": number(MOST_ROWS_AT_ONCE)},
        )
        return redirect(f"{reverse('endusers')}?{request.GET.urlencode()}")
    return xlsx_response(_file_name(request, "xlsx"), "Endusers", enduser_rows(endusers))


def _endusers_to_export(request: PortalRequest) -> AccountQuerySet:
    form = EnduserFilterForm(request.GET, reseller=request.acting)
    if not form.is_valid():
        raise Http404
    return form.endusers


def _file_name(request: PortalRequest, ending: str) -> str:
    return f"endusers_{request.acting}_{timezone.now():%Y-%m-%d}.{ending}"


# ── Importing endusers ──


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_create_endusers)
@limited("uploads")
@takes_a_file_of(MOST_BYTES, room=MOST_BYTES)  # up to twice as large is told so at its field
def upload_endusers(request: PortalRequest) -> HttpResponseBase:
    """Upload a file of endusers, to look at what an import would make of it (A1)."""
    files = request.FILES if request.method == "POST" else None
    form = UploadEndusersForm(request.POST if request.method == "POST" else None, files=files, binding=binding_of(request, "upload_endusers"))
    if request.method == "POST" and form.is_valid():
        try:
            upload = services.upload_endusers(
                reseller=request.acting, uploaded_by=request.user, rows=form.rows,
                file_name=form.cleaned_data["file_name"], key=form.cleaned_data["key"],
            )  # fmt: skip
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return redirect(upload)
    earlier = selectors.enduser_imports_of(request.acting).exclude(job=None)[:EARLIER_IMPORTS]
    return render(request, "accounts/upload_endusers.html", {"form": form, "earlier": earlier})


@require_safe
@allowed(permissions.may_create_endusers)
def endusers_template(request: PortalRequest, ending: str) -> HttpResponseBase:
    """A file with the columns of an import, and no rows."""
    name, rows = f"endusers.{ending}", enduser_rows([])
    return csv_response(name, rows) if ending == "csv" else xlsx_response(name, "Endusers", rows)


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_create_endusers)
def check_import(request: PortalRequest, pk: int) -> HttpResponseBase:
    """What an import would make of an uploaded file; its button begins it."""
    upload = get_object_or_404(selectors.enduser_imports_of(request.acting), pk=pk)
    form = OneUseForm(request.POST if request.method == "POST" else None, binding=binding_of(request, "import_endusers"))
    if request.method == "POST" and form.is_valid():
        try:
            job = services.import_endusers(upload=upload, reseller=request.acting, imported_by=request.user, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return redirect(job)
    shown = import_page(upload, tab=request.GET.get("rows", ""), number=request.GET.get("page", ""))
    return render(request, "accounts/check_import.html", {"form": form, "shown": shown})


@require_safe
@allowed(permissions.may_create_endusers)
@limited("files")
def problem_rows_csv(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The rows that can't be imported, each with the reason; put right, the file can be uploaded as it is."""
    upload = get_object_or_404(selectors.enduser_imports_of(request.acting), pk=pk)
    return csv_response(f"problem-rows-{pk}.csv", problem_rows(problem_rows_of(upload).iterator(chunk_size=2000)))


# ── Invitations ──


@require_safe
@login_not_required
def open_invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Take the token out of the address, so that it stands in no history and no referrer."""
    request.session[INVITATION_TOKEN] = token
    return redirect("accounts:accept_invitation")


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
    form = AcceptInvitationForm(request.POST if request.method == "POST" else None, user=invitation.user)
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


# ── Links ──


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_administer)
def link_account(request: PortalRequest) -> HttpResponseBase:
    """Link User Admin: make a link with the other account's credentials; see and end links in both directions (A2, A5)."""
    form = LinkAccountForm(request.POST if request.method == "POST" else None, request=request, binding=binding_of(request, "link_account"))
    if request.method == "POST" and form.is_valid() and form.proved_by:
        try:
            link = links.link_account(holder=request.acting, linked_by=request.user, proved_by=form.proved_by, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("Linked to %(target)s. Transfer Licenses is now in the menu.") % {"target": link.target})
            return redirect("accounts:link_account")
    context = {
        "form": form,
        "links": [(link.target, link, _one_button(request, "remove_link")) for link in selectors.links_of(request.acting)],
        "incoming": [(link, _one_button(request, "remove_access")) for link in selectors.incoming_links_of(request.acting)],
    }
    response = render(request, "accounts/link_account.html", context)
    is_locked = any(form.has_error(name, TOO_MANY_TRIES) for name in (NON_FIELD_ERRORS, "code"))
    return throttled(response) if is_locked else response


def _one_button(request: PortalRequest, form: str) -> OneUseForm:
    """A form that is one button of many on its page: each has a key of its own, and none an id that another has too."""
    return OneUseForm(binding=binding_of(request, form), auto_id=False)


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
    return press(request, form, partial(links.remove_link, link=link, removed_by=request.user, acting=request.acting))


# ── Settings ──


@require_safe
@allowed(permissions.may_administer)
def security_log(request: PortalRequest) -> HttpResponse:
    """Sign-in and security log: what happened at the account's doors, newest first."""
    form = SecurityLogFilterForm(request.GET, account=request.acting)
    shown = security_page(form, before=request.GET.get("before", ""), after=request.GET.get("after", ""))
    return render(request, "accounts/security_log.html", {"form": form, "shown": shown})


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


# ── Settings: the team ──


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
    form = InviteUserForm(request.POST if request.method == "POST" else None, binding=binding_of(request, "invite_user"))
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
    form = ChangeRoleForm(
        request.POST if request.method == "POST" else None, binding=binding_of(request, "change_role"), initial={"role": person.role}
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_role(account=request.acting, user=person, changed_by=request.user, **form.cleaned_data)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return _with_the_new_role(request, changed)
    buttons = {name: _one_button(request, name) for name in ("invite_user_again", "deactivate_user", "activate_user")}
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
