"""Forms about signing in, endusers and links. They check shape; services check rules."""

from collections.abc import Mapping
from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordKeyForm
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout
from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import hashing, security_log, selectors
from accounts.models import USERNAME_RULE, Account, AccountQuerySet, SecurityEvent, User, username_is_well_formed
from accounts.security import services
from accounts.security_log import Kind
from licensing_portal.foundation.forms import FilterForm, OneLineField, OneUseForm, missing
from licensing_portal.foundation.sorting import Order, SortableFilterForm
from licensing_portal.foundation.text import Words

DRAWN_BY = {"password": "components/_password_field.html", "time_zone": "components/_zone_field.html"}  # by a part of the field's name
PASSWORD_RULE = _("At least 12 characters. A few words in a row are good.")


class UsernameField(OneLineField):
    """A username as people type it: spaces around it and capital letters make no other name."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).lower()


class NewPasswordField(forms.CharField):
    """A password to be chosen: one field with a button to show it."""

    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})

    def __init__(self) -> None:
        super().__init__(label=_("Password"), strip=False, help_text=PASSWORD_RULE, error_messages=missing(_("Choose a password")))


def helper_of(*fields: str) -> FormHelper:
    """Draw these fields, passwords with a button to show them and time zones with their list."""
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    drawn = {name: next((template for part, template in DRAWN_BY.items() if part in name), "") for name in fields}
    helper.layout = Layout(*(Field(name, template=template) if template else name for name, template in drawn.items()))
    return helper


class SignInForm(LoginForm):
    """Sign in. Wrong names and wrong passwords give the same words (A8)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, autocomplete in (("login", "username"), ("password", "current-password")):
            self.fields[name].widget.attrs = {"autocomplete": autocomplete}
        self.fields["login"].widget.attrs |= {"autofocus": True, "autocapitalize": "none", "spellcheck": "false"}
        self.fields["password"].help_text = ""
        self.fields["login"].error_messages |= missing(gettext("Enter your username"))
        self.fields["password"].error_messages |= missing(gettext("Enter your password"))
        self.helper = helper_of("login", "password")

    def clean(self) -> dict[str, Any]:
        with hashing.a_place() as has_one:
            if not has_one:
                raise ValidationError(gettext("Many people are signing in just now. Press again in a few seconds."), code=hashing.MANY_AT_ONCE)
            cleaned: dict[str, Any] = super().clean()
        if self.user and (self.user.account.closed_at or not self.user.is_active):
            why = _why_not(self.user)
            security_log.record(Kind.REFUSED, user=self.user, about=why)
            raise ValidationError(why)
        return cleaned


def _why_not(user: User) -> Words:
    """Say to whoever knows the password why it does not open the portal, and whom to ask."""
    if not user.account.closed_at:
        return format_lazy(_("Your user {user} is deactivated. Ask an administrator of your account."), user=user)
    reseller = user.account.reseller
    if not reseller:
        return _("This account is closed. Contact the publisher.")
    return format_lazy(_("This account is closed. Contact {company}."), company=reseller.company)


