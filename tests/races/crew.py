"""Processes of their own that begin together, and hand back what they saw."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from threading import Barrier, BrokenBarrierError, Thread
from typing import Any, TypeVar

Job = TypeVar("Job")
Seen = TypeVar("Seen")
READY_SECONDS = 60.0
_start: Any = None


def run_crew(work: Callable[[Job], Seen], jobs: Sequence[Job]) -> list[Seen]:
    """What `work` gives for each job, each done in a new process. `work` must be importable, and calls `wait_for_all`."""
    context = multiprocessing.get_context("spawn")  # a fork would share this process's database connections
    barrier = context.Barrier(len(jobs))
    with ProcessPoolExecutor(len(jobs), mp_context=context, initializer=_remember, initargs=(barrier,)) as crew:
        return list(crew.map(work, jobs))


def _remember(barrier: Any) -> None:
    global _start  # noqa: PLW0603  (a barrier reaches a new process only while it starts)
    _start = barrier


def wait_for_all() -> None:
    """Until every process of the crew is here."""
    _start.wait(READY_SECONDS)


def run_threads(work: Callable[[int], None], count: int) -> None:
    """`work(n)` in threads of this process, which begin when every process of the crew is ready. The first error is raised."""
    errors: list[BaseException] = []
    ready = Barrier(count + 1)

    def run(number: int) -> None:
        try:
            ready.wait(READY_SECONDS)
            work(number)
        except BrokenBarrierError:
            return
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        wait_for_all()
    except BrokenBarrierError:
        ready.abort()
        raise
    ready.wait(READY_SECONDS)
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
