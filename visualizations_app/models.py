"""Pictures of sessions: what was asked for, and what was made."""

import uuid
from typing import TYPE_CHECKING, Self

from django.db import models
from django.utils import timezone

from assets_app.models import Asset, Job
from sessions_app.models import Recording, Session

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class VisualizationQuerySet(models.QuerySet["Visualization"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Those of sessions that they may see."""
        return self.filter(session__in=Session.objects.visible_to(user))


class Visualization(models.Model):
    """One picture of one recording: asked for, then made by a job from the recording's file."""

    class State(models.TextChoices):
        WAITING = "waiting"
        MADE = "made"
        FAILED = "failed"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="visualizations")
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="visualizations")
    kind = models.CharField(max_length=50)
    job = models.OneToOneField(Job, on_delete=models.PROTECT, null=True, related_name="+")
    image = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recipe_version = models.PositiveIntegerField(null=True, blank=True)
    requested_at = models.DateTimeField(default=timezone.now)
    made_at = models.DateTimeField(null=True, blank=True)

    objects = VisualizationQuerySet.as_manager()

    class Meta:
        db_table = "visualizations"
        ordering = ["-requested_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["recording", "kind"], name="visualization_once"),
            # A picture without a time, or a time without a picture, would be shown as something that it is not.
            models.CheckConstraint(
                condition=models.Q(image__isnull=True, made_at__isnull=True)
                | models.Q(image__isnull=False, made_at__isnull=False, recipe_version__isnull=False),
                name="visualization_made_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.session.session_id}"

    @property
    def state(self) -> str:
        if self.image_id is not None:
            return self.State.MADE
        return self.State.FAILED if self.job is not None and self.job.state == Job.State.DEAD else self.State.WAITING
