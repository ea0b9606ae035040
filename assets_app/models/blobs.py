"""Bytes: what is kept of them where, and what is only begun or about to go."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone


class BlobQuerySet(models.QuerySet["Blob"]):
    def used(self) -> Q:
        """The condition that something refers to them."""
        condition = Q()
        for use in self._uses():
            condition |= Q(use)
        return condition

    def unused(self) -> Self:
        """Nothing refers to them."""
        return self.filter(*(~use for use in self._uses()))  # not as one condition: a database joins each by itself

    def _uses(self) -> list[Exists]:
        relations = self.model._meta.related_objects
        return [Exists(each.related_model._base_manager.filter(**{each.field.name: OuterRef("pk")})) for each in relations]

    def unused_since(self, moment: datetime) -> Self:
        """Nothing refers to them, and nothing began to since then."""
        return self.unused().filter(used_at__lt=moment)

    def damaged(self) -> Self:
        return self.filter(damaged_at__isnull=False)


class Blob(models.Model):
    """Bytes, known by their digest, in one store. A row is made once they are whole and stored.

    What it stands for never changes; where the bytes are may: they move between stores, and damaged ones are replaced.
    """

    class State(models.TextChoices):
        LIVE = "live"
        # Unused for long: about to be deleted, and live again as soon as the same bytes are wanted.
        CONDEMNED = "condemned"

    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    store = models.CharField(max_length=20, help_text="The storage alias that holds the bytes.")
    key = models.CharField(max_length=100, unique=True, help_text="The object's name in its store; never used twice.")
    state = models.CharField(max_length=10, choices=State, default=State.LIVE)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now, help_text="When something last began to refer to it.")
    verified_at = models.DateTimeField(default=timezone.now, help_text="When the bytes were last read and were right.")
    checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody last set about verifying it, so that no other does meanwhile."
    )
    damaged_at = models.DateTimeField(null=True, blank=True, help_text="When the bytes were found wrong or gone.")
    damage = models.CharField(max_length=200, blank=True, help_text="What was found then.")

    objects = BlobQuerySet.as_manager()

    class Meta:
        db_table = "blobs"
        indexes = [
            models.Index(fields=["used_at"], name="blob_by_use"),
            models.Index(fields=["verified_at"], name="blob_by_verification"),
            models.Index(fields=["checked_at"], name="blob_by_check"),
            # Every worker asks every minute; hardly any row is in it.
            models.Index(fields=["checked_at"], name="blob_damaged", condition=Q(damaged_at__isnull=False)),
        ]
        constraints = [
            # Two rows for the same bytes would each believe that nobody uses the other's.
            models.UniqueConstraint(fields=["sha256", "store"], name="blob_once_in_a_store"),
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
    """An object that no blob stands for: about to be stored, or about to be deleted. Written before its first byte is.

    What a crash leaves behind is therefore known.
    """

    class State(models.TextChoices):
        NEW = "new"
        # Claimed for deletion: whoever was storing it may no longer make it a blob.
        SWEEP = "sweep"

    key = models.CharField(max_length=100, unique=True)
    store = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    removed_at = models.DateTimeField(null=True, blank=True, help_text="When the object was deleted for the first time.")

    class Meta:
        db_table = "pending_objects"

    def __str__(self) -> str:
        return self.key
