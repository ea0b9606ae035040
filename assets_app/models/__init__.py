"""Bytes (blobs, chunks), named uses of them (assets), and what every floor stands on (tokens, the job ledger)."""

from assets_app.models.assets import Asset, AssetQuerySet, AssetShare, AssetTag, PurgedAsset, ShareLink, StorageUse, Thumbnail
from assets_app.models.blobs import Blob, BlobChunk, BlobQuerySet, PendingObject
from assets_app.models.tokens import ApiToken, IdempotencyKey
from assets_app.models.work import Change, Job, JobQuerySet

__all__ = [
    "ApiToken",
    "Asset",
    "AssetQuerySet",
    "AssetShare",
    "AssetTag",
    "Blob",
    "BlobChunk",
    "BlobQuerySet",
    "Change",
    "IdempotencyKey",
    "Job",
    "JobQuerySet",
    "PendingObject",
    "PurgedAsset",
    "ShareLink",
    "StorageUse",
    "Thumbnail",
]
