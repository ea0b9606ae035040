"""Named, owned uses of bytes, and who may see them."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from assets_app import kinds
from assets_app.models.blobs import Blob

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class AssetQuerySet(models.QuerySet["Asset"]):
    # What upper floors show people through their own things, as subqueries of ids: the files of a shared session.
    seen_through: "ClassVar[list[Callable[[User], models.QuerySet[Any, Any]]]]" = []

    def live(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Not in the trash, and their owner's, shared with them, of a thing that they may see, or anybody's for staff."""
        if user.is_anonymous:
            return self.none()
        if user.is_staff:
            return self.live()
        visible = Q(owner=user) | Q(pk__in=AssetShare.objects.filter(user=user).values("asset"))
        for ids in self.seen_through:
            visible |= Q(pk__in=ids(user))
        return self.live().filter(visible)

    def published(self) -> Self:
        return self.live().filter(published_at__isnull=False)

    def in_trash_of(self, user: "User | AnonymousUser") -> Self:
        """What they may bring back."""
        if user.is_anonymous:
            return self.none()
        deleted = self.filter(deleted_at__isnull=False)
        return deleted if user.is_staff else deleted.filter(owner=user)


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
    uploaded_at = models.DateTimeField(default=timezone.now)
    facts = models.JSONField(default=dict, blank=True, help_text="What the bytes say: width, height, duration and so on.")
    facts_version = models.PositiveIntegerField(default=0, help_text="Of the reader; 0: not read.")
    facts_error = models.CharField(max_length=500, blank=True, help_text="Why they could not be read.")
    revision = models.PositiveIntegerField(default=1, help_text="Counts edits of name and tags: the entity tag of what is known.")
    published_at = models.DateTimeField(null=True, blank=True, help_text="Anybody may read the bytes, at their digest's address.")
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = AssetQuerySet.as_manager()

    class Meta:
        db_table = "assets"
        ordering = ["-uploaded_at", "-id"]
        indexes = [
            models.Index(F("uploaded_at").desc(), F("id").desc(), name="asset_newest"),
            models.Index(F("owner"), F("uploaded_at").desc(), F("id").desc(), name="asset_newest_of_owner"),
            models.Index(fields=["blob"], name="asset_published", condition=Q(published_at__isnull=False)),
            models.Index(fields=["deleted_at"], name="asset_in_trash", condition=Q(deleted_at__isnull=False)),
        ]
        constraints = [
            # One row with a type outside the list once made every list of the older system fail.
            models.CheckConstraint(condition=Q(type__in=kinds.TYPES), name="asset_type_is_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> kinds.Kind | None:
        return kinds.KINDS.get(self.format)

    @property
    def shows_inline(self) -> bool:
        """May a browser show it in the page, or only save it?"""
        return self.kind is not None and self.kind.inline

    @property
    def trash_ends_at(self) -> datetime | None:
        """When it is deleted for good."""
        return self.deleted_at + timedelta(days=settings.HOLDFAST_TRASH_DAYS) if self.deleted_at else None


class PurgedAsset(models.Model):
    """What remains of an asset that was deleted for good: so that its owner can be told."""

    id = models.UUIDField(primary_key=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    purged_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "purged_assets"
        ordering = ["-purged_at"]

    def __str__(self) -> str:
        return self.name


class Thumbnail(models.Model):
    """A smaller picture of an asset."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="thumbnails")
    width = models.PositiveIntegerField(help_text="In pixels, as asked for; the picture may be narrower.")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="thumbnails")

    class Meta:
        db_table = "thumbnails"
        constraints = [models.UniqueConstraint(fields=["asset", "width"], name="thumbnail_once")]

    def __str__(self) -> str:
        return f"{self.asset.name} at {self.width} px"


class AssetShare(models.Model):
    """Somebody whom an asset's owner lets see it."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    shared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    shared_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "asset_shares"
        ordering = ["shared_at", "id"]
        constraints = [models.UniqueConstraint(fields=["asset", "user"], name="asset_share_once")]

    def __str__(self) -> str:
        return f"{self.asset.name} for {self.user}"


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def open_at(self, now: datetime) -> Self:
        """Not revoked, not expired, and of an asset that is not in the trash."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=now, asset__deleted_at__isnull=True)

    def unspent(self) -> Self:
        return self.filter(Q(max_uses__isnull=True) | Q(uses__lt=F("max_uses")))


class ShareLink(models.Model):
    """An address by which anybody may see an asset for a while. Only its digest is kept: it is shown once."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ShareLinkQuerySet.as_manager()

    class Meta:
        db_table = "share_links"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_uses__isnull=True) | Q(uses__lte=F("max_uses")), name="share_link_not_overspent"
            ),
        ]

    def __str__(self) -> str:
        return f"a link to {self.asset.name}"

    @property
    def state(self) -> str:
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= timezone.now():
            return "expired"
        return "used up" if self.max_uses is not None and self.uses >= self.max_uses else "open"


class StorageUse(models.Model):
    """How much somebody keeps here, and how much they may."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="storage_use")
    bytes = models.BigIntegerField(default=0)
    files = models.BigIntegerField(default=0)
    max_bytes = models.BigIntegerField(null=True, blank=True, help_text="Empty: HOLDFAST_QUOTA_MB.")
    max_files = models.BigIntegerField(null=True, blank=True, help_text="Empty: HOLDFAST_QUOTA_FILES.")

    class Meta:
        db_table = "storage_use"
        verbose_name = "storage use"
        verbose_name_plural = "storage use"
        constraints = [
            models.CheckConstraint(condition=Q(bytes__gte=0, files__gte=0), name="storage_use_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.bytes} bytes in {self.files} files"


class AssetTag(models.Model):
    """A copy of each asset's tags, for lists that ask for one."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="tag_rows")
    tag = models.CharField(max_length=100)

    class Meta:
        db_table = "asset_tags"
        constraints = [models.UniqueConstraint(fields=["tag", "asset"], name="asset_tag_once")]

    def __str__(self) -> str:
        return self.tag
