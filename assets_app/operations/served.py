"""Finding the bytes of one asset by its id, as fast as can be: players and viewers ask for one part after another."""

from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection

from assets_app.models import Asset, Blob
from assets_app.prepared import fetch_one, instance

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# In the order of the models' own fields: what an answer with bytes needs.
ASSET_FIELDS = ("id", "blob_id", "owner_id", "name", "format", "content_type")
BLOB_FIELDS = ("id", "sha256", "size_bytes", "store", "key")


def find_served(asset_id: UUID, *, by: "User") -> Asset | None:
    """The asset of that id with its blob, if `by` may see it. For its owner no SQL is built."""
    row = fetch_one(_statement(), (Asset._meta.pk.get_db_prep_value(asset_id, connection),))
    if row is None:
        return None
    asset = instance(Asset, ASSET_FIELDS, row[: len(ASSET_FIELDS)])
    if not may_see(asset, by=by):
        return None
    asset.blob = instance(Blob, BLOB_FIELDS, row[len(ASSET_FIELDS) :])
    return asset


def may_see(asset: Asset, *, by: "User") -> bool:
    """Is this asset, which is not in the trash, visible to `by`? Mostly its owner asks, and the long question is spared."""
    return by.is_staff or asset.owner_id == by.pk or Asset.objects.visible_to(by).filter(pk=asset.pk).exists()


@cache
def _statement() -> str:
    columns = [f'a."{name}"' for name in ASSET_FIELDS] + [f'b."{name}"' for name in BLOB_FIELDS]
    joined = "FROM assets a JOIN blobs b ON b.id = a.blob_id WHERE a.id = %s AND a.deleted_at IS NULL"
    return f"SELECT {', '.join(columns)} {joined}"
