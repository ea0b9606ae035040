"""The top floor: pictures."""

from django.apps import AppConfig


class VisualizationsConfig(AppConfig):
    name = "visualizations_app"
    verbose_name = "Visualizations"

    def ready(self) -> None:
        from sessions_app.signals import recording_kept
        from visualizations_app import receivers, tasks  # noqa: F401  (importing tasks registers them)

        recording_kept.connect(receivers.request_pictures, dispatch_uid="request_pictures")
