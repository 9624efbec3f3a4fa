"""The letters about accounts and links, one function each, named after the letter."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import Account, Invitation, Link, User
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Job, Notice
from licensing_portal.foundation.notices import Context, written_when_sent

INVITATION = "accounts/emails/invitation"
PASSWORD_RESET = "accounts/emails/password_reset"  # noqa: S105 - the name of a letter

_INVITATION_SALT = "accounts.invitation"


def invitation(invitation: Invitation) -> Notice:
    """Tell a new user how to choose a password. The link is made when the mail is sent."""
    account, inviter = invitation.user.account, invitation.invited_by.account
    return notices.queue(
        INVITATION,
        event=invitation_event(invitation),
        account=invitation.user.username,
        address=invitation.email,
        sender=inviter.company,
        reply_to=inviter.email,
        context={"invitation": invitation.pk, "username": invitation.user.username, "company": account.company, "inviter": inviter.company},
    )


def invitation_event(invitation: Invitation) -> str:
    return f"invitation {invitation.pk}"


def invitation_token(invitation: Invitation) -> str:
    """Make the secret part of the link; it carries the moment from which its seven days count."""
    return signing.dumps(invitation.pk, salt=_INVITATION_SALT)


def invitation_of(token: str) -> tuple[Invitation | None, bool]:
    """Return the invitation that a link's token names, if it was made by us, and whether its time is over."""
    try:
        pk = signing.loads(token, salt=_INVITATION_SALT, max_age=settings.INVITATION_TIMEOUT)
        is_expired = False
    except signing.SignatureExpired:
        pk = signing.loads(token, salt=_INVITATION_SALT)
        is_expired = True
    except signing.BadSignature:
        return None, False
    return Invitation.objects.select_related("user__account", "invited_by__account").filter(pk=pk).first(), is_expired


@written_when_sent(INVITATION)
def _invitation_context(context: Context) -> Context:
    token = invitation_token(Invitation.objects.get(pk=context["invitation"]))
    return context | {"url": settings.PORTAL_URL + reverse("accounts:open_invitation", args=[token])}


def password_reset(user: User, *, address: str, request_id: str) -> Notice:
    """Tell a user how to choose a new password. The link is made when the mail is sent and is good for an hour."""
    return notices.queue(
        PASSWORD_RESET,
        event=f"reset {request_id}",
        account=user.username,
        address=address,
        context={"user": user.pk, "username": user.username},
    )


@written_when_sent(PASSWORD_RESET)
def _password_reset_context(context: Context) -> Context:
    user = User.objects.get(pk=context["user"])
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), default_token_generator.make_token(user)])
    return context | {"url": settings.PORTAL_URL + path}


def role_changed(user: User, *, address: str, before: str, changed_by: User, event: str) -> Notice:
    """Tell a user of another role, and what it may do."""
    return _about_a_user("accounts/emails/role_changed", user, address, event, before=User.Role(before).label, changed_by=changed_by)


def user_deactivated(user: User, *, address: str, deactivated_by: User, event: str) -> Notice:
    """Tell a user that nobody can sign in with it any more."""
    return _about_a_user("accounts/emails/user_deactivated", user, address, event, changed_by=deactivated_by)


def user_activated(user: User, *, address: str, activated_by: User, event: str) -> Notice:
    """Tell a user that one can sign in with it again."""
    return _about_a_user("accounts/emails/user_activated", user, address, event, changed_by=activated_by)


def _about_a_user(letter: str, user: User, address: str, event: str, **context: object) -> Notice:
    """Queue a letter to one user of an account, in the account's name; answers go where the account's notices go."""
    account = user.account
    return notices.queue(
        letter,
        event=event,
        account=user.username,
        address=address,
        sender=account.company,
        reply_to=account.email,
        context={"person": user, "account": account, **context},
    )


def import_ended(job: Job, *, person: User, address: str) -> Notice:
    """Tell whoever imported endusers how many were created and skipped, or why it could not go on."""
    return notices.queue(
        "accounts/emails/import_ended",
        event=f"job {job.pk}",
        account=person.username,
        address=address,
        context={"person": person, "job": job, "url": settings.PORTAL_URL + job.get_absolute_url()},
    )


def link_created(link: Link) -> Notice:
    """Tell an account that another can now use it (A5)."""
    return notices.queue(
        "accounts/emails/link_created",
        event=f"link {link.pk} created",
        account=link.target.username,
        address=link.target.email,
        context={"holder": link.holder, "target": link.target, "proved_by": link.proved_by, "linked_at": link.linked_at},
    )


def link_removed(link: Link, *, removed_by: Account) -> list[Notice]:
    """Tell both sides that a link is gone (A5)."""
    return [
        notices.queue(
            "accounts/emails/link_removed",
            event=f"link {link.pk} removed",
            account=account.username,
            address=account.email,
            context={"holder": link.holder, "target": link.target, "removed_by": removed_by, "account": account},
        )
        for account in (link.holder, link.target)
    ]
