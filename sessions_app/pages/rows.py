"""A batch of a checklist as a form: its rows for the template, and what came back."""

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from sessions_app.readers.checklists import BATCH_SIZE

EDITED = ("status", "selected_image_url", "custom_image_url", "checker_notes")
STATUSES = {
    "pending": "Pending",
    "approved": "Approved",
    "custom_selected": "Own image",
    "skipped": "Skipped",
    "rejected": "Rejected",
}
SHORT = 44


def batch_count(devices: list[Any]) -> int:
    return -(-len(devices) // BATCH_SIZE)


def batch_number(asked: str | None, document: dict[str, Any]) -> int:
    """The batch that was asked for; else where the list says that it is; always one that exists."""
    number = int(asked) if asked and asked.isascii() and asked.isdecimal() and len(asked) < 6 else document.get("current_batch")
    last = max(1, batch_count(document["devices"]))
    return min(max(1, number), last) if type(number) is int else 1


def batch_rows(devices: list[dict[str, Any]], batch: int) -> list[dict[str, Any]]:
    first = (batch - 1) * BATCH_SIZE
    return [row_of(device, index) for index, device in enumerate(devices[first : first + BATCH_SIZE], first)]


def row_of(device: dict[str, Any], index: int | str) -> dict[str, Any]:
    """What the template shows of a device."""
    shown = {field: text_of(device.get(field), field) for field in EDITED}
    status = shown["status"]
    return {
        "index": index,
        "product": text_of(device.get("product_name")) or text_of(device.get("official_product_name")),
        "manufacturer": text_of(device.get("manufacturer")),
        "device_id": text_of(device.get("device_id")),
        "images": [image_of(url, shown["selected_image_url"]) for url in ["", *candidates(device, shown["selected_image_url"])]],
        "statuses": [(value, label, value == status) for value, label in ({status: status} | STATUSES).items()],
        **shown,
    }


def candidates(device: dict[str, Any], chosen: str) -> list[str]:
    """The images to choose from, each once; the chosen one, too, wherever it came from."""
    listed = device.get("image_urls")
    found = [device.get("image_url"), *(listed if isinstance(listed, list) else [listed]), chosen]
    return list(dict.fromkeys(url for url in found if isinstance(url, str) and url))


def image_of(url: str, chosen: str) -> dict[str, Any]:
    is_address = re.match(r"https?://", url, re.IGNORECASE) is not None
    return {"url": url, "short": short(url), "href": url if is_address else "", "is_chosen": url == chosen}


def short(url: str) -> str:
    """Where an image is, in a few characters: the host, and the end of the path."""
    text = re.sub(r"^https?://", "", url, flags=re.IGNORECASE)
    if len(text) <= SHORT:
        return text
    host = text.split("/", 1)[0][: SHORT // 2]
    return f"{host}/…{text[-(SHORT - len(host) - 2) :]}"


def text_of(value: Any, field: str = "") -> str:
    """A value as a form field holds it. A device without a status is pending."""
    if value is None:
        return "pending" if field == "status" else ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def with_form(document: dict[str, Any], sent: Mapping[str, str], batch: int) -> dict[str, Any]:
    """A copy of the document with what was changed in the form of a batch. What was not touched stays exactly as it is."""
    after = copy.deepcopy(document)
    first = (batch - 1) * BATCH_SIZE
    for index, device in enumerate(after["devices"][first : first + BATCH_SIZE], first):
        for field in EDITED:
            text = sent.get(f"d{index}-{field}")
            if text is not None and _lines(text) != _lines(text_of(device.get(field), field)):
                device[field] = _lines(text)
    return after


def _lines(text: str) -> str:
    """Forms send line breaks in their own way."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
