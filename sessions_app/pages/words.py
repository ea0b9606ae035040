"""Changes of documents in words: which device, which field, from what to what."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sessions_app.merge import MISSING, Change, diff
from sessions_app.pages.rows import STATUSES
from sessions_app.policies import identity_keys

LABELS = {
    "status": "Status",
    "selected_image_url": "Chosen image",
    "custom_image_url": "Own image",
    "checker_notes": "Notes",
    "product_name": "Product",
    "manufacturer": "Manufacturer",
    "device_id": "Device id",
    "current_batch": "Current batch",
    "completed_batches": "Batches done",
    "session_name": "Name",
}
LONGEST = 400
_ROW = re.compile(r"/devices/([^/=]+)=([^/]*)(?:/(.*))?\Z", re.DOTALL)


@dataclass
class Section:
    """What changed in one device, or in the list itself."""

    title: str
    lines: list[dict[str, str]] = field(default_factory=list)


def changes_in_words(before: dict[str, Any], after: dict[str, Any]) -> list[Section]:
    """What changed from one document to another."""
    names = _names([*(before.get("devices") or []), *(after.get("devices") or [])])
    changes = diff(before, after, keys=identity_keys())
    return [
        Section(title, [_line(change) for change in group])
        for title, group in groupby(changes, key=lambda change: title_of(change.path, names))
    ]


def paths_in_words(paths: Iterable[str], document: dict[str, Any]) -> list[str]:
    names = _names(document.get("devices") or [])
    return [f"{title_of(path, names)}: {label_of(path)}" for path in paths]


def title_of(path: str, names: dict[tuple[str, str], str]) -> str:
    row = _ROW.match(path)
    if row is None:
        return "The list itself"
    key, identity = _plain(row[1]), _plain(row[2])
    return names.get((key, identity)) or f"{LABELS.get(key, key)} {identity}"


def label_of(path: str) -> str:
    row = _ROW.match(path)
    if row is not None and row[3] is None:
        return "The whole device"
    if path.endswith("/~order"):
        return "Order of the devices"
    name = _plain(row[3] if row is not None else path.lstrip("/"))
    return LABELS.get(name, name.replace("_", " ")) or "Everything"


def in_words(value: Any, path: str = "") -> str:
    """A value, short enough to be read."""
    if value is MISSING or value is None or value == "":
        return "nothing"
    if path.endswith("/status") and isinstance(value, str):
        return STATUSES.get(value, value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _line(change: Change) -> dict[str, str]:
    before, after = (in_words(value, change.path) for value in (change.before, change.after))
    return {"label": label_of(change.path), "before": before, "after": after}


def _names(devices: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """What a device is called, by each field that may identify it."""
    names: dict[tuple[str, str], str] = {}
    for device in devices:
        product, identity = str(device.get("product_name") or "Device"), device.get("device_id")
        name = f"{product} ({identity})" if identity else product
        names |= {(key, str(device[key])): name for key in identity_keys() if isinstance(device.get(key), str | int)}
    return names


def _plain(text: str) -> str:
    return text.replace("~1", "/").replace("~0", "~")
