"""The tables under all apps: the one-use keys that were claimed, what became of each notice, and long jobs with their files."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from post_office.models import STATUS, Email


class Submission(models.Model):
    """A one-use key that was claimed, with a digest of what was sent and what it made (rule B5). Never pruned."""

    key = models.CharField(primary_key=True, max_length=32)
    digest = models.CharField(max_length=64)
    claimed_at = models.DateTimeField(db_default=Now())
    result_type = models.ForeignKey(ContentType, null=True, on_delete=models.PROTECT)
    result_id = models.PositiveBigIntegerField(null=True)
    result = GenericForeignKey("result_type", "result_id")

    def __str__(self) -> str:
        return self.key


class Notice(models.Model):
    """One mail about one event to one account, or a copy of it to one further address, and its fate. The mail itself is post-office's Email."""

    kind = models.CharField(max_length=100, help_text="The template that it is written with.")
    event = models.CharField(max_length=60, help_text="What it tells of: an entry's number, or the like.")
    account = models.CharField(max_length=30, help_text="The username of the account that is told.")
    copy_to = models.EmailField(blank=True, default="", db_default="", help_text="The further address of the account’s that it is a copy for.")
    email = models.OneToOneField(Email, on_delete=models.PROTECT, related_name="notice")
    again_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="sent_again")
    asked_for_by = models.CharField(max_length=30, blank=True, default="", db_default="", help_text="The username of whoever pressed Send again.")
    written_when_sent_from = models.JSONField(null=True, blank=True, help_text="For mails with a one-time link, whose body is never kept.")
    facts = models.JSONField(null=True, blank=True, help_text="What it says of its event, for mails whose words are written when they are delivered.")
    queued_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "event", "account", "copy_to"],
                condition=models.Q(again_of=None),
                name="one_notice_per_event_and_addressee",
            ),
        ]
        indexes = [models.Index(fields=["event"])]
        permissions = [("send_notice_again", "Can send notices again")]

    def __str__(self) -> str:
        return f"{self.email.subject} to {self.address}"

    @property
    def address(self) -> str:
        return ", ".join(self.email.to)

    @property
    def fate(self) -> str:
        """queued, sent or failed: what the receipt says."""
        return {STATUS.sent: "sent", STATUS.failed: "failed"}.get(self.email.status, "queued")

    @property
    def has_one_time_link(self) -> bool:
        """Whether it is for one person, at the address that it was asked for."""
        return self.written_when_sent_from is not None


class Job(models.Model):
    """Work that is too long for one press: the press makes this row, a worker does it, batch by batch (foundation/jobs.py)."""

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=40)
    account = models.CharField(max_length=30, help_text="The username of the account that it is for.")
    started_by = models.CharField(max_length=30, help_text="The username of the person who pressed.")
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField()
    result = models.JSONField(default=dict)
    failure = models.CharField(max_length=300, blank=True, help_text="Why it could not go on, for the person who pressed.")
    file_name = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(db_default=Now(), help_text="When a worker may take it up; put off while one is at it.")
    lease = models.UUIDField(null=True, blank=True, help_text="What the worker that took it up last knows it by.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often it was taken up since it last came further.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(done__lte=models.F("total")), name="no_more_is_done_than_there_is"),
            models.UniqueConstraint(fields=["account", "kind"], condition=models.Q(state="open"), name="one_open_job_per_account_and_kind"),
        ]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(state="open"), name="jobs_that_are_open")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of {self.account}"

    def get_absolute_url(self) -> str:
        return reverse("job", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class JobPart(models.Model):
    """A piece of the file that a job made. In pieces, so that nobody holds a large file in memory to hand it out."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="each_part_of_a_file_is_there_once")]

    def __str__(self) -> str:
        return f"{self.job}, part {self.number}"
