"""What one may read of accounts. Every fetch takes the account that asks; what it may not see does not exist (A9)."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, TextChoices, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, AccountQuerySet, AddressChange, EnduserImport, Invitation, Link, NoticeRecipient, SecurityEvent, User
from licensing_portal.foundation.models import Notice

SUGGESTIONS = 8


def publisher() -> Account:
    """The one account from which all licenses come."""
    return Account.objects.get(kind=Account.Kind.PUBLISHER)


def username_problem(username: str) -> str:
    """Say what keeps a new account or user from having this name: accounts and users share one namespace (rules.md §1). "" if nothing."""
    is_taken = User.objects.filter(username=username).exists() or Account.objects.filter(username=username).exists()
    return gettext("%(username)s is taken. Choose another username.") % {"username": username} if is_taken else ""


def email_problem(email: str, account: Account) -> str:
    """Say what keeps a new user of the account from being invited at this address; "" if nothing.

    A user's address is unique once it is proven (rules.md §1); who else was invited there is for their own account to know (A9).
    """
    invited = User.objects.filter(account=account, is_active=True, password__startswith=UNUSABLE_PASSWORD_PREFIX, invitations__email__iexact=email)
    is_taken = User.objects.filter(email__iexact=email).exists() or invited.exists()
    return gettext("%(email)s belongs to another user. Each user needs an address of their own.") % {"email": email} if is_taken else ""


class UserState(TextChoices):
    """Whether a user can sign in, as the administrators of the account see it."""

    ACTIVE = "active", _("Active")
    INVITED = "invited", _("Invited")
    DEACTIVATED = "deactivated", _("Deactivated")


def team_of(account: Account) -> QuerySet[User]:
    """The users of the account, by username, each with its `state` and its `address`: its own, or where it was invited last."""
    state = Case(
        When(is_active=False, then=Value(UserState.DEACTIVATED)),
        When(password__startswith=UNUSABLE_PASSWORD_PREFIX, then=Value(UserState.INVITED)),
        default=Value(UserState.ACTIVE),
    )
    last_invited_to = Invitation.objects.filter(user=OuterRef("pk")).order_by("-pk").values("email")[:1]
    return User.objects.filter(account=account).annotate(state=state, address=Coalesce("email", Subquery(last_invited_to))).order_by("username")


def user_named(username: str) -> User | None:
    """The user of this name, case ignored (rules.md §1)."""
    return User.objects.select_related("account").filter(username=username.lower()).first()


class EnduserState(TextChoices):
    """How far an enduser account has come, as its reseller may know (A9)."""

    ACTIVE = "active", _("Active")
    WAITING = "waiting", _("Not signed in yet")
    CLOSED = "closed", _("Closed")


def _has_signed_in() -> Exists:
    """Whether anybody of the account ever signed in."""
    return Exists(User.objects.filter(account=OuterRef("pk"), last_login__isnull=False))


def accounts_never_signed_in() -> AccountQuerySet:
    """The open accounts of customers of which nobody ever signed in, those that wait longest first."""
    return Account.objects.open().filter(~_has_signed_in()).exclude(kind=Account.Kind.PUBLISHER).order_by("created_at", "pk")


def endusers_of(reseller: Account) -> AccountQuerySet:
    """The endusers that this reseller created, by username, each with its `state`."""
    state = Case(
        When(closed_at__isnull=False, then=Value(EnduserState.CLOSED)),
        When(_has_signed_in(), then=Value(EnduserState.ACTIVE)),
        default=Value(EnduserState.WAITING),
    )
    return Account.objects.filter(reseller=reseller).annotate(state=state).order_by("username")


def endusers_matching(reseller: Account, text: str) -> AccountQuerySet:
    """The endusers of a reseller whose username, company or address contains `text`."""
    matches = Q(username__icontains=text) | Q(company__icontains=text) | Q(email__icontains=text)
    return endusers_of(reseller).filter(matches)


def customers() -> AccountQuerySet:
    """All resellers and endusers, by username: whom staff issue to."""
    return Account.objects.exclude(kind=Account.Kind.PUBLISHER).order_by("username")


def customers_matching(text: str) -> AccountQuerySet:
    """The resellers and endusers whose username or company contains `text`."""
    return customers().filter(Q(username__icontains=text) | Q(company__icontains=text))


def enduser_imports_of(account: Account) -> QuerySet[EnduserImport]:
    """The files of endusers that were uploaded for this account, the newest first."""
    return EnduserImport.objects.filter(account=account).select_related("job", "uploaded_by").order_by("-pk")


def links_of(holder: Account) -> QuerySet[Link]:
    """The links over which `holder` may reach other accounts, by username."""
    return holder.links.select_related("holder", "target", "proved_by").order_by("target__username")


def usable_links(user: User, account: Account) -> QuerySet[Link]:
    """The account's links that this person may use: while acting, only one that leads back to their own account (A4, A7)."""
    links = links_of(account)
    return links.filter(target=user.account_id) if user.account_id != account.pk else links


