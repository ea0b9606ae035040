"""Tables for spreadsheet programs, which would run a cell that looks like a formula.

Such cells get an apostrophe in front, and so does what would begin a cell for a program that parts the line at other delimiters,
or ignores quotes.
"""

import re

_TRIGGERS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b"
_BEGINS = re.compile(rf"[\t\r\n]|[\s\"',;|]*[{_TRIGGERS}]")
_INSIDE = re.compile(rf"(?<=[\",;|\t\r\n])(?=\s*[{_TRIGGERS}])")


def safe_cell(text: str) -> str:
    """A cell's text that no spreadsheet program takes for a formula."""
    inside = _INSIDE.sub("'", text)
    return f"'{inside}" if _BEGINS.match(text) else inside
