"""The flows about accounts: create or import endusers, accept an invitation, the users of an account. Each is one transaction."""

import uuid
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts import notices, permissions, security_log, selectors
from accounts.enduser_check import check
from accounts.enduser_files import EnduserRow
from accounts.models import Account, EnduserImport, EnduserImportRow, Invitation, User
from accounts.security_log import Kind
from accounts.team import Team, lock_any_team, lock_team
from licensing_portal.foundation import jobs, submissions
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.flows import flow
from licensing_portal.foundation.locks import locked
from licensing_portal.foundation.models import Job, Notice
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


class NotImported(Refusal):
    """The uploaded file was imported already, is not kept any more, or has nothing new in it."""


class NotYourEnduser(Refusal):
    """The owner that was named is not an enduser of this reseller, or is closed (C2)."""


def lock_account(account: Account) -> Account:
    """Return the account as it is now, locked against whoever moves, closes or opens it while something is being decided (B7).

    The lock of a foreign key would not do: it lets every column but the key change.
    """
    return locked(Account, account.pk)


def lock_open_account(account: Account, *, field: str = "") -> Account:
    """Return the account that licenses are to go to, locked while that is being decided (B7).

    Raises AccountClosed.
    """
    account = lock_account(account)
    if account.closed_at:
        raise AccountClosed(gettext("%(account)s is closed and can’t receive licenses") % {"account": account}, field=field)
    return account


def lock_own_enduser(reseller: Account, enduser: Account) -> Account:
    """Return the enduser, locked while a sale to it is being decided (B7).

    Raises NotYourEnduser.
    """
    enduser = lock_account(enduser)
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
            first_user = _new_user(account, username, User.Role.ADMINISTRATOR)
    except IntegrityError:
        raise UsernameTaken(gettext("%(username)s is taken. Choose another username.") % {"username": username}, field="username") from None
    _invite(first_user, email=email, invited_by=opened_by)
    security_log.record(Kind.ACCOUNT_CREATED, user=opened_by, other=account)
    return account


def _new_user(account: Account, username: str, role: str) -> User:
    user = User(account=account, username=username, role=role)
    user.set_unusable_password()
    user.save()
    return user


@flow
def upload_endusers(*, reseller: Account, uploaded_by: User, file_name: str, rows: list[EnduserRow], key: str) -> EnduserImport:
    """Keep the rows of a file of endusers with what would become of each, to be looked at and then imported (A1). Makes no enduser.

    Raises NotAllowed, FormAlreadyUsed.
    """
    claim = submissions.claim(key, EnduserImport, file_name, [[row.number, row.username, row.company, row.email] for row in rows])
    if claim.first_result:
        return claim.first_result
    checked = check(rows, reseller=reseller)
    permissions.require(permissions.may_create_endusers, uploaded_by, reseller)
    upload = EnduserImport.objects.create(account=reseller, uploaded_by=uploaded_by, file_name=file_name)
    for row in checked:
        row.upload = upload
    EnduserImportRow.objects.bulk_create(checked, batch_size=1000)
    return claim.settle(upload)


@flow
def import_endusers(*, upload: EnduserImport, reseller: Account, imported_by: User, key: str) -> Job:
    """Have the new rows of an uploaded file created as endusers of `reseller`, by a job: each by `create_enduser` (A1, B5).

    Raises NotAllowed, NotImported, StillAtWork, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Job, upload.pk)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_create_endusers, imported_by, reseller)
    # The row lock makes one job of two tabs that show the same file.
    kept = EnduserImport.objects.select_for_update(of=("self",)).select_related("job").filter(pk=upload.pk, account=reseller).first()
    if kept is None:
        raise NotImported(gettext("This file is not kept any more. Upload it again."))
    if kept.job:
        raise NotImported(gettext("This file was imported already. Nothing more was changed."), url=kept.job.get_absolute_url())
    new = kept.rows.filter(state=EnduserImportRow.State.NEW).count()
    if not new:
        raise NotImported(gettext("There is no new enduser in this file. Nothing was changed."))
    kept.job = jobs.start("import_endusers", account=reseller.username, started_by=imported_by.username, total=new)
    kept.save(update_fields=["job"])
    return claim.settle(kept.job)


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
    _invite(user, email=email, invited_by=corrected_by)
    return claim.settle(enduser)


def _invite_first_user(account: Account, *, invited_by: User) -> Invitation:
    """Invite the first user of a locked account, unless that is over.

    Raises InvitationNotGood.
    """
    user = account.users.get(username=account.username)
    if user.has_usable_password() or not user.is_active:
        raise InvitationNotGood(gettext("%(user)s has accepted the invitation already. Nothing was sent.") % {"user": user})
    security_log.record(Kind.USER_INVITED, user=invited_by, other=account, about=f"{user}, once more")
    return _invite(user, email=account.email, invited_by=invited_by)


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
    return _invite(user, email=invitation.email, invited_by=invitation.invited_by)


def _invite(user: User, *, email: str, invited_by: User) -> Invitation:
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
def invite_user(*, account: Account, invited_by: User, username: str, email: str, role: str, key: str) -> User:
    """Make a user of the account with this role, and invite that person by e-mail to choose a password (rules.md §1, A1).

    Raises NotAllowed, UsernameTaken, EmailTaken, FormAlreadyUsed.
    """
    claim = submissions.claim(key, User, account.username, username, email, role)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_administer, invited_by, account)
    if problem := selectors.username_problem(username):
        raise UsernameTaken(problem, field="username")
    if problem := selectors.email_problem(email, account):
        raise EmailTaken(problem, field="email")
    try:
        with transaction.atomic():  # the unique constraint judges a rival who asked at the same moment
            user = _new_user(account, username, role)
    except IntegrityError:
        raise UsernameTaken(gettext("%(username)s is taken. Choose another username.") % {"username": username}, field="username") from None
    _invite(user, email=email, invited_by=invited_by)
    security_log.record(Kind.USER_INVITED, user=invited_by, about=f"{user}, {user.role}")
    return claim.settle(user)


@flow
def invite_user_again(*, account: Account, user: User, invited_by: User, key: str) -> Invitation:
    """Invite a user of the account once more, at the address of before (A1).

    Raises NotAllowed, InvitationNotGood, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Invitation, user.username)
    if claim.first_result:
        return claim.first_result
    user = lock_team(account, invited_by).member(user)
    if user.has_usable_password() or not user.is_active:
        raise InvitationNotGood(gettext("%(user)s has chosen a password already, or is deactivated. Nothing was sent.") % {"user": user})
    security_log.record(Kind.USER_INVITED, user=invited_by, about=f"{user}, once more")
    return claim.settle(_invite(user, email=selectors.address_of(user), invited_by=invited_by))


