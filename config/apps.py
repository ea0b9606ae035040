"""The wiring's own app: it has no models, only system checks and the commands that start everything."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "config"
    label = "hub"
    verbose_name = "Holdfast"

    def ready(self) -> None:
        from config import checks  # noqa: F401  (importing it registers the checks; the registry must be ready first)
