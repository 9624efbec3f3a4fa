"""The books.

Product       is what one is licensed for; a license is the right to one simultaneous session of it.
Holding       is what one account has of one product now: available, deployed, and how many it has sold.
JournalEntry  is one event, and its own document: a sale, a transfer, … with a number, a giver and a receiver.
JournalLine   is one change of one number of a holding. The lines of an entry sum to zero per product.

The journal is the truth and is never changed (B2). Holdings are its current sums, kept because they are what one
locks, constrains and lists; `check_ledger` recomputes them. Only `licenses/ledger.py` writes any of them.

LedgerProof   is the record of one such recomputation, ProofRequest that staff asked for one.
"""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from licensing_portal.foundation.text import validate_one_line


class Product(models.Model):
    """What one is licensed for. A retired product is no longer issued; what is held stays good (rules.md §2)."""

    code = models.CharField(
        _("code"), max_length=30, unique=True, validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9._-]*$", _("Use A to Z, digits, dots and hyphens"))]
    )
    name = models.CharField(_("name"), max_length=120, validators=[validate_one_line])
    description = models.TextField(_("description"), blank=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True, help_text=_("No new issue from then on."))

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class Holding(models.Model):
    """What an account has of a product. The publisher's available is the source of all and alone goes below zero."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holdings", verbose_name=_("account"))
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="holdings", verbose_name=_("product"))
    is_source = models.BooleanField(default=False, editable=False, help_text="Whether it is the publisher's.")
    available = models.BigIntegerField(_("available"), default=0)
    deployed = models.BigIntegerField(_("deployed"), default=0)
    sold = models.BigIntegerField(_("sold"), default=0, help_text=_("Out by sales, less what came back by recall or reversal."))

    class Meta:
        verbose_name = _("holding")
        verbose_name_plural = _("holdings")
        constraints = [
            models.UniqueConstraint(fields=["account", "product"], name="one_holding_per_account_and_product"),
            models.CheckConstraint(condition=Q(available__gte=0) | Q(is_source=True), name="available_is_never_negative"),
            models.CheckConstraint(condition=Q(deployed__gte=0), name="deployed_is_never_negative"),
            models.CheckConstraint(condition=Q(sold__gte=0), name="sold_is_never_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.product.code}"

    @property
    def purchased(self) -> int:
        """What came in by issue, sale, transfer or adjustment less what left otherwise than by sale."""
        return self.sold + self.deployed + self.available


class JournalEntry(models.Model):
    """One event in the books, and the document of it: giver, receiver, who did it for which account, and when (B1)."""

    class Kind(models.TextChoices):
        ISSUE = "issue", pgettext_lazy("kind of entry", "Issue")
        SALE = "sale", pgettext_lazy("kind of entry", "Sale")
        DEPLOYMENT = "deployment", pgettext_lazy("kind of entry", "Deployment")
        TRANSFER = "transfer", pgettext_lazy("kind of entry", "Transfer")
        RECALL = "recall", pgettext_lazy("kind of entry", "Recall")
        RETIREMENT = "retirement", pgettext_lazy("kind of entry", "Retirement")
        ADJUSTMENT = "adjustment", pgettext_lazy("kind of entry", "Adjustment")
        REVERSAL = "reversal", pgettext_lazy("kind of entry", "Reversal")

    # By staff (C11). A deployment is put right by retiring it, and a reversal not at all.
    REVERSIBLE: ClassVar = (Kind.ISSUE, Kind.SALE, Kind.TRANSFER, Kind.RECALL, Kind.ADJUSTMENT)

    number = models.CharField(_("number"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    posted_at = models.DateTimeField(_("posted at"), default=timezone.now, editable=False)
    giver = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries_given", verbose_name=_("giver"))
    receiver = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries_received", verbose_name=_("receiver"))
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("posted by"))
    acting_as = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", help_text=_("The account that the person acted for."), verbose_name=_("acting as")
    )
    reference = models.CharField(
        _("reference"),
        max_length=120,
        blank=True,
        help_text=_("What the giver calls it: an order number, for an issue; the deployment's name, where licenses go on one or come back."),
    )
    note = models.TextField(_("note"), blank=True)
    reverses = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by", verbose_name=_("reverses"))

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal entries")
        permissions = [
            ("issue_licenses", "Can issue licenses"),
            ("adjust_licenses", "Can adjust licenses"),
            ("reverse_entry", "Can reverse journal entries"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["issue", "sale", "deployment", "transfer", "recall", "retirement", "adjustment", "reversal"]),
                name="entry_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["deployment", "retirement"], giver=F("receiver"))
                | (~Q(kind__in=["deployment", "retirement"]) & ~Q(giver=F("receiver"))),
                name="only_deployed_licenses_stay_with_their_owner",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["recall", "reversal"], reverses__isnull=False) | (~Q(kind__in=["recall", "reversal"]) & Q(reverses=None)),
                name="a_reversing_entry_points_to_another",
            ),
        ]
        indexes = [
            models.Index(fields=["posted_at"], name="entries_by_moment"),
            # Few entries are transfers, and My Licenses asks for those of one account.
            models.Index(fields=["giver"], condition=Q(kind__in=["transfer", "reversal"]), name="transfers_from_an_account"),
            models.Index(fields=["receiver"], condition=Q(kind__in=["transfer", "reversal"]), name="transfers_to_an_account"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("licenses:receipt", args=[self.number])

    @property
    def is_reversible(self) -> bool:
        """Whether it is of a kind that staff can reverse (C11)."""
        return self.kind in self.REVERSIBLE

    @cached_property
    def lines_at_hand(self) -> "list[JournalLine]":
        """Its lines, which never change; whoever has just posted the entry has them, with their products."""
        return list(self.lines.all())

    @cached_property
    def moved(self) -> "list[tuple[str, int]]":
        """How many licenses of which product (by code) it moved; a query can bring them along."""
        return [(line.product.code, line.quantity) for line in self.lines_at_hand if line.quantity > 0]

    @property
    def total(self) -> int:
        """How many licenses it moved."""
        return sum(line.quantity for line in self.lines_at_hand if line.quantity > 0)


class JournalLine(models.Model):
    """One signed change of an account's available or deployed licenses of a product, and what the number was after it."""

    class State(models.TextChoices):
        AVAILABLE = "available", _("Available")
        DEPLOYED = "deployed", _("Deployed")

    # Nothing is looked for by one of these alone that the indexes below would not find; each more is one more to write at every sale.
    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="lines", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lines", verbose_name=_("account"), db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lines", verbose_name=_("product"), db_index=False)
    state = models.CharField(_("state"), max_length=9, choices=State)
    quantity = models.BigIntegerField(_("quantity"))
    balance = models.BigIntegerField(_("balance"), help_text=_("The account's number of this product and state after this line."))

    class Meta:
        verbose_name = _("journal line")
        verbose_name_plural = _("journal lines")
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="a_line_moves_something"),
            models.CheckConstraint(condition=Q(state__in=["available", "deployed"]), name="line_state_is_known"),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="journal_of_an_account"),
            # On PostgreSQL these two hold the numbers as well, for the proof of the books to read nothing else (0011_read_from_indexes.py).
            models.Index(fields=["account", "product", "state", "id"], name="journal_of_a_holding"),
            models.Index(fields=["entry", "product"], name="lines_of_an_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.entry}: {self.account} {self.quantity:+} {self.product.code} {self.get_state_display().lower()}"


class NumberSeries(models.Model):
    """The last number given out for one letter in one year; used where the database has no sequences (SQLite)."""

    name = models.CharField(primary_key=True, max_length=10)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.last}"


