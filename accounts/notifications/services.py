"""The flows about an account's notices: which it gets, in which time zone, where to, and who else gets copies."""

import uuid
from collections.abc import Mapping

from django.utils import timezone
from django.utils.translation import gettext

from accounts import notices, permissions, security_log
from accounts.models import Account, NoticeChoice, NoticeRecipient, User
from accounts.security_log import Kind
from accounts.services import lock_account
from accounts.unproven_addresses import check_not_too_many
from licensing_portal.foundation import submissions
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.flows import flow
from licensing_portal.foundation.notice_kinds import all_kinds

MOST_RECIPIENTS = 5


class NotARecipient(Refusal):
    """The address gets the account's notices already, there are too many, or it gets none."""


@flow
def save_notices(*, account: Account, changed_by: User, wanted: Mapping[str, bool], time_zone: str) -> Account:
    """Say which of the notices that an account may go without it wants, and in which time zone it reads them (C4, C9).

    Of those that the rules promise none can be switched off, whatever is sent. Saved twice it is the same, so there is no key.

    Raises NotAllowed.
    """
    permissions.require(permissions.may_administer, changed_by, account)
    account.time_zone = time_zone
    account.save(update_fields=["time_zone"])
    optional = {kind.letter for kind in all_kinds() if kind.is_optional}
    for letter in optional & wanted.keys():
        NoticeChoice.objects.update_or_create(account=account, letter=letter, defaults={"is_wanted": wanted[letter]})
    return account


@flow
def add_recipient(*, account: Account, added_by: User, email: str, key: str) -> NoticeRecipient:
    """Ask a further address whether it wants copies of the account's notices; it gets none before it agrees (A9, B5).

    Raises NotAllowed, NotARecipient, TooManyAsked, FormAlreadyUsed.
    """
    claim = submissions.claim(key, NoticeRecipient, account.username, email)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_administer, added_by, account)
    account = lock_account(account)  # two who add addresses at once would each find room for one
    if account.email.lower() == email.lower() or account.recipients.filter(email__iexact=email).exists():
        raise NotARecipient(gettext("%(email)s is there already") % {"email": email}, field="email")
    if account.recipients.count() >= MOST_RECIPIENTS:
        raise NotARecipient(gettext("%(number)s further addresses are the most. Remove one first.") % {"number": MOST_RECIPIENTS}, field="email")
    check_not_too_many(account.username, notices.AGREE_TO_COPIES)
    recipient = NoticeRecipient.objects.create(account=account, email=email, added_by=added_by)
    notices.agree_to_copies(recipient)
    security_log.record(Kind.RECIPIENT_ADDED, user=added_by, about=f"{email}, asked")
    return claim.settle(recipient)


@flow
def agree_to_copies(*, recipient: NoticeRecipient) -> None:
    """Send copies to a further address from now on: whoever reads it said yes (A9). Said twice it is the same.

    Raises NotARecipient.
    """
    locked = NoticeRecipient.objects.select_for_update(of=("self",), no_key=True).select_related("account").filter(pk=recipient.pk).first()
    if locked is None:
        raise NotARecipient(gettext("This address was removed. Nothing is sent to it."))
    if locked.confirmed_at is None:
        locked.confirmed_at = timezone.now()
        locked.save(update_fields=["confirmed_at"])
        security_log.record(Kind.RECIPIENT_ADDED, account=locked.account, about=f"{locked}, agreed")


@flow
def remove_recipient(*, account: Account, recipient: NoticeRecipient, removed_by: User, key: str) -> Account:
    """Send a further address no more copies. One that is gone already is no error (B5).

    Raises NotAllowed, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Account, account.username, recipient.email)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_administer, removed_by, account)
    if account.recipients.filter(pk=recipient.pk).delete()[0]:
        security_log.record(Kind.RECIPIENT_REMOVED, user=removed_by, about=recipient.email)
    return claim.settle(account)


@flow
def end_copies(*, recipient: NoticeRecipient) -> None:
    """Send a further address no more copies, because whoever reads it said so; twice it is the same (A9)."""
    if NoticeRecipient.objects.filter(pk=recipient.pk).delete()[0]:
        security_log.record(Kind.RECIPIENT_REMOVED, account=recipient.account, about=f"{recipient}, by its own wish")


@flow
def move_notices(*, account: Account, recipient: NoticeRecipient, changed_by: User) -> Account:
    """Make a further address, which has agreed, the account's own in place of the one of before, which is told (A9).

    The password was asked for; and what was moved is no further address any more, so there is no key (B5).

    Raises NotAllowed, NotARecipient.
    """
    permissions.require(permissions.may_administer, changed_by, account)
    account = lock_account(account)
    if not account.recipients.filter(pk=recipient.pk).exclude(confirmed_at=None).delete()[0]:
        raise NotARecipient(gettext("%(email)s has not agreed yet, or was removed. Nothing was changed.") % {"email": recipient.email})
    old, account.email = account.email, recipient.email
    account.save(update_fields=["email"])
    security_log.record(Kind.NOTICE_ADDRESS_CHANGED, user=changed_by, about=f"{old} → {account.email}")
    notices.notice_address_changed(account, address=old, changed_by=changed_by, event=f"address {uuid.uuid4().hex}")
    return account
