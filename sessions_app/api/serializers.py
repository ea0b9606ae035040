"""Sessions as JSON, in the field names of the older systems' clients."""

import json
from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from assets_app.models import Asset
from sessions_app.models import Recording, Session


class SessionItemSerializer(serializers.ModelSerializer[Session]):
    """One line of a list. Captures also have the fields that the older capture lists gave."""

    owner = serializers.CharField(source="owner.username")
    progress_percentage = serializers.FloatField()
    timestamp = serializers.CharField(allow_null=True, help_text="The capture time in the id, if it is one.")
    pathname = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()
    downloadUrl = serializers.SerializerMethodField(method_name="get_url")
    size = serializers.SerializerMethodField()
    uploadedAt = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = (
            "session_id", "session_name", "filename", "kind", "status", "total_rows", "progress_percentage", "current_batch",
            "total_batches", "completed_batches_count", "device_count", "completed_device_count", "version", "owner",
            "created_at", "updated_at", "expires_at", "timestamp", "pathname", "url", "downloadUrl", "size", "uploadedAt",
        )  # fmt: skip

    def get_pathname(self, session: Session) -> str | None:
        return f"sessions/{session.filename}" if _raw_file(session) else None

    def get_url(self, session: Session) -> str | None:
        asset = _raw_file(session)
        return reverse("asset-data", args=[asset.pk], request=self.context["request"]) if asset else None

    def get_size(self, session: Session) -> int | None:
        asset = _raw_file(session)
        return asset.blob.size_bytes if asset else None

    def get_uploadedAt(self, session: Session) -> str | None:
        asset = _raw_file(session)
        return serializers.DateTimeField().to_representation(asset.uploaded_at) if asset else None


def _raw_file(session: Session) -> Asset | None:
    """The first recording's file. Lists prefetch it."""
    return next((recording.asset for recording in session.recordings.all()), None)


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


def session_body(session: Session, context: dict[str, Any]) -> dict[str, Any]:
    """A session in full: the fields of its document, and the hub's own beside them."""
    moment = serializers.DateTimeField().to_representation
    body: dict[str, Any] = json.loads(session.document)
    body |= {
        "id": str(session.pk),
        "session_id": session.session_id,
        "session_name": session.session_name,
        "progress_percentage": float(session.progress_percentage),
        "owner": session.owner.get_username(),
        "created_at": moment(session.created_at),
        "updated_at": moment(session.updated_at),
        "last_updated": moment(session.updated_at),
        "_version": session.version,
    }
    recordings = session.recordings.select_related("asset")
    if found := RecordingSerializer(recordings, many=True, context=context).data:
        body["recordings"] = found
    return body
