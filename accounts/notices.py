"""The letters about accounts and links, one function each, named after the letter."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Account, AddressChange, Invitation, Link, NoticeRecipient, User
from accounts.telling import tell
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Job, Notice
from licensing_portal.foundation.notice_kinds import Group, NoticeKind, register
from licensing_portal.foundation.notices import Context, written_when_sent
from licensing_portal.foundation.templatetags.portal import count
from licensing_portal.foundation.text import Words

INVITATION = "accounts/emails/invitation"
PASSWORD_RESET = "accounts/emails/password_reset"  # noqa: S105 - the name of a letter

CONFIRM_EMAIL = "accounts/emails/confirm_email"
AGREE_TO_COPIES = "accounts/emails/agree_to_copies"

# How a list of notices names these letters: after their templates (kind_in_words).
LETTERS = (
    *(gettext_noop("Account closed"), gettext_noop("Agree to copies"), gettext_noop("Confirm email"), gettext_noop("Import ended")),
    *(gettext_noop("Invitation"), gettext_noop("Link created"), gettext_noop("Link removed"), gettext_noop("Notice address changed")),
    *(gettext_noop("Password reset"), gettext_noop("Role changed"), gettext_noop("Sign in changed")),
    *(gettext_noop("User activated"), gettext_noop("User deactivated")),
)

# Second factors as the security log keeps them, for ever and in English; letters have sentences of their own.
APP, PASSKEY = "An authenticator app", "A passkey"

_INVITATION_SALT, _CHANGE_SALT, _RECIPIENT_SALT = "accounts.invitation", "accounts.email", "accounts.copies"


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


def role_changed(user: User, *, address: str, before: str, changed_by: User | str, event: str) -> Notice:
    """Tell a user of another role, and what it may do."""
    return _about_a_user("accounts/emails/role_changed", user, address, event, before=User.Role(before), changed_by=changed_by)


def user_deactivated(user: User, *, address: str, deactivated_by: User | str, event: str) -> Notice:
    """Tell a user that nobody can sign in with it any more."""
    return _about_a_user("accounts/emails/user_deactivated", user, address, event, changed_by=deactivated_by)


def user_activated(user: User, *, address: str, activated_by: User | str, event: str) -> Notice:
    """Tell a user that one can sign in with it again."""
    return _about_a_user("accounts/emails/user_activated", user, address, event, changed_by=activated_by)


def password_changed(user: User, *, address: str, event: str) -> Notice:
    """Tell a user of a new password."""
    return _of_the_sign_in(user, address, event, what=_("Your password was changed"), then=PASSWORD_CHANGED)


def second_factor_on(user: User, *, address: str, event: str, factor: str) -> Notice:
    """Tell a user of a second factor that came new."""
    return _of_the_sign_in(user, address, event, what=ADDED[factor], then=FACTOR_ADDED)


def second_factor_removed(user: User, *, address: str, event: str, factor: str) -> Notice:
    """Tell a user that one second factor is gone, and another is left."""
    return _of_the_sign_in(user, address, event, what=REMOVED[factor], then=FACTOR_REMOVED)


def second_factor_off(user: User, *, address: str, event: str) -> Notice:
    """Tell a user that the password alone opens the portal."""
    return _of_the_sign_in(user, address, event, what=_("Your second factor was turned off"), then=FACTOR_OFF)


def recovery_codes_renewed(user: User, *, address: str, event: str) -> Notice:
    """Tell a user of new recovery codes."""
    return _of_the_sign_in(user, address, event, what=_("You have new recovery codes"), then=CODES_RENEWED)


def recovery_code_used(user: User, *, address: str, event: str, left: int) -> Notice:
    """Tell a user that a recovery code opened the portal, and how many are left."""
    return _of_the_sign_in(
        user, address, event, what=_("A recovery code was used"), then=format_lazy(CODE_USED, codes=lazy(count, str)(left, "code"))
    )


ADDED = {
    APP: _("An authenticator app was added to your sign-in"),
    PASSKEY: _("A passkey was added to your sign-in"),
}
REMOVED = {
    APP: _("An authenticator app was removed from your sign-in"),
    PASSKEY: _("A passkey was removed from your sign-in"),
}
PASSWORD_CHANGED = _("All other sessions were ended, and links that other accounts made with the old password ask for the new one.")
FACTOR_ADDED = _("From now on signing in asks for it, or for another one that you have, after the password.")
FACTOR_REMOVED = _("It no longer opens your sign-in. Your other second factors do.")
FACTOR_OFF = _("From now on the password alone opens your sign-in. Codes, passkeys and recovery codes of before are void.")
CODES_RENEWED = _("The recovery codes that you had before are void.")
CODE_USED = _("It stood for your second factor, and is void now: {codes} left.")


def _of_the_sign_in(user: User, address: str, event: str, *, what: Words, then: Words) -> Notice:
    """Queue a letter about something that whoever broke in would do as well; what it says in one sentence, and what follows from it."""
    return _about_a_user("accounts/emails/sign_in_changed", user, address, event, what=what, then=then, changed_at=timezone.now())


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
        zone=user.zone,
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


def account_closed(account: Account, *, closed_by: User) -> Notice:
    """Tell an enduser that its account is closed, and by whom."""
    return notices.queue(
        "accounts/emails/account_closed",
        event=f"account closed {account.closed_at:%Y-%m-%dT%H:%M:%S.%f}",
        account=account.username,
        address=account.email,
        sender=closed_by.account.company,
        reply_to=closed_by.account.email,
        context={"account": account, "closed_by": closed_by, "reseller": closed_by.account},
    )


LINK_CREATED = register(
    NoticeKind(
        "accounts/emails/link_created",
        Group.LINKS,
        _("An account was linked to yours"),
        _("It can switch to yours and take its licenses. If it was not to, you can end the link at once."),
    )
)
LINK_REMOVED = register(
    NoticeKind("accounts/emails/link_removed", Group.LINKS, _("A link was removed"), _("One of your links, or one to your account, has ended."))
)
SIGN_IN_CHANGED = register(
    NoticeKind(
        "accounts/emails/sign_in_changed",
        Group.SIGN_IN,
        _("Changes to a sign-in"),
        _("Each user is told of a changed password, second factor, address or role, so that nobody else takes the sign-in over unseen."),
    )
)


def link_created(link: Link) -> list[Notice]:
    """Tell an account that another can now use it (A5)."""
    facts = {"holder": link.holder, "target": link.target, "proved_by": link.proved_by, "linked_at": link.linked_at}
    return tell(LINK_CREATED, link.target, event=f"link {link.pk} created", context=facts)


def link_removed(link: Link, *, removed_by: Account) -> list[Notice]:
    """Tell both sides that a link is gone (A5)."""
    facts = {"holder": link.holder, "target": link.target, "removed_by": removed_by}
    told = [
        tell(LINK_REMOVED, account, event=f"link {link.pk} removed", context={**facts, "account": account}) for account in (link.holder, link.target)
    ]
    return [notice for notices_of_one in told for notice in notices_of_one]


# ── Addresses ──


def confirm_email(change: AddressChange) -> Notice:
    """Ask whoever reads a new address whether it is a user's (rules.md §1). The link is made when the mail is sent."""
    user = change.user
    return notices.queue(
        CONFIRM_EMAIL,
        event=f"email {change.pk}",
        account=user.username,
        address=change.email,
        context={"change": change.pk, "username": user.username},
    )


