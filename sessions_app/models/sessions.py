"""Sessions: the heads of versioned documents, who may see them, who is at them, and what is searched in them."""

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from assets_app.guarded import GuardedModel, GuardedQuerySet
from sessions_app.ids import capture_time_in

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class SessionQuerySet(GuardedQuerySet["Session"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Their owner's, those shared with them, and all of them for staff. Trashed ones too: see `live`."""
        if user.is_anonymous:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(Q(owner=user) | Q(pk__in=SessionMember.objects.filter(user=user).values("session")))

    def owned_by(self, user: "User") -> Self:
        """Those that they may delete, restore and share: their own, and all of them for staff."""
        return self if user.is_staff else self.filter(owner=user)

    def live(self) -> Self:
        return self.filter(deleted_at=None)

    def trashed(self) -> Self:
        return self.filter(deleted_at__isnull=False)


class Session(GuardedModel):
    """The head of a versioned document. The text itself is with its versions: what a list shows of it is in columns here."""

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
    keyframe = models.PositiveIntegerField(default=1, help_text="The newest version that is kept whole.")
    sha256 = models.CharField(max_length=64, help_text="Of the newest version's bytes.")
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
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.CharField(max_length=150, blank=True)
    activity_seq = models.PositiveIntegerField(default=0, help_text="How many entries its log has.")
    activity_hash = models.CharField(max_length=64, blank=True, help_text="The hash of the newest entry of its log.")
    searched_version = models.PositiveIntegerField(default=0, help_text="The version whose devices can be looked up.")

    objects = SessionQuerySet.as_manager()

    class Meta(GuardedModel.Meta):
        db_table = "sessions"
        ordering = ["-updated_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-updated_at", "-id"], name="session_by_owner", condition=Q(deleted_at=None)),
            models.Index(fields=["-updated_at", "-id"], name="session_by_update", condition=Q(deleted_at=None)),
            models.Index(fields=["-deleted_at"], name="session_in_trash", condition=Q(deleted_at__isnull=False)),
            models.Index(fields=["expires_at"], name="session_expiring", condition=Q(expires_at__isnull=False)),
            models.Index(F("id"), name="session_unsearched", condition=~Q(searched_version=F("version"))),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(session_id=""), name="session_id_not_empty"),
            models.CheckConstraint(condition=Q(version__gte=1, version__lt=2**31 - 1), name="session_version_from_1"),
            models.CheckConstraint(condition=Q(keyframe__gte=1, keyframe__lte=F("version")), name="session_keyframe_exists"),
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

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class SessionMember(models.Model):
    """Somebody whom a session is shared with: they may read and save it."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shared_sessions")
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.CharField(max_length=150)

    class Meta:
        db_table = "session_members"
        ordering = ["added_at", "id"]
        constraints = [models.UniqueConstraint(fields=["session", "user"], name="session_member_once")]

    def __str__(self) -> str:
        return self.user.get_username()


class Lease(models.Model):
    """Somebody has the session open. Advice to others, and never a substitute for the version."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="leases")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    device = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "session_leases"
        ordering = ["since", "id"]
        constraints = [models.UniqueConstraint(fields=["session", "user"], name="session_lease_once")]

    def __str__(self) -> str:
        return self.user.get_username()


class SessionDevice(models.Model):
    """A copy of what is searched: one device of a session's newest version. Made off the hot path, and made again at will."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="devices")
    device_id = models.CharField(max_length=255, db_index=True)
    status = models.CharField(max_length=50, blank=True)

    class Meta:
        db_table = "session_devices"

    def __str__(self) -> str:
        return self.device_id


class SessionCount(models.Model):
    """How many live sessions somebody owns. Counting a million rows for every page of a list would be too dear."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    live = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "session_counts"

    def __str__(self) -> str:
        return str(self.live)


class PurgedSession(models.Model):
    """What remains of a session that was deleted for good: proof that its log has not been cut short."""

    id = models.UUIDField(primary_key=True, editable=False)
    session_id = models.CharField(max_length=255, db_index=True)
    owner = models.CharField(max_length=150)
    version = models.PositiveIntegerField()
    activity_seq = models.PositiveIntegerField()
    activity_hash = models.CharField(max_length=64)
    purged_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "purged_sessions"
        ordering = ["-purged_at"]

    def __str__(self) -> str:
        return self.session_id
