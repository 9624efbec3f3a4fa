"""The editing desk for accounts and users. An account is opened by the service, which invites its first user."""

from typing import Any, cast

import allauth.account.admin  # noqa: F401 - registers the page that is taken away below
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from accounts import permissions, selectors, services
from accounts.models import Account, Link, User
from accounts.requests import PortalRequest, binding_of
from accounts.selectors import publisher
from licensing_portal.foundation import submissions
from licensing_portal.foundation.admin import ToReadOnly
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import OneUseForm
from licensing_portal.foundation.models import Notice

# allauth's table of addresses is not used: a user's address stands with the user.
admin.site.unregister(EmailAddress)


class NothingIsDeleted:
    """History outlives people: accounts are closed and users deactivated."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NewUsernameForm(forms.ModelForm):
    """A form of a new account or user, whose name neither an account nor a user may have (rules.md §1)."""

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"].lower()
        if problem := selectors.username_problem(username):
            raise forms.ValidationError(problem)
        return username


class NewResellerForm(NewUsernameForm):
    class Meta:
        model = Account
        fields = ["username", "company", "email"]


@admin.register(Account)
class AccountAdmin(NothingIsDeleted, admin.ModelAdmin):
    """Resellers are added here, endusers by their reseller (A1)."""

    list_display = ["username", "company", "kind", "reseller", "email", "closed_at"]
    list_filter = ["kind", ("closed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["reseller"]
    search_fields = ["username", "company", "email"]
    ordering = ["username"]
    fields = ["username", "company", "email", "kind", "reseller", "closed_at", "created_at"]
    readonly_fields = ["username", "kind", "reseller", "created_at"]

    def get_form(self, request: HttpRequest, obj: Account | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs) if obj else NewResellerForm

    def get_fields(self, request: HttpRequest, obj: Account | None = None) -> Any:
        return self.fields if obj else NewResellerForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> Any:
        return self.readonly_fields if obj else []

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The flow may refuse what the form let pass: a rival took the name at the same moment, or holds what it needs."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        opened = services.create_reseller(
            created_by=cast("User", request.user), username=obj.username, company=obj.company, email=obj.email, key=submissions.fresh_key()
        )
        obj.pk, obj.kind = opened.pk, opened.kind


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


@admin.register(User)
class UserAdmin(NothingIsDeleted, admin.ModelAdmin):
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

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs if obj else {**kwargs, "form": NewUsernameForm})

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (_is_superuser(request) or not (obj and obj.is_staff))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fixed = ["username", "account"] if obj else []
        return [*self.readonly_fields, *fixed, *([] if _is_superuser(request) else ["is_staff", "groups"])]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)


@admin.register(Link)
class LinkAdmin(ToReadOnly, admin.ModelAdmin):
    """Links to read: they are made and ended by the accounts themselves (A2, A5)."""

    list_display = ["holder", "target", "linked_by", "proved_by", "linked_at"]
    list_select_related = ["holder", "target", "linked_by", "proved_by"]
    search_fields = ["holder__username", "target__username"]
    ordering = ["-linked_at"]


def send_any_notice_again(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Mail whosever notice once more, after its account's address was put right or its mail server was (C4)."""
    if not permissions.may_send_any_notice_again(request.user, publisher()):
        raise PermissionDenied
    notice = get_object_or_404(Notice.objects.select_related("email"), pk=pk)
    form = OneUseForm(request.POST if request.method == "POST" else None, binding=binding_of(request, "send_any_notice_again"))
    if request.method == "POST" and form.is_valid():
        try:
            again = services.send_any_notice_again(notice=notice, sent_by=request.user, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, f"Queued for {again.account} at {again.address}.")
            return redirect("admin:foundation_notice_change", again.pk)
    context = admin.site.each_context(request) | {
        "form": form, "notice": notice, "title": "Send again",
        "account": Account.objects.filter(username=notice.account).first(), "refusal": services.why_not_sent_again(notice),
    }  # fmt: skip
    return render(request, "admin/send_any_notice_again.html", context)
