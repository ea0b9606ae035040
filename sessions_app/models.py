"""Sessions, every version of them, what happened to them, and what belongs to them."""

import uuid
import zlib
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from assets_app.models import Asset
from sessions_app.ids import capture_time_in

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Their owner's, and all of them for staff."""
        if user.is_anonymous:
            return self.none()
        return self if user.is_staff else self.filter(owner=user)

    def summaries(self) -> Self:
        """Without their documents: a list must never load what it does not show."""
        return self.defer("document")


class Session(models.Model):
    """The head of a versioned document: its newest text, and what lists show of it."""

    class Kind(models.TextChoices):
        DOCUMENT = "document"
        CAPTURE = "capture"
        CHECKLIST = "checklist"
        FILES = "files"

    class Status(models.TextChoices):
        OPEN = "open"
        UPLOADING = "uploading"
        PROCESSING = "processing"
        COMPLETED = "completed"
        ERROR = "error"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session_id = models.CharField(max_length=255, unique=True, help_text="Chosen by the client.")
    session_name = models.CharField(max_length=255)
    filename = models.CharField(max_length=255, blank=True)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.DOCUMENT)
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="hub_sessions")
    version = models.PositiveIntegerField(default=1)
    document = models.TextField(help_text="Canonical JSON of the newest version.")
    total_rows = models.PositiveIntegerField(default=0)
    current_batch = models.PositiveIntegerField(default=1)
    total_batches = models.PositiveIntegerField(default=1)
    completed_batches_count = models.PositiveIntegerField(default=0)
    device_count = models.PositiveIntegerField(default=0)
    completed_device_count = models.PositiveIntegerField(default=0)
    progress_percentage = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        db_table = "sessions"
        ordering = ["-updated_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-updated_at", "-id"], name="session_by_owner"),
            models.Index(fields=["-updated_at", "-id"], name="session_by_update"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(session_id=""), name="session_id_not_empty"),
            models.CheckConstraint(condition=Q(version__gte=1), name="session_version_from_1"),
            models.CheckConstraint(
                condition=Q(progress_percentage__gte=0, progress_percentage__lte=100), name="session_progress_is_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.session_name

    @property
    def timestamp(self) -> str | None:
        """The capture time in its id, in ISO 8601, if its id is one."""
        return capture_time_in(self.session_id)


class SessionVersion(models.Model):
    """One saved version: its exact bytes, and their digest. Appended, never changed."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    compressed = models.BinaryField(help_text="zlib of the canonical JSON text in UTF-8.")
    saved_at = models.DateTimeField(default=timezone.now)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "session_versions"
        ordering = ["-version"]
        constraints = [
            # Two writers of one version would be a lost save: the database refuses the second, whatever the code does.
            models.UniqueConstraint(fields=["session", "version"], name="session_version_once"),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"

    @property
    def text(self) -> str:
        return zlib.decompress(self.compressed).decode()


class SessionActivity(models.Model):
    """What happened, appended in the transaction of its cause.

    No foreign keys: the log outlives the session and the user. Column names are those that existing monitoring queries use.
    """

    class Action(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        CONFLICT = "conflict"
        ATTACHED = "attached"

    session_id = models.CharField(max_length=255, help_text="The session's external id.")
    user_id = models.CharField(max_length=255, blank=True, help_text="The name of the user who did it.")
    action = models.CharField(max_length=50, choices=Action)
    version = models.PositiveIntegerField(help_text="The session's version afterwards.")
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "session_activity_log"
        ordering = ["-id"]
        verbose_name_plural = "session activity"
        indexes = [
            models.Index(fields=["session_id", "-id"], name="activity_by_session"),
            models.Index(fields=["-created_at"], name="activity_by_time"),
            models.Index(fields=["action", "-created_at"], name="activity_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.session_id}"


class Conflict(models.Model):
    """The losing side of a race to save: refused, and kept."""

    class State(models.TextChoices):
        OPEN = "open"
        RESOLVED = "resolved"
        DISMISSED = "dismissed"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="conflicts")
    activity = models.OneToOneField(SessionActivity, on_delete=models.PROTECT, related_name="+")
    base_version = models.PositiveIntegerField(help_text="The version that the losing save was made from.")
    current_version = models.PositiveIntegerField(help_text="The version that it met.")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    compressed = models.BinaryField(help_text="zlib of the losing document's canonical JSON text.")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "session_conflicts"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"conflict over version {self.current_version}"

    @property
    def text(self) -> str:
        return zlib.decompress(self.compressed).decode()


class SessionFile(models.Model):
    """A file that belongs to a session."""

    class Role(models.TextChoices):
        RECORDING = "recording"
        LABELS = "labels"
        CHECKLIST = "checklist"
        ATTACHMENT = "attachment"

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="files")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="session_files")
    role = models.CharField(max_length=20, choices=Role)
    attached_at = models.DateTimeField(default=timezone.now)
    attached_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "session_files"
        ordering = ["attached_at", "id"]
        constraints = [models.UniqueConstraint(fields=["session", "asset"], name="session_file_once")]

    def __str__(self) -> str:
        return self.asset.name


class Recording(models.Model):
    """What a reader found in one recording file. The file stays the truth: this can be read again from it."""

    class TimeSource(models.TextChoices):
        DEVICE_CLOCK = "device_clock", "device clock"
        DT = "dt", "noted steps (dt)"
        DECLARED_RATE = "declared_rate", "declared rate"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="recordings")
    asset = models.OneToOneField(Asset, on_delete=models.PROTECT, related_name="recording")
    reader_version = models.PositiveIntegerField()
    layout = models.CharField(max_length=40)
    started_at = models.DateTimeField(null=True, blank=True)
    duration_s = models.FloatField(help_text="Seconds from the first sample to the last.")
    samples = models.PositiveBigIntegerField()
    rate_hz = models.FloatField(help_text="The sample rate that the file declares.")
    time_source = models.CharField(max_length=20, choices=TimeSource)
    channels = models.JSONField(help_text="[{name, quantity, unit, sensor, min, max, missing}]")
    findings = models.JSONField(default=list, help_text="[{kind, start, end, severity, message}], times in seconds.")
    label_spans = models.JSONField(default=list, help_text="[{start_sample, end_sample, text}], ends included.")
    notes = models.JSONField(default=list, help_text="How the reader settled what the file leaves open.")

    class Meta:
        db_table = "recordings"
        constraints = [
            models.CheckConstraint(condition=Q(samples__gt=0), name="recording_has_samples"),
            models.CheckConstraint(condition=Q(duration_s__gte=0), name="recording_lasts"),
        ]

    def __str__(self) -> str:
        return f"{self.samples} samples over {self.duration_s:.1f} s"
