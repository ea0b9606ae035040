"""Sessions and what belongs to them as JSON, in the field names of the older systems' clients."""

import json
from collections.abc import Iterable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from assets_app.api.moments import moment
from assets_app.strict_json import canonical
from sessions_app.documents import columns_of
from sessions_app.models import Conflict, Lease, Recording, Session, SessionActivity, SessionFile, SessionVersion
from sessions_app.operations.locks import days_remaining

LISTED = (
    "pk", "session_id", "session_name", "filename", "kind", "status", "total_rows", "progress_percentage", "current_batch",
    "total_batches", "completed_batches_count", "device_count", "completed_device_count", "version", "owner__username",
    "created_at", "updated_at", "expires_at",
)  # fmt: skip


class RecordingSerializer(serializers.ModelSerializer[Recording]):
    """What a reader found in one recording. Times are seconds since its first sample."""

    filename = serializers.CharField(source="asset.name")
    start = serializers.DateTimeField(source="started_at")
    end = serializers.FloatField(source="duration_s")
    url = serializers.SerializerMethodField()

    class Meta:
        model = Recording
        fields = (
            "uuid", "filename", "url", "channels", "start", "end", "duration_s",
            "samples", "rate_hz", "time_source", "findings", "notes",
        )  # fmt: skip

    def get_url(self, recording: Recording) -> str:
        url: str = reverse("asset-data", args=[recording.asset_id], request=self.context["request"])
        return url


def session_text(session: Session, data: bytes, request: Request, *, past: SessionVersion | None = None) -> bytes:
    """The answer to a read: the stored text as it is, with the hub's own fields set behind it. Nothing is parsed."""
    own: dict[str, Any] = {
        "id": str(session.pk),
        "owner": session.owner.get_username(),
        "created_at": moment(session.created_at),
        "updated_at": moment(past.saved_at if past else session.updated_at),
        "last_updated": moment(past.saved_at if past else session.updated_at),
        "_version": past.version if past else session.version,
    }
    # Where there are devices to count, their text does not hold it: see `Document`.
    if past is not None:
        own |= _past_progress(data, session.session_id)
    elif session.device_count:
        own["progress_percentage"] = float(session.progress_percentage)
    if session.kind == Session.Kind.CAPTURE and (recordings := list(session.recordings.select_related("asset"))):
        own["recordings"] = RecordingSerializer(recordings, many=True, context={"request": request}).data
    head = {"success": True, "kind": session.kind, "status": session.status, "currentVersion": session.version}
    return b'%s,"session":%s,%s}' % (
        canonical(head)[:-1].encode(),
        data[:-1],
        json.dumps(own, ensure_ascii=False, separators=(",", ":"), default=str)[1:].encode(),
    )


def _past_progress(data: bytes, session_id: str) -> dict[str, float]:
    columns = columns_of(json.loads(data), session_id=session_id)
    return {"progress_percentage": float(columns["progress_percentage"])} if columns["device_count"] else {}


def session_items(rows: Iterable[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Lines of a list, from the columns `LISTED`. Captures also have the fields that the older capture lists gave."""
    rows = list(rows)
    captures = [row["pk"] for row in rows if row["kind"] == Session.Kind.CAPTURE]
    files = _capture_files(captures, request) if captures else {}
    return [_item(row) | files.get(row["pk"], NO_FILE) for row in rows]


NO_FILE = {"timestamp": None, "pathname": None, "url": None, "downloadUrl": None, "size": None, "uploadedAt": None}


def _item(row: dict[str, Any]) -> dict[str, Any]:
    item = {name: row[name] for name in LISTED[1:14]}
    item["progress_percentage"] = float(row["progress_percentage"])
    item["owner"] = row["owner__username"]
    for name in ("created_at", "updated_at", "expires_at"):
        item[name] = moment(row[name])
    if row.get("deleted_at"):
        trashed = Session(deleted_at=row["deleted_at"])
        item |= {"deleted_at": moment(row["deleted_at"]), "days_remaining": days_remaining(trashed)}
        item["deleted_by"] = row["deleted_by"]
    return item


def _capture_files(session_pks: list[Any], request: Request) -> dict[Any, dict[str, Any]]:
    """Of each capture, its first recording's file."""
    found: dict[Any, dict[str, Any]] = {}
    recordings = Recording.objects.filter(session__in=session_pks).order_by("pk").select_related("asset__blob", "session")
    for recording in recordings.only(
        "session", "session__session_id", "session__filename", "asset__uploaded_at", "asset__blob__size_bytes"
    ):
        url = reverse("asset-data", args=[recording.asset_id], request=request)
        found.setdefault(
            recording.session_id,
            {
                "timestamp": recording.session.timestamp,
                "pathname": f"sessions/{recording.session.filename}",
                "url": url,
                "downloadUrl": url,
                "size": recording.asset.blob.size_bytes,
                "uploadedAt": moment(recording.asset.uploaded_at),
            },
        )
    return found


def version_body(version: SessionVersion) -> dict[str, Any]:
    parents: list[Any] = [version.version - 1] if version.version > 1 else []
    if version.conflict is not None:
        parents.append({"conflict": str(version.conflict.uuid), "sha256": version.conflict.sha256})
    return {
        "version": version.version,
        "sha256": version.sha256,
        "size_bytes": version.size_bytes,
        "savedAt": moment(version.saved_at),
        "savedBy": version.saved_by.get_username(),
        "cause": version.cause,
        "restoredFrom": version.restored_from,
        "parents": parents,
    }


def activity_body(entry: SessionActivity) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "action": entry.action,
        "version": entry.version,
        "user": entry.user_id,
        "at": moment(entry.created_at),
        "metadata": entry.metadata,
        "sha256": entry.document_sha256,
        "door": entry.door,
        "device": entry.device,
        "request_id": entry.request_id,
        "hash": entry.entry_hash,
    }


def lease_body(lease: Lease) -> dict[str, Any]:
    return {
        "user": lease.user.get_username(),
        "since": moment(lease.since),
        "expiresAt": moment(lease.expires_at),
        "device": lease.device,
    }


def file_body(file: SessionFile, request: Request) -> dict[str, Any]:
    return {
        "id": str(file.asset_id),
        "name": file.asset.name,
        "role": file.role,
        "url": reverse("asset-data", args=[file.asset_id], request=request),
        "size": file.asset.blob.size_bytes,
        "sha256": file.asset.blob.sha256,
        "attachedAt": moment(file.attached_at),
        "attachedBy": file.attached_by.get_username(),
    }


def conflict_body(conflict: Conflict, request: Request) -> dict[str, Any]:
    """A conflict in a list: who, when, from where, and how it stands."""
    return {
        "id": str(conflict.uuid),
        "url": reverse("api-conflict", args=[conflict.uuid], request=request),
        "session_id": conflict.session.session_id,
        "session_name": conflict.session.session_name,
        "state": conflict.state,
        "severity": conflict.severity,
        "baseVersion": conflict.base_version,
        "currentVersion": conflict.current_version,
        "sha256": conflict.sha256,
        "savedBy": conflict.saved_by.get_username(),
        "createdAt": moment(conflict.created_at),
        "door": conflict.door,
        "device": conflict.device,
        "assignee": conflict.assignee.get_username() if conflict.assignee else None,
        "settledAt": moment(conflict.settled_at),
        "settledBy": conflict.settled_by.get_username() if conflict.settled_by else None,
        "reason": conflict.reason,
        "resultVersion": conflict.result_version,
    }
