"""Runs in the sandbox: the outline of a JSON file."""

import json
from typing import Any, BinaryIO

from assets_app.facts.tables import MAX_NAMES, names
from assets_app.sandboxed import Refused

# A larger one would not fit into the memory of a child when it is read.
MAX_BYTES = 32 * 1024 * 1024
TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the format. Answers with a JSON object of facts."""
    return json.dumps(read(file)).encode()


def read(file: BinaryIO) -> dict[str, Any]:
    """`topLevel`: the type of the whole. `rows` of the array that it is, or of the longest array of objects in it, and `columns`:
    the names of the first rows' fields; at most 200 names of 200 characters.

    Raises:
        Refused: it is no JSON, or larger than 32 MiB.
    """
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused("The JSON file is larger than is looked at here.")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise Refused("The file cannot be read as json.") from None
    rows = value if isinstance(value, list) else _longest_table(value)
    facts: dict[str, Any] = {"topLevel": TYPES[type(value)]}
    if rows is None:
        return facts
    columns = dict.fromkeys(key for row in rows[:MAX_NAMES] if isinstance(row, dict) for key in row)
    return facts | {"rows": len(rows)} | ({"columns": names([_sound(key) for key in columns])} if columns else {})


def _longest_table(value: Any) -> list[Any] | None:
    inside = value.values() if isinstance(value, dict) else ()
    tables = [array for array in inside if isinstance(array, list) and array and all(isinstance(row, dict) for row in array)]
    return max(tables, key=len, default=None)


def _sound(key: str) -> str:
    """Half a character can be written in JSON, but not be kept."""
    return key.encode("utf-8", "replace").decode()
