"""Shapes of requests and answers, for the API's own description. With examples, so that it can be read without trying."""

from typing import Any

from assets_app.api.shapes import (
    BOOLEAN,
    IDEMPOTENCY_KEY,
    INTEGER,
    NULLABLE_STRING,
    OBJECT,
    STRING,
    TIME,
    answer_of,
    body_of,
    shape_of,
)

__all__ = ["IDEMPOTENCY_KEY"]
DELETED_MESSAGE = "Session moved to Recently Deleted. It can be restored until it is deleted for good."
PATHS = {"type": "array", "items": STRING}


def _array(name: str, item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return shape_of("success", success=BOOLEAN, **{name: {"type": "array", "items": item}}, count=INTEGER, **more)


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
ITEM = shape_of(
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
LIST = answer_of(
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
DOCUMENT = body_of(
    shape_of("session_id", session_id=STRING, session_name=STRING, _version=INTEGER) | {"additionalProperties": True}
)
SAVED = answer_of(
    "Saved as this version.",
    shape_of("success sessionId version", success=BOOLEAN, sessionId=STRING, version=INTEGER, lastSaved=TIME, merged=BOOLEAN),
    _SAVED,
)
PATCHED = answer_of(
    "Saved as this version, and what is checked by now.",
    shape_of(
        "success sessionId version",
        success=BOOLEAN,
        sessionId=STRING,
        version=INTEGER,
        lastSaved=TIME,
        merged=BOOLEAN,
        progress=shape_of("completed total", completed=INTEGER, total=INTEGER),
    ),
    _SAVED | {"progress": {"completed": 12, "total": 100}},
)
DELETED = answer_of(
    "In the trash.", shape_of("success", success=BOOLEAN, message=STRING, version=INTEGER), _SAVED | {"message": DELETED_MESSAGE}
)
CONFLICTED = answer_of(
    "Somebody saved first. What was sent is kept as a conflict.",
    shape_of(
        "error message",
        error=STRING,
        message=STRING,
        detail=STRING,
        currentVersion=INTEGER,
        attemptedVersion=INTEGER,
        conflict=shape_of(id=STRING, url=STRING, severity=STRING),
        changes=shape_of(theirs=PATHS, yours=PATHS, both=PATHS),
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
READ = answer_of(
    "Every field of the document, and the hub's own.",
    shape_of("success session", success=BOOLEAN, kind=STRING, status=STRING, currentVersion=INTEGER, session=OBJECT),
    {
        "success": True,
        "kind": "document",
        "status": "open",
        "currentVersion": 5,
        "session": {"session_id": "shift-7", "_version": 5},
    },
)
ACTION = shape_of("action", action={"type": "string", "enum": ["unlock", "refresh", "restore"]}, _version=INTEGER)
_VERSION = {
    "version": 6, "sha256": "9f86d081…", "size_bytes": 812, "savedAt": "2025-12-14T10:24:07Z", "savedBy": "alice",
    "cause": "resolved", "parents": [5, {"conflict": _LINE["id"]}],
}  # fmt: skip
_VERSION_SHAPE = shape_of(
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
VERSIONS = answer_of(
    "The newest first.",
    _array("versions", _VERSION_SHAPE, total=INTEGER, next=NULLABLE_STRING),
    {"success": True, "versions": [_VERSION], "count": 1, "total": 6, "next": None},
)
VERSION = answer_of(
    "`text` is what `sha256` is the digest of.",
    shape_of("document text", **_VERSION_SHAPE["properties"], document=OBJECT, text=STRING),
    _VERSION | {"document": {"note": "x"}, "text": '{"note":"x"}'},
)
DIFF = answer_of(
    "A side without a value has none there.",
    _array("changes", shape_of("path", path=STRING, before={}, after={}), **{"from": INTEGER, "to": INTEGER}),
    {"success": True, "from": 3, "to": 5, "changes": [{"path": "/note", "before": "x", "after": "y"}], "count": 1},
)
RESTORE = body_of(shape_of("version", version=INTEGER, _version=INTEGER))
ACTIVITY = answer_of(
    "The newest first.",
    _array(
        "activity",
        shape_of("seq action", seq=INTEGER, action=STRING, version=INTEGER, hash=STRING),
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
_FILE = shape_of("id name", id=STRING, name=STRING, role=STRING, url=STRING, size=INTEGER, sha256=STRING)
_FILE_EXAMPLE = {"id": _LINE["id"], "name": "photo.png", "role": "attachment", "url": "/api/v2/assets/…/data", "size": 70}
FILES = answer_of("All of them.", _array("files", _FILE), {"success": True, "files": [_FILE_EXAMPLE], "count": 1})
FILE = answer_of(
    "It is one of the session's files.", shape_of("file", success=BOOLEAN, file=_FILE), {"success": True, "file": _FILE_EXAMPLE}
)
ATTACH = body_of(shape_of("asset", asset={"type": "string", "format": "uuid"}))
LEASE = answer_of(
    "Who is there, the first comer first.",
    shape_of("editors others", success=BOOLEAN, version=INTEGER, editors={"type": "array", "items": OBJECT}, others=PATHS),
    {"success": True, "version": 6, "editors": [{"user": "bob", "since": "2025-12-14T10:24:07Z"}], "others": ["bob"]},
)
MEMBERS = answer_of(
    "Who may read and save it, besides its owner.",
    shape_of("owner members", success=BOOLEAN, owner=STRING, members={"type": "array", "items": OBJECT}),
    {"success": True, "owner": "alice", "members": [{"user": "bob", "addedBy": "alice"}]},
)
SHARE = body_of(shape_of("user", user=STRING))
CONFLICTS = answer_of(
    "The newest first.",
    _array("conflicts", OBJECT, total=INTEGER, next=NULLABLE_STRING, generatedAt=TIME),
    {"success": True, "conflicts": [_LINE], "count": 1, "total": 1, "next": None},
)
CONFLICT = answer_of(
    "A side without a value has none there. Differences of side `both` need a choice.",
    shape_of("conflict", success=BOOLEAN, conflict=OBJECT),
    {
        "success": True,
        "conflict": _LINE | {"differences": [{"path": "/note", "side": "both", "base": "", "theirs": "x", "yours": "y"}]},
    },
)
CONFLICT_LINE = answer_of(
    "How it stands now.",
    shape_of("conflict", success=BOOLEAN, conflict=OBJECT, version=INTEGER),
    {"success": True, "conflict": _LINE},
)
RESOLVE = body_of(
    shape_of(
        _version=INTEGER,
        choices={
            "type": "object",
            "additionalProperties": {"oneOf": [{"type": "string", "enum": ["theirs", "yours", "base"]}, OBJECT]},
        },
        take={"type": "string", "enum": ["theirs", "yours"]},
        reason=STRING,
    )
)
REASON = body_of(shape_of(reason=STRING))
ASSIGN = body_of(shape_of(assignee=NULLABLE_STRING))
SETTLE = body_of(
    shape_of(
        "rule ids",
        rule={"type": "string", "enum": ["merge", "theirs", "yours", "dismiss"]},
        ids=PATHS,
        dryRun=BOOLEAN,
        reason=STRING,
    )
)
SETTLED = answer_of(
    "Counts by outcome.",
    shape_of("settled", success=BOOLEAN, dryRun=BOOLEAN, settled=INTEGER, hard=INTEGER, moved=INTEGER, trashed=INTEGER),
    {"success": True, "dryRun": True, "settled": 3, "hard": 1, "moved": 0, "trashed": 0},
)
