"""The job ledger: what must be done in the background is a row, written in the transaction of its cause.

A worker leases a row, does the work and finishes it. If it dies, the lease runs out and the row is nudged again; if the work
fails, it is tried again later, and after the last attempt it is dead, with its reason, for staff to see.
"""

import threading
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from assets_app import jobs
from assets_app.errors import BytesMissing, HoldfastError, InvalidInput, SandboxFailed, StorageFull, StoreUnavailable
from assets_app.models import Job

log = structlog.get_logger(__name__)
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)
GAVE_UP = f"It failed {Job.MAX_ATTEMPTS} times. Staff can see why, and have it tried again."


def queue_job(*, task: str, subject: str, payload: dict[str, Any]) -> Job:
    """Write down work to be done. Call it inside the transaction that makes the work necessary."""
    if task not in jobs.REGISTRY:
        raise InvalidInput(f"There is no background task named {task}.")
    with transaction.atomic():
        job = Job.objects.create(task=task, subject=subject[:255], payload=payload)
        jobs.send_nudge(job.pk, at=job.next_attempt_at)
    return job


@jobs.performer
def perform_job(job_id: int) -> None:
    """Do the work of one ledger row, if it is due and nobody else is at it."""
    job = _claim(job_id)
    if job is None:
        return
    try:
        with _kept_alive(job):
            jobs.REGISTRY[job.task](**job.payload)
    except (SandboxFailed, BytesMissing) as failure:  # perhaps the machine was short of memory just then, or a store away
        _retry_or_bury(job, failure.details)
    except (StoreUnavailable, StorageFull) as failure:
        _retry_or_bury(job, failure.message)
    except HoldfastError as refusal:  # asking again would be refused again
        _finish(job, state=Job.State.DEAD, last_error=refusal.message, reason=refusal.message)
    except Exception as error:
        log.warning("job_failed", job=job.pk, task=job.task, attempt=job.attempts, error=repr(error))
        _retry_or_bury(job, "".join(traceback.format_exception_only(error)).strip())
    else:
        _finish(job, state=Job.State.DONE, last_error="", reason="")


def run_again(*, job: Job) -> bool:
    """Give a dead or finished job a fresh start. False if it is queued or running already."""
    with transaction.atomic():
        now = timezone.now()
        reset = Job.objects.filter(pk=job.pk, state__in=[Job.State.DEAD, Job.State.DONE]).update(
            state=Job.State.QUEUED, attempts=0, next_attempt_at=now, finished_at=None
        )
        if reset:
            jobs.send_nudge(job.pk, at=now)
    return bool(reset)


def sweep_jobs() -> int:
    """Nudge what is due and was not nudged, or whose worker died. Returns how many.

    Nothing is sent while nudges are waiting: the workers have not come to them yet.
    """
    if jobs.waiting_nudges():
        return 0
    now = timezone.now()
    due = list(Job.objects.claimable(now - timedelta(seconds=1)).order_by("next_attempt_at").values_list("pk", flat=True)[:100])
    for job_id in due:
        jobs.send_nudge(job_id, at=now)
    return len(due)


def _claim(job_id: int) -> Job | None:
    """Take the lease by compare-and-set: of many workers nudged about one row, one gets it."""
    now = timezone.now()
    lease = uuid.uuid4()
    claimed = (
        Job.objects.filter(pk=job_id)
        .claimable(now)
        .update(state=Job.State.RUNNING, attempts=F("attempts") + 1, lease=lease, lease_until=now + _lease_time())
    )
    job = Job.objects.filter(pk=job_id, lease=lease).first() if claimed else None
    if job is not None and job.attempts > Job.MAX_ATTEMPTS:
        _finish(
            job,
            state=Job.State.DEAD,
            last_error=job.last_error or "Every worker that tried it died before the end.",
            reason=GAVE_UP,
        )
        return None
    return job


def _finish(job: Job, **values: Any) -> None:
    """Only the holder of the lease may say how it ended."""
    Job.objects.filter(pk=job.pk, lease=job.lease).update(lease=None, lease_until=None, finished_at=timezone.now(), **values)


def _retry_or_bury(job: Job, reason: str) -> None:
    reason = reason[-2000:]
    if job.attempts >= Job.MAX_ATTEMPTS:
        _finish(job, state=Job.State.DEAD, last_error=reason, reason=GAVE_UP)
        return
    at = timezone.now() + min(FIRST_DELAY * 4 ** (job.attempts - 1), LONGEST_DELAY)
    with transaction.atomic():
        mine = Job.objects.filter(pk=job.pk, lease=job.lease).update(
            state=Job.State.QUEUED, lease=None, lease_until=None, next_attempt_at=at, last_error=reason
        )
        if mine:
            jobs.send_nudge(job.pk, at=at)


def _lease_time() -> timedelta:
    return timedelta(seconds=settings.HOLDFAST_JOB_LEASE_SECONDS)


@contextmanager
def _kept_alive(job: Job) -> Iterator[None]:
    """Extend the lease for as long as the work lasts: only a dead worker's lease runs out."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(_lease_time().total_seconds() / 4):
            try:
                Job.objects.filter(pk=job.pk, lease=job.lease).update(lease_until=timezone.now() + _lease_time())
            except DatabaseFault:  # busy, or away for a moment: a heart that stopped would have the work done twice
                log.warning("lease_not_extended", job=job.pk, exc_info=True)
                connection.close()
        connection.close()  # this thread's own

    heart = threading.Thread(target=beat, name=f"lease of job {job.pk}", daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()
