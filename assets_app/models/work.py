"""What happened, and what is to be done: the feed of changes and the job ledger."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Change(models.Model):
    """One entry of the feed of changes: which thing of which kind changed, and how. Appended in the transaction of its cause.

    `txid` is the database's number of that transaction where transactions overlap (PostgreSQL sets it by itself): entries are
    handed out only once every earlier transaction has ended, so that a reader who remembers a place misses nothing.
    """

    txid = models.BigIntegerField(db_default=0, editable=False)
    kind = models.CharField(max_length=20)
    ref = models.UUIDField(help_text="The thing's own id.")
    key = models.CharField(max_length=255, help_text="What clients call it.")
    action = models.CharField(max_length=50)
    version = models.PositiveIntegerField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "changes"
        indexes = [
            models.Index(fields=["txid", "id"], name="change_in_order"),
            # Staff look at the history of one asset.
            models.Index(fields=["ref"], name="change_of_asset", condition=Q(kind="asset")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.action}"


class JobQuerySet(models.QuerySet["Job"]):
    def claimable(self, now: datetime) -> Self:
        """Due, or begun by a worker whose lease ran out."""
        return self.filter(Q(state=Job.State.QUEUED, next_attempt_at__lte=now) | Q(state=Job.State.RUNNING, lease_until__lt=now))


class Job(models.Model):
    """The ledger of background work. The queue's own rows are only nudges: this row is the truth."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        DEAD = "dead"

    MAX_ATTEMPTS = 5

    task = models.CharField(max_length=100, help_text="The registered background task that does it.")
    payload = models.JSONField(default=dict)
    subject = models.CharField(max_length=255, help_text="What it is about, in words.")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    lease = models.UUIDField(null=True, blank=True, help_text="Who is at it: only the holder may finish it.")
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, help_text="For staff: may name what is none of others' business.")
    reason = models.TextField(blank=True, help_text="Why it is dead, in words for whoever waits for it.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "jobs"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(F("state"), F("next_attempt_at"), name="job_due", condition=Q(state__in=["queued", "running"])),
        ]
        constraints = [
            # A running job without an end of its lease would be forgotten when its worker dies.
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease__isnull=False, lease_until__isnull=False),
                name="job_running_is_leased",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task}: {self.subject}"
