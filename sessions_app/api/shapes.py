"""Shapes of requests and answers, for the API's own description. With examples, so that it can be read without trying."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

DELETED_MESSAGE = "Session moved to Recently Deleted. It can be restored until it is deleted for good."
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
PATHS = {"type": "array", "items": STRING}


def _object(required: str = "", **properties: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "object", "properties": properties}
    return shape | ({"required": required.split()} if required else {})


def _body(shape: dict[str, Any]) -> dict[str, Any]:
    """Of a request."""
    return {"application/json": shape}


def _answer(description: str, schema: dict[str, Any], example: Any) -> OpenApiResponse:
    return OpenApiResponse(schema, description, [OpenApiExample("example", value=example, response_only=True)])


def _array(name: str, item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _object("success", success=BOOLEAN, **{name: {"type": "array", "items": item}}, count=INTEGER, **more)


_SAVED = {"success": True, "sessionId": "shift-7", "version": 6, "lastSaved": "2025-12-14T10:24:07Z"}
_LINE = {
    "id": "0b6f0f5e-6a3c-4a44-9b73-2f0d2f6f7c11",
    "url": "/api/conflicts/0b6f0f5e-6a3c-4a44-9b73-2f0d2f6f7c11",
    "session_id": "shift-7",
    "state": "open",
    "severity": "soft",
    "baseVersion": 5,
    "currentVersion": 6,
    "savedBy": "bob",
    "door": "api",
}
ITEM = _object(
    "session_id session_name version",
    **dict.fromkeys(("session_id", "session_name", "filename", "kind", "status", "owner"), STRING),
    **dict.fromkeys(
        (
            "total_rows", "current_batch", "total_batches", "completed_batches_count", "device_count",
            "completed_device_count", "version",
        ),
        INTEGER,
    ),
    progress_percentage={"type": "number"},
    created_at=TIME,
    updated_at=TIME,
    expires_at={"type": ["string", "null"], "format": "date-time"},
    timestamp=NULLABLE_STRING,
    pathname=NULLABLE_STRING,
    url=NULLABLE_STRING,
    downloadUrl=NULLABLE_STRING,
    size={"type": ["integer", "null"]},
    uploadedAt={"type": ["string", "null"], "format": "date-time"},
    deleted_at=TIME,
    deleted_by=STRING,
    days_remaining=INTEGER,
)  # fmt: skip
LIST = _answer(
    "One page.",
    _array("sessions", ITEM, total=INTEGER, next=NULLABLE_STRING, generatedAt=TIME),
    {
        "success": True,
        "sessions": [{"session_id": "shift-7", "session_name": "Shift 7", "version": 6}],
        "total": 1,
        "count": 1,
        "next": None,
    },
)
DOCUMENT = _body(_object("session_id", session_id=STRING, session_name=STRING, _version=INTEGER) | {"additionalProperties": True})
SAVED = _answer(
    "Saved as this version.",
    _object("success sessionId version", success=BOOLEAN, sessionId=STRING, version=INTEGER, lastSaved=TIME, merged=BOOLEAN),
    _SAVED,
)
PATCHED = _answer(
    "Saved as this version, and what is checked by now.",
    _object(
        "success sessionId version",
        success=BOOLEAN,
        sessionId=STRING,
        version=INTEGER,
        lastSaved=TIME,
        merged=BOOLEAN,
        progress=_object("completed total", completed=INTEGER, total=INTEGER),
    ),
    _SAVED | {"progress": {"completed": 12, "total": 100}},
)
DELETED = _answer(
    "In the trash.", _object("success", success=BOOLEAN, message=STRING, version=INTEGER), _SAVED | {"message": DELETED_MESSAGE}
)
CONFLICTED = _answer(
    "Somebody saved first. What was sent is kept as a conflict.",
    _object(
        "error message",
        error=STRING,
        message=STRING,
        detail=STRING,
        currentVersion=INTEGER,
        attemptedVersion=INTEGER,
        conflict=_object(id=STRING, url=STRING, severity=STRING),
        changes=_object(theirs=PATHS, yours=PATHS, both=PATHS),
        suggestion=OBJECT,
    ),
    {
        "error": "CONFLICT",
        "message": "Session was modified by another user.",
        "detail": "Session was modified by another user.",
        "currentVersion": 7,
        "attemptedVersion": 5,
        "conflict": {"id": _LINE["id"], "url": _LINE["url"], "severity": "soft"},
        "changes": {"theirs": ["/devices/device_id=D1/status"], "yours": ["/devices/device_id=D2/status"], "both": []},
    },
)
READ = _answer(
    "Every field of the document, and the hub's own.",
    _object("success session", success=BOOLEAN, kind=STRING, status=STRING, currentVersion=INTEGER, session=OBJECT),
    {
        "success": True,
        "kind": "document",
        "status": "open",
        "currentVersion": 5,
        "session": {"session_id": "shift-7", "_version": 5},
    },
)
ACTION = _object("action", action={"type": "string", "enum": ["unlock", "refresh", "restore"]}, _version=INTEGER)
_VERSION = {
    "version": 6, "sha256": "9f86d081…", "size_bytes": 812, "savedAt": "2025-12-14T10:24:07Z", "savedBy": "alice",
    "cause": "resolved", "parents": [5, {"conflict": _LINE["id"]}],
}  # fmt: skip
_VERSION_SHAPE = _object(
    "version sha256",
    version=INTEGER,
    sha256=STRING,
    size_bytes=INTEGER,
    savedAt=TIME,
    savedBy=STRING,
    cause=STRING,
    restoredFrom={"type": ["integer", "null"]},
    parents={"type": "array", "items": {}},
)
VERSIONS = _answer(
    "The newest first.",
    _array("versions", _VERSION_SHAPE, total=INTEGER, next=NULLABLE_STRING),
    {"success": True, "versions": [_VERSION], "count": 1, "total": 6, "next": None},
)
VERSION = _answer(
    "`text` is what `sha256` is the digest of.",
    _object("document text", **_VERSION_SHAPE["properties"], document=OBJECT, text=STRING),
    _VERSION | {"document": {"note": "x"}, "text": '{"note":"x"}'},
)
DIFF = _answer(
    "A side without a value has none there.",
    _array("changes", _object("path", path=STRING, before={}, after={}), **{"from": INTEGER, "to": INTEGER}),
    {"success": True, "from": 3, "to": 5, "changes": [{"path": "/note", "before": "x", "after": "y"}], "count": 1},
)
RESTORE = _body(_object("version", version=INTEGER, _version=INTEGER))
ACTIVITY = _answer(
    "The newest first.",
    _array(
        "activity",
        _object("seq action", seq=INTEGER, action=STRING, version=INTEGER, hash=STRING),
        total=INTEGER,
        next=NULLABLE_STRING,
    ),
    {
        "success": True,
        "activity": [{"seq": 6, "action": "updated", "version": 6, "user": "alice"}],
        "count": 1,
        "total": 6,
        "next": None,
    },
)
_FILE = _object("id name", id=STRING, name=STRING, role=STRING, url=STRING, size=INTEGER, sha256=STRING)
_FILE_EXAMPLE = {"id": _LINE["id"], "name": "photo.png", "role": "attachment", "url": "/api/v2/assets/…/data", "size": 70}
FILES = _answer("All of them.", _array("files", _FILE), {"success": True, "files": [_FILE_EXAMPLE], "count": 1})
FILE = _answer(
    "It is one of the session's files.", _object("file", success=BOOLEAN, file=_FILE), {"success": True, "file": _FILE_EXAMPLE}
)
ATTACH = _body(_object("asset", asset={"type": "string", "format": "uuid"}))
LEASE = _answer(
    "Who is there, the first comer first.",
    _object("editors others", success=BOOLEAN, version=INTEGER, editors={"type": "array", "items": OBJECT}, others=PATHS),
    {"success": True, "version": 6, "editors": [{"user": "bob", "since": "2025-12-14T10:24:07Z"}], "others": ["bob"]},
)
MEMBERS = _answer(
    "Who may read and save it, besides its owner.",
    _object("owner members", success=BOOLEAN, owner=STRING, members={"type": "array", "items": OBJECT}),
    {"success": True, "owner": "alice", "members": [{"user": "bob", "addedBy": "alice"}]},
)
SHARE = _body(_object("user", user=STRING))
CONFLICTS = _answer(
    "The newest first.",
    _array("conflicts", OBJECT, total=INTEGER, next=NULLABLE_STRING, generatedAt=TIME),
    {"success": True, "conflicts": [_LINE], "count": 1, "total": 1, "next": None},
)
CONFLICT = _answer(
    "A side without a value has none there. Differences of side `both` need a choice.",
    _object("conflict", success=BOOLEAN, conflict=OBJECT),
    {
        "success": True,
        "conflict": _LINE | {"differences": [{"path": "/note", "side": "both", "base": "", "theirs": "x", "yours": "y"}]},
    },
)
CONFLICT_LINE = _answer(
    "How it stands now.",
    _object("conflict", success=BOOLEAN, conflict=OBJECT, version=INTEGER),
    {"success": True, "conflict": _LINE},
)
RESOLVE = _body(
    _object(
        _version=INTEGER,
        choices={
            "type": "object",
            "additionalProperties": {"oneOf": [{"type": "string", "enum": ["theirs", "yours", "base"]}, OBJECT]},
        },
        take={"type": "string", "enum": ["theirs", "yours"]},
        reason=STRING,
    )
)
REASON = _body(_object(reason=STRING))
ASSIGN = _body(_object(assignee=NULLABLE_STRING))
SETTLE = _body(
    _object(
        "rule ids",
        rule={"type": "string", "enum": ["merge", "theirs", "yours", "dismiss"]},
        ids=PATHS,
        dryRun=BOOLEAN,
        reason=STRING,
    )
)
SETTLED = _answer(
    "Counts by outcome.",
    _object("settled", success=BOOLEAN, dryRun=BOOLEAN, settled=INTEGER, hard=INTEGER, moved=INTEGER, trashed=INTEGER),
    {"success": True, "dryRun": True, "settled": 3, "hard": 1, "moved": 0, "trashed": 0},
)
