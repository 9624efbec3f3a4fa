"""Who holds licenses, and who acts for them.

Account  holds licenses: a company. The publisher is the one account from which all licenses come.
User     is a person's sign-in; belongs to one account and has a role in it.
Link     lets the users of one account see, switch to and pull licenses from another. One way.
Invitation  lets the first user of a new account choose a password, once.
AddressChange  waits for somebody to open the link that went to a user's new address.
NoticeChoice  is an account's word on a kind of notice that it may go without.
NoticeRecipient  is a further address that gets copies of an account's notices, once it has agreed.
EnduserImport  is a file of endusers that was uploaded, to be looked at and then imported; EnduserImportRow  is one row of it.
SecurityEvent  is a line of the security log: what happened at the doors, written once.
Session  is a browser's session: of one that is signed in, also whose it is.
"""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from licensing_portal.foundation.models import Job
from licensing_portal.foundation.text import validate_one_line
from licensing_portal.foundation.zones import zone_named

USERNAME_PATTERN = r"^[a-z0-9-]{2,30}$"
USERNAME_RULE = _("Use 2 to 30 letters a to z, digits and hyphens")
username_is_well_formed = RegexValidator(USERNAME_PATTERN, USERNAME_RULE)


class AccountQuerySet(models.QuerySet["Account"]):
    def open(self) -> "AccountQuerySet":
        return self.filter(closed_at=None)


class Account(models.Model):
    """A holder of licenses: a company. Two accounts of one company are two accounts, and may be linked."""

    class Kind(models.TextChoices):
        PUBLISHER = "publisher", _("Publisher")
        RESELLER = "reseller", _("Reseller")
        ENDUSER = "enduser", _("Enduser")

    username = models.CharField(_("username"), max_length=30, unique=True, validators=[username_is_well_formed])
    company = models.CharField(_("company"), max_length=120, validators=[validate_one_line])
    email = models.EmailField(_("email"), help_text=_("Where notices go. Several accounts may share it."))
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    reseller = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="endusers",
        help_text=_("For an enduser: the account that created it."),
        verbose_name=_("reseller"),
    )
    requires_second_factor = models.BooleanField(
        default=False, db_default=False, help_text=_("Whether each of its users must have a second factor to go on.")
    )
    time_zone = models.CharField(
        max_length=40,
        default="UTC",
        db_default="UTC",
        help_text=_("IANA’s name of the zone in which its notices, and users who chose none, read times."),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    closed_at = models.DateTimeField(
        _("closed at"), null=True, blank=True, help_text=_("A closed account can't sign in, buy or be used over a link.")
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(condition=Q(username__regex=USERNAME_PATTERN), name="account_username_is_well_formed"),
            models.CheckConstraint(condition=Q(kind__in=["publisher", "reseller", "enduser"]), name="account_kind_is_known"),
            models.CheckConstraint(
                condition=Q(kind="enduser", reseller__isnull=False) | (~Q(kind="enduser") & Q(reseller=None)),
                name="an_enduser_and_no_other_has_a_reseller",
            ),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="publisher"), name="there_is_one_publisher"),
        ]

    def __str__(self) -> str:
        return self.username

    def get_absolute_url(self) -> str:
        return reverse("enduser", args=[self.username])

    @property
    def zone(self) -> tzinfo:
        """The time zone that its notices are written in."""
        return zone_named(self.time_zone)

    @property
    def is_reseller(self) -> bool:
        return self.kind == self.Kind.RESELLER

    @property
    def is_enduser(self) -> bool:
        return self.kind == self.Kind.ENDUSER

    @property
    def is_publisher(self) -> bool:
        return self.kind == self.Kind.PUBLISHER

    @property
    def is_invited(self) -> bool:
        """Whether its first user is to choose a password yet (A1)."""
        first_user = self.users.filter(username=self.username).first()
        return first_user is not None and not first_user.has_usable_password()


