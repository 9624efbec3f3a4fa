"""Every right is decided here: by views before they show a page, and by services again before they act (B7).

A right depends on the person and on the account acted for. Acting for a linked account, a person may do the lesser of
*manager* and their own role, never what an administrator may (A7).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Link, User
from accounts.requests import PortalRequest
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.locks import find_locked

Predicate = Callable[[User, Account], bool]
View = Callable[..., HttpResponseBase]


def is_acting(user: User, account: Account) -> bool:
    """Whether the person acts for another account than their own (A7)."""
    return user.account_id != account.pk


def may_move_licenses(user: User, account: Account) -> bool:
    """Deploy and transfer: administrators and managers of resellers and endusers, acting or not (C5, C9)."""
    return user.role in {User.Role.ADMINISTRATOR, User.Role.MANAGER} and not account.is_publisher


def may_sell(user: User, account: Account) -> bool:
    """Sell and recall: like moving, for resellers alone (C2)."""
    return account.is_reseller and may_move_licenses(user, account)


def may_administer(user: User, account: Account) -> bool:
    """Users, links and settings: administrators of the account itself, never while acting (A7)."""
    return user.is_administrator and not is_acting(user, account) and not account.is_publisher


def may_administer_any(user: User, account: Account) -> bool:
    """Users of whichever account: the publisher's staff, in the admin (rules.md §1)."""
    return user.is_staff and account.is_publisher and user.has_perm("accounts.change_user")


def may_secure_sign_in(user: User, account: Account) -> bool:
    """One's own profile, password, second factor and sessions: everybody, staff too, but never while acting (A7)."""
    return not is_acting(user, account)


def may_take_away_second_factor(user: User, account: Account) -> bool:
    """Take a second factor away that its person has lost: superusers alone, after they made sure who asks (rules.md §1)."""
    return user.is_staff and user.is_superuser and account.is_publisher


def may_issue(user: User, account: Account) -> bool:
    """Issue licenses: the publisher's staff, in the admin (C11)."""
    return user.is_staff and account.is_publisher and user.has_perm("licenses.issue_licenses")


def may_adjust(user: User, account: Account) -> bool:
    """Put an account's available right: the publisher's staff, in the admin (C11)."""
    return user.is_staff and account.is_publisher and user.has_perm("licenses.adjust_licenses")


def may_reverse(user: User, account: Account) -> bool:
    """Take back whosever entry: the publisher's staff, in the admin (C11)."""
    return user.is_staff and account.is_publisher and user.has_perm("licenses.reverse_entry")


def may_retire_any_deployment(user: User, account: Account) -> bool:
    """Retire whosever deployment: the publisher's staff, in the admin (C7, C11)."""
    return user.is_staff and account.is_publisher and user.has_perm("deployments.retire_deployment")


def may_retire_deployments(user: User, account: Account) -> bool:
    """Retire deployments: who may move licenses, those of the own account or made by it; staff with the permission, any (C7)."""
    return may_move_licenses(user, account) or may_retire_any_deployment(user, account)


def may_allow_replacements(user: User, account: Account) -> bool:
    """Give a deployment more replacements of its server than everybody has: the publisher's staff, in the admin (C8)."""
    return user.is_staff and account.is_publisher and user.has_perm("deployments.allow_replacement")


def may_send_any_notice_again(user: User, account: Account) -> bool:
    """Mail whosever notice once more: the publisher's staff, in the admin (C4)."""
    return user.is_staff and account.is_publisher and user.has_perm("foundation.send_notice_again")


def may_see_proofs(user: User, account: Account) -> bool:
    """See when the books were proven and what was found: the publisher's staff, in the admin (B4)."""
    return user.is_staff and account.is_publisher and user.has_perm("licenses.view_ledgerproof")


def may_ask_for_proof(user: User, account: Account) -> bool:
    """Have the books proven now: the publisher's staff, in the admin (B4)."""
    return may_see_proofs(user, account) and user.has_perm("licenses.add_proofrequest")


def may_open_resellers(user: User, account: Account) -> bool:
    """Open reseller accounts: the publisher's staff, in the admin (rules.md §1)."""
    return user.is_staff and account.is_publisher and user.has_perm("accounts.add_account")


def may_read_history(user: User, account: Account) -> bool:
    """Whoever acts for an account reads its journal, in whichever role (C12)."""
    return True


def may_see_endusers(user: User, account: Account) -> bool:
    """Endusers are their reseller's; whoever acts for a reseller sees them, for one cannot sell to the unseen (A9)."""
    return account.is_reseller


def may_create_endusers(user: User, account: Account) -> bool:
    """Creating an enduser makes a sign-in, so it is an administrator's (A1, A7)."""
    return account.is_reseller and may_administer(user, account)


def may_act_for_others(user: User, account: Account) -> bool:
    """Switch Accounts is for every customer: one's role goes along (A7)."""
    return not account.is_publisher


def may_act_for(user: User, account: Account) -> bool:
    """Whether the person acts for their own account, or over a link that still holds (A6, A7)."""
    if not is_acting(user, account):
        return True
    link = Link.objects.select_related("target", "proved_by").filter(holder=user.account_id, target=account).first()
    return link is not None and link.is_proven


_ACTIVE_IN_AN_OPEN_ACCOUNT = "is_active AND (SELECT closed_at FROM accounts_account WHERE id = account_id) IS NULL"


def require(predicate: Predicate, user: User, account: Account, *, shared: bool = False) -> None:
    """Refuse a flow to whoever has not the right for it, decided at this moment and for as long as the flow takes (B7).

    A flow that is `shared` changes nothing of the person, and the same person may be in several of them at once.

    Raises NotAllowed.
    """
    # The page's own copy of the person may be older than a demotion; the row lock makes one that comes now wait for us, or us for it.
    person = find_locked(User, user.pk, where=_ACTIVE_IN_AN_OPEN_ACCOUNT, shared=shared)
    if person is None or account.closed_at or not may_act_for(person, account) or not predicate(person, account):
        raise NotAllowed(format_lazy(_("{user} may not do this for {account}. Nothing was changed."), user=user, account=account))


def allowed(predicate: Predicate) -> Callable[[View], View]:
    """Let only those see a page who have the right; others get 403. The flow asks again when the form is sent (B7)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not predicate(request.user, request.acting):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate
