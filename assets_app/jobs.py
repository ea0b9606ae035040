"""The jobs library (django-tasks): the only module that imports it, so that Django 6's own can take its place.

A background task is a function of keyword arguments, registered by `@background` in an app's `tasks.py`. The library's
queue only carries a nudge with a ledger row's id; see `assets_app.operations.jobs`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.admin import AdminSite
from django.utils import timezone
from django_tasks import task as library_task
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

BackgroundTask = Callable[..., None]
REGISTRY: dict[str, BackgroundTask] = {}
KEEP_NUDGES = timedelta(days=1)


def background(function: BackgroundTask) -> BackgroundTask:
    """Register a function as the background task of its own name. It must be safe to run twice."""
    if REGISTRY.setdefault(function.__name__, function) is not function:
        raise ValueError(f"two background tasks are named {function.__name__}")
    return function


_performer: list[Callable[[int], None]] = []


def performer(function: Callable[[int], None]) -> Callable[[int], None]:
    """Register the function that does the work of the ledger row whose id a nudge carries. There is one."""
    _performer[:] = [function]
    return function


@library_task()
def nudge(job_id: int) -> None:
    """What a worker runs: nothing is known of the work but its ledger row."""
    _performer[0](job_id)


def send_nudge(job_id: int, *, at: datetime) -> None:
    """A queue row in the same database and transaction as the ledger's own."""
    (nudge if at <= timezone.now() else nudge.using(run_after=at)).enqueue(job_id)


def prune_nudges() -> int:
    """Forget nudges that were answered long ago. The ledger keeps what happened."""
    old = DBTaskResult.objects.finished().filter(finished_at__lt=timezone.now() - KEEP_NUDGES)
    return int(old.delete()[0])


def waiting_nudges() -> int:
    return DBTaskResult.objects.ready().count()


def hide_library(site: AdminSite) -> None:
    """Take the library's own list out of the admin: its rows are nudges, and what is true of a job is in the ledger."""
    from django_tasks_db import admin  # noqa: F401, PLC0415  (importing it registers the list; it will not be imported again)

    site.unregister(DBTaskResult)


def work(*, worker_id: str, interval: float, until_idle: bool) -> None:
    """Answer nudges until told to stop by SIGTERM or SIGINT, or until none is left."""
    worker = Worker(
        queue_names=["*"],
        interval=interval,
        batch=until_idle,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=worker_id,
        excluded_queue_names=[],
    )
    if not until_idle:
        worker.configure_signals()
    worker.run()
