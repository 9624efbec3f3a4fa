"""The flows about oneself: name and time zone, and another address, which counts once the link that went there is opened.

One's own changes take no one-use key: the same saved twice is the same, and of a link asked for twice the last one counts (B5).
"""

import uuid
from contextlib import suppress
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import notices, permissions, security_log, selectors
from accounts.models import Account, AddressChange, User
from accounts.security_log import Kind
from accounts.services import EmailTaken
from accounts.unproven_addresses import check_not_too_many
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.flows import flow

PRESSED_TWICE = timedelta(minutes=1)


class SameEmail(Refusal):
    """It is the user's address already."""


class LinkNotGood(Refusal):
    """The link was used, another was asked for since, or it is another user's."""


@flow
def save_profile(*, user: User, acting: Account, name: str, time_zone: str) -> User:
    """Give oneself a name and a time zone; the username, by which history tells who it was, stays (rules.md §1).

    Raises NotAllowed.
    """
    permissions.require(permissions.may_secure_sign_in, user, acting)
    user.name, user.time_zone = name, time_zone
    user.save(update_fields=["name", "time_zone"])
    return user


@flow
def ask_for_email(*, user: User, acting: Account, email: str) -> AddressChange:
    """Send a link to a new address of one's own; nothing changes before it is opened (rules.md §1).

    Raises NotAllowed, SameEmail, EmailTaken, TooManyAsked.
    """
    permissions.require(permissions.may_secure_sign_in, user, acting)
    if email.lower() == selectors.proven_address_of(user).lower():
        raise SameEmail(gettext("%(email)s is your address already") % {"email": email}, field="email")
    if User.objects.filter(email__iexact=email).exists():
        raise EmailTaken(gettext("%(email)s belongs to another user. Each user needs an address of their own.") % {"email": email}, field="email")
    pending = selectors.pending_email_of(user)
    if pending and pending.email == email and timezone.now() - pending.asked_at < PRESSED_TWICE:
        return pending
    check_not_too_many(user.username, notices.CONFIRM_EMAIL)
    change = AddressChange.objects.create(user=user, email=email)
    notices.confirm_email(change)
    security_log.record(Kind.EMAIL_ASKED, user=user)
    return change


@flow
def confirm_email(*, user: User, acting: Account, change: AddressChange) -> User:
    """Make the address that a link went to the user's own, once; the old address is told (rules.md §1).

    Only the user who asked can: whoever else reads a mistyped address gets nothing by the link.

    Raises NotAllowed, LinkNotGood, EmailTaken.
    """
    permissions.require(permissions.may_secure_sign_in, user, acting)
    # The user's row is locked by now, so that of two presses the second finds the first one's mark.
    pending = selectors.pending_email_of(user)
    if pending is None or pending != change:
        raise LinkNotGood(gettext("This link is not good any more. Ask for a new one."))
    old = selectors.address_of(user)
    with suppress(IntegrityError), transaction.atomic():  # the unique constraint judges a rival who took it meanwhile
        User.objects.filter(pk=user.pk).update(email=change.email)
        user.email = change.email
    if user.email != change.email:
        raise EmailTaken(gettext("%(email)s belongs to another user by now. Each user needs an address of their own.") % {"email": change.email})
    AddressChange.objects.filter(pk=change.pk).update(confirmed_at=timezone.now())
    security_log.record(Kind.EMAIL_CHANGED, user=user, about=f"{old} → {change.email}")
    notices.email_changed(user, address=old, new_address=change.email, event=f"email {uuid.uuid4().hex}")
    return user
