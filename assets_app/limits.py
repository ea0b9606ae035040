"""How much may come at once, and whether there is room for it."""

import shutil

from django.conf import settings
from django.db import connection

from assets_app.errors import AssetTooLarge, StorageFull
from assets_app.storage import current_store

MEBIBYTE = 1024 * 1024


def max_asset_bytes() -> int:
    return int(settings.HOLDFAST_MAX_ASSET_MB) * MEBIBYTE


def too_large(limit_bytes: int) -> AssetTooLarge:
    megabytes = f"{limit_bytes / MEBIBYTE:.1f}MB"
    return AssetTooLarge(
        f"File too large. Maximum size is {megabytes}. Send a smaller file, or ask staff to raise the limit.",
        limit_bytes=limit_bytes,
    )


def check_free_space() -> None:
    """A full disk takes more than the next file: on it, nothing can even be deleted.

    Raises:
        StorageFull: less is free than `HOLDFAST_MIN_FREE_MB`, where bytes or the database are on our own disk.
    """
    if current_store() != "filesystem" and connection.vendor != "sqlite":
        return
    if shutil.disk_usage(settings.DATA_DIR).free < settings.HOLDFAST_MIN_FREE_MB * MEBIBYTE:
        raise StorageFull("The hub's disk is almost full, so it takes no new files now. Nothing was lost; tell its staff.")
