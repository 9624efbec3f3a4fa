"""The second factor of a person's sign-in (rules.md §1): who has one, who must have one, and whether a code is right.

allauth keeps the factors: an authenticator app (its key), passkeys, and recovery codes beside either. What it takes as a code
is decided here, for every door that asks for one.
"""

import base64
from typing import cast

from allauth.mfa.adapter import DefaultMFAAdapter, get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models import User

PORTAL = "License Portal"  # what an authenticator app and a passkey are kept under
WRONG_CODE = _("That code didn’t match. Codes change every 30 seconds and work once; check your device’s clock.")
WRONG_PASSKEY = _("That passkey didn’t match. Try again, or use a code.")

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
TAKES_CODES = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]


class FactorAdapter(DefaultMFAAdapter):
    """Our answers to allauth's questions about second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": WRONG_PASSKEY}

    def get_totp_label(self, user: User) -> str:
        return user.username

    def get_totp_issuer(self) -> str:
        return PORTAL

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": PORTAL}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, str | bytes]:
        return {**super().get_public_key_credential_user_entity(user), "name": user.username, "display_name": user.username}

    def encrypt(self, text: str) -> str:
        """Whoever reads the database alone, or a backup of it, makes no codes."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text).decode()


def _cipher() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    keys = [salted_hmac("accounts.security", "second factors", secret=secret, algorithm="sha256").digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


# ── Who has one ──


def factors_of(user: User) -> QuerySet[Authenticator]:
    """What the person can use as a second factor, the oldest first; recovery codes are none by themselves."""
    return cast("QuerySet[Authenticator]", Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).order_by("pk"))


def passkeys_of(user: User) -> QuerySet[Authenticator]:
    """The person's passkeys, the oldest first."""
    return factors_of(user).filter(type=Authenticator.Type.WEBAUTHN)


def has_factor(user: User) -> bool:
    return factors_of(user).exists()


def has_app(user: User) -> bool:
    """Whether it is an authenticator app, or one of them is."""
    return factors_of(user).filter(type=Authenticator.Type.TOTP).exists()


def recovery_codes_of(user: User) -> list[str]:
    """The recovery codes that were not used yet; none where the person has no second factor."""
    codes = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
    return codes.wrap().get_unused_codes() if codes else []


def is_required_of(user: User) -> bool:
    """Whether the person must have one: staff must, the demo's apart, and whose account says so."""
    return user.account.requires_second_factor or (user.is_staff and user.username not in settings.STAFF_WITHOUT_SECOND_FACTOR)


def is_missing(user: User) -> bool:
    """Whether the person must have one and has none."""
    return is_required_of(user) and not has_factor(user)


# ── Whether a code is right ──


def use_up(user: User, code: str) -> Authenticator | None:
    """Return the factor that this code is of, which it is no more, or None.

    To be called in a transaction: its row lock lets one of two presses of the same code have it.
    """
    for factor in Authenticator.objects.select_for_update().filter(user_id=user.pk, type__in=TAKES_CODES).order_by("-type"):
        is_right = _is_next_code(factor, code) if factor.type == Authenticator.Type.TOTP else factor.wrap().validate_code(code)
        if is_right:
            factor.refresh_from_db()
            return cast("Authenticator", factor)
    return None


def _is_next_code(factor: Authenticator, code: str) -> bool:
    """Whether an app's code is right and later than the last that was taken: each works once, however long it is good for."""
    step = step_of(decrypt(factor.data["secret"]), code)
    if step is None or step <= factor.data.get("last_step", 0):
        return False
    factor.data["last_step"] = step
    factor.save(update_fields=["data"])
    return True


def step_of(secret: str, code: str) -> int | None:
    """Return the half minute that an app's code is of: this one, the one before or the one after; None if of none."""
    digits = "".join(code.split())
    steps: list[int] = [
        step for step in yield_hotp_counters_from_time() if constant_time_compare(format_hotp_value(hotp_value(secret, step)), digits)
    ]
    return steps[-1] if steps else None


def picture_of(address: str) -> str:
    """Draw what an app scans, as the address of a picture that needs nothing but itself."""
    svg = cast("str", get_adapter().build_totp_svg(address))
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
