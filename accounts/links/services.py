"""The flows about links: make one, and end one. Each is one transaction."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import notices, permissions, security_log
from accounts.models import Account, Link, User
from accounts.security_log import Kind
from licensing_portal.foundation import submissions
from licensing_portal.foundation.errors import NotAllowed, Refusal
from licensing_portal.foundation.flows import flow


class CannotLink(Refusal):
    """These credentials do not make a link: not an administrator's, one's own account, staff, or linked already."""


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
        raise CannotLink(gettext("That is the account you are in"), field="username")
    if proved_by.is_staff or target.is_publisher or target.closed_at or not proved_by.is_active:
        raise CannotLink(gettext("Username or password is wrong"), field="username")
    if not proved_by.is_administrator:
        raise CannotLink(
            gettext("%(proved_by)s is not an administrator of %(target)s") % {"proved_by": proved_by, "target": target}, field="username"
        )


def _prove_again(link: Link, proved_by: User) -> None:
    """Renew the proof of a link that has gone stale (A6); one that holds needs nothing.

    Raises CannotLink.
    """
    if link.is_proven:
        raise CannotLink(gettext("You are already linked to %(target)s") % {"target": link.target}, field="username")
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
        raise NotAllowed(_("This link is not yours."))
    # The row lock makes a transfer that is being decided over this link finish first, or find the link gone.
    locked = Link.objects.select_for_update(of=("self",)).select_related("holder", "target").filter(pk=link.pk).first()
    if locked:
        notices.link_removed(locked, removed_by=acting)
        security_log.record(Kind.UNLINKED, user=removed_by, other=link.target if acting == link.holder else link.holder)
        locked.delete()
    return claim.settle(link.target if acting == link.holder else link.holder)