class UserManager(DjangoUserManager["User"]):
    """Django's own manager; a superuser made on the command line is staff of the publisher, whose account is made for the first."""

    def create_superuser(self, username: str, email: str | None = None, password: str | None = None, **fields: Any) -> "User":
        publisher, _ = Account.objects.get_or_create(
            kind=Account.Kind.PUBLISHER, defaults={"username": "publisher", "company": "The publisher", "email": email or ""}
        )
        fields.setdefault("account", publisher)
        fields.setdefault("role", User.Role.ADMINISTRATOR)
        return super().create_superuser(username, email, password, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person's sign-in. Usernames are one namespace with the accounts', case ignored (rules.md §1)."""

    class Role(models.TextChoices):
        ADMINISTRATOR = "administrator", _("Administrator")
        MANAGER = "manager", _("Manager")
        VIEWER = "viewer", _("Viewer")

    username = models.CharField(_("username"), max_length=30, unique=True, validators=[username_is_well_formed])
    email = models.EmailField(  # noqa: DJ001 - several users without one must not collide
        _("email"), null=True, blank=True, help_text=_("Proven by an invitation or by staff. Unique.")
    )
    name = models.CharField(
        max_length=60, blank=True, default="", db_default="", validators=[validate_one_line], help_text=_("As others read it, beside the username.")
    )
    time_zone = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text=_("IANA’s name of it; the account’s where it is empty.")
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="users", verbose_name=_("account"))
    role = models.CharField(_("role"), max_length=13, choices=Role, default=Role.VIEWER)
    is_staff = models.BooleanField(_("is staff"), default=False, help_text=_("May enter the admin."))
    is_active = models.BooleanField(_("is active"), default=True)
    revocations = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="Counts deactivations and demotions, each of which ends what stood on the sign-in before.",
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=Q(username__regex=USERNAME_PATTERN), name="user_username_is_well_formed"),
            models.CheckConstraint(condition=Q(role__in=["administrator", "manager", "viewer"]), name="user_role_is_known"),
            models.UniqueConstraint(Lower("email"), name="a_users_email_is_unique"),
        ]

    def __str__(self) -> str:
        return self.username

    def clean(self) -> None:
        """Staff are the publisher's people (rules.md §1)."""
        super().clean()
        if self.is_staff and self.account_id and not self.account.is_publisher:
            raise ValidationError({"is_staff": gettext("Staff belong to the publisher’s account")})

    @property
    def name_in_full(self) -> str:
        """Who it is: the username never changes and always stands there, so history goes on saying who it was (B1)."""
        return f"{self.name} ({self.username})" if self.name else self.username

    @property
    def zone(self) -> tzinfo:
        """The time zone that the person reads times in."""
        return zone_named(self.time_zone or self.account.time_zone)

    @property
    def is_administrator(self) -> bool:
        return self.role == self.Role.ADMINISTRATOR

    def get_session_auth_hash(self) -> str:
        """What open sessions and the proofs of links must match: it changes with the password and with each revocation (A6).

        Without the second, whoever is activated or promoted again would bring back sessions and links that had ended.
        """
        return self._with_revocations(super().get_session_auth_hash(), settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same under each secret of before, which must tell revocations apart as well."""
        for secret, of_the_password in zip(settings.SECRET_KEY_FALLBACKS, super().get_session_auth_fallback_hash(), strict=True):
            yield self._with_revocations(of_the_password, secret)

    def _with_revocations(self, of_the_password: str, secret: str) -> str:
        if not self.revocations:
            return of_the_password
        return salted_hmac("accounts.User", f"{self.revocations} {of_the_password}", secret=secret, algorithm="sha256").hexdigest()

    def is_proven_by(self, proof: str) -> bool:
        """Whether a proof was made with the password and standing of today, be it under a secret of before (A6)."""
        return any(constant_time_compare(proof, good) for good in (self.get_session_auth_hash(), *self.get_session_auth_fallback_hash()))


class Link(models.Model):
    """The one-way right of `holder` over `target`: to see it, act as it, and pull licenses from it (A2 to A6)."""

    holder = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="links", verbose_name=_("holder"))
    target = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="incoming_links", verbose_name=_("target"))
    linked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("linked by"))
    proved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", help_text=_("Whose credentials made the link."), verbose_name=_("proved by")
    )
    proof = models.CharField(max_length=128, editable=False, help_text="A digest that changes with that user's password and standing.")
    linked_at = models.DateTimeField(_("linked at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.UniqueConstraint(fields=["holder", "target"], name="one_link_per_pair"),
            models.CheckConstraint(condition=~Q(holder=models.F("target")), name="link_is_not_to_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.holder} → {self.target}"

    @property
    def is_proven(self) -> bool:
        """Whether the credentials that made the link would still make it today (A6)."""
        prover = self.proved_by
        return (
            prover.is_active
            and prover.is_administrator
            and prover.account_id == self.target_id
            and self.target.closed_at is None
            and prover.is_proven_by(self.proof)
        )


class Invitation(models.Model):
    """Lets a user choose the first password over an e-mailed link, once; accepting it proves the address (A1)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now, editable=False)
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="When it was found to have gone to a wrong address; its link is dead.")

    def __str__(self) -> str:
        return f"{self.user} at {self.email}"


class AddressChange(models.Model):
    """A user's wish for another address, until the link that went there is opened by that user (rules.md §1). Only the last one counts."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="address_changes")
    email = models.EmailField()
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.user} to {self.email}"


class NoticeChoice(models.Model):
    """What an account said of a kind of notice that it may go without; where it said nothing, the kind's own default counts."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="notice_choices")
    letter = models.CharField(max_length=100, help_text="The template that such a notice is written with.")
    is_wanted = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "letter"], name="one_choice_per_account_and_letter")]

    def __str__(self) -> str:
        return f"{self.account}: {self.letter}"


