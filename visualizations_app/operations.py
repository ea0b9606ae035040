"""Asking for pictures, and making them."""

import io

from django.db import transaction
from django.utils import timezone

from assets_app import sandbox
from assets_app.operations.changes import record_change
from assets_app.operations.intake import keep_asset, receive_bytes
from assets_app.operations.jobs import queue_job
from assets_app.storage import iter_object
from sessions_app.models import Recording
from visualizations_app.models import Visualization
from visualizations_app.recipes import RECIPES


def request_picture(*, recording: Recording, kind: str) -> Visualization:
    """Ask for a picture. Together with its job it is a part of the caller's transaction."""
    with transaction.atomic():
        visualization = Visualization.objects.create(session=recording.session, recording=recording, kind=kind)
        visualization.job = queue_job(
            task="draw",
            subject=f"{kind} of {recording.session.session_id}",
            payload={"visualization": str(visualization.uuid)},
        )
        visualization.save(update_fields=["job"])
        _tell(visualization, "requested")
    return visualization


def make_picture(*, visualization: Visualization) -> None:
    """Draw it from the recording's file, in the sandbox, and keep it. Drawn again, the same bytes change nothing.

    Raises:
        InvalidInput: the recipe finds nothing to draw in the file.
        SandboxFailed: drawing overran its limits.
    """
    recipe = RECIPES[visualization.kind]
    asset = visualization.recording.asset
    png = sandbox.run(recipe.module, asset.name, file=iter_object(asset.blob.store, asset.blob.key, 0, asset.blob.size_bytes))
    name = f"{visualization.kind}_{visualization.session.session_id}.png"[-255:]
    with receive_bytes(io.BytesIO(png), name=name, limit_bytes=len(png)) as received, transaction.atomic():
        current = Visualization.objects.select_for_update().get(pk=visualization.pk)
        if current.image is not None and current.image.blob.sha256 == received.sha256:
            return
        current.image = keep_asset(received, by=visualization.session.owner, beyond_quota=True)
        current.recipe_version = recipe.version
        current.made_at = timezone.now()
        current.save(update_fields=["image", "recipe_version", "made_at"])
        _tell(current, "made")


def forget_picture(*, visualization: Visualization) -> None:
    """Its image stays, as an asset of the session's owner."""
    with transaction.atomic():
        _tell(visualization, "deleted")
        visualization.delete()


def _tell(visualization: Visualization, action: str) -> None:
    """To the feed of changes."""
    key = f"{visualization.kind} of {visualization.session.session_id}"[:255]
    record_change(kind="visualization", ref=visualization.uuid, key=key, action=action, at=timezone.now())
