"""The users of an account under one lock: who is of the team, and that one of them can always administer it."""

from dataclasses import dataclass

from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import permissions
from accounts.models import Account, User
from licensing_portal.foundation.errors import NotAllowed, Refusal


class LastAdministrator(Refusal):
    """Without this user nobody could administer the account (rules.md §1)."""


@dataclass(frozen=True)
class Team:
    """The users of an account as they are now, all of them locked. Only `lock_team` and `lock_any_team` make one."""

    account: Account
    users: list[User]

    def member(self, user: User) -> User:
        """Return the user as it is now; refuse one of another account (A9).

        Raises NotAllowed.
        """
        for member in self.users:
            if member == user:
                return member
        raise NotAllowed(format_lazy(_("{user} is not a user of {account}. Nothing was changed."), user=user, account=self.account))

    def check_that_an_administrator_stays(self, user: User, *, role: str, is_active: bool) -> None:
        """Refuse to lose the last one who can sign in and administer the account (rules.md §1); the publisher's has superusers for that.

        `role` and `is_active` are what the user is to have. Whoever keeps both takes nobody away.

        Raises LastAdministrator.
        """
        is_taken_away = (user.is_administrator and role != user.role) or (user.is_active and not is_active)
        if self.account.is_publisher or not is_taken_away:
            return
        others = [other for other in self.users if other != user]
        if not any(other.is_active and other.is_administrator and other.has_usable_password() for other in others):
            raise LastAdministrator(
                gettext("%(user)s is the last administrator who can sign in. Make another user an administrator first.") % {"user": user},
                field="role",
            )


def lock_team(account: Account, administrator: User) -> Team:
    """Lock all users of the account and decide the right of the one who asks (A7, B7).

    Raises NotAllowed.
    """
    team = lock_any_team(account)
    permissions.require(permissions.may_administer, administrator, account)
    return team


def lock_any_team(account: Account) -> Team:
    """Lock all users of the account, in one order, for whoever has the right to otherwise.

    Without the lock two administrators who demote each other at the same moment would each find the other still there.
    """
    users = User.objects.select_for_update(of=("self",), no_key=True).select_related("account").filter(account=account).order_by("pk")
    return Team(account, list(users))
