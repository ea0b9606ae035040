"""Labels of captures, in the three layouts that exist.

`sidecar`: `{start_sample, end_sample, gesture, confidence}`; `nested`: `{start_sample, end_sample, labels: {pose, fingers,
motion, calibration, custom}}`; `flat`: `{startIndex, endIndex, pose, fingers, motion, calibration, custom}`. Ends are inclusive.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Label:
    """A span of samples (both ends included) and what was seen in it, in words."""

    start_sample: int
    end_sample: int
    text: str


def read_labels(raw: list[Any]) -> tuple[str | None, list[Label]]:
    """The layout of the labels (None if there are none) and the labels. What is no label is left out."""
    layout: str | None = None
    found = []
    for item in raw:
        if not isinstance(item, dict):
            continue
        start, end = item.get("start_sample", item.get("startIndex")), item.get("end_sample", item.get("endIndex"))
        if type(start) is not int or type(end) is not int or not 0 <= start <= end:
            continue
        if "startIndex" in item:
            layout, words = "flat", _words(item)
        elif isinstance(item.get("labels"), dict):
            layout, words = "nested", _words(item["labels"])
        else:
            layout, words = "sidecar", [str(item.get("gesture") or "unnamed")]
        found.append(Label(start, end, ", ".join(words) or "unnamed"))
    return layout, found


def _words(item: dict[str, Any]) -> list[str]:
    words = [str(item[key]) for key in ("pose", "motion") if item.get(key)]
    if item.get("calibration") not in (None, "none"):
        words.append(f"calibration {item['calibration']}")
    fingers = item.get("fingers")
    if isinstance(fingers, dict):
        told = [f"{finger} {state}" for finger, state in fingers.items() if state not in (None, "unknown")]
        words += [" ".join(told)] if told else []
    custom = item.get("custom")
    return words + [str(tag) for tag in custom] if isinstance(custom, list) else words
