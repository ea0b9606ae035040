"""Shapes of requests and answers, for the API's own description. With examples, so that it can be read without trying."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="The same key and body again: the same answer, no second effect.",
)
STRING, INTEGER, BOOLEAN, TIME = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "boolean"},
    {"type": "string", "format": "date-time"},
)
OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}
NULLABLE_STRING = {"type": ["string", "null"]}
NULLABLE_INTEGER = {"type": ["integer", "null"]}
NULLABLE_NUMBER = {"type": ["number", "null"]}
NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}
TEXTS = {"type": "array", "items": STRING}


def shape_of(required: str = "", **properties: Any) -> dict[str, Any]:
    """An object with these properties; `required` names some of them."""
    shape: dict[str, Any] = {"type": "object", "properties": properties}
    return shape | ({"required": required.split()} if required else {})


def body_of(shape: dict[str, Any]) -> dict[str, Any]:
    """Of a request."""
    return {"application/json": shape}


def answer_of(description: str, schema: dict[str, Any], example: Any) -> OpenApiResponse:
    return OpenApiResponse(schema, description, [OpenApiExample("example", value=example, response_only=True)])


_ID = "550e8400-e29b-41d4-a716-446655440000"
_URL = f"https://hub.example.org/api/v2/assets/{_ID}"
ASSET_EXAMPLE = {
    "id": _ID,
    "userId": "7",
    "clientId": "client-123",
    "campaignId": "",
    "name": "video.mp4",
    "url": f"{_URL}/data",
    "size": 1048576,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "uploadedAt": "2025-12-14T10:24:07Z",
    "tags": ["product", "demo"],
    "type": "video",
    "format": "mp4",
    "contentType": "video/mp4",
    "width": 1280,
    "height": 720,
    "duration": 12.5,
    "frameRate": 25.0,
    "codec": "h264",
    "thumbnailUrl": f"{_URL}/thumbnail",
}
ASSET = shape_of(
    "id userId name url size sha256 uploadedAt tags type format contentType",
    **dict.fromkeys(
        ("id", "userId", "clientId", "campaignId", "name", "url", "sha256", "type", "format", "contentType", "owner"), STRING
    ),
    size=INTEGER,
    uploadedAt=TIME,
    tags=TEXTS,
    **dict.fromkeys(("width", "height", "sampleRate", "channels", "bitRate", "pageCount", "rows"), NULLABLE_INTEGER),
    **dict.fromkeys(("duration", "frameRate"), NULLABLE_NUMBER),
    **dict.fromkeys(
        ("codec", "audioCodec", "thumbnailUrl", "waveformUrl", "thumbnailBlobId", "sourceUrl", "publishedUrl"), NULLABLE_STRING
    ),
    columns={"type": ["array", "null"], "items": STRING},
    facts=OBJECT,
    factsState={"type": "string", "enum": ["read", "waiting", "unreadable", "none"]},
    factsError=STRING,
    mayEdit=BOOLEAN,
    deletedAt=NULLABLE_TIME,
    deletedFor=NULLABLE_TIME,
)
ASSET_READ = answer_of("The asset.", ASSET, ASSET_EXAMPLE)
ASSETS = answer_of(
    "One page, newest first; `X-Total-Count` and `Link` tell of the rest.", {"type": "array", "items": ASSET}, [ASSET_EXAMPLE]
)
ASSET_EDIT = body_of(shape_of(name=STRING, tags=TEXTS))
DONE = answer_of(
    "Done.",
    shape_of("success message", success=BOOLEAN, message=STRING),
    {"success": True, "message": f"Asset {_ID} deleted successfully"},
)
BULK = body_of(shape_of("ids", ids=TEXTS))
BULK_DONE = answer_of(
    "What became of each.",
    shape_of(
        "success deleted results",
        success=BOOLEAN,
        deleted=INTEGER,
        results={"type": "array", "items": shape_of("id deleted", id=STRING, deleted=BOOLEAN, error=STRING, message=STRING)},
    ),
    {"success": True, "deleted": 1, "results": [{"id": _ID, "deleted": True}]},
)
SHARE = shape_of("user sharedAt sharedBy", user=STRING, sharedAt=TIME, sharedBy=STRING)
_SHARE = {"user": "bob", "sharedAt": "2025-12-14T10:24:07Z", "sharedBy": "alice"}
SHARE_WITH = body_of(shape_of("user", user=STRING))
SHARES = answer_of(
    "Who may see it beside its owner.",
    shape_of("success shares count", success=BOOLEAN, shares={"type": "array", "items": SHARE}, count=INTEGER),
    {"success": True, "shares": [_SHARE], "count": 1},
)
SHARED = answer_of(
    "They see it now.", shape_of("success share", success=BOOLEAN, share=SHARE), {"success": True, "share": _SHARE}
)
LINK = shape_of(
    "id state createdAt expiresAt uses",
    **dict.fromkeys(("id", "createdBy", "url"), STRING),
    state={"type": "string", "enum": ["open", "expired", "revoked", "used up"]},
    createdAt=TIME,
    expiresAt=TIME,
    maxUses=NULLABLE_INTEGER,
    uses=INTEGER,
    lastUsedAt=NULLABLE_TIME,
)
_LINK = {
    "id": "0b6f0f5e-6a3c-4a44-9b73-2f0d2f6f7c11",
    "state": "open",
    "createdBy": "alice",
    "createdAt": "2025-12-14T10:24:07Z",
    "expiresAt": "2025-12-21T10:24:07Z",
    "maxUses": 3,
    "uses": 0,
    "lastUsedAt": None,
}
NEW_LINK = body_of(shape_of(days={"type": "number", "description": "From now; 7 if left out."}, maxUses=INTEGER))
LINKS = answer_of(
    "All links that were made. Their addresses were shown once.",
    shape_of("success links count", success=BOOLEAN, links={"type": "array", "items": LINK}, count=INTEGER),
    {"success": True, "links": [_LINK], "count": 1},
)
LINK_MADE = answer_of(
    "The link. Its address is shown this once.",
    shape_of("success link", success=BOOLEAN, link=LINK),
    {"success": True, "link": _LINK | {"url": "https://hub.example.org/s/4f1c…"}},
)
USE = answer_of(
    "How much the caller keeps here, and may.",
    shape_of("bytes files", bytes=INTEGER, files=INTEGER, maxBytes=NULLABLE_INTEGER, maxFiles=NULLABLE_INTEGER),
    {"bytes": 1048576, "files": 1, "maxBytes": None, "maxFiles": None},
)
