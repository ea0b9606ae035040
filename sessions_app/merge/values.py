"""When two JSON values are the same, exactly and fast; and the value that is none."""

from enum import Enum
from marshal import dumps
from typing import Any, Final

_PLAIN = frozenset({str, int, bool, type(None)})


class Missing(Enum):
    """The type of `MISSING`. An enumeration, because its members survive copying and pickling as themselves."""

    MISSING = "MISSING"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values have the same canonical text."""
    if one is other:
        return True
    # Python's own comparison is lax about numbers, but never finds the same text different: it is a fast "no".
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, dict | list):
        # Equal bytes are a fast "yes". Unequal ones may only mean another order of keys.
        return dumps(one, 2) == dumps(other, 2) or _is_same_throughout(one, other)
    return _is_same_throughout(one, other)


def are_all_same(base: Any, theirs: Any, yours: Any) -> bool:
    """Whether three JSON values have the same canonical text."""
    if type(base) in _PLAIN:
        return type(base) is type(theirs) is type(yours) and bool(base == theirs == yours)
    return is_same(base, theirs) and is_same(base, yours)


def _is_same_throughout(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same_throughout(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same_throughout, one, other))
    if isinstance(one, float):
        return repr(one) == repr(other)  # 0.0 and -0.0 are equal, but not the same text
    return bool(one == other)
