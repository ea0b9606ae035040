"""Runs in the sandbox: rows and columns of a CSV file, read as a stream."""

import csv
import io
import json
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, BinaryIO

from assets_app.sandboxed import Refused

MAX_NAMES, MAX_NAME = 200, 200
MAX_LINE = 1024 * 1024
DELIMITERS = ",;\t|"
# What is read to find the delimiter.
SAMPLE_CHARACTERS, SAMPLE_ROWS = 64 * 1024, 20
NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?\s*")


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the format. Answers with a JSON object of facts."""
    return json.dumps(read(file)).encode()


def read(file: BinaryIO) -> dict[str, Any]:
    """`delimiter`, `rows` (without the names of columns), `columnCount`, and `columns`: the names in the first row, unless a cell
    of it is a number; at most 200 names of 200 characters.

    Raises:
        Refused: it is no table.
    """
    text = io.TextIOWrapper(file, "utf-8-sig", "replace", newline="")
    sample = text.read(SAMPLE_CHARACTERS)
    text.seek(0)
    delimiter = delimiter_of(sample)
    rows = csv.reader(_lines(text), delimiter=delimiter)
    try:
        first = next((row for row in rows if row), [])
        more = sum(map(bool, rows))
    except csv.Error:
        raise Refused("The file cannot be read as csv: a cell is longer than any table's.") from None
    facts = {"delimiter": delimiter, "columnCount": len(first)}
    if not first or any(NUMBER.fullmatch(cell) for cell in first[:MAX_NAMES]):
        return facts | {"rows": more + bool(first)}
    return facts | {"rows": more, "columns": names(first)}


def names(found: list[str]) -> list[str]:
    """As many as are told, each as much of it as is told, without what no page shows."""
    return ["".join(c for c in name[:MAX_NAME] if c.isprintable()) for name in found[:MAX_NAMES]]


def delimiter_of(sample: str) -> str:
    """The one by which the most rows have as many cells as the first, and the most cells."""

    def merit(delimiter: str) -> tuple[int, int]:
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        try:
            widths = [len(row) for row in islice(rows, SAMPLE_ROWS) if row]
        except csv.Error:
            return 0, 0
        alike = sum(width == widths[0] for width in widths) if widths and widths[0] > 1 else 0
        return alike, widths[0] if alike else 0

    return max(DELIMITERS, key=merit)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """As `text` would give them itself, but none of unbounded length."""
    return chain.from_iterable(io.StringIO(piece, newline="") for piece in _pieces(text))


def _pieces(text: io.TextIOWrapper) -> Iterator[str]:
    """All of the text, cut behind ends of lines."""
    rest = ""
    while more := text.read(MAX_LINE):
        piece = rest + more
        # The last character may be the first half of "\r\n".
        end = max(piece.rfind("\n"), piece.rfind("\r", 0, len(piece) - 1)) + 1
        if not end and len(piece) > MAX_LINE:
            raise Refused("The file cannot be read as csv: a line is longer than any table's.")
        yield piece[:end]
        rest = piece[end:]
    yield rest
