"""Forms about one's own sign-in. Each change asks for the password again, counted with those of the sign-in (A8)."""

import struct
from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.adapter import AccountAdapter
from accounts.forms import NewPasswordField, helper_of
from accounts.security import factors
from accounts.security.codes import CodeField, check_code
from licensing_portal.foundation.forms import OneLineField, missing

# What a browser's answer about a passkey may be made of, if it was not made by a browser.
NOT_A_PASSKEY = (TypeError, ValueError, AttributeError, KeyError, IndexError, struct.error, RecursionError)


class PasskeyField(forms.JSONField):
    """What the browser says of a passkey; a script fills it in."""

    widget = forms.HiddenInput
    longest = 20_000  # characters, many times what a browser says

    def __init__(self) -> None:
        super().__init__(error_messages={"required": _("Press the button to use a passkey"), "invalid": factors.WRONG_PASSKEY})

    def prepare_value(self, value: Any) -> str:
        """What was said is good for once: a form that is shown again asks the browser again."""
        return ""

    def bound_data(self, data: Any, initial: Any) -> str:
        return ""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > self.longest:
            raise ValidationError(factors.WRONG_PASSKEY)
        try:
            return super().to_python(value)
        except RecursionError:
            raise ValidationError(factors.WRONG_PASSKEY) from None


# ── Signing in ──


class SecondFactorForm(AuthenticateForm):
    """A code of the authenticator app or a recovery code, after the password."""

    code = CodeField(_("From your authenticator app, or one of your recovery codes."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_app = factors.has_app(self.user)
        self.fields["code"].widget.attrs |= {"autofocus": self.has_app}
        if not self.has_app:
            self.fields["code"].help_text = gettext("One of your recovery codes.")
        self.helper = helper_of("code")

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        self.authenticator = check_code(context.request, self.user, code)
        return code


class UsePasskeyForm(AuthenticateWebAuthnForm):
    """A passkey, after the password."""

    credential = PasskeyField()

    def clean_credential(self) -> Authenticator:
        """Nobody guesses a passkey, so its tries are not counted; allauth would, and with the right one forget those of the address (A8)."""
        credential = self.cleaned_data["credential"]
        try:
            webauthn.parse_authentication_response(credential)
            return webauthn.complete_authentication(self.user, credential)
        except NOT_A_PASSKEY:
            raise ValidationError(factors.WRONG_PASSKEY) from None


# ── Changing it ──


class ConfirmedForm(forms.Form):
    """A change to one's own sign-in: whoever finds a browser open does not know the password."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("The one that you sign in with."),
        error_messages=missing(_("Enter your password")),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, data: Any = None, *, request: HttpRequest, **options: Any) -> None:
        super().__init__(data, **options)
        self.request = request
        self.person: Any = request.user
        self.helper = helper_of(*self.fields)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if AccountAdapter(self.request).authenticate(self.request, username=self.person.username, password=password) != self.person:
            raise ValidationError(gettext("This is not your password"))
        return password


class ChangePasswordForm(ConfirmedForm):
    """The old password and the new one."""

    new_password = NewPasswordField()

    def __init__(self, data: Any = None, *, request: HttpRequest) -> None:
        super().__init__(data, request=request)
        self.fields["password"].label, self.fields["new_password"].label = gettext("Old password"), gettext("New password")
        self.fields["password"].help_text = ""

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        password_validation.validate_password(password, self.person)
        return password


class SetUpAuthenticatorForm(ConfirmedForm):
    """The first code of an authenticator app that has the key, and the password."""

    code = CodeField(_("The six digits that the app shows now."), missing_words=_("Enter the code that the app shows"))

    field_order = ["code", "password"]

    def __init__(self, data: Any = None, *, request: HttpRequest, secret: str) -> None:
        super().__init__(data, request=request)
        self.secret = secret

    def clean_code(self) -> int:
        """Return the half minute that the code is of. Nothing is guessed here: the key is on the page."""
        step = factors.step_of(self.secret, self.cleaned_data["code"])
        if step is None:
            raise ValidationError(factors.WRONG_CODE)
        return step


class AddPasskeyForm(ConfirmedForm):
    """A passkey's name, the password, and what the browser says of it."""

    name = OneLineField(
        label=_("Name"), max_length=60, help_text=_("To tell it from others: “Office key”."), error_messages=missing(_("Enter a name"))
    )
    credential = PasskeyField()

    field_order = ["name", "password", "credential"]

    def clean_credential(self) -> dict[str, Any]:
        credential: dict[str, Any] = self.cleaned_data["credential"]
        try:
            webauthn.parse_registration_response(credential)
            webauthn.complete_registration(credential)
        except NOT_A_PASSKEY:
            raise ValidationError(factors.WRONG_PASSKEY) from None
        return credential


class TurnOffForm(ConfirmedForm):
    """The password and a code: whoever knows only one of them does not turn the second factor off."""

    code = CodeField()

    def clean(self) -> dict[str, Any]:
        """Ask the code only after the password, so that a wrong password uses up no recovery code."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check_code(self.request, self.person, cleaned["code"])
            except ValidationError as problem:
                self.add_error("code", problem)
        return cleaned


class SaveCodesForm(forms.Form):
    """That the recovery codes are kept somewhere."""

    saved = forms.BooleanField(
        label=_("I have saved them"),
        error_messages=missing(_("Save the codes, and then say so")),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