class ProofRequest(models.Model):
    """Staff asked for a full proof of the books. Answered by the first one that began after it."""

    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"asked by {self.asked_by}"


class LedgerProof(models.Model):
    """One proof of the books: when, of how much, and what was wrong (B4). Written when it is over, and never changed.

    Beside that it keeps where the next one may begin. Lines get their numbers before they are committed, so that below the
    newest line there may be some to come; `settled_entry` and `settled_line` are the last ones below which there are none.
    """

    night = models.DateField(null=True, unique=True, help_text="The night that owed it; empty for a proof that somebody made or asked for.")
    answers = models.ForeignKey(
        ProofRequest, null=True, on_delete=models.PROTECT, related_name="proofs", help_text="The newest request that it answers."
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    is_full = models.BooleanField(help_text="Of the whole journal, and not only of what was posted since the last proof.")
    entries = models.BigIntegerField(help_text="How many were proven.")
    lines = models.BigIntegerField(help_text="How many were proven.")
    holdings = models.BigIntegerField(help_text="How many were proven.")
    fault_count = models.PositiveBigIntegerField()
    first_faults = models.TextField(blank=True, help_text="What is wrong, a sentence a line: the first hundred.")
    newest_entry = models.BigIntegerField(help_text="The newest one that it saw.")
    newest_line = models.BigIntegerField(help_text="The newest one that it saw.")
    horizon = models.BigIntegerField(help_text="The first transaction that had not begun; zero on SQLite, which has one writer at a time.")
    settled_entry = models.BigIntegerField()
    settled_line = models.BigIntegerField()
    sold = models.JSONField(help_text="What each holding that ever sold had sold up to the settled line.")
    moved = models.JSONField(null=True, help_text="What was issued, sold and deployed by month and product up to the settled line (figures.py).")

    def __str__(self) -> str:
        return f"{self.sort.lower()} proof of {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def sort(self) -> str:
        return gettext("Full") if self.is_full else gettext("Incremental")

    @property
    def faults(self) -> list[str]:
        """What is wrong, in words: the first hundred."""
        return self.first_faults.splitlines()

    @property
    def is_good(self) -> bool:
        return self.fault_count == 0

    @property
    def duration(self) -> timedelta:
        return self.ended_at - self.started_at
