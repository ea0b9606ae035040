"""The ground floor: bytes, and what every floor stands on (tokens, the job ledger)."""

from datetime import timedelta

from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "assets_app"
    verbose_name = "Assets"

    def ready(self) -> None:
        from assets_app import jobs
        from assets_app.chores import add_chore
        from assets_app.operations.idempotency import prune_keys
        from assets_app.operations.intake import sweep_pending
        from assets_app.operations.jobs import sweep_jobs

        add_chore(sweep_jobs, every=timedelta(seconds=5))
        for housekeeping in (jobs.prune_nudges, sweep_pending, prune_keys):
            add_chore(housekeeping, every=timedelta(hours=1))