class ResetPasswordForm(AllauthResetPasswordForm):
    """Ask for a reset link by username or e-mail. The answer never tells whether either exists."""

    email = OneLineField(
        label=_("Username or email"),
        max_length=254,
        error_messages=missing(_("Enter a username or an email address")),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper_of("email")

    def clean_email(self) -> str:
        text: str = self.cleaned_data["email"]
        # Nobody is asked for as well, so that the time does not tell who exists (A8).
        self.users = selectors.users_for_reset(text) or [services.NOBODY]
        return text


class ChoosePasswordForm(ResetPasswordKeyForm):
    """Choose a new password over a reset link: typed once, as it can be shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]
        self.fields["password1"] = NewPasswordField()
        self.helper = helper_of("password1")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = forms.Form.clean(self) or self.cleaned_data
        if "password1" in cleaned:
            try:
                password_validation.validate_password(cleaned["password1"], self.user)
            except ValidationError as problem:
                self.add_error("password1", problem)
        return cleaned


class AcceptInvitationForm(forms.Form):
    """Choose the first password."""

    password = NewPasswordField()

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        self.user = user
        self.helper = helper_of("password")

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password, self.user)
        return password


class NewUsernameForm(OneUseForm):
    """A form that makes a user; its name stands among the users' and the accounts' (rules.md §1)."""

    username = UsernameField(
        label=_("Username"),
        max_length=30,
        validators=[username_is_well_formed],
        help_text=format_lazy(_("{rule}. It can’t be changed later."), rule=USERNAME_RULE),
        error_messages=missing(_("Enter a username")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs |= {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
        self.fields["email"].widget.attrs |= {"autocomplete": "off"}
        self.helper = helper_of(*self.fields)

    def clean(self) -> dict[str, Any]:
        """Tell of a username that is taken along with what else is wrong.

        Alone it is the service's to tell: a form sent again, whose first press took the name, must get the first result (B5).
        """
        cleaned = super().clean()
        if self.errors and "username" in cleaned and (problem := selectors.username_problem(cleaned["username"])):
            self.add_error("username", problem)
        return cleaned


class NewAddressField(forms.EmailField):
    """An address that nobody has proven yet: whoever opens the letter that goes there proves it."""

    def __init__(self, help_text: Words) -> None:
        wrong = {**missing(_("Enter an email address")), "invalid": _("Enter an email address like name@example.com")}
        super().__init__(label=_("Email"), max_length=254, help_text=help_text, error_messages=wrong)


class NewAccountForm(NewUsernameForm):
    """A new enduser of a reseller, or a new reseller: who it is, and where its invitation goes (A1)."""

    company = OneLineField(label=_("Company"), max_length=120, error_messages=missing(_("Enter a company")))
    email = NewAddressField(_("The invitation and all notices go there."))


class CorrectAddressForm(OneUseForm):
    """Where the invitation and the notices of a new enduser go from now on."""

    email = NewAddressField(_("A new invitation goes there. Earlier links stop working."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper_of("key", "email")


class EnduserFilterForm(SortableFilterForm):
    """The filters of a reseller's endusers."""

    place_in_list = ("page",)
    search_hint = _("Username, company or email")
    orders: Mapping[str, Order] = {
        "username": Order(_("Username, A to Z"), ("username",)),
        "-username": Order(_("Username, Z to A"), ("-username",)),
        "company": Order(_("Company, A to Z"), (Lower("company"), "username")),
        "-company": Order(_("Company, Z to A"), (Lower("company").desc(), "username")),
    }

    state = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("All statuses")), *selectors.EnduserState.choices])

    def __init__(self, data: QueryDict, *, reseller: Account) -> None:
        super().__init__(data)
        self.reseller = reseller
        # "import" is a word of Python's own, so this one is added here: only what one uploaded file made.
        self.fields["import"] = forms.IntegerField(label=gettext("Import"), required=False, min_value=1, max_value=2**31, widget=forms.HiddenInput)

    @property
    def endusers(self) -> AccountQuerySet:
        """The reseller's endusers that pass the filters, in the order that was chosen; none of them if a filter makes no sense."""
        if not self.is_valid():
            return Account.objects.none()
        wanted = self.cleaned_data
        endusers = selectors.endusers_matching(self.reseller, wanted["q"]).order_by(*self.order.fields)
        if wanted["import"]:
            endusers = endusers.filter(imported_as__upload=wanted["import"])
        return endusers.filter(Q(state=wanted["state"])) if wanted["state"] else endusers


class SecurityLogFilterForm(FilterForm):
    """The filters of an account's security log."""

    place_in_list = ("before", "after")
    search_hint = _("User or IP address")

    kind = forms.ChoiceField(label=_("What happened"), required=False, choices=[("", _("Everything")), *Kind.choices])

    def __init__(self, data: QueryDict, *, account: Account) -> None:
        super().__init__(data)
        self.account = account

    @property
    def events(self) -> QuerySet[SecurityEvent]:
        """The account's events that pass the filters, the newest first; none of them if a filter makes no sense.

        The search looks at what the account sees alone: the names and addresses of its own users (A9).
        """
        if not self.is_valid():
            return SecurityEvent.objects.none()
        events, text = selectors.security_events_of(self.account), self.cleaned_data["q"]
        if self.cleaned_data["kind"]:
            events = events.filter(kind=self.cleaned_data["kind"])
        mentions = Q(user__username__icontains=text) | Q(address__startswith=text.lower())
        return events.filter(mentions, user__account=self.account) if text else events
