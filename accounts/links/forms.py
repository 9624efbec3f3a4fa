"""The form of Link User Admin. It checks shape, and the credentials at the very door of the sign-in; services check rules."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.adapter import AccountAdapter
from accounts.forms import UsernameField, helper_of
from accounts.models import User
from accounts.security import factors
from accounts.security.codes import CodeField, check_code
from licensing_portal.foundation.forms import OneUseForm, missing


class LinkAccountForm(OneUseForm):
    """Name and password of an administrator of the account to be linked, and a code where that user has a second factor (A2).

    Checked once, never stored.
    """

    username = UsernameField(
        label=_("Username"),
        max_length=30,
        error_messages=missing(_("Enter a username")),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"), strip=False, error_messages=missing(_("Enter a password")), widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )
    code = CodeField(required=False)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.proved_by: User | None = None
        self.fields["code"].widget.attrs |= {"autocomplete": "off"}
        self.show_fields(*(["code"] if self.data.get("code") else []))

    def show_fields(self, *more: str) -> None:
        """Show the code as well where it is needed; no other form has a word of it."""
        self.fields["code"].required = "code" in more
        self.helper = helper_of("key", "username", "password", *more)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            self._authenticate(cleaned["username"], cleaned["password"])
        return cleaned

    def _authenticate(self, username: str, password: str) -> None:
        """Check the credentials by the very door that the sign-in uses, so that both count and lock together (A8)."""
        user = AccountAdapter(self.request).authenticate(self.request, username=username, password=password)
        if not isinstance(user, User) or not user.is_active:
            self.add_error("username", gettext("Username or password is wrong"))
            return
        # Whoever can't be linked at all is refused by the flow, in the words of a wrong password: here nothing may tell them apart.
        cannot_be_linked = user.is_staff or user.account.is_publisher
        if cannot_be_linked or not factors.has_factor(user) or self._has_the_code_of(user):
            self.proved_by = user

    def _has_the_code_of(self, user: User) -> bool:
        """Ask for the second factor of whose password was right; of anybody else's nothing is told (A2, A8)."""
        self.show_fields("code")
        code: str = self.cleaned_data.get("code", "")
        if not code:
            self.add_error("code", gettext("Enter the password again, and the code of this user’s second factor"))
            return False
        try:
            check_code(self.request, user, code)
        except ValidationError as problem:
            self.add_error("code", problem)
        return "code" not in self.errors
