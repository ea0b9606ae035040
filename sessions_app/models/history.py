"""History: every version, every entry of the log, every losing side of a conflict."""

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from assets_app.guarded import GuardedModel, GuardedQuerySet
from sessions_app.models.sessions import Session

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class PackedDocument(GuardedModel):
    """A document's exact bytes, as `sessions_app.packing` packs them: whole, or told from another version's."""

    sha256 = models.CharField(max_length=64, help_text="Of the canonical JSON text in UTF-8.")
    size_bytes = models.PositiveIntegerField()
    keyframe = models.PositiveIntegerField(null=True, blank=True, help_text="The version that it is told from; none: whole.")
    packed = models.BinaryField()

    class Meta(GuardedModel.Meta):
        abstract = True


class SessionVersion(PackedDocument):
    """One saved version. Appended, never changed. Its parents: the version before, and what `conflict` kept, if it is a merge."""

    class Cause(models.TextChoices):
        SAVED = "saved"
        MERGED = "merged", "merged on saving"
        RESOLVED = "resolved", "conflict resolved"
        UNDONE = "undone", "resolution undone"
        RESTORED = "restored", "old version restored"
        DELETED = "deleted", "moved to the trash"
        UNDELETED = "undeleted", "taken out of the trash"

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="versions", db_index=False)
    version = models.PositiveIntegerField()
    cause = models.CharField(max_length=10, choices=Cause, default=Cause.SAVED)
    restored_from = models.PositiveIntegerField(null=True, blank=True, help_text="The version whose content this one has again.")
    conflict = models.ForeignKey(
        "Conflict", on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Its second parent."
    )
    saved_at = models.DateTimeField(default=timezone.now)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = GuardedQuerySet["SessionVersion"].as_manager()

    class Meta(GuardedModel.Meta):
        db_table = "session_versions"
        ordering = ["-version"]
        constraints = [
            # Two writers of one version would be a lost save: the database refuses the second, whatever the code does.
            models.UniqueConstraint(fields=["session", "version"], name="session_version_once"),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class SessionActivity(GuardedModel):
    """What happened, appended in the transaction of its cause. The database refuses to change or remove an entry.

    No foreign keys: the log outlives the session and the user. Column names are those that existing monitoring queries use.
    Entries of one session are numbered and chained: `entry_hash` covers every field of an entry and the hash before it.
    """

    class Action(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        MERGED = "merged"
        CONFLICT = "conflict"
        RESOLVED = "resolved"
        DISMISSED = "dismissed"
        REOPENED = "reopened"
        ASSIGNED = "assigned"
        RESTORED = "restored"
        DELETED = "deleted"
        UNDELETED = "undeleted"
        PURGED = "purged"
        ATTACHED = "attached"
        SHARED = "shared"
        UNSHARED = "unshared"

    session_id = models.CharField(max_length=255, help_text="The session's external id.")
    session_uuid = models.UUIDField(help_text="The session's own id.")
    seq = models.PositiveIntegerField(help_text="The entry's number among those of its session.")
    user_id = models.CharField(max_length=255, blank=True, help_text="The name of the user who did it.")
    action = models.CharField(max_length=50, choices=Action)
    version = models.PositiveIntegerField(help_text="The session's version afterwards.")
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    document_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the document that was saved or refused.")
    door = models.CharField(max_length=20, blank=True)
    token = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=45, blank=True)
    device = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    entry_hash = models.CharField(max_length=64)

    objects = GuardedQuerySet["SessionActivity"].as_manager()

    class Meta(GuardedModel.Meta):
        db_table = "session_activity_log"
        ordering = ["-id"]
        verbose_name_plural = "session activity"
        indexes = [
            models.Index(fields=["session_id", "-created_at"], name="activity_by_session"),
            models.Index(fields=["-created_at"], name="activity_by_time"),
            models.Index(fields=["-created_at"], name="activity_of_conflicts", condition=Q(action="conflict")),
        ]
        constraints = [
            # A second entry of one number would make two histories of one session.
            models.UniqueConstraint(fields=["session_uuid", "seq"], name="activity_entry_once"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.session_id}"


class ConflictQuerySet(GuardedQuerySet["Conflict"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Those of the sessions that they may see."""
        return self.filter(session__in=Session.objects.visible_to(user))

    def unsettled(self) -> Self:
        return self.filter(state=Conflict.State.OPEN)

    def with_people(self) -> Self:
        """With the rows that are named wherever a conflict is shown."""
        return self.select_related("session__owner", "saved_by", "assignee", "settled_by")


class Conflict(PackedDocument):
    """The losing side of a race to save: refused, and kept."""

    class State(models.TextChoices):
        OPEN = "open"
        RESOLVED = "resolved"
        DISMISSED = "dismissed"

    class Severity(models.TextChoices):
        SOFT = "soft", "soft: both sides fit together"
        HARD = "hard", "hard: both changed the same"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="conflicts", db_index=False)
    base_version = models.PositiveIntegerField(help_text="The version that the losing save was made from.")
    current_version = models.PositiveIntegerField(help_text="The version that it met.")
    severity = models.CharField(max_length=4, choices=Severity, default=Severity.HARD)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    door = models.CharField(max_length=20, blank=True)
    device = models.CharField(max_length=200, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="assigned_conflicts"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=1000, blank=True)
    result_version = models.PositiveIntegerField(null=True, blank=True, help_text="The version that settled it.")

    objects = ConflictQuerySet.as_manager()

    class Meta(GuardedModel.Meta):
        db_table = "session_conflicts"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["session", "sha256"], name="conflict_by_session"),
            models.Index(fields=["-created_at"], name="conflicts_open", condition=Q(state="open")),
        ]
        constraints = [
            # A settled conflict of which nobody knows who settled it, or an open one that somebody did.
            models.CheckConstraint(
                condition=Q(state="open", settled_at__isnull=True, settled_by__isnull=True, result_version__isnull=True)
                | Q(~Q(state="open"), settled_at__isnull=False, settled_by__isnull=False),
                name="conflict_settled_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"conflict over version {self.current_version}"
