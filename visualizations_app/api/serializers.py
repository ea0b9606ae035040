"""Visualizations as JSON, in the shapes of the older picture lists' clients."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from assets_app.models import Job
from sessions_app.models import Session
from visualizations_app.models import Visualization

IMAGE_KINDS = ("composite", "calibration_stages", "orientation_3d", "orientation_track", "raw_axes")


class VisualizationSerializer(serializers.ModelSerializer[Visualization]):
    """One picture: its state, and once it is made, where it is."""

    id = serializers.UUIDField(source="uuid")
    session = serializers.CharField(source="session.session_id")
    state = serializers.ChoiceField(choices=Visualization.State.choices)
    image = serializers.SerializerMethodField()
    sha256 = serializers.CharField(source="image.blob.sha256", allow_null=True, default=None)
    inputs = serializers.SerializerMethodField()
    attempts = serializers.IntegerField(source="job.attempts", default=0)
    reason = serializers.SerializerMethodField()

    class Meta:
        model = Visualization
        fields = (
            "id", "session", "kind", "state", "image", "sha256", "inputs",
            "recipe_version", "requested_at", "made_at", "attempts", "reason",
        )  # fmt: skip

    def get_image(self, visualization: Visualization) -> str | None:
        return image_url(visualization, self.context)

    def get_inputs(self, visualization: Visualization) -> list[str]:
        return [visualization.recording.asset.blob.sha256]

    def get_reason(self, visualization: Visualization) -> str | None:
        """Why it failed. While it is only being tried again, errors are for the admin."""
        job = visualization.job
        return job.reason if job is not None and job.state == Job.State.DEAD else None


def image_url(visualization: Visualization, context: Mapping[str, Any]) -> str | None:
    if visualization.image_id is None:
        return None
    url: str = reverse("asset-data", args=[visualization.image_id], request=context["request"])
    return url


def session_pictures(session: Session, pictures: list[Visualization], context: Mapping[str, Any]) -> dict[str, Any]:
    """One session with its pictures, as older clients know it: a URL or null for each kind."""
    urls = {picture.kind: image_url(picture, context) for picture in pictures}
    return {
        "timestamp": session.timestamp or session.session_id,
        "session_id": session.session_id,
        "filename": session.filename,
        **{f"{kind}_image": urls.get(kind) for kind in IMAGE_KINDS},
        "trajectory_comparison_images": {},
        "windows": [],
        "visualizations": [{"id": str(p.uuid), "kind": p.kind, "state": p.state} for p in pictures],
    }
