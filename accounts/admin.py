"""The editing desk for accounts and users. An account is opened by the service, which invites its first user."""

from typing import Any, cast

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401 - both register the pages that are taken away below
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import permissions, security_log, selectors, services, sessions
from accounts.forms import NewAccountForm
from accounts.models import Account, Link, SecurityEvent, User
from accounts.requests import PortalRequest, binding_of, data_of
from accounts.security import services as security
from accounts.security_log import Kind
from accounts.selectors import publisher
from accounts.team import services as team
from accounts.team.locking import lock_any_team
from licensing_portal.foundation.admin import ChangesAlone, MomentsAreNamed, NothingIsDeleted, ToReadOnly
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import OneUseForm
from licensing_portal.foundation.models import Notice

# allauth's table of addresses is not used: a user's address stands with the user. Its page of second factors shows their keys.
for model in (EmailAddress, Authenticator):
    admin.site.unregister(model)


# Django's own scripts draw lists to choose from whose fields have no names that a screen reader finds.
NAMES_FOR_DRAWN_FIELDS = [Script("portal/admin.js", defer=True)]


class StaffActsAreRecorded(admin.ModelAdmin):
    """What staff add and change stands in the security log, by the names of its fields and never with what was in them."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self.record(request, obj, "added")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        fields = [field for part in message for field in part.get("changed", {}).get("fields", [])] if isinstance(message, list) else []
        self.record(request, obj, f"changed: {', '.join(map(str, fields))}" if fields else "saved, nothing changed")
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self.record(request, obj, "deleted")
        return super().log_deletions(request, queryset)

    def record(self, request: HttpRequest, obj: Model, what: str, kind: Kind = Kind.STAFF_ACTED) -> None:
        """Write one line about an object, in the log of the account that it is or belongs to as well."""
        account = obj if isinstance(obj, Account) else getattr(obj, "account", None)
        name = f"{obj._meta.verbose_name_raw} {obj}"  # noqa: SLF001 - Django documents _meta; the log stays English
        security_log.record(kind, request=request, other=account, about=f"{name[:1].upper()}{name[1:]} {what}")


class NewUserForm(forms.ModelForm):
    """A form of a new user, whose name neither an account nor a user may have (rules.md §1)."""

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"].lower()
        if problem := selectors.username_problem(username):
            raise forms.ValidationError(problem)
        return username


class SignInFilter(admin.SimpleListFilter):
    """Whether anybody of the account ever signed in."""

    title = _("sign-in")
    parameter_name = "sign-in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("never", gettext("Never signed in"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(pk__in=selectors.accounts_never_signed_in()) if self.value() == "never" else queryset


@admin.register(Account)
class AccountAdmin(StaffActsAreRecorded, ChangesAlone, MomentsAreNamed, NothingIsDeleted, admin.ModelAdmin):
    """Resellers are created here, endusers by their reseller (A1)."""

    list_display = ["username", "company", "kind", "reseller", "email", "closed_at"]
    list_filter = ["kind", ("closed_at", admin.EmptyFieldListFilter), SignInFilter]
    list_select_related = ["reseller"]
    search_fields = ["username", "company", "email"]
    ordering = ["username"]
    fields = ["username", "company", "email", "kind", "reseller", "closed_at", "created_at"]
    readonly_fields = ["username", "kind", "reseller", "created_at"]

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.closed_at and "closed_at" in form.changed_data:
            sessions.end_all_of(obj)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("add/", self.admin_site.admin_view(create_reseller), name="accounts_account_add"),
            path("<int:pk>/invite-again/", self.admin_site.admin_view(invite_any_again), name="accounts_account_invite_again"),
        ]
        return [*own, *super().get_urls()]


class ChangedUserForm(forms.ModelForm):
    """A form of a user that there is; an administrator of its account stays, as on the team's own page (rules.md §1)."""

    def clean(self) -> dict[str, Any]:
        """Look under the lock, which holds until all is saved: the admin's page is one transaction."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and {"role", "is_active"} & set(self.changed_data):
            try:
                team = lock_any_team(self.instance.account)
                team.check_that_an_administrator_stays(team.member(self.instance), role=cleaned["role"], is_active=cleaned["is_active"])
            except Refusal as refusal:
                refusal.show_on(self)
        return cleaned


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


@admin.register(User)
class UserAdmin(StaffActsAreRecorded, ChangesAlone, NothingIsDeleted, admin.ModelAdmin):
    """Roles and activity. Passwords are chosen by their owners alone, over an invitation or a reset link.

    Who is staff, and what staff may do, is for superusers alone to say; and theirs alone is a staff user's address:
    whoever could put another there would get a reset link, and with it the other's rights.
    """

    list_display = ["username", "account", "role", "is_active", "is_staff", "last_login"]
    list_filter = ["role", "is_active", "is_staff"]
    list_select_related = ["account"]
    search_fields = ["username", "email", "account__username", "account__company"]
    ordering = ["username"]
    fields = ["username", "email", "account", "role", "is_active", "is_staff", "groups", "last_login", "created_at"]
    readonly_fields = ["last_login", "created_at"]
    filter_horizontal = ["groups"]
    autocomplete_fields = ["account"]

    class Media:
        js = NAMES_FOR_DRAWN_FIELDS

    def get_urls(self) -> list[URLPattern]:
        way = "<int:pk>/take-away-second-factor/"
        own = [path(way, self.admin_site.admin_view(take_away_second_factor), name="accounts_user_take_away_second_factor")]
        return [*own, *super().get_urls()]

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{**kwargs, "form": ChangedUserForm if obj else NewUserForm})

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (_is_superuser(request) or not (obj and obj.is_staff))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fixed = ["username", "account"] if obj else []
        return [*self.readonly_fields, *fixed, *([] if _is_superuser(request) else ["is_staff", "groups"])]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Role and activity are changed by the flow, with what follows from them."""
        if not change:
            obj.set_unusable_password()
        elif {"role", "is_active"} & set(form.changed_data):
            team.change_any_user(user=obj, role=obj.role, is_active=obj.is_active, changed_by=cast("User", request.user))
        super().save_model(request, obj, form, change)