def has_links(account: Any, *, back_to: Any = None) -> Exists:
    """An expression for a query: whether there are links of the account, or a link back to another, that its menu would lead to (A4, A7)."""
    links = Link.objects.filter(holder=account)
    return Exists(links if back_to is None else links.filter(target=back_to))


def incoming_links_of(target: Account) -> QuerySet[Link]:
    """The links over which other accounts may reach `target`, by username."""
    return target.incoming_links.select_related("holder", "target").order_by("holder__username")


def is_open(invitation: Invitation) -> bool:
    """Whether a password can still be chosen over it, its time apart: by an active user who has none yet."""
    user = invitation.user
    is_waiting = user.is_active and not user.has_usable_password() and user.account.closed_at is None
    return is_waiting and invitation.withdrawn_at is None


def proven_address_of(user: User) -> str:
    """Where a password reset may go: the user's own address, or the one an accepted invitation proved. "" if neither."""
    if user.email:
        return user.email
    accepted = user.invitations.exclude(accepted_at=None).order_by("-accepted_at").first()
    return accepted.email if accepted else ""


def pending_email_of(user: User) -> AddressChange | None:
    """The address that a user wants and has not confirmed: the last one asked for, while its link can still be good."""
    still_good = timezone.now() - timedelta(seconds=settings.EMAIL_CHANGE_TIMEOUT)
    last = user.address_changes.order_by("-pk").first()
    return last if last and last.confirmed_at is None and last.asked_at > still_good else None


def address_of(user: User) -> str:
    """Where to write to a user: the proven address, else where the user was invited last, else the account's."""
    invited = user.invitations.order_by("-pk").first()
    return proven_address_of(user) or (invited.email if invited else user.account.email)


def account_of_notices(username: str) -> Account:
    """Whose account a notice is for: the account of this name or, where there is none, that of the user."""
    return Account.objects.filter(username=username).first() or User.objects.select_related("account").get(username=username).account


def address_of_notice(notice: Notice) -> str:
    """Where a notice goes today: to its account, to the user where no account has this name, or as a copy; "" if no copy is wanted any more."""
    account = Account.objects.filter(username=notice.account).first()
    if notice.copy_to:
        agreed = NoticeRecipient.objects.filter(account=account, email__iexact=notice.copy_to).exclude(confirmed_at=None).exists()
        return notice.copy_to if agreed else ""
    return account.email if account else address_of(User.objects.get(username=notice.account))


def recipients_of(account: Account) -> QuerySet[NoticeRecipient]:
    """The further addresses of an account, the first first; those that have not agreed yet get nothing."""
    return account.recipients.select_related("added_by").order_by("pk")


def users_for_reset(text: str) -> list[User]:
    """The active users with this username or this proven address; nobody who was only invited."""
    text = text.strip()
    candidates = (
        User.objects.select_related("account")
        .filter(
            Q(username=text.lower()) | Q(email__iexact=text) | Q(invitations__email__iexact=text, invitations__accepted_at__isnull=False),
            is_active=True,
            account__closed_at=None,
        )
        .distinct()
    )
    return [user for user in candidates if proven_address_of(user)]


def security_events_of(account: Account) -> QuerySet[SecurityEvent]:
    """The security log of an account, newest first: what its own users did, and what was done with it (A5, A9)."""
    return SecurityEvent.objects.filter(Q(account=account) | Q(other=account)).select_related("user__account", "account", "other").order_by("-pk")
