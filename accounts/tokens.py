"""The secret part of a password reset's link."""

from datetime import datetime
from typing import cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator

from accounts.models import User


class ResetTokenGenerator(PasswordResetTokenGenerator):
    """Django's, which is void after a sign-in, a new password or another address; here also after a deactivation or a demotion (A6).

    Without it a link from before would open the sign-in of whoever was deactivated and activated again within the hour.
    """

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: datetime | int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{cast('User', user).revocations}"  # type: ignore[arg-type]
