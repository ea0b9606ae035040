"""What belongs to a session: its files, and what readers found in its recordings."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from assets_app.models import Asset
from sessions_app.models.sessions import Session


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
