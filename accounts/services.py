"""The flows about accounts: create one, invite its first user, accept an invitation, send a notice again. Each is one transaction."""

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import notices, permissions, security_log, selectors
from accounts.models import Account, Invitation, User
from accounts.security_log import Kind
from licensing_portal.foundation import submissions
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.flows import flow
from licensing_portal.foundation.locks import locked
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import send_again


class UsernameTaken(Refusal):
    """An account or a user has this name already; the two are one namespace (rules.md §1)."""


class EmailTaken(Refusal):
    """Another user has this address; a user's address is unique (rules.md §1)."""


class InvitationNotGood(Refusal):
    """The invitation was accepted already, or its user is no longer active."""


class NotSentAgain(Refusal):
    """The notice is still on its way, or carries a link that is one person's alone."""


class AccountClosed(Refusal):
    """The account was closed, and nothing goes to it any more."""


class NotYourEnduser(Refusal):
    """The owner that was named is not an enduser of this reseller, or is closed (C2)."""


def lock_account(account: Account, *, shared: bool = False) -> Account:
    """Return the account as it is now, locked against whoever moves, closes or opens it while something is being decided (B7).

    The lock of a foreign key would not do: it lets every column but the key change. A `shared` one is for flows that change nothing of it.
    """
    return locked(Account, account.pk, shared=shared)


def lock_open_account(account: Account, *, field: str = "") -> Account:
    """Return the account that licenses are to go to, locked while that is being decided (B7).

    Raises AccountClosed.
    """
    account = lock_account(account)
    if account.closed_at:
        raise AccountClosed(gettext("%(account)s is closed and can’t receive licenses") % {"account": account}, field=field)
    return account


def lock_own_enduser(reseller: Account, enduser: Account, *, shared: bool = False) -> Account:
    """Return the enduser, locked while something is being decided about it (B7).

    Raises NotYourEnduser.
    """
    enduser = lock_account(enduser, shared=shared)
    if enduser.reseller_id != reseller.pk:
        raise NotYourEnduser(gettext("“%(enduser)s” is not one of your endusers") % {"enduser": enduser}, field="owner")
    if enduser.closed_at:
        raise NotYourEnduser(gettext("%(enduser)s is closed and can’t receive licenses") % {"enduser": enduser}, field="owner")
    return enduser


@flow
def create_enduser(*, reseller: Account, created_by: User, username: str, company: str, email: str, key: str) -> Account:
    """Create an enduser account of `reseller` and invite its first user by e-mail (A1).

    Raises NotAllowed, UsernameTaken, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Account, username, company, email)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_create_endusers, created_by, reseller)
    enduser = _open_account(kind=Account.Kind.ENDUSER, reseller=reseller, username=username, company=company, email=email, opened_by=created_by)
    return claim.settle(enduser)


@flow
def create_reseller(*, created_by: User, username: str, company: str, email: str, key: str) -> Account:
    """Create a reseller account and invite its first user by e-mail; staff alone may, in the admin (rules.md §1).

    Raises NotAllowed, UsernameTaken, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Account, username, company, email)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_open_resellers, created_by, created_by.account)
    reseller = _open_account(kind=Account.Kind.RESELLER, reseller=None, username=username, company=company, email=email, opened_by=created_by)
    return claim.settle(reseller)


def _open_account(*, kind: Account.Kind, reseller: Account | None, username: str, company: str, email: str, opened_by: User) -> Account:
    """Make the account with its first user, who has the account's username and no password yet, and queue the invitation."""
    if problem := selectors.username_problem(username):
        raise UsernameTaken(problem, field="username")
    try:
        with transaction.atomic():  # the unique constraints judge a rival who asked at the same moment
            account = Account.objects.create(kind=kind, reseller=reseller, username=username, company=company, email=email)
            first_user = new_user(account, username, User.Role.ADMINISTRATOR)
    except IntegrityError:
        raise UsernameTaken(gettext("%(username)s is taken. Choose another username.") % {"username": username}, field="username") from None
    invite(first_user, email=email, invited_by=opened_by)
    security_log.record(Kind.ACCOUNT_CREATED, user=opened_by, other=account)
    return account


def new_user(account: Account, username: str, role: str) -> User:
    """Make a user who signs in once a password is chosen, over an invitation (A1). Raises IntegrityError where the name is taken."""
    user = User(account=account, username=username, role=role)
    user.set_unusable_password()
    user.save()
    return user


@flow
def invite_again(*, reseller: Account, enduser: Account, invited_by: User, key: str) -> Invitation:
    """Invite the first user of a reseller's enduser once more, at the account's address of today (A1).

    Raises NotAllowed, NotYourEnduser, InvitationNotGood, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Invitation, enduser.username)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_create_endusers, invited_by, reseller)
    return claim.settle(_invite_first_user(lock_own_enduser(reseller, enduser), invited_by=invited_by))


@flow
def invite_any_again(*, account: Account, invited_by: User, key: str) -> Invitation:
    """Invite the first user of whichever account once more, at the account's address of today; staff alone may, in the admin (A1).

    Raises NotAllowed, InvitationNotGood, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Invitation, account.username)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_open_resellers, invited_by, invited_by.account)
    account = lock_account(account)
    if account.closed_at:
        raise InvitationNotGood(gettext("%(account)s is closed. Nothing was sent.") % {"account": account})
    return claim.settle(_invite_first_user(account, invited_by=invited_by))


