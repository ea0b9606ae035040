"""Assets as JSON, in the field names of the older asset server's clients."""

from typing import Any, cast

from django.contrib.auth.models import User
from rest_framework.request import Request
from rest_framework.reverse import reverse

from assets_app.api.moments import moment
from assets_app.models import Asset, AssetQuerySet, AssetShare, ShareLink
from assets_app.operations.assets import may_change
from assets_app.words import facts_state

# By type: what the bytes say, and clients of the older server look for. None: not known, or not yet.
FACTS = {
    "image": ("width", "height"),
    "video": ("width", "height", "duration", "frameRate", "codec", "audioCodec", "bitRate"),
    "audio": ("duration", "codec", "sampleRate", "channels", "bitRate"),
    "document": ("pageCount",),
    "data": ("rows", "columns"),
}


def described(assets: AssetQuerySet) -> AssetQuerySet:
    """With all that a body needs, in a constant number of queries."""
    return assets.select_related("blob", "owner").prefetch_related("thumbnails")


def asset_body(asset: Asset, request: Request) -> dict[str, Any]:
    """One asset. `url` is absolute and serves the bytes."""
    thumbnail = reverse("asset-thumbnail", args=[asset.pk], request=request) if asset.thumbnails.all() else None
    body = {
        "id": str(asset.pk),
        "userId": str(asset.owner_id),
        "owner": asset.owner.get_username(),
        "clientId": asset.client_id,
        "campaignId": asset.campaign_id,
        "name": asset.name,
        "url": reverse("asset-data", args=[asset.pk], request=request),
        "size": asset.blob.size_bytes,
        "sha256": asset.blob.sha256,
        "uploadedAt": moment(asset.uploaded_at),
        "tags": asset.tags,
        "type": asset.type,
        "format": asset.format,
        "contentType": asset.content_type,
        "thumbnailUrl": thumbnail,
        "thumbnailBlobId": None,
        "sourceUrl": None,
        "publishedUrl": reverse("published", args=[asset.blob.sha256], request=request) if asset.published_at else None,
        "mayEdit": may_change(asset, cast(User, request.user)),
        "facts": asset.facts,
        "factsState": facts_state(asset),
        "factsError": asset.facts_error,
    }
    body |= {name: asset.facts.get(name) for name in FACTS[asset.type]}
    if asset.type == "audio":
        body["waveformUrl"] = thumbnail
    if asset.deleted_at is not None:
        body |= {"deletedAt": moment(asset.deleted_at), "deletedFor": moment(asset.trash_ends_at)}
    return body


def asset_etag(asset: Asset) -> str:
    """Of what is known of an asset: `If-Match` on a change only asks for the revision in it."""
    state = (
        f"{asset.facts_version}{'!' if asset.facts_error else ''}-{len(asset.thumbnails.all())}{'-t' if asset.deleted_at else ''}"
    )
    return f'"{asset.revision}-{state}"'


def share_body(share: AssetShare) -> dict[str, Any]:
    return {"user": share.user.get_username(), "sharedAt": moment(share.shared_at), "sharedBy": share.shared_by.get_username()}


def link_body(link: ShareLink) -> dict[str, Any]:
    return {
        "id": str(link.uuid),
        "state": link.state,
        "createdBy": link.created_by.get_username(),
        "createdAt": moment(link.created_at),
        "expiresAt": moment(link.expires_at),
        "maxUses": link.max_uses,
        "uses": link.uses,
        "lastUsedAt": moment(link.last_used_at),
    }
