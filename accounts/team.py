"""The users of an account under one lock: who is of the team, and that one of them can always administer it."""

from dataclasses import dataclass

from accounts import permissions
from accounts.models import Account, User
from licensing_portal.foundation.errors import NotAllowed, Refusal


class LastAdministrator(Refusal):
    """Without this user nobody could administer the account (rules.md §1)."""


@dataclass(frozen=True)
class Team:
    """The users of an account as they are now, all of them locked. Only `lock_team` makes one."""

    account: Account
    users: list[User]

    def member(self, user: User) -> User:
        """Return the user as it is now; refuse one of another account (A9).

        Raises NotAllowed.
        """
        for member in self.users:
            if member == user:
                return member
        raise NotAllowed(f"{user} is not a user of {self.account}. Nothing was changed.")

    def check_that_an_administrator_stays(self, *, without: User) -> None:
        """Refuse to lose the last one who can sign in and administer the account (rules.md §1).

        Raises LastAdministrator.
        """
        others = [user for user in self.users if user != without]
        if not any(user.is_active and user.is_administrator and user.has_usable_password() for user in others):
            raise LastAdministrator(f"{without} is the last administrator who can sign in. Make another user an administrator first.", field="role")


def lock_team(account: Account, administrator: User) -> Team:
    """Lock all users of the account, in one order, and decide the right of the one who asks (A7, B7).

    Without the lock two administrators who demote each other at the same moment would each find the other still there.

    Raises NotAllowed.
    """
    users = User.objects.select_for_update(of=("self",), no_key=True).select_related("account").filter(account=account).order_by("pk")
    team = Team(account, list(users))
    permissions.require(permissions.may_administer, administrator, account)
    return team
