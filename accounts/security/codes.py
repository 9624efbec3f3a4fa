"""A code that stands for a second factor, at every door that takes one: the sign-in, the link form, and turning it off (A2, A8)."""

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import security_log
from accounts.models import User
from accounts.security import factors, services
from accounts.security_log import Kind
from licensing_portal.foundation.forms import missing
from licensing_portal.foundation.text import Words

ENTER_A_CODE = _("Enter a code")
ANY_CODE = _("From the authenticator app, or one of the recovery codes.")


class CodeField(forms.CharField):
    """A code of an authenticator app, or a recovery code."""

    widget = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"})

    def __init__(self, help_text: Words = ANY_CODE, *, missing_words: Words = ENTER_A_CODE, required: bool = True) -> None:
        super().__init__(label=_("Code"), max_length=40, help_text=help_text, error_messages=missing(missing_words), required=required)


def check_code(request: HttpRequest, user: User, code: str) -> Authenticator:
    """Return the factor that this code is of, and use the code up.

    Wrong codes are counted by the person, wherever they come from, together with the address (A8): six digits are soon guessed.

    Raises ValidationError.
    """
    tries = ratelimit.consume(request, app="allauth.account", action="login_failed", key=f"second factor of {user.pk}")
    if not tries:
        security_log.record_once(Kind.LOCKED, request=request, user=user)
        raise get_adapter(request).validation_error("too_many_login_attempts")
    factor = services.use_code(user=user, code=code)
    if factor is None:
        security_log.record(Kind.SIGN_IN_FAILED, user=user, about=f"Wrong code: {security_log.place_of(request)}")
        raise ValidationError(factors.WRONG_CODE, code="wrong_code")
    tries.rollback()
    return factor
