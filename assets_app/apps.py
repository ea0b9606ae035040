"""The ground floor: bytes, and what every floor stands on (tokens, the job ledger)."""

from datetime import timedelta

from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "assets_app"
    verbose_name = "Assets"

    def ready(self) -> None:
        from assets_app import jobs, tasks  # noqa: F401  (importing tasks registers them)
        from assets_app.chores import add_chore
        from assets_app.operations.assets import purge_assets
        from assets_app.operations.blobs import collect_blobs
        from assets_app.operations.idempotency import prune_keys
        from assets_app.operations.jobs import sweep_jobs
        from assets_app.operations.verification import verify_some

        add_chore(sweep_jobs, every=timedelta(seconds=5))
        add_chore(verify_some, every=timedelta(minutes=1))
        for housekeeping in (jobs.prune_nudges, purge_assets, collect_blobs, prune_keys):
            add_chore(housekeeping, every=timedelta(hours=1))