@admin.register(Link)
class LinkAdmin(ToReadOnly, admin.ModelAdmin):
    """Links to read: they are made and ended by the accounts themselves (A2, A5)."""

    list_display = ["holder", "target", "linked_by", "proved_by", "linked_at"]
    list_select_related = ["holder", "target", "linked_by", "proved_by"]
    search_fields = ["holder__username", "target__username"]
    ordering = ["-linked_at"]


admin.site.unregister(Group)


@admin.register(Group)
class RecordedGroupAdmin(StaffActsAreRecorded, GroupAdmin):
    """What a group may do is what its members may do."""

    class Media:
        js = NAMES_FOR_DRAWN_FIELDS


@admin.register(SecurityEvent)
class SecurityEventAdmin(ToReadOnly, admin.ModelAdmin):
    """The whole security log to read (A8), with what no account of its own sees: names that no user has, and staff."""

    list_display = ["at", "kind", "user", "account", "other", "address", "about"]
    list_filter = ["kind", "at"]
    list_select_related = ["user", "account", "other"]
    search_fields = ["user__username", "account__username", "other__username", "address", "request_id", "about"]
    ordering = ["-pk"]
    fields = ["at", "kind", "user", "account", "other", "about", "address", "request_id"]
    show_full_result_count = False  # counting a long log costs more than a page of it


def create_reseller(request: PortalRequest) -> HttpResponseBase:
    """Create a reseller account and invite its first user (A1)."""
    if not permissions.may_open_resellers(request.user, publisher()):
        raise PermissionDenied
    form = NewAccountForm(data_of(request), binding=binding_of(request, "create_reseller"))
    if request.method == "POST" and form.is_valid():
        try:
            reseller = services.create_reseller(created_by=request.user, **form.cleaned_data)
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("Reseller created. An invitation goes to %(email)s.") % {"email": reseller.email})
            return redirect("admin:accounts_account_change", reseller.pk)
    return render(request, "admin/create_reseller.html", admin.site.each_context(request) | {"form": form, "title": gettext("Create a reseller")})


def invite_any_again(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Invite the first user of whichever account once more, to the account's address of today (A1)."""
    if not permissions.may_open_resellers(request.user, publisher()):
        raise PermissionDenied
    account = get_object_or_404(Account.objects.exclude(kind=Account.Kind.PUBLISHER), pk=pk)
    form = OneUseForm(data_of(request), binding=binding_of(request, "invite_any_again"))
    if request.method == "POST" and form.is_valid():
        try:
            invitation = services.invite_any_again(account=account, invited_by=request.user, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("A new invitation goes to %(email)s.") % {"email": invitation.email})
            return redirect("admin:accounts_account_change", account.pk)
    context = admin.site.each_context(request) | {"form": form, "account": account, "title": gettext("Send invitation again")}
    return render(request, "admin/invite_any_again.html", context)


def take_away_second_factor(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Let somebody in again who has lost the second factor and its recovery codes (rules.md §1)."""
    if not permissions.may_take_away_second_factor(request.user, publisher()):
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk)
    form = OneUseForm(data_of(request), binding=binding_of(request, "take_away_second_factor"))
    if request.method == "POST" and form.is_valid():
        try:
            security.take_away_second_factor(user=person, taken_by=request.user, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("%(person)s has no second factor now, and is signed out.") % {"person": person})
            return redirect("admin:accounts_user_change", person.pk)
    context = admin.site.each_context(request) | {"form": form, "person": person, "title": gettext("Take away second factor")}
    return render(request, "admin/take_away_second_factor.html", context)


def send_any_notice_again(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Mail whosever notice once more, after its account's address was put right or its mail server was (C4)."""
    if not permissions.may_send_any_notice_again(request.user, publisher()):
        raise PermissionDenied
    notice = get_object_or_404(Notice.objects.select_related("email"), pk=pk)
    form = OneUseForm(data_of(request), binding=binding_of(request, "send_any_notice_again"))
    if request.method == "POST" and form.is_valid():
        try:
            again = services.send_any_notice_again(notice=notice, sent_by=request.user, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("Queued for %(account)s at %(address)s.") % {"account": again.account, "address": again.address})
            return redirect("admin:foundation_notice_change", again.pk)
    context = admin.site.each_context(request) | {
        "form": form, "notice": notice, "title": gettext("Send again"),
        "account": Account.objects.filter(username=notice.account).first(), "address": selectors.address_of_notice(notice),
        "refusal": services.why_not_sent_again(notice),
    }  # fmt: skip
    return render(request, "admin/send_any_notice_again.html", context)