@written_when_sent(CONFIRM_EMAIL)
def _confirm_email_context(context: Context) -> Context:
    return context | {"url": _page_with(signing.dumps(context["change"], salt=_CHANGE_SALT), "accounts:open_email")}


def change_of(token: str) -> AddressChange | None:
    """The wish for another address that a link's token names; None if its time is over, or it was not made by us."""
    pk = _signed(token, _CHANGE_SALT, settings.EMAIL_CHANGE_TIMEOUT)
    return AddressChange.objects.select_related("user__account").filter(pk=pk).first()


def email_changed(user: User, *, address: str, event: str, new_address: str) -> Notice:
    """Tell the old address of a user that letters go to another from now on."""
    said = _("It is {new_address} from now on. Letters about your sign-in, new passwords among them, go there and no more to this address.")
    return _of_the_sign_in(user, address, event, what=_("Your email address was changed"), then=format_lazy(said, new_address=new_address))


def agree_to_copies(recipient: NoticeRecipient) -> Notice:
    """Ask a further address whether it wants copies of an account's notices. The link is made when the mail is sent."""
    account = recipient.account
    return notices.queue(
        AGREE_TO_COPIES,
        event=f"recipient {recipient.pk}",
        account=account.username,
        address=recipient.email,
        context={"recipient": recipient.pk, "account": account.username, "company": account.company},
    )


@written_when_sent(AGREE_TO_COPIES)
def _agree_to_copies_context(context: Context) -> Context:
    return context | {"url": _page_with(signing.dumps(context["recipient"], salt=_RECIPIENT_SALT), "accounts:open_copies")}


def recipient_of(token: str) -> NoticeRecipient | None:
    """The further address that a link's token names; None if its time is over, it was removed, or it was not made by us."""
    pk = _signed(token, _RECIPIENT_SALT, settings.INVITATION_TIMEOUT)
    return NoticeRecipient.objects.select_related("account").filter(pk=pk).first()


def notice_address_changed(account: Account, *, address: str, changed_by: User, event: str) -> Notice:
    """Tell the old address of an account where its notices go from now on."""
    return notices.queue(
        "accounts/emails/notice_address_changed",
        event=event,
        account=account.username,
        address=address,
        context={"account": account, "changed_by": changed_by, "changed_at": timezone.now()},
        zone=account.zone,
    )


def _page_with(token: str, name: str) -> str:
    return f"{settings.PORTAL_URL}{reverse(name, args=[token])}"


def _signed(token: str, salt: str, max_age: int) -> int:
    """The primary key that a token names, or 0, which no row has."""
    try:
        return int(signing.loads(token, salt=salt, max_age=max_age))
    except signing.BadSignature:
        return 0
