"""Doing something to every chosen row, and telling how many it was done to and why not to the others."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from assets_app.errors import HoldfastError

M = TypeVar("M", bound=Model)
MOST_AT_ONCE = 1000
MOST_REASONS = 5
DONE = ""


@dataclass
class Tally:
    """How many it was done to, how many were left alone and why, and how many were too many."""

    done: int = 0
    left: Counter[str] = field(default_factory=Counter)
    beyond: int = 0


def each(rows: QuerySet[M], do: Callable[[M], str]) -> Tally:
    """Do it to every row, at most 1000. Those that are refused do not keep the others.

    Args:
        do: answers with `DONE`, or with why the row is left alone: a whole sentence, or the end of one.
    """
    chosen, total = chosen_of(rows)
    tally = Tally(beyond=total - len(chosen))
    for row in chosen:
        try:
            reason = do(row)
        except HoldfastError as refusal:
            reason = refusal.message
        if reason == DONE:
            tally.done += 1
        else:
            tally.left[reason] += 1
    return tally


def chosen_of(rows: QuerySet[M]) -> tuple[list[M], int]:
    """At most 1000 of them, and how many there are: read before anything is done, which may change what the list shows."""
    chosen: list[M] = list(rows[: MOST_AT_ONCE + 1])
    return (chosen, len(chosen)) if len(chosen) <= MOST_AT_ONCE else (chosen[:-1], rows.count())


def tell(request: HttpRequest, tally: Tally, *, one: str, many: str, done: str) -> None:
    """Say so on the next page: `one`, `many` name the rows, `done` is what was done to them."""

    def counted(number: int) -> str:
        return f"{number:,} {one if number == 1 else many}"

    if tally.done:
        messages.success(request, f"{counted(tally.done)} {done}.")
    for reason, number in islice(tally.left.most_common(), MOST_REASONS):
        messages.warning(request, f"{counted(number)} left alone: {reason.rstrip('.')}.")
    if len(tally.left) > MOST_REASONS:
        rest = sum(number for _, number in tally.left.most_common()[MOST_REASONS:])
        messages.warning(request, f"{counted(rest)} left alone for other reasons. Choose fewer to see them.")
    if tally.beyond:
        messages.warning(request, f"{counted(tally.beyond)} not looked at: {MOST_AT_ONCE:,} are done at once. Do it again.")
    if not tally.done and not tally.left:
        messages.warning(request, "There was nothing to do.")
