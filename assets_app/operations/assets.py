"""What is done with assets once they are kept: changed in name and tags, deleted, brought back, and in the end gone."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assets_app import kinds
from assets_app.errors import InUse, NotAllowed, NotFound, PreconditionFailed
from assets_app.models import Asset, PurgedAsset
from assets_app.names import check_file_name
from assets_app.operations.changes import record_change
from assets_app.operations.intake import check_tags, copy_tags
from assets_app.operations.places import places_of
from assets_app.operations.quotas import give_back_space

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

UNKNOWN = "There is no such asset, or you may not see it."
# What staff need for what they do with other people's assets, whichever door they come by.
CHANGE, DELETE = "change_asset", "delete_asset"


def edit_asset(
    *, asset: Asset, by: "User", name: str | None = None, tags: list[str] | None = None, based_on: int | None = None
) -> Asset:
    """Another name, other tags; None leaves them as they are.

    Args:
        based_on: the revision that the caller saw; None if that does not matter.

    Raises:
        InvalidInput, UnsupportedType: an unusable name or tag; a name that claims another kind.
        NotFound, NotAllowed: it is gone, or is somebody else's.
        PreconditionFailed: somebody else edited it since.
    """
    with transaction.atomic():
        held = hold_asset(asset, by=by)
        _check_revision(held, based_on)
        before = (held.name, held.tags)
        if name is not None:
            held.name = check_file_name(name)
            if held.kind is not None:
                kinds.agreed(held.kind, held.name)
        if tags is not None:
            held.tags = check_tags(tags)
        if (held.name, held.tags) == before:
            return held
        held.revision += 1
        held.save(update_fields=["name", "tags", "revision"])
        copy_tags(held)
        tell(held, "edited", timezone.now())
    return held


def delete_asset(*, asset: Asset, by: "User", based_on: int | None = None) -> Asset:
    """Move it to the trash, from where it can be brought back for `HOLDFAST_TRASH_DAYS`.

    Args:
        based_on: the revision that the caller saw; None if that does not matter.

    Raises:
        NotFound, NotAllowed: it is gone, or is somebody else's.
        PreconditionFailed: somebody edited it since.
        InUse: something is built on it.
    """
    with transaction.atomic():
        held = hold_asset(asset, by=by, permission=DELETE)
        _check_revision(held, based_on)
        if uses := uses_of(held, by=by):
            words = f"'{held.name}' is needed. {'; '.join(uses[:3])}. Delete that first, or leave the file where it is."
            raise InUse(words, usedBy=uses[:20])
        held.deleted_at, held.deleted_by = timezone.now(), by
        held.save(update_fields=["deleted_at", "deleted_by"])
        tell(held, "deleted", held.deleted_at)
    return held


def restore_asset(*, asset: Asset, by: "User") -> Asset:
    """Bring it back from the trash. What is not there stays as it is.

    Raises:
        NotFound: it is gone for good, or is somebody else's.
        NotAllowed: `by` may only look.
    """
    with transaction.atomic():
        held = Asset.objects.select_for_update().filter(pk=asset.pk).first()
        if held is None or not (by.is_staff or held.owner_id == by.pk):
            raise NotFound(UNKNOWN)
        check_may_change(held, by=by, permission=DELETE)
        if held.deleted_at is not None:
            held.deleted_at, held.deleted_by = None, None
            held.save(update_fields=["deleted_at", "deleted_by"])
            tell(held, "restored", timezone.now())
    return held


def uses_of(asset: Asset, *, by: "User") -> list[str]:
    """What the floors above built on it, in words; of what `by` may not see, only that there is something."""
    return [place.title for place in places_of(asset, by=by)]


def delete_assets(*, ids: "list[UUID]", by: "User") -> list[dict[str, Any]]:
    """Each by itself: what became of it, in the order asked. Those that cannot go do not keep the others.

    Returns:
        By asset `id` and `deleted`, or `error` (the refusal).
    """
    results: dict[UUID, dict[str, Any]] = {}
    for asset_id in sorted(ids):  # in one order for everybody: the caller may be in a transaction, which holds them all
        asset = Asset.objects.visible_to(by).filter(pk=asset_id).first()
        try:
            if asset is None:
                raise NotFound(UNKNOWN)
            delete_asset(asset=asset, by=by)
        except (NotFound, NotAllowed, InUse) as refusal:
            results[asset_id] = {"id": asset_id, "deleted": False, "error": refusal}
        else:
            results[asset_id] = {"id": asset_id, "deleted": True}
    return [results[asset_id] for asset_id in ids]


def purge_assets(*, now: datetime | None = None) -> int:
    """Delete for good what has been in the trash for its days. Its bytes go when nothing else uses them."""
    now = now or timezone.now()
    due = Asset.objects.filter(deleted_at__lt=now - timedelta(days=settings.HOLDFAST_TRASH_DAYS))
    purged = 0
    for asset_id in list(due.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            asset = (
                due.select_for_update(of=("self",), skip_locked=True).select_related("blob", "owner").filter(pk=asset_id).first()
            )
            if asset is None or uses_of(asset, by=asset.owner):  # brought back, or another's who is at it
                continue
            give_back_space(user=asset.owner, size_bytes=asset.blob.size_bytes)
            tell(asset, "purged", now)
            # What an older system knew it by can come again, and go again.
            values = {"owner": asset.owner, "name": asset.name, "sha256": asset.blob.sha256, "purged_at": now}
            PurgedAsset.objects.update_or_create(id=asset.pk, defaults=values)
            asset.delete()
            purged += 1
    return purged


def hold_asset(asset: Asset, *, by: "User", permission: str = CHANGE) -> Asset:
    """The asset's row until the end of the transaction, if `by` may change it.

    Args:
        permission: what staff need for it; its owner needs none.
    """
    held = Asset.objects.select_for_update().filter(pk=asset.pk).first()
    if held is None or not Asset.objects.visible_to(by).filter(pk=asset.pk).exists():
        raise NotFound(UNKNOWN)
    check_may_change(held, by=by, permission=permission)
    return held


def _check_revision(held: Asset, based_on: int | None) -> None:
    if based_on is not None and held.revision != based_on:
        raise PreconditionFailed(
            f"The asset was edited since: it stands at revision {held.revision}. Read it again, and repeat your change."
        )


def may_change(asset: Asset, user: "User", *, permission: str = CHANGE) -> bool:
    """Its owner, and staff who may do that, and not only look."""
    return asset.owner_id == user.pk or (user.is_staff and user.has_perm(f"assets_app.{permission}"))


def check_may_change(asset: Asset, *, by: "User", permission: str = CHANGE) -> None:
    """
    Raises:
        NotAllowed: `by` may only look at it.
    """
    if not may_change(asset, by, permission=permission):
        raise NotAllowed("You may look at this asset, but only its owner can change it. Ask them, or keep a copy of your own.")


def tell(asset: Asset, action: str, at: datetime) -> None:
    record_change(kind="asset", ref=asset.pk, key=str(asset.pk), action=action, at=at)
