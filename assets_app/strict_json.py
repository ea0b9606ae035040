"""JSON that every database stores the same way and every reader reads the same way. No Django in here.

Python's reader accepts much that PostgreSQL refuses (NaN, NUL, lone surrogates) and silently drops duplicate keys;
what is accepted here is kept and given back whole.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

MAX_DEPTH = 100
MAX_DIGITS = 100

_SURROGATE = re.compile("[\ud800-\udfff]")
# Text in UTF-8 can hold neither NUL nor half a surrogate pair in its strings, other than escaped.
_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class JsonRefused(ValueError):
    """Why a text is not accepted. `pointer` (RFC 6901) says where, when the text could be read that far."""

    def __init__(self, message: str, pointer: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer


def parse(data: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises:
        JsonRefused: not UTF-8, cut off or malformed, NaN or Infinity, a number over 100 digits or beyond a double,
            nesting over 100 levels, a repeated key, a NUL character or half of a surrogate pair.
    """
    if not data.strip():
        raise JsonRefused("The JSON text is empty.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonRefused(f"The text is not UTF-8: byte {error.start + 1} cannot be read. Save it as UTF-8.") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except json.JSONDecodeError as error:
        cut = " It looks cut off: send it whole." if error.pos >= len(text.rstrip()) or "Unterminated" in error.msg else ""
        raise JsonRefused(f"The JSON is broken at line {error.lineno}, column {error.colno}: {error.msg}.{cut}") from None
    except RecursionError:
        raise JsonRefused(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from None
    if _SUSPECT_ESCAPE.search(text) or _is_too_deep(value):
        _check_values(value)
    return value


def check_depth(value: Any) -> None:
    """For values that were put together from others.

    Raises:
        JsonRefused: nested over 100 levels.
    """
    if _is_too_deep(value):
        raise JsonRefused(f"The JSON is nested deeper than {MAX_DEPTH} levels.")


def canonical(value: Any) -> str:
    """The one text of a value: keys sorted, no white space, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # adding is false
        raise JsonRefused(f"The key {twice[:60]!r} stands twice in one object; one of the two would be lost. Keep one.")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise JsonRefused(f"{name} is not JSON. Send null for a missing number.")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise JsonRefused(f"A number has {len(digits)} digits; at most {MAX_DIGITS} are kept. Send it as a string.")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > MAX_DIGITS:
        raise JsonRefused(f"A number has {len(digits)} digits; at most {MAX_DIGITS} are kept. Send it as a string.")
    value = float(digits)
    if math.isinf(value):
        raise JsonRefused(f"The number {digits} is beyond the range of a double. Send it as a string.")
    return value


def _is_too_deep(root: Any) -> bool:
    """Level by level, which is quick; `_check_values` then finds out where."""
    level = [root] if isinstance(root, dict | list) else []
    for _depth in range(MAX_DEPTH):
        children = [child for node in level for child in (node.values() if isinstance(node, dict) else node)]
        level = [child for child in children if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def _check_values(root: Any) -> None:
    """Depth and characters, without recursion, so that no input can exhaust the stack."""
    # An iterator a level: what is held grows with the depth of the document, not with its size.
    path: list[Any] = []
    levels: list[Iterator[tuple[Any, Any]]] = [iter([(None, root)])]
    while levels:
        try:
            key, value = next(levels[-1])
        except StopIteration:
            levels.pop()
            path[-1:] = []
            continue
        if isinstance(key, str):
            _check_string(key, path[1:])
        if isinstance(value, str):
            _check_string(value, [*path, key][1:])
        elif isinstance(value, dict | list):
            path.append(key)
            if len(path) > MAX_DEPTH:
                raise JsonRefused(f"The JSON is nested deeper than {MAX_DEPTH} levels.", _pointer(path[1:]))
            levels.append(iter(value.items()) if isinstance(value, dict) else enumerate(value))


def _check_string(text: str, path: list[Any]) -> None:
    if "\0" in text:
        raise JsonRefused("A text holds a NUL character, which databases cannot keep. Remove it.", _pointer(path))
    if not text.isascii() and _SURROGATE.search(text):
        raise JsonRefused("A text holds half of a surrogate pair, which is no character. Remove it.", _pointer(path))


def _pointer(path: list[Any]) -> str:
    parts = ("/" + str(key)[:60].replace("~", "~0").replace("/", "~1") for key in path)
    return "".join(parts).encode("utf-8", "replace").decode("utf-8")
