"""Forms about oneself: how one is called, where one's clock is, what the pages look like, and where letters go."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.context_processors import THEMES
from accounts.forms import NewAddressField, helper_of
from accounts.models import User
from accounts.security.forms import ConfirmedForm
from licensing_portal.foundation.forms import OneLineField, TimeZoneField, missing

THEME_NAMES = {"light": _("Light"), "dark": _("Dark")}


class ProfileForm(forms.Form):
    """Name and time zone."""

    name = OneLineField(label=_("Name"), required=False, max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    time_zone = TimeZoneField(required=False)

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, initial={"name": user.name, "time_zone": user.time_zone})
        self.fields["name"].help_text = gettext("Shown with your username, %(user)s, where the portal says who did something.") % {"user": user}
        self.fields["time_zone"].help_text = gettext("Type a place, like Berlin. Empty: that of your account, %(time_zone)s.") % {
            "time_zone": user.account.time_zone
        }
        self.helper = helper_of("name", "time_zone")


class ThemeForm(forms.Form):
    """Light, dark, or as the device has it."""

    theme = forms.ChoiceField(
        label=_("Theme"),
        choices=[("auto", _("Auto")), *((theme, THEME_NAMES[theme]) for theme in THEMES)],
        help_text=_("Kept in this browser alone."),
    )

    def __init__(self, data: Any = None, *, theme: str) -> None:
        super().__init__(data, initial={"theme": theme})
        self.fields["theme"].error_messages |= missing(gettext("Choose a theme")) | {"invalid_choice": gettext("Choose one of the three themes")}
        self.helper = helper_of("theme")


class ChangeEmailForm(ConfirmedForm):
    """Another address, and the password."""

    email = NewAddressField(_("A link goes there. Your address changes once you open it, within 24 hours."))

    field_order = ["email", "password"]

    def __init__(self, data: Any = None, *, request: HttpRequest) -> None:
        super().__init__(data, request=request)
        self.fields["email"].widget.attrs |= {"autocomplete": "email"}
