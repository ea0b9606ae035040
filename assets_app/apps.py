"""The ground floor: bytes, and what every floor stands on (tokens, the job ledger)."""

from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "assets_app"
    verbose_name = "Assets"
