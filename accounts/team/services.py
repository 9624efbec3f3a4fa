"""The flows about the users of an account: invite, give another role, close and open a sign-in. Each is one transaction."""

import uuid

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from accounts import notices, permissions, security_log, selectors
from accounts.models import Account, Invitation, User
from accounts.security_log import Kind
from accounts.services import EmailTaken, InvitationNotGood, UsernameTaken, invite, new_user
from accounts.team.locking import Team, lock_any_team, lock_team
from licensing_portal.foundation import submissions
from licensing_portal.foundation.flows import flow


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
            user = new_user(account, username, role)
    except IntegrityError:
        raise UsernameTaken(gettext("%(username)s is taken. Choose another username.") % {"username": username}, field="username") from None
    invite(user, email=email, invited_by=invited_by)
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
    return claim.settle(invite(user, email=selectors.address_of(user), invited_by=invited_by))


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


def _another_than(by: User, account: Account) -> Account | None:
    """The account that an act of staff is about, whose log tells of it as well; None of one's own."""
    return account if by.account_id != account.pk else None


def _named(by: User, account: Account) -> User | str:
    """Who did it, as its people may know: the publisher's by its name, and not by theirs (A9)."""
    return by if by.account_id == account.pk else by.account.company
