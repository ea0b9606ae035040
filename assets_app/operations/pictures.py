"""Facts and thumbnails of assets that are kept already."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from assets_app import parsing, storage
from assets_app.errors import SandboxFailed
from assets_app.models import Asset, Thumbnail
from assets_app.operations.blobs import claim_blob
from assets_app.operations.changes import record_change
from assets_app.operations.intake import Intake, facts_of
from assets_app.operations.jobs import queue_job


def ask_to_examine(*, asset: Asset) -> None:
    """Have a worker read the asset's facts anew, and make its thumbnails anew."""
    with transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(facts_version=0)
        queue_job(task="examine_asset", subject=f"facts and thumbnails of {asset.name}", payload={"asset": str(asset.pk)})


def examine_asset(*, asset: Asset) -> None:
    """Read the facts that nobody has read yet, and make the thumbnails.

    Raises:
        SandboxFailed, InvalidInput: the picture cannot be read. The asset stays as it is.
        BytesMissing, StoreUnavailable: its bytes cannot be had now.
    """
    if parsing.has_facts(asset.format) and asset.facts_version != parsing.VERSION:
        facts, error = _facts_or_failure(asset)
        with transaction.atomic():
            Asset.objects.filter(pk=asset.pk).update(facts=facts, facts_version=parsing.VERSION, facts_error=error)
            record_change(kind="asset", ref=asset.pk, key=str(asset.pk), action="examined", at=timezone.now())
    if parsing.has_thumbnails(asset.format):
        for width, webp in parsing.make_thumbnails(_open(asset), format=asset.format).items():
            _keep_thumbnail(asset, width, webp)


def _facts_or_failure(asset: Asset) -> tuple[dict[str, Any], str]:
    try:
        return facts_of(_open(asset), asset.format)
    except SandboxFailed as failure:
        # Shown as long as it is so; the version stays, so that the next attempt reads them anew.
        Asset.objects.filter(pk=asset.pk).update(facts_error=failure.details[:500])
        raise


def _open(asset: Asset) -> storage.ObjectReader:
    return storage.open_object(asset.blob.store, asset.blob.key, asset.blob.size_bytes)


def _keep_thumbnail(asset: Asset, width: int, webp: bytes) -> None:
    intake = Intake(limit_bytes=len(webp))
    try:
        intake.write(webp)
        intake.finish()
        with transaction.atomic():
            # The asset before the blob and the thumbnail, as whoever deletes it has it.
            if Asset.objects.select_for_update(no_key=True).filter(pk=asset.pk).first() is None:
                return
            blob = claim_blob(store=intake.store, key=intake.key, sha256=intake.sha256, size_bytes=intake.size_bytes)
            Thumbnail.objects.update_or_create(asset=asset, width=width, defaults={"blob": blob})
    finally:
        intake.discard()
