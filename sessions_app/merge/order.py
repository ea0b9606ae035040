"""The order of rows when two sides added, deleted and moved some."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Literal

Side = Literal["theirs", "yours", "same", "both"]
_Chain = dict[str | None, str | None]


class Order:
    """The order of the rows of three arrays, by their names (identities as text).

    `merged` holds every name once, also of rows that were deleted: they keep the place of what was added after them.
    `changed_by` is the side of the difference, or None if nothing but additions and deletions happened.
    """

    def __init__(self, base: list[str], theirs: list[str], yours: list[str]) -> None:
        self.base, self.theirs, self.yours = base, theirs, yours
        self.merged = self.led_by(base)
        self.changed_by = self._changed_by()
        if self.changed_by is not None:
            self.merged = self.led_by(yours if self.changed_by == "yours" else theirs)

    def _changed_by(self) -> Side | None:
        by_theirs, by_yours = not _agree(self.base, self.theirs), not _agree(self.base, self.yours)
        if by_theirs and by_yours:
            return "same" if _agree(self.theirs, self.yours) else "both"
        if by_theirs or by_yours:
            return "theirs" if by_theirs else "yours"
        # Rows that both added may stand where no one order serves both; where deleted ones stood does not matter.
        kept = set(self.theirs) & set(self.yours) | (set(self.theirs) ^ set(self.yours)) - set(self.base)
        return None if _agree([name for name in self.merged if name in kept], self.yours) else "both"

    def shared(self) -> list[list[str]]:
        """The names of each side that another side has, too."""
        sides = [self.base, self.theirs, self.yours]
        count = Counter(chain.from_iterable(sides))
        return [[name for name in side if count[name] > 1] for side in sides]

    def led_by(self, leading: list[str]) -> list[str]:
        """All names: those of `leading` in its order, every other after the name that it follows on its own side."""
        if self.base == self.theirs == self.yours == leading:
            return leading
        # Every name leads to the next; None leads to the first, and the last to None.
        following: _Chain = dict(zip([None, *leading], [*leading, None], strict=True))
        _thread(following, self.theirs, behind=set())
        _thread(following, self.yours, behind=set(self.theirs).difference(self.base, self.yours))
        _thread(following, self.base, behind=set())
        return list(_walk(following))


def _thread(following: _Chain, names: list[str], *, behind: set[str]) -> None:
    """Insert the names that are not there yet, each after its predecessor, and after those in `behind` that follow it."""
    place: str | None = None
    for name in names:
        if name not in following:
            while following[place] in behind:
                place = following[place]
            following[name] = following[place]
            following[place] = name
        place = name


def _walk(following: _Chain) -> Iterator[str]:
    name = following[None]
    while name is not None:
        yield name
        name = following[name]


def _agree(one: list[str], other: list[str]) -> bool:
    """Whether the names that both hold stand in the same order."""
    if one == other:
        return True
    in_one, in_other = set(one), set(other)
    return [name for name in one if name in in_other] == [name for name in other if name in in_one]
