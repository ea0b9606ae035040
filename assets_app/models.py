"""Bytes (blobs, chunks), named uses of them (assets), and what every floor stands on (tokens, the job ledger)."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from knox.models import AbstractAuthToken, AuthTokenManager

from assets_app import kinds

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Blob(models.Model):
    """Bytes, known by their digest. A row is made once the bytes are whole and stored, and never changes."""

    sha256 = models.CharField(max_length=64, unique=True)
    size_bytes = models.BigIntegerField()
    store = models.CharField(max_length=20, help_text="The storage alias that holds the bytes.")
    key = models.CharField(max_length=100, unique=True, help_text="The object's name in its store; never used twice.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "blobs"
        constraints = [
            # An empty or truncated digest would make two files one.
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="blob_sha256_is_hex"),
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="blob_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.size_bytes} bytes)"


class BlobChunk(models.Model):
    """One mebibyte of an object in the database store. Written before the blob's row exists, so not keyed to it."""

    key = models.CharField(max_length=100)
    index = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "blob_chunks"
        # A piece stored twice would shift every byte behind it.
        constraints = [models.UniqueConstraint(fields=["key", "index"], name="blob_chunk_once")]

    def __str__(self) -> str:
        return f"{self.key} [{self.index}]"


class PendingObject(models.Model):
    """An intent to store an object, written before its first byte, so that what a crash leaves behind is known."""

    key = models.CharField(max_length=100, unique=True)
    store = models.CharField(max_length=20)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        db_table = "pending_objects"

    def __str__(self) -> str:
        return self.key


class AssetQuerySet(models.QuerySet["Asset"]):
    # What upper floors show people through their own things, as subqueries of ids: the files of a shared session.
    seen_through: "ClassVar[list[Callable[[User], models.QuerySet[Any, Any]]]]" = []

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Their owner's, what belongs to things that they may see, and all of them for staff."""
        if user.is_anonymous:
            return self.none()
        if user.is_staff:
            return self
        visible = Q(owner=user)
        for ids in self.seen_through:
            visible |= Q(pk__in=ids(user))
        return self.filter(visible)


class Asset(models.Model):
    """A named, owned use of a blob."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="assets")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assets")
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=20, choices=[(t, t) for t in kinds.TYPES])
    format = models.CharField(max_length=20)
    content_type = models.CharField(max_length=100)
    tags = models.JSONField(default=list, blank=True)
    client_id = models.CharField(max_length=255, blank=True, db_index=True)
    campaign_id = models.CharField(max_length=255, blank=True, db_index=True)
    uploaded_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = AssetQuerySet.as_manager()

    class Meta:
        db_table = "assets"
        ordering = ["-uploaded_at"]
        constraints = [
            # One row with a type outside the list once made every list of the older system fail.
            models.CheckConstraint(condition=Q(type__in=kinds.TYPES), name="asset_type_is_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shows_inline(self) -> bool:
        """May a browser show it in the page, or only save it?"""
        kind = kinds.KINDS.get(self.format)
        return kind is not None and kind.inline


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox ships no types
    """A program's key: hashed at rest, scoped, expiring, revocable."""

    SCOPES = ("read", "write")

    name = models.CharField(max_length=100)
    scopes = models.JSONField(default=list)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = AuthTokenManager()

    class Meta:
        db_table = "api_tokens"
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key[:8]}…)"


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
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.action}"


class IdempotencyKey(models.Model):
    """The stored answer to a request that carried an `Idempotency-Key`, written in the transaction of its effect."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64, help_text="Over method, address and body.")
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        db_table = "idempotency_keys"
        # Two requests with one key would both take effect: the second waits here, and then reads the first one's answer.
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key


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
