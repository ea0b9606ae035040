"""What the workers do every now and then, beside their jobs. Every worker does all of it, so it must be safe to do at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

log = structlog.get_logger(__name__)


@dataclass
class Chore:
    do: Callable[[], object]
    every: timedelta
    due: float = 0.0


CHORES: dict[str, Chore] = {}


def add_chore(do: Callable[[], object], *, every: timedelta) -> None:
    CHORES[f"{do.__module__}.{do.__name__}"] = Chore(do, every)


def do_chores() -> None:
    """Those that are due. One that fails is tried again next time, and stops no other."""
    for name, chore in CHORES.items():
        if time.monotonic() < chore.due:
            continue
        try:
            chore.do()
        except Exception:  # whatever it is: the other chores, and other workers' jobs, must not wait for it
            log.exception("chore_failed", chore=name)
        chore.due = time.monotonic() + chore.every.total_seconds()
