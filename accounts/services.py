"""The flows about accounts: create or import endusers, accept an invitation, the users of an account, link and unlink. Each is one transaction."""

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import notices, permissions, security_log, selectors
from accounts.enduser_check import check
from accounts.enduser_files import EnduserRow
from accounts.models import Account, EnduserImport, EnduserImportRow, Invitation, Link, User
from accounts.security_log import Kind
from accounts.team import lock_team
from licensing_portal.foundation import jobs, submissions
from licensing_portal.foundation.errors import NotAllowed, Refusal
from licensing_portal.foundation.flows import flow
from licensing_portal.foundation.models import Job, Notice
from licensing_portal.foundation.notices import send_again


class UsernameTaken(Refusal):
    """An account or a user has this name already; the two are one namespace (rules.md §1)."""


class EmailTaken(Refusal):
    """Another user has this address; a user's address is unique (rules.md §1)."""


class InvitationNotGood(Refusal):
    """The invitation was accepted already, or its user is no longer active."""


class CannotLink(Refusal):
    """These credentials do not make a link: not an administrator's, one's own account, staff, or linked already."""


class NotSentAgain(Refusal):
    """The notice is still on its way, or carries a link that is one person's alone."""


class NotImported(Refusal):
    """The uploaded file was imported already, is not kept any more, or has nothing new in it."""


class NotYourEnduser(Refusal):
    """The owner that was named is not an enduser of this reseller, or is closed (C2)."""


def lock_own_enduser(reseller: Account, enduser: Account) -> Account:
    """Return the enduser, locked against staff who move or close it while the sale is being decided (B7).

    The lock of a foreign key would not do: it lets every column but the key change.

    Raises NotYourEnduser.
    """
    enduser = Account.objects.select_for_update(no_key=True).get(pk=enduser.pk)
    if enduser.reseller_id != reseller.pk:
        raise NotYourEnduser(f"“{enduser}” is not one of your endusers", field="owner")
    if enduser.closed_at:
        raise NotYourEnduser(f"{enduser} is closed and can’t receive licenses", field="owner")
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
        raise UsernameTaken(f"{username} is taken. Choose another username.", field="username") from None
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
    locked = EnduserImport.objects.select_for_update(of=("self",)).select_related("job").filter(pk=upload.pk, account=reseller).first()
    if locked is None:
        raise NotImported("This file is not kept any more. Upload it again.")
    if locked.job:
        raise NotImported("This file was imported already. Nothing more was changed.", url=locked.job.get_absolute_url())
    new = locked.rows.filter(state=EnduserImportRow.State.NEW).count()
    if not new:
        raise NotImported("There is no new enduser in this file. Nothing was changed.")
    locked.job = jobs.start("import_endusers", account=reseller.username, started_by=imported_by.username, total=new)
    locked.save(update_fields=["job"])
    return claim.settle(locked.job)


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
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if account.closed_at:
        raise InvitationNotGood(f"{account} is closed. Nothing was sent.")
    return claim.settle(_invite_first_user(account, invited_by=invited_by))


def _invite_first_user(account: Account, *, invited_by: User) -> Invitation:
    """Invite the first user of a locked account, unless that is over.

    Raises InvitationNotGood.
    """
    user = account.users.get(username=account.username)
    if user.has_usable_password() or not user.is_active:
        raise InvitationNotGood(f"{user} has accepted the invitation already. Nothing was sent.")
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
        raise InvitationNotGood("This account is closed.")
    if user.has_usable_password():
        raise InvitationNotGood("This invitation was used already. Sign in with the password that was chosen.")
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
        raise UsernameTaken(f"{username} is taken. Choose another username.", field="username") from None
    _invite(user, email=email, invited_by=invited_by)
    security_log.record(Kind.USER_INVITED, user=invited_by, about=f"{user}, {user.get_role_display().lower()}")
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
        raise InvitationNotGood(f"{user} has chosen a password already, or is deactivated. Nothing was sent.")
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
    before = user.role
    if role == before:
        return claim.settle(user)
    if user.is_administrator:
        team.check_that_an_administrator_stays(without=user)
        user.revocations += 1
    user.role = role
    user.save(update_fields=["role", "revocations"])
    security_log.record(Kind.ROLE_CHANGED, user=changed_by, about=f"{user}: {before} → {role}")
    notices.role_changed(user, address=selectors.address_of(user), before=before, changed_by=changed_by, event=f"role {key}")
    return claim.settle(user)


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
    if user.is_active:
        team.check_that_an_administrator_stays(without=user)
        user.is_active = False
        user.revocations += 1
        user.save(update_fields=["is_active", "revocations"])
        security_log.record(Kind.USER_DEACTIVATED, user=deactivated_by, about=str(user))
        notices.user_deactivated(user, address=selectors.address_of(user), deactivated_by=deactivated_by, event=f"deactivation {key}")
    return claim.settle(user)


