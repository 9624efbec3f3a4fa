"""Licenses on one license server.

Deployment      is the owner's; until it is retired, its licenses are counted as deployed in the owner's holdings.
DeploymentLine  is how many licenses of one product it has; they only grow (C7). Of a retired deployment the lines stay as
                they were: they tell what was on it and came back.
DeploymentEntry is each journal entry that put licenses on it, with the sale it was made of, if it was one (C5), and the
                one that returned them all.
ServerFile      is the license server's identity, byte for byte; of a deployment's files one at most is in use (C6, C8).
SignedLicenseFile is what was made of it and the lines; a later one, with a higher serial, supersedes it.
LicenseFileDownload is each time that somebody was given one: from the first on only staff can retire the deployment (C7).
ReplacementAllowance is what staff gave beyond the replacements that need nobody's help (C8).

And what licenses asks of whoever knows deployments: what keeps a sale from being recalled, and where licenses are.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from licenses.extensions import PLACES_NAMED, in_short, knows_where_licenses_are, objects_to_recalls
from licenses.models import JournalEntry, Product
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.templatetags.portal import number
from licensing_portal.foundation.text import isolated


class Deployment(models.Model):
    """One license server with its licenses. A reseller may have made it for an enduser, who owns it (C5)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting for server file")
        ACTIVE = "active", _("Active")
        RETIRED = "retired", _("Retired")

    name = models.CharField(_("name"), max_length=120)
    host_name = models.CharField(_("host name"), max_length=253)
    notes = models.TextField(_("notes"), blank=True)
    owner = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="deployments", verbose_name=_("owner"))
    made_by = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="deployments_made", help_text=_("The owner, or its reseller."), verbose_name=_("made by")
    )
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    serial = models.PositiveIntegerField(
        _("serial"),
        default=0,
        db_default=0,
        editable=False,
        help_text=_("Of the license file that its server file and licenses of now make; 0 before there was a server file."),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    changed_at = models.DateTimeField(_("changed at"), default=timezone.now, editable=False)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        permissions = [
            ("retire_deployment", "Can retire deployments"),
            ("allow_replacement", "Can allow more replacements of a server"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["waiting", "active", "retired"]), name="deployment_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="retired", retired_at__isnull=False) | (~Q(state="retired") & Q(retired_at=None)),
                name="a_retired_deployment_and_no_other_says_since_when",
            ),
            models.CheckConstraint(
                condition=(~Q(state="waiting") | Q(serial=0)) & (~Q(state="active") | Q(serial__gt=0)),
                name="an_active_deployment_and_no_waiting_one_has_a_serial",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-changed_at"], name="deployments_of_an_owner"),
            models.Index(fields=["made_by", "-changed_at"], name="deployments_made_by_an_account"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("deployments:deployment", args=[self.pk])

    @property
    def is_retired(self) -> bool:
        return self.state == self.State.RETIRED

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @cached_property
    def number(self) -> str:
        """The number of the entry that it began with, which license files call it by."""
        return str(self.entries.order_by("pk").values_list("entry__number", flat=True)[0])


class DeploymentLine(models.Model):
    """How many licenses of one product are on a deployment, or were until it was retired."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="lines", verbose_name=_("deployment"))
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="deployment_lines", verbose_name=_("product"))
    quantity = models.BigIntegerField(_("quantity"))

    class Meta:
        verbose_name = _("deployment line")
        verbose_name_plural = _("deployment lines")
        constraints = [
            models.UniqueConstraint(fields=["deployment", "product"], name="one_line_per_deployment_and_product"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="a_deployment_line_has_licenses"),
        ]

    def __str__(self) -> str:
        return f"{isolated(str(self.deployment))}: {self.quantity} {self.product.code}"


class DeploymentEntry(models.Model):
    """A journal entry that put licenses on a deployment, with the sale that gave them to its owner at that moment; or that returned all of them."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="entries", verbose_name=_("deployment"))
    entry = models.OneToOneField(JournalEntry, on_delete=models.PROTECT, related_name="deployment_entry", verbose_name=_("entry"))
    sale = models.OneToOneField(
        JournalEntry, null=True, blank=True, on_delete=models.PROTECT, related_name="deployment_entry_of_sale", verbose_name=_("sale")
    )
    is_retirement = models.BooleanField(_("is retirement"), default=False, db_default=False)

    class Meta:
        verbose_name = _("deployment entry")
        verbose_name_plural = _("deployment entries")
        constraints = [
            models.UniqueConstraint(fields=["deployment"], condition=Q(is_retirement=True), name="a_deployment_is_retired_once"),
            models.CheckConstraint(condition=Q(is_retirement=False) | Q(sale=None), name="a_retirement_sells_nothing"),
        ]

    def __str__(self) -> str:
        return gettext("%(entry)s on %(deployment)s") % {"entry": self.entry, "deployment": self.deployment}


LARGEST_SERVER_FILE = 64 * 1024  # bytes


class ServerFileQuerySet(models.QuerySet["ServerFile"]):
    def in_use(self) -> "ServerFileQuerySet":
        """Those of which a license file can be made: neither superseded nor of a retired deployment."""
        return self.filter(ended_at=None)


class ServerFile(models.Model):
    """The identity of a license server as it was uploaded, known by its SHA-256 (C6). Nothing of it ever changes but until when it is in use."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="server_files", verbose_name=_("deployment"))
    sha256 = models.CharField(_("sha256"), max_length=64, help_text=_("In hexadecimal digits, small letters."))
    content = models.BinaryField()
    size = models.PositiveIntegerField(_("size"), help_text=_("In bytes."))
    name = models.CharField(_("name"), max_length=100, help_text=_("What the uploader’s file was called: to be shown, and for nothing else."))
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it took the place of the one before."))
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("uploaded by"))
    uploaded_as = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", verbose_name=_("uploaded as"))
    uploaded_at = models.DateTimeField(_("uploaded at"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(
        _("ended at"), null=True, blank=True, editable=False, help_text=_("When it was superseded, or its deployment retired.")
    )

    objects = ServerFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("server file")
        verbose_name_plural = _("server files")
        constraints = [
            models.UniqueConstraint(fields=["sha256"], condition=Q(ended_at=None), name="a_server_file_is_in_use_on_one_deployment"),
            models.UniqueConstraint(fields=["deployment"], condition=Q(ended_at=None), name="a_deployment_has_one_server_file_in_use"),
            models.CheckConstraint(
                condition=Q(Exact(Length("content"), F("size")), size__gte=1, size__lte=LARGEST_SERVER_FILE),
                name="a_server_file_has_1_to_65536_bytes",
            ),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="a_sha256_is_64_hexadecimal_digits"),
        ]

    def __str__(self) -> str:
        return gettext("%(name)s of %(deployment)s") % {"name": self.name, "deployment": self.deployment}


class SignedLicenseFile(models.Model):
    """A license file that was made, kept so that whoever downloads the same serial gets the same bytes (C6)."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="license_files", verbose_name=_("deployment"))
    serial = models.PositiveIntegerField(_("serial"))
    server_file = models.ForeignKey(ServerFile, on_delete=models.PROTECT, related_name="license_files", verbose_name=_("server file"))
    text = models.TextField()
    made_at = models.DateTimeField(_("made at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("signed license file")
        verbose_name_plural = _("signed license files")
        constraints = [
            models.UniqueConstraint(fields=["deployment", "serial"], name="one_license_file_per_deployment_and_serial"),
            models.CheckConstraint(condition=Q(serial__gt=0), name="serials_of_license_files_begin_with_1"),
        ]

    def __str__(self) -> str:
        return gettext("License file %(serial)s of %(deployment)s") % {"serial": self.serial, "deployment": self.deployment}


class LicenseFileDownload(models.Model):
    """That somebody, for the account acted for, was given a license file."""

    license_file = models.ForeignKey(SignedLicenseFile, on_delete=models.PROTECT, related_name="downloads")
    downloaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("downloaded by"))
    downloaded_as = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", verbose_name=_("downloaded as"))
    downloaded_at = models.DateTimeField(_("downloaded at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("license file download")
        verbose_name_plural = _("license file downloads")

    def __str__(self) -> str:
        return gettext("%(license_file)s, by %(user)s") % {"license_file": self.license_file, "user": self.downloaded_by}


class ReplacementAllowance(models.Model):
    """One more replacement of a deployment's server in a year than everybody has (C8); staff give it, with a reason."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="replacement_allowances", verbose_name=_("deployment"))
    year = models.PositiveSmallIntegerField(_("year"), help_text=_("Of UTC, as in the numbers of entries."))
    reason = models.TextField(_("reason"))
    allowed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("allowed by"))
    allowed_at = models.DateTimeField(_("allowed at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("replacement allowance")
        verbose_name_plural = _("replacement allowances")

    def __str__(self) -> str:
        return gettext("One more replacement for %(deployment)s in %(year)s") % {"deployment": self.deployment, "year": self.year}


class DeploymentNotRetired(Refusal):
    """The sale was made by a deployment that still stands: retiring that comes before recalling the sale (C10)."""


@objects_to_recalls
def objection_to_recall(sale: JournalEntry) -> Refusal | None:
    """Say that a sale was made by a deployment that is not retired; None if it was not, or is (C10)."""
    made = DeploymentEntry.objects.filter(sale=sale).exclude(deployment__state=Deployment.State.RETIRED).select_related("deployment").first()
    if made is None:
        return None
    deployment = made.deployment
    said = gettext("This sale was made by the deployment %(deployment)s. Retire that first, then recall the sale.")
    return DeploymentNotRetired(said % {"deployment": deployment}, url=deployment.get_absolute_url())


@knows_where_licenses_are
def where_licenses_are_deployed(account: Account, product: Product) -> list[str]:
    """Name the account's deployments with the most licenses of a product, for staff (C11)."""
    lines = DeploymentLine.objects.filter(deployment__owner=account, product=product).exclude(deployment__state=Deployment.State.RETIRED)
    most = [
        gettext("%(number)s on %(deployment)s") % {"number": number(line.quantity), "deployment": line.deployment}
        for line in lines.select_related("deployment").order_by("-quantity", "pk")[:PLACES_NAMED]
    ]
    return [gettext("Deployed: %(places)s.") % {"places": in_short(most, lines.count())}] if most else []
