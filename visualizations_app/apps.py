"""The top floor: pictures."""

from django.apps import AppConfig


class VisualizationsConfig(AppConfig):
    name = "visualizations_app"
    verbose_name = "Visualizations"

    def ready(self) -> None:
        from assets_app.models import AssetQuerySet
        from assets_app.operations.changes import VISIBLE
        from sessions_app.signals import recording_kept, session_purging
        from visualizations_app import receivers, tasks  # noqa: F401  (importing tasks registers them)
        from visualizations_app.models import Visualization

        recording_kept.connect(receivers.request_pictures, dispatch_uid="request_pictures")
        session_purging.connect(receivers.forget_pictures, dispatch_uid="forget_pictures")
        VISIBLE["visualization"] = [lambda user: Visualization.objects.visible_to(user).values("uuid")]
        AssetQuerySet.uses.append(
            lambda asset: [
                f"the picture '{picture}'" for picture in Visualization.objects.filter(image=asset).select_related("session")
            ]
        )
        AssetQuerySet.seen_through.append(lambda user: Visualization.objects.visible_to(user).values("image"))