@flow
def activate_user(*, account: Account, user: User, activated_by: User, key: str) -> User:
    """Open a deactivated user's sign-in again; the sessions and links that ended with it do not come back (A6).

    The person is told by e-mail; one who never chose a password has the invitation for that.

    Raises NotAllowed, FormAlreadyUsed.
    """
    claim = submissions.claim(key, User, user.username)
    if claim.first_result:
        return claim.first_result
    user = lock_team(account, activated_by).member(user)
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        security_log.record(Kind.USER_ACTIVATED, user=activated_by, about=str(user))
        if user.has_usable_password():
            notices.user_activated(user, address=selectors.address_of(user), activated_by=activated_by, event=f"activation {key}")
    return claim.settle(user)


@flow
def link_account(*, holder: Account, linked_by: User, proved_by: User, key: str) -> Link:
    """Let `holder` see, act as and pull from the account whose administrator `proved_by` just gave name and password (A2, A3).

    The account is told by e-mail (A5).

    Raises NotAllowed, CannotLink, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Link, holder.username, proved_by.username)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_administer, linked_by, holder)
    target = proved_by.account
    _check_that_it_can_be_linked(target, proved_by, holder)
    link, is_new = Link.objects.get_or_create(
        holder=holder,
        target=target,
        defaults={"linked_by": linked_by, "proved_by": proved_by, "proof": proved_by.get_session_auth_hash()},
    )
    if is_new:
        notices.link_created(link)
    else:
        _prove_again(link, proved_by)
    security_log.record(Kind.LINKED, user=linked_by, other=target, about=f"Proved by {proved_by}")
    return claim.settle(link)


def _check_that_it_can_be_linked(target: Account, proved_by: User, holder: Account) -> None:
    if target == holder:
        raise CannotLink("That is the account you are in", field="username")
    if proved_by.is_staff or target.is_publisher or target.closed_at or not proved_by.is_active:
        raise CannotLink("Username or password is wrong", field="username")
    if not proved_by.is_administrator:
        raise CannotLink(f"{proved_by} is not an administrator of {target}", field="username")


def _prove_again(link: Link, proved_by: User) -> None:
    """Renew the proof of a link that has gone stale (A6); one that holds needs nothing.

    Raises CannotLink.
    """
    if link.is_proven:
        raise CannotLink(f"You are already linked to {link.target}", field="username")
    link.proved_by = proved_by
    link.proof = proved_by.get_session_auth_hash()
    link.save(update_fields=["proved_by", "proof"])


@flow
def remove_link(*, link: Link, removed_by: User, acting: Account, key: str) -> Account:
    """End a link and return the account at its other end; either side may, at any moment, and both are told (A5).

    Ending what has ended does nothing. A form that is sent again does not end a link that was made anew since (B5).

    Raises NotAllowed, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Account, link.holder.username, link.target.username)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_administer, removed_by, acting)
    if acting not in (link.holder, link.target):
        raise NotAllowed("This link is not yours.")
    # The row lock makes a transfer that is being decided over this link finish first, or find the link gone.
    locked = Link.objects.select_for_update(of=("self",)).select_related("holder", "target").filter(pk=link.pk).first()
    if locked:
        notices.link_removed(locked, removed_by=acting)
        security_log.record(Kind.UNLINKED, user=removed_by, other=link.target if acting == link.holder else link.holder)
        locked.delete()
    return claim.settle(link.target if acting == link.holder else link.holder)


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
    return claim.settle(send_again(notice.again_of or notice, address=selectors.address_of_notices(notice.account), asked_for_by=sent_by.username))


def why_not_sent_again(notice: Notice) -> str:
    """Say why a notice can't be sent again; "" if it can. A one-time link goes to no other address than it was made for (A1)."""
    if notice.has_one_time_link:
        return "This letter carries a link that is one person’s alone. It is asked for anew, not sent again."
    return "This notice is still queued and goes out by itself." if notice.fate == "queued" else ""
