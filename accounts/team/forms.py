"""Forms about the users of an account. They check shape; services check rules."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import NewAddressField, NewUsernameForm, helper_of
from accounts.models import User
from licensing_portal.foundation.forms import OneUseForm, missing

ROLES_IN_WORDS = _("Administrators do everything, managers move licenses, viewers only look.")


class RoleField(forms.ChoiceField):
    """What a user may do in the account."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label=_("Role"),
            choices=User.Role.choices,
            help_text=ROLES_IN_WORDS,
            error_messages=missing(_("Choose a role")) | {"invalid_choice": _("Choose one of the three roles")},
            **options,
        )


class InviteUserForm(NewUsernameForm):
    """A new user of one's own account: who it is, what it may do, and where its invitation goes."""

    email = NewAddressField(_("The invitation goes there. Each user has an address of their own."))
    role = RoleField(initial=User.Role.VIEWER)


class ChangeRoleForm(OneUseForm):
    """Another role for a user of one's own account."""

    role = RoleField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper_of("key", "role")
