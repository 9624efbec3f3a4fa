"""Second factors as rows, without setting them up: an authenticator app whose key all tests know (tests/authenticator.py)."""

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP

from accounts.security import factors
from tests.authenticator import KEY


def give_factor(user):
    """An authenticator app and recovery codes, unless the user has a second factor already."""
    if not factors.has_factor(user):
        app = TOTP.activate(user, KEY).instance
        app.data["last_step"] = 0
        app.save()
        RecoveryCodes.activate(user)
    return user
