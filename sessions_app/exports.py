"""A checked list as CSV. Pure: devices in, text out.

A spreadsheet takes a cell that begins like a formula for one, and runs it. Such cells get an apostrophe in front, and so does
what would begin a cell for a program that parts the line at other delimiters, or ignores quotes.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sessions_app.documents import COMPLETE
from sessions_app.readers.checklists import COLUMNS

BOM = "\ufeff"
CHECKED = ("status", "selected_image_url", "custom_image_url", "checker_notes")
CANDIDATES = ("image_url", "image_urls")
IMAGES = frozenset({*CANDIDATES, "selected_image_url", "custom_image_url"})
_TRIGGERS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b"
_BEGINS = re.compile(rf"[\t\r\n]|[\s\"',;|]*[{_TRIGGERS}]")
_INSIDE = re.compile(rf"(?<=[\",;|\t\r\n])(?=\s*[{_TRIGGERS}])")


@dataclass(frozen=True)
class ExportOptions:
    """`has_candidates`: with the images that could have been chosen, not only the chosen ones."""

    only_completed: bool = False
    has_notes: bool = True
    has_candidates: bool = True


def checked_csv(devices: Iterable[dict[str, Any]], options: ExportOptions | None = None) -> str:
    """The devices as CSV, with the byte order mark that spreadsheets know UTF-8 by.

    Columns: those of a checklist, what the checkers added, and whatever else any device has, in the order in which it comes up.
    Lists are joined by `|`. A rejected device has no images.
    """
    options = options or ExportOptions()
    rows = [device for device in devices if not options.only_completed or is_complete(device)]
    columns = columns_of(rows, options)
    text = io.StringIO(newline="")
    text.write(BOM)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([neutralised(column) for column in columns])
    writer.writerows([neutralised(cell_of(device, column)) for column in columns] for device in rows)
    return text.getvalue()


def columns_of(devices: Sequence[dict[str, Any]], options: ExportOptions) -> list[str]:
    left_out = set() if options.has_notes else {"checker_notes"}
    if not options.has_candidates:
        left_out |= set(CANDIDATES)
    known = dict.fromkeys((*COLUMNS, *CHECKED))
    for device in devices:
        known |= dict.fromkeys(device)
    return [column for column in known if column not in left_out]


def is_complete(device: dict[str, Any]) -> bool:
    status = device.get("status")
    return isinstance(status, str) and status in COMPLETE


def cell_of(device: dict[str, Any], column: str) -> str:
    if column in IMAGES and device.get("status") == "rejected":
        return ""
    value = device.get(column)
    if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
        return "|".join(map(_text, value))
    return _text(value)


def neutralised(cell: str) -> str:
    """The cell as text that no spreadsheet takes for a formula."""
    inside = _INSIDE.sub("'", cell)
    return f"'{inside}" if _BEGINS.match(cell) else inside


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
