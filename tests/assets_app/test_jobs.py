"""The job ledger. A job that is forgotten is a plot that never comes."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult  # noqa: TID251  (the queue is looked at from outside)

from assets_app import jobs
from assets_app.errors import InvalidInput, StorageFull
from assets_app.models import Job
from assets_app.operations.jobs import perform_job, queue_job, run_again, sweep_jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def calls() -> Iterator[list[dict[str, Any]]]:
    """Two background tasks: one that notes its calls, one that fails until it is told not to."""
    noted: list[dict[str, Any]] = []

    def note(**payload: Any) -> None:
        noted.append(payload)
        if problem := payload.get("problem"):
            raise {"passing": ConnectionError, "full": StorageFull, "final": InvalidInput}[problem]("out of luck")

    jobs.REGISTRY["note"] = note
    yield noted
    del jobs.REGISTRY["note"]


def work() -> None:
    call_command("work", until_idle=True, interval=0)


def queue(**payload: Any) -> Job:
    return queue_job(task="note", subject="a test", payload=payload)


def test_a_queued_job_is_done_by_a_worker(calls: list[dict[str, Any]]) -> None:
    job = queue(page=7)
    work()
    job.refresh_from_db()
    assert calls == [{"page": 7}]
    assert (job.state, job.attempts, job.lease) == (Job.State.DONE, 1, None)
    assert job.finished_at is not None


def test_a_job_is_rolled_back_with_its_cause(calls: list[dict[str, Any]]) -> None:
    def cause() -> None:
        with transaction.atomic():
            queue()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cause()
    work()
    assert not calls
    assert not Job.objects.exists()


def test_an_unknown_task_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput):
        queue_job(task="no such thing", subject="", payload={})


def test_a_job_is_done_once_however_often_it_is_nudged(calls: list[dict[str, Any]]) -> None:
    job = queue()
    for _ in range(3):
        jobs.send_nudge(job.pk, at=timezone.now())
    work()
    assert len(calls) == 1


def test_a_killed_workers_job_is_run_again(calls: list[dict[str, Any]]) -> None:
    job = queue()
    # What a worker leaves behind that is killed in the middle: its nudge is taken, its lease runs out.
    DBTaskResult.objects.update(status="RUNNING")
    Job.objects.update(state=Job.State.RUNNING, attempts=1, lease="0" * 32, lease_until=timezone.now() - timedelta(seconds=5))
    work()
    job.refresh_from_db()
    assert (len(calls), job.state, job.attempts) == (1, Job.State.DONE, 2)


def test_a_job_in_work_is_left_to_its_worker(calls: list[dict[str, Any]]) -> None:
    job = queue()
    Job.objects.update(state=Job.State.RUNNING, attempts=1, lease="0" * 32, lease_until=timezone.now() + timedelta(seconds=30))
    perform_job(job.pk)
    assert sweep_jobs() == 0
    assert not calls


def test_a_failed_job_is_tried_again_later_and_says_why(calls: list[dict[str, Any]]) -> None:
    job = queue(problem="passing")
    work()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.QUEUED, 1)
    assert "ConnectionError: out of luck" in job.last_error
    assert job.next_attempt_at > timezone.now()


def test_after_the_last_attempt_a_job_is_dead_and_staff_can_run_it_again(calls: list[dict[str, Any]]) -> None:
    job = queue(problem="passing")
    for _ in range(Job.MAX_ATTEMPTS):
        Job.objects.update(next_attempt_at=timezone.now())
        perform_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, len(calls)) == (Job.State.DEAD, Job.MAX_ATTEMPTS, Job.MAX_ATTEMPTS)
    assert run_again(job=job)
    assert not run_again(job=job), "it is queued already"
    Job.objects.update(payload={})
    work()
    job.refresh_from_db()
    assert (job.state, job.last_error) == (Job.State.DONE, "")


def test_a_refusal_is_final(calls: list[dict[str, Any]]) -> None:
    job = queue(problem="final")
    work()
    job.refresh_from_db()
    assert (job.state, job.attempts, job.last_error) == (Job.State.DEAD, 1, "out of luck")


def test_a_job_that_kills_every_worker_ends_dead(calls: list[dict[str, Any]]) -> None:
    job = queue()
    Job.objects.update(
        state=Job.State.RUNNING, attempts=Job.MAX_ATTEMPTS, lease="0" * 32, lease_until=timezone.now() - timedelta(seconds=5)
    )
    perform_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DEAD
    assert "died" in job.last_error
    assert not calls


@pytest.mark.skipif("sqlite" in settings.DATABASES["default"]["ENGINE"], reason="connections to a file do not break")
def test_a_broken_connection_does_not_end_the_lease(settings: Any) -> None:
    """Another worker would do the same work beside the first one."""
    settings.HOLDFAST_JOB_LEASE_SECONDS = 1
    held: list[bool] = []

    def long_work() -> None:
        time.sleep(0.6)  # the lease has been extended, on a connection of its own
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        time.sleep(2)
        held.append(Job.objects.filter(lease_until__gt=timezone.now()).exists())

    jobs.REGISTRY["long_work"] = long_work
    try:
        perform_job(queue_job(task="long_work", subject="a test", payload={}).pk)
    finally:
        del jobs.REGISTRY["long_work"]
    assert held == [True]


def test_a_disk_that_is_full_for_a_moment_ends_no_job(calls: list[dict[str, Any]]) -> None:
    """Its plot or thumbnail would never come, though there has been room again for long."""
    job = queue(problem="full")
    perform_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.QUEUED, 1)


def test_a_worker_that_lost_its_lease_changes_nothing(calls: list[dict[str, Any]]) -> None:
    job = queue()

    def usurped(**_payload: Any) -> None:
        Job.objects.update(lease="1" * 32)

    jobs.REGISTRY["note"] = usurped
    perform_job(job.pk)
    job.refresh_from_db()
    assert (job.state, str(job.lease)) == (Job.State.RUNNING, "11111111-1111-1111-1111-111111111111")


def test_old_nudges_are_forgotten_and_the_ledger_is_not(calls: list[dict[str, Any]]) -> None:
    job = queue()
    work()
    assert jobs.prune_nudges() == 0
    DBTaskResult.objects.update(finished_at=timezone.now() - timedelta(days=2))
    assert jobs.prune_nudges() == 1
    assert Job.objects.filter(pk=job.pk).exists()
