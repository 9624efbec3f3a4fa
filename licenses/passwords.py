"""What the products add to the rules about passwords: theirs are names that a stranger would try first, too."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from accounts.models import User
from accounts.passwords import LONG_WORD
from licenses.models import Product


class NoProductNamesValidator:
    """Refuse a password that contains a product's name or its code; short codes stand in good passwords by chance."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError if one is in it, case ignored."""
        for name in (name for names in Product.objects.values_list("name", "code") for name in names if len(name) >= LONG_WORD):
            if name.casefold() in password.casefold():
                raise ValidationError(gettext("Choose a password without “%(name)s” in it") % {"name": name}, code="password_contains_a_product")

    def get_help_text(self) -> str:
        return gettext("It must not contain the name of a product.")
