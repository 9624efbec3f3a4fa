"""The flows about one's own sign-in: password, second factor, and whether an account asks for one.

One's own changes take no one-use key. Each is asked for with the password, or is the same done twice; and a key remembers a
digest of what was sent with it for ever, which of a password or a code nobody should (B5).
"""

import uuid
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.db import transaction
from django.utils.translation import gettext

from accounts import notices, permissions, security_log, selectors, sessions
from accounts.models import Account, User
from accounts.notices import APP, PASSKEY
from accounts.security import factors
from accounts.security_log import Kind
from licensing_portal.foundation import submissions
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.flows import flow

NOBODY = User(pk=0, username="nobody", email="nobody@example.com")  # stands in for a name that nobody has, and is never saved


class FactorRefused(Refusal):
    """The second factor is there already, is the last one, or is needed for what was asked."""


@flow
def change_password(*, user: User, acting: Account, password: str, session: str | None = None) -> User:
    """Give oneself another password: all sessions end but the one with this key, and links that stood on the old one ask again (A6).

    Raises NotAllowed.
    """
    permissions.require(permissions.may_secure_sign_in, user, acting)
    user.set_password(password)
    user.save(update_fields=["password"])
    security_log.record(Kind.PASSWORD_CHANGED, user=user)
    finish_password_change(user=user, session=session)
    return user


@transaction.atomic
def ask_for_new_password(*, user: User) -> None:
    """Queue our own letter to the user's proven address; what was typed may be a username (A1).

    To NOBODY a letter is queued as well, and undone: what the database has to do would else tell who exists (A8).
    """
    is_known = user != NOBODY
    with transaction.atomic():
        notices.password_reset(user, address=selectors.proven_address_of(user), request_id=uuid.uuid4().hex)
        transaction.set_rollback(not is_known)
    security_log.record(Kind.RESET_ASKED, user=user if is_known else None)


@transaction.atomic
def finish_password_change(*, user: User, session: str | None = None) -> None:
    """Do what follows from a new password, also from one that was chosen over a link: all sessions end but one, and the user is told (A6)."""
    sessions.end_all(user, but=session)
    notices.password_changed(user, **_to(user))


@flow
def set_up_authenticator(*, user: User, acting: Account, secret: str, step: int) -> Authenticator:
    """Make an authenticator app, with this key, one's second factor; the code of `step` was shown for it and works no more (rules.md §1).

    Raises NotAllowed, FactorRefused.
    """
    permissions.require(permissions.may_secure_sign_in, user, acting)
    if factors.has_app(user):
        raise FactorRefused(gettext("An authenticator app is set up already"))
    app = TOTP.activate(user, secret).instance
    app.data["last_step"] = step
    app.save(update_fields=["data"])
    RecoveryCodes.activate(user)
    security_log.record(Kind.SECOND_FACTOR_ADDED, user=user, about=APP)
    notices.second_factor_on(user, factor=APP, **_to(user))
    return app


@flow
def add_passkey(*, user: User, acting: Account, name: str, credential: dict[str, Any]) -> Authenticator:
    """Make a passkey one's second factor, beside others that there may be (rules.md §1).

    Raises NotAllowed.
    """
    permissions.require(permissions.may_secure_sign_in, user, acting)
    passkey = WebAuthn.add(user, name, credential).instance
    RecoveryCodes.activate(user)
    security_log.record(Kind.SECOND_FACTOR_ADDED, user=user, about=f"{PASSKEY}: {name}")
    notices.second_factor_on(user, factor=PASSKEY, **_to(user))
    return passkey


@flow
def remove_passkey(*, user: User, acting: Account, passkey: Authenticator) -> None:
    """Take one of one's passkeys away, while another second factor is left (rules.md §1).

    Raises NotAllowed, FactorRefused.
    """
    permissions.require(permissions.may_secure_sign_in, user, acting)
    if not factors.factors_of(user).exclude(pk=passkey.pk).exists():
        raise FactorRefused(gettext("This is your only second factor. Turn the second factor off instead."))
    if factors.passkeys_of(user).filter(pk=passkey.pk).delete()[0]:
        security_log.record(Kind.SECOND_FACTOR_REMOVED, user=user, about=f"{PASSKEY}: {passkey}")
        notices.second_factor_removed(user, factor=PASSKEY, **_to(user))


@flow
def renew_recovery_codes(*, user: User, acting: Account) -> list[str]:
    """Make new recovery codes; those of before are void (rules.md §1).

    Raises NotAllowed, FactorRefused.
    """
    permissions.require(permissions.may_secure_sign_in, user, acting)
    if not factors.has_factor(user):
        raise FactorRefused(gettext("Recovery codes stand beside a second factor. Set one up first."))
    Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).delete()
    RecoveryCodes.activate(user)
    security_log.record(Kind.SECOND_FACTOR_ADDED, user=user, about="New recovery codes")
    notices.recovery_codes_renewed(user, **_to(user))
    return factors.recovery_codes_of(user)


@flow
def turn_off_second_factor(*, user: User, acting: Account) -> None:
    """Take all of one's second factors away, recovery codes with them; who must have one is asked for a new one (rules.md §1).

    Raises NotAllowed.
    """
    permissions.require(permissions.may_secure_sign_in, user, acting)
    gone, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    if gone:
        security_log.record(Kind.SECOND_FACTOR_REMOVED, user=user, about="All of them, turned off")
        notices.second_factor_off(user, **_to(user))


@flow
def take_away_second_factor(*, user: User, taken_by: User, key: str) -> User:
    """Take all second factors of somebody who has lost them away, and end all sessions; superusers alone may, in the admin (rules.md §1).

    Raises NotAllowed, FactorRefused, FormAlreadyUsed.
    """
    claim = submissions.claim(key, User, user.username)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_take_away_second_factor, taken_by, taken_by.account)
    gone, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    if not gone:
        raise FactorRefused(gettext("%(user)s has no second factor. Nothing was changed.") % {"user": user})
    sessions.end_all(user)
    security_log.record(Kind.SECOND_FACTOR_REMOVED, user=taken_by, other=user.account, about=f"All of {user}, who had lost them")
    notices.second_factor_off(user, **_to(user))
    return claim.settle(user)


@flow
def require_second_factor(*, account: Account, changed_by: User, is_required: bool) -> Account:
    """Ask every user of the account for a second factor from the next request on, or no longer (rules.md §1).

    Raises NotAllowed.
    """
    permissions.require(permissions.may_administer, changed_by, account)
    if Account.objects.filter(pk=account.pk, requires_second_factor=not is_required).update(requires_second_factor=is_required):
        security_log.record(Kind.SECOND_FACTOR_REQUIRED if is_required else Kind.SECOND_FACTOR_OPTIONAL, user=changed_by)
    account.requires_second_factor = is_required
    return account


@transaction.atomic
def use_code(*, user: User, code: str) -> Authenticator | None:
    """Use a code up and return the factor that it is of, or None; of a recovery code the user is told (rules.md §1)."""
    factor = factors.use_up(user, code)
    if factor and factor.type == Authenticator.Type.RECOVERY_CODES:
        security_log.record(Kind.SECOND_FACTOR_REMOVED, user=user, about="A recovery code, which was used")
        notices.recovery_code_used(user, left=len(factors.recovery_codes_of(user)), **_to(user))
    return factor


def _to(user: User) -> dict[str, str]:
    """Where the letter goes, and an event of its own: each of these may happen again."""
    return {"address": selectors.address_of(user), "event": f"sign-in {uuid.uuid4().hex}"}