class NoticeRecipient(models.Model):
    """A further address that gets copies of an account's notices about licenses, from when it agreed until it is removed."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="recipients")
    email = models.EmailField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("account", Lower("email"), name="an_address_gets_a_notice_of_an_account_once")]

    def __str__(self) -> str:
        return self.email


class EnduserImport(models.Model):
    """A file of endusers that a reseller uploaded (A1). Nothing of it is an enduser until its job has made it one."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="enduser_imports")
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(db_default=Now())
    file_name = models.CharField(max_length=120)
    job = models.OneToOneField(Job, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("accounts:check_import", args=[self.pk])


class EnduserImportRow(models.Model):
    """One row of an uploaded file as it stands there, and what became of it."""

    class State(models.TextChoices):
        PROBLEM = "problem"
        NEW = "new"
        UNCHANGED = "unchanged"
        CREATED = "created"
        SKIPPED = "skipped"

    upload = models.ForeignKey(EnduserImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="As in the file, where the header is row 1.")
    username = models.CharField(max_length=300)
    company = models.CharField(max_length=300)
    email = models.CharField(max_length=300)
    state = models.CharField(max_length=9, choices=State)
    problems = models.JSONField(default=dict, help_text="What is wrong, by column; of the row as a whole by no name.")
    enduser = models.OneToOneField(Account, null=True, on_delete=models.PROTECT, related_name="imported_as")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="each_row_of_a_file_is_there_once")]
        indexes = [models.Index(fields=["upload", "state", "number"], name="import_rows_by_state")]

    def __str__(self) -> str:
        return f"{self.upload}, row {self.number}"


class SecurityEvent(models.Model):
    """A line of the security log (A8). It is written once, by `security_log.record`, and never changed: PostgreSQL refuses it."""

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", _("Signed in")
        SIGN_IN_FAILED = "sign_in_failed", _("Wrong username or password")
        LOCKED = "locked", _("Locked after too many tries")
        SIGNED_OUT = "signed_out", _("Signed out")
        RESET_ASKED = "reset_asked", _("Password reset asked for")
        PASSWORD_CHANGED = "password_changed", _("Password changed")
        EMAIL_ASKED = "email_asked", _("Email change asked for")
        EMAIL_CHANGED = "email_changed", _("Email changed")
        NOTICE_ADDRESS_CHANGED = "notice_address_changed", _("Address for notices changed")
        RECIPIENT_ADDED = "recipient_added", _("Copies of notices to another address")
        RECIPIENT_REMOVED = "recipient_removed", _("No more copies of notices")
        SECOND_FACTOR_ADDED = "second_factor_added", _("Second factor added")
        SECOND_FACTOR_REMOVED = "second_factor_removed", _("Second factor removed")
        SECOND_FACTOR_REQUIRED = "second_factor_required", _("Second factor required of everybody")
        SECOND_FACTOR_OPTIONAL = "second_factor_optional", _("Second factor no longer required")
        ACCOUNT_CREATED = "account_created", _("Account created")
        ACCOUNT_CLOSED = "account_closed", _("Account closed")
        USER_INVITED = "user_invited", _("User invited")
        ROLE_CHANGED = "role_changed", _("Role changed")
        USER_DEACTIVATED = "user_deactivated", _("User deactivated")
        USER_ACTIVATED = "user_activated", _("User activated")
        LINKED = "linked", _("Account linked")
        UNLINKED = "unlinked", _("Link ended")
        SWITCHED = "switched", _("Acting began")
        RETURNED = "returned", _("Acting ended")
        REFUSED = "refused", _("Refused")
        THROTTLED = "throttled", _("Too many requests")
        STAFF_ACTED = "staff_acted", _("Done by the publisher")

    at = models.DateTimeField(_("at"), default=timezone.now)
    kind = models.CharField(_("kind"), max_length=30, choices=Kind)
    user = models.ForeignKey(
        User,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Who did it, or whose name was tried; nobody where no user has the name."),
        verbose_name=_("user"),
    )
    account = models.ForeignKey(
        Account,
        null=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The user’s own account."),
        verbose_name=_("account"),
    )
    other = models.ForeignKey(
        Account,
        null=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The account acted for, linked or otherwise concerned."),
        verbose_name=_("other"),
    )
    about = models.CharField(_("about"), max_length=200, blank=True, help_text=_("What it was about, on one line."))
    address = models.CharField(_("address"), max_length=45, blank=True, help_text=_("The IP address that the request came from."))
    request_id = models.CharField(_("request id"), max_length=32, blank=True, help_text=_("The id that log lines and error pages name."))

    class Meta:
        # The two logs that an account's page is made of, each newest first.
        verbose_name = _("security event")
        verbose_name_plural = _("security events")
        indexes = [
            models.Index(fields=["account", "-id"], name="security_event_of_account"),
            models.Index(fields=["other", "-id"], name="security_event_of_other"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user or gettext('nobody known')}"


class Session(AbstractBaseSession):
    """A browser's session; of one that is signed in also whose, since when and from where, so that its owner can end it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sessions")
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    browser = models.CharField(max_length=60)
    address = models.CharField(max_length=45)

    def __str__(self) -> str:
        return f"{self.browser} at {self.address}"

    @property
    def handle(self) -> str:
        """What it is called where others may read along. Not after its key, which alone opens the portal and is another after each switch."""
        return salted_hmac("accounts.Session", f"{self.user_id} {self.started_at}").hexdigest()[:20]
