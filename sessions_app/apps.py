"""The first floor: work with a history."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions_app"
    # "Sessions" would stand twice in the admin, next to Django's own, with identical permissions.
    verbose_name = "Session hub"

    def ready(self) -> None:
        from assets_app.signals import asset_stored
        from sessions_app import receivers

        asset_stored.connect(receivers.attach_stored_asset, dispatch_uid="attach_stored_asset")
