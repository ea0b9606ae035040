"""A checked list as CSV. Pure: devices in, text out."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assets_app.spreadsheets import safe_cell
from sessions_app.documents import COMPLETE
from sessions_app.readers.checklists import COLUMNS

BOM = "\ufeff"
CHECKED = ("status", "selected_image_url", "custom_image_url", "checker_notes")
CANDIDATES = ("image_url", "image_urls")
IMAGES = frozenset({*CANDIDATES, "selected_image_url", "custom_image_url"})


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
    writer.writerow([safe_cell(column) for column in columns])
    writer.writerows([safe_cell(cell_of(device, column)) for column in columns] for device in rows)
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


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
