"""Where a change comes from: through which door, on which device, with which token. Set by doors, kept with what happened."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Origin:
    door: str = "command"
    token: str = ""
    address: str = ""
    device: str = ""
    request_id: str = ""


COMMAND = Origin()
_current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def current_origin() -> Origin:
    return _current.get() or COMMAND


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """What happens inside the block comes from there."""
    before = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(before)


def note_token(name: str) -> None:
    """The request under way turned out to carry this token."""
    _current.set(replace(current_origin(), token=name))
