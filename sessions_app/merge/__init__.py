"""Three-way merge and comparison of JSON documents. Pure: no Django, no files, no clock.

Rows of an array are matched by who they are (`device_id`, `id`, `row_index`), never by where they stand, so that a row put
in front moves nobody's work to a neighbour. What only one side changed is taken; what both changed differently is never
guessed, but reported for a decision.

Paths are like RFC 6901: `/meta/author`, with `~0` for `~` and `~1` for `/`. A matched row is addressed by its identity,
`/devices/device_id=D12/status`, and the order of such rows by `/devices/~order`. A row that was added or deleted is one
difference. The root is the empty path. Paths belong to the documents they were made from.

What is decided here beyond the obvious:

* Two values are the same only if their JSON texts are: `1`, `1.0` and `true` all differ. The order of keys means nothing.
* Identities are compared as text: the rows `1` and `"1"` of two sides are one row, whose field changed its type.
* An object (or array of rows) that both sides added under one key is merged part by part, if neither is empty. If choices
  leave nothing of it, it is absent, as it was in the base.
* A row that both sides added under one identity with different contents is one decision: they may be two things.
* Rows that are known by a number alone (`row_index`) are matched only while both sides have exactly the base's numbers, and
  no row of the base stands under another one. Otherwise somebody may have counted anew, and the array is one value: a
  decision rather than somebody's work in another row.
* If only one side reordered the rows that it shares with the base, its order wins. If both did, or both added one row in
  different places, the order is a decision. An added row follows the row that it followed on its own side.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from marshal import dumps
from typing import Any, Literal

from sessions_app.merge.order import Order, Side
from sessions_app.merge.paths import escaped, unescaped
from sessions_app.merge.values import MISSING, Missing, are_all_same, is_same

__all__ = [
    "IDENTITY_KEYS",
    "MISSING",
    "BadChoice",
    "Change",
    "Choice",
    "Difference",
    "Merge",
    "Missing",
    "Side",
    "UnknownPath",
    "diff",
    "escaped",
    "is_same",
    "merge",
    "unescaped",
]

IDENTITY_KEYS = ("device_id", "id", "row_index")
# These number the rows. They tell who a row is only as long as nobody counts anew, as after a row was put in front.
POSITIONAL_KEYS = frozenset({"row_index"})

_Rows = dict[str, dict[str, Any]]
Choice = Literal["theirs", "yours", "base"] | Mapping[str, Any]


class UnknownPath(ValueError):
    """A choice was made where there is no difference. `path` says where."""

    def __init__(self, path: str) -> None:
        super().__init__(f"There is no difference at '{path}'. Compare again: the documents may have changed.")
        self.path = path


class BadChoice(ValueError):
    """A choice that cannot be followed. `path` says where it was made."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the sides are not all the same. A value is `MISSING` on a side that has none there.

    `side` says who changed it: "theirs", "yours", "same" (both made the same change) or "both" (both changed it
    differently, and somebody has to decide). At a `~order` path the values are lists of identities, of the rows that at
    least two of the three have. There, "same" means that both agree about all rows that both have.
    """

    path: str
    side: Side
    base: Any
    theirs: Any
    yours: Any


@dataclass(frozen=True)
class Merge:
    """What came of a merge. `value` shares its parts with the documents: copy it before changing it.

    `differences` stand in document order. At the paths in `undecided`, both sides differ and nobody chose; `value` holds
    theirs there.
    """

    value: Any
    differences: list[Difference]
    undecided: list[str]

    @property
    def is_disjoint(self) -> bool:
        """Whether nothing was changed by both in different ways."""
        return all(difference.side != "both" for difference in self.differences)


@dataclass(frozen=True, slots=True)
class Change:
    """One place where two documents differ. `before` or `after` is `MISSING` where there is nothing."""

    path: str
    before: Any
    after: Any


def merge(
    base: Any,
    theirs: Any,
    yours: Any,
    *,
    keys: Sequence[str] = IDENTITY_KEYS,
    choices: Mapping[str, Choice] | None = None,
) -> Merge:
    """Bring together two documents that were both made from `base`.

    Args:
        base, theirs, yours: JSON values, nested at most 100 levels. They are not changed.
        keys: the fields by which rows may be matched, the preferred first.
        choices: by path, what shall stand there: "theirs", "yours", "base" or {"value": anything}. Allowed for every
            difference, decided or not. A side on which nothing is there deletes. The value of a `~order` is a list of
            identities; rows that it leaves out follow the row that they followed before.

    Raises:
        UnknownPath: a choice for a path that is no difference of these documents.
        BadChoice: a choice that is none of the above.
    """
    choices = choices or {}
    for path, choice in choices.items():
        _check_choice(path, choice)
    merging = _Merging(keys, choices)
    value = base if are_all_same(base, theirs, yours) else merging.part("", base, theirs, yours)
    paths = {difference.path for difference in merging.differences}
    for path in choices:
        if path not in paths:
            raise UnknownPath(path)
    undecided = [each.path for each in merging.differences if each.side == "both" and each.path not in choices]
    return Merge(value, merging.differences, undecided)


def diff(before: Any, after: Any, *, keys: Sequence[str] = IDENTITY_KEYS) -> list[Change]:
    """What was changed from one document to another, in document order. Empty only if their JSON texts are the same."""
    return [_as_change(difference) for difference in merge(before, after, before, keys=keys).differences]


class _Merging:
    """One merge under way: collects the differences, and follows the choices."""

    def __init__(self, keys: Sequence[str], choices: Mapping[str, Choice]) -> None:
        self.keys = keys
        self.choices = choices
        self.differences: list[Difference] = []

    def part(self, path: str, base: Any, theirs: Any, yours: Any) -> Any:
        """The merged value at a path where the sides are not all the same, or MISSING."""
        if type(theirs) is type(yours) and (type(base) is type(theirs) or _both_added(base, theirs, yours)):
            if isinstance(theirs, dict):
                return self._object(path, base, theirs, yours)
            if isinstance(theirs, list):
                return self._array(path, base, theirs, yours)
        return self._whole(path, base, theirs, yours)

    def _whole(self, path: str, base: Any, theirs: Any, yours: Any) -> Any:
        return self._settled(Difference(path, _who_changed(base, theirs, yours), base, theirs, yours))

    def _settled(self, difference: Difference) -> Any:
        self.differences.append(difference)
        choice = self.choices.get(difference.path, "yours" if difference.side == "yours" else "theirs")
        return getattr(difference, choice) if isinstance(choice, str) else choice["value"]

    def _object(self, path: str, base: Any, theirs: dict[str, Any], yours: dict[str, Any]) -> Any:
        start = {} if base is MISSING else base
        merged = {}
        for name in sorted(start.keys() | theirs.keys() | yours.keys()):
            sides = start.get(name, MISSING), theirs.get(name, MISSING), yours.get(name, MISSING)
            value = sides[0] if are_all_same(*sides) else self.part(f"{path}/{escaped(name)}", *sides)
            if value is not MISSING:
                merged[name] = value
        return merged if merged or base is not MISSING else MISSING

    def _array(self, path: str, base: Any, theirs: list[Any], yours: list[Any]) -> Any:
        for key in self.keys:
            sides = [_rows_by_identity(side, key) for side in ([] if base is MISSING else base, theirs, yours)]
            rows = [side for side in sides if side is not None]
            if len(rows) == len(sides) and not (key in POSITIONAL_KEYS and _is_renumbered(key, *rows)):
                merged = self._rows(path, key, *rows)
                return merged if merged or base is not MISSING else MISSING
        return self._whole(path, base, theirs, yours)

    def _rows(self, path: str, key: str, base: _Rows, theirs: _Rows, yours: _Rows) -> list[Any]:
        order = Order(list(base), list(theirs), list(yours))
        texts = [dict(zip(rows, map(dumps, rows.values(), repeat(2)), strict=True)) for rows in (base, theirs, yours)]
        in_base, in_theirs, in_yours = (each.get for each in texts)
        merged: dict[str, Any] = {}
        for name in order.merged:
            if in_base(name) == in_theirs(name) == in_yours(name):
                merged[name] = base[name]
            else:
                sides = [rows.get(name, MISSING) for rows in (base, theirs, yours)]
                # A row is never put together from two that were added apart.
                settle = self._whole if MISSING in sides else self.part
                merged[name] = settle(f"{path}/{escaped(key)}={escaped(name)}", *sides)
        names = order.merged
        if order.changed_by is not None:
            shared = zip((base, theirs, yours), order.shared(), strict=True)
            values = [[rows[name][key] for name in names] for rows, names in shared]
            place = f"{path}/~order"
            chosen = self._settled(Difference(place, order.changed_by, *values))
            names = order.led_by(_names_in(chosen, place, known=merged))
        return [merged[name] for name in names if merged[name] is not MISSING]


def _rows_by_identity(items: list[Any], key: str) -> _Rows | None:
    """The rows by their identity as text, or None if the key does not tell them apart."""
    names = []
    for item in items:
        identity = item.get(key) if isinstance(item, dict) else None
        if isinstance(identity, str):
            names.append(identity)
        elif type(identity) is int:  # a truth value is an int to Python, but no identity
            names.append(str(identity))
        else:
            return None
    rows = dict(zip(names, items, strict=True))
    return rows if len(rows) == len(items) else None


def _is_renumbered(key: str, base: _Rows, *sides: _Rows) -> bool:
    """Whether a side may have counted anew: it has other numbers than the base, or a row of the base under another one."""
    bodies = [{name: _body(row, key) for name, row in rows.items()} for rows in (base, *sides)]
    numbers: dict[bytes, set[str]] = {}
    for name, body in bodies[0].items():
        numbers.setdefault(body, set()).add(name)
    for side in bodies[1:]:
        if side.keys() != bodies[0].keys():
            return True
        left = {body for name, body in bodies[0].items() if side[name] != body}  # no longer under one of their numbers
        if any(body in left and name not in numbers[body] for name, body in side.items()):
            return True
    return False


def _body(row: dict[str, Any], key: str) -> bytes:
    return dumps(sorted((name, value) for name, value in row.items() if name != key), 2)


def _names_in(chosen: Any, path: str, known: Collection[str]) -> list[str]:
    """The names in a chosen order."""
    is_list = isinstance(chosen, list) and all(type(identity) in (str, int) for identity in chosen)
    names = [str(identity) for identity in chosen] if is_list else []
    if not is_list or len(set(names)) < len(names) or not set(names) <= set(known):
        raise BadChoice(path, f"The value for '{path}' must be a list of identities of its rows, each once.")
    return names


def _who_changed(base: Any, theirs: Any, yours: Any) -> Side:
    if is_same(base, theirs):
        return "yours"
    if is_same(base, yours):
        return "theirs"
    return "same" if is_same(theirs, yours) else "both"


def _both_added(base: Any, theirs: Any, yours: Any) -> bool:
    """Whether both put something into an empty place, and not the same. Nothing tells an empty object from none."""
    return base is MISSING and bool(theirs) and bool(yours) and not is_same(theirs, yours)


def _check_choice(path: str, choice: Any) -> None:
    is_side = isinstance(choice, str) and choice in ("theirs", "yours", "base")
    if not is_side and not (isinstance(choice, Mapping) and set(choice) == {"value"}):
        raise BadChoice(path, f"The choice for '{path}' must be 'theirs', 'yours', 'base' or an object with a 'value'.")


def _as_change(difference: Difference) -> Change:
    before, after = difference.base, difference.theirs
    if difference.path.endswith("/~order"):
        kept = set(map(str, after))
        before = [identity for identity in before if str(identity) in kept]
    return Change(difference.path, before, after)