@flow
def correct_address(*, reseller: Account, enduser: Account, corrected_by: User, email: str, key: str) -> Account:
    """Put right where a new enduser's invitation and notices go, and invite it there; nobody gets in by the links of before (A1).

    Only until its first user has chosen a password: then the address is the enduser's own to change (A9).

    Raises NotAllowed, NotYourEnduser, InvitationNotGood, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Account, enduser.username, email)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_create_endusers, corrected_by, reseller)
    enduser = lock_own_enduser(reseller, enduser)
    # The user's row is locked as well, so that nobody accepts the invitation that is being withdrawn.
    user = User.objects.select_for_update(no_key=True).get(account=enduser, username=enduser.username)
    if user.has_usable_password() or not user.is_active:
        raise InvitationNotGood(
            gettext("%(enduser)s has signed in and changes its address itself. Nothing was changed.") % {"enduser": enduser}, field="email"
        )
    user.invitations.filter(accepted_at=None).update(withdrawn_at=timezone.now())
    security_log.record(Kind.NOTICE_ADDRESS_CHANGED, user=corrected_by, other=enduser, about=f"{enduser.email} → {email}")
    enduser.email = email
    enduser.save(update_fields=["email"])
    invite(user, email=email, invited_by=corrected_by)
    return claim.settle(enduser)


def _invite_first_user(account: Account, *, invited_by: User) -> Invitation:
    """Invite the first user of a locked account, unless that is over.

    Raises InvitationNotGood.
    """
    user = account.users.get(username=account.username)
    if user.has_usable_password() or not user.is_active:
        raise InvitationNotGood(gettext("%(user)s has accepted the invitation already. Nothing was sent.") % {"user": user})
    security_log.record(Kind.USER_INVITED, user=invited_by, other=account, about=f"{user}, once more")
    return invite(user, email=account.email, invited_by=invited_by)


@flow
def renew_invitation(*, invitation: Invitation) -> Invitation:
    """Send a new link in place of one whose time is over, to the same address, in the name of whoever invited (A1).

    Raises InvitationNotGood. Asked for several times, it sends one: a renewal that was not mailed yet is enough.
    """
    user = _lock_invited(invitation)
    still_good = timezone.now() - timedelta(seconds=settings.INVITATION_TIMEOUT)
    newer = user.invitations.filter(pk__gt=invitation.pk, invited_at__gt=still_good).order_by("-pk").first()
    if newer:
        return newer
    return invite(user, email=invitation.email, invited_by=invitation.invited_by)


def invite(user: User, *, email: str, invited_by: User) -> Invitation:
    """Invite a user at this address to choose a password, in the transaction that is open (A1)."""
    invitation = Invitation.objects.create(user=user, email=email, invited_by=invited_by)
    notices.invitation(invitation)
    return invitation


@flow
def accept_invitation(*, invitation: Invitation, password: str) -> User:
    """Give the invited user a password, once; the address that the invitation went to is proven by it (A1).

    Raises InvitationNotGood.
    """
    user = _lock_invited(invitation)
    user.set_password(password)
    user.save(update_fields=["password"])
    # Another user may have the address, or be given it at this very moment; then this one is reached over the invitation.
    with suppress(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(email=invitation.email)
        user.email = invitation.email
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=timezone.now())
    security_log.record(Kind.PASSWORD_CHANGED, user=user, about="The first one, over an invitation")
    return user


def _lock_invited(invitation: Invitation) -> User:
    """Return the invited user, locked: two browsers with the same link cannot choose two passwords.

    Raises InvitationNotGood.
    """
    user = User.objects.select_for_update(of=("self",)).select_related("account").get(pk=invitation.user_id)
    if user.account.closed_at or not user.is_active:
        raise InvitationNotGood(gettext("This account is closed."))
    if Invitation.objects.filter(pk=invitation.pk).exclude(withdrawn_at=None).exists():
        raise InvitationNotGood(gettext("This invitation was withdrawn."))
    if user.has_usable_password():
        raise InvitationNotGood(gettext("This invitation was used already. Sign in with the password that was chosen."))
    return user


@flow
def send_any_notice_again(*, notice: Notice, sent_by: User, key: str) -> Notice:
    """Mail a notice that failed or was sent once more, to its account's or user's address of today; the publisher's staff alone may (C4).

    Raises NotAllowed, NotSentAgain, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Notice, notice.pk)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_send_any_notice_again, sent_by, sent_by.account)
    notice = Notice.objects.select_related("email", "again_of__email").get(pk=notice.pk)
    problem = why_not_sent_again(notice)
    if problem:
        raise NotSentAgain(problem)
    account = selectors.account_of_notices(notice.account)
    security_log.record(Kind.STAFF_ACTED, user=sent_by, other=account, about=f"Notice sent again: {notice.email.subject}")
    return claim.settle(send_again(notice.again_of or notice, address=selectors.address_of_notice(notice), asked_for_by=sent_by.username))


def why_not_sent_again(notice: Notice) -> str:
    """Say why a notice can't be sent again; "" if it can. A one-time link goes to no other address than it was made for (A1)."""
    if notice.has_one_time_link:
        return gettext("This letter carries a link that is one person’s alone. It is asked for anew, not sent again.")
    if not selectors.address_of_notice(notice):
        return gettext("This is a copy for an address that gets none any more.")
    return gettext("This notice is still queued and goes out by itself.") if notice.fate == "queued" else ""
