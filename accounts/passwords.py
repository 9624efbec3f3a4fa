"""What our own rule adds to Django's about passwords: none that a stranger would try first."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from accounts.models import Account, User

LONG_WORD = 5  # letters: shorter words stand in good passwords by chance


class NoNamesValidator:
    """Refuse a password that contains the user's name, the account's, or a longer word of the company's or the publisher's."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError if a name is in it, case ignored."""
        if user is None:
            return
        publisher = Account.objects.filter(kind=Account.Kind.PUBLISHER).values_list("company", flat=True)
        words = [word for company in (user.account.company, *publisher) for word in company.split() if len(word) >= LONG_WORD]
        for name in (user.username, user.account.username, *words):
            if name.casefold() in password.casefold():
                raise ValidationError(gettext("Choose a password without “%(name)s” in it") % {"name": name}, code="password_contains_a_name")

    def get_help_text(self) -> str:
        return gettext("It must not contain your username, your company’s name or the publisher’s.")