@flow
def change_role(*, account: Account, user: User, role: str, changed_by: User, key: str) -> User:
    """Give a user of the account another role, one's own included, and tell that person by e-mail (rules.md §1).

    Whoever is an administrator no more ends the links that stood on the sign-in (A6). An administrator always remains.

    Raises NotAllowed, LastAdministrator, FormAlreadyUsed.
    """
    claim = submissions.claim(key, User, user.username, role)
    if claim.first_result:
        return claim.first_result
    team = lock_team(account, changed_by)
    user = team.member(user)
    _give_role(team, user, role, by=changed_by, act=key)
    return claim.settle(user)


def _give_role(team: Team, user: User, role: str, *, by: User, act: str) -> None:
    """Give a locked user another role, unless it has it, and tell the person. `act` is one's own for each act.

    Raises LastAdministrator.
    """
    before = user.role
    if role == before:
        return
    team.check_that_an_administrator_stays(user, role=role, is_active=user.is_active)
    user.revocations += int(user.is_administrator)
    user.role = role
    user.save(update_fields=["role", "revocations"])
    security_log.record(Kind.ROLE_CHANGED, user=by, other=_another_than(by, team.account), about=f"{user}: {before} → {role}")
    notices.role_changed(user, address=selectors.address_of(user), before=before, changed_by=_named(by, team.account), event=f"role {act}")


@flow
def deactivate_user(*, account: Account, user: User, deactivated_by: User, key: str) -> User:
    """Close a user's sign-in and tell that person by e-mail; open sessions and links that stand on it end at once (A6).

    What is deactivated already stays so. An administrator always remains.

    Raises NotAllowed, LastAdministrator, FormAlreadyUsed.
    """
    claim = submissions.claim(key, User, user.username)
    if claim.first_result:
        return claim.first_result
    team = lock_team(account, deactivated_by)
    user = team.member(user)
    _deactivate(team, user, by=deactivated_by, act=key)
    return claim.settle(user)


def _deactivate(team: Team, user: User, *, by: User, act: str) -> None:
    """Close a locked user's sign-in, unless it is, and tell the person.

    Raises LastAdministrator.
    """
    if not user.is_active:
        return
    team.check_that_an_administrator_stays(user, role=user.role, is_active=False)
    user.is_active = False
    user.revocations += 1
    user.save(update_fields=["is_active", "revocations"])
    security_log.record(Kind.USER_DEACTIVATED, user=by, other=_another_than(by, team.account), about=str(user))
    notices.user_deactivated(user, address=selectors.address_of(user), deactivated_by=_named(by, team.account), event=f"deactivation {act}")


@flow
def activate_user(*, account: Account, user: User, activated_by: User, key: str) -> User:
    """Open a deactivated user's sign-in again; the sessions and links that ended with it do not come back (A6).

    The person is told by e-mail; one who never chose a password has the invitation for that.

    Raises NotAllowed, FormAlreadyUsed.
    """
    claim = submissions.claim(key, User, user.username)
    if claim.first_result:
        return claim.first_result
    team = lock_team(account, activated_by)
    user = team.member(user)
    _activate(team, user, by=activated_by, act=key)
    return claim.settle(user)


def _activate(team: Team, user: User, *, by: User, act: str) -> None:
    """Open a locked user's sign-in again, unless it is open, and tell whoever has a password."""
    if user.is_active:
        return
    user.is_active = True
    user.save(update_fields=["is_active"])
    security_log.record(Kind.USER_ACTIVATED, user=by, other=_another_than(by, team.account), about=str(user))
    if user.has_usable_password():
        notices.user_activated(user, address=selectors.address_of(user), activated_by=_named(by, team.account), event=f"activation {act}")


def _another_than(by: User, account: Account) -> Account | None:
    """The account that an act of staff is about, whose log tells of it as well; None of one's own."""
    return account if by.account_id != account.pk else None


def _named(by: User, account: Account) -> User | str:
    """Who did it, as its people may know: the publisher's by its name, and not by theirs (A9)."""
    return by if by.account_id == account.pk else by.account.company


@flow
def change_any_user(*, user: User, role: str, is_active: bool, changed_by: User) -> User:
    """Give whosever user this role, and deactivate or activate it, by the rules and with the letters of its team; staff alone may (rules.md §1).

    The admin's forms carry no one-use key: what is so already stays so, and nobody is told.

    Raises NotAllowed, LastAdministrator.
    """
    team, act = lock_any_team(user.account), uuid.uuid4().hex
    permissions.require(permissions.may_administer_any, changed_by, changed_by.account)
    user = team.member(user)
    _give_role(team, user, role, by=changed_by, act=act)
    if is_active:
        _activate(team, user, by=changed_by, act=act)
    else:
        _deactivate(team, user, by=changed_by, act=act)
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
