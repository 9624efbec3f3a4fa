"""Forms about an account's notices."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import NewAddressField, helper_of
from accounts.models import Account
from accounts.telling import is_wanted
from licensing_portal.foundation.forms import OneUseForm, TimeZoneField, missing
from licensing_portal.foundation.notice_kinds import NoticeKind, all_kinds


def kinds_of(account: Account) -> list[NoticeKind]:
    """The kinds of notices that the account may get at all."""
    return [kind for kind in all_kinds() if kind.only_of in ("", account.kind)]


def _field_name(kind: NoticeKind) -> str:
    return kind.letter.rpartition("/")[2]


class NoticesForm(forms.Form):
    """Which notices an account gets, and in which time zone; those that are always sent have words in place of a box."""

    time_zone = TimeZoneField(error_messages=missing(_("Enter a time zone")))

    def __init__(self, data: Any = None, *, account: Account) -> None:
        super().__init__(data)
        self.kinds = kinds_of(account)
        self.fields["time_zone"].initial = account.time_zone
        self.fields["time_zone"].help_text = gettext(
            "Times in these notices are written in it, and in UTC. Users who chose no zone read the pages in it."
        )
        for kind in self.kinds:
            if kind.is_optional:
                box = forms.CheckboxInput(attrs={"class": "form-check-input"})
                self.fields[_field_name(kind)] = forms.BooleanField(label=kind.name, required=False, initial=is_wanted(kind, account), widget=box)
        self.helper = helper_of("time_zone")

    @property
    def rows(self) -> list[tuple[NoticeKind, BoundField | None]]:
        """Each kind with its box, or with None where it is always sent."""
        return [(kind, self[_field_name(kind)] if kind.is_optional else None) for kind in self.kinds]

    @property
    def wanted(self) -> dict[str, bool]:
        """What was said of each kind that one may go without, by its letter."""
        return {kind.letter: self.cleaned_data[_field_name(kind)] for kind in self.kinds if kind.is_optional}


class AddRecipientForm(OneUseForm):
    """A further address."""

    email = NewAddressField(_("It is asked first, and gets nothing before it agrees."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper_of("key", "email")
