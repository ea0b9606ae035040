"""Runs in the sandbox: what does a file hold? Answers with one JSON object whose `kind` says what it is.

`capture`: facts of a recording. `labels`: a label file that belongs to a recording. `checklist`: devices. `table`: any other
CSV. Refuses everything else with words for the person who sent it.
"""

import json
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np

from assets_app import strict_json
from assets_app.sandboxed import Refused
from sessions_app.readers import captures, checklists

MAX_FINDINGS = 1000


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the file's format (`json` or `csv`), and its name."""
    format_, name = args
    data = file.read()
    if format_ == "csv":
        answer = checklists.read_table(data, delimiter="\t" if name.lower().endswith(".tsv") else ",")
    else:
        _refuse_what_is_no_json(data)
        value = strict_json.parse(data)
        answer = _labels(value) or _capture_facts(captures.read_capture(value))
    return json.dumps(answer, allow_nan=False).encode()


def read_capture_file(data: bytes) -> captures.Capture:
    """The capture in a file's bytes, for those who need its samples."""
    return captures.read_capture(strict_json.parse(data))


def _refuse_what_is_no_json(data: bytes) -> None:
    text = data[:1024].decode("utf-8-sig", "replace").strip()
    if text.startswith("version https://git-lfs.github.com/spec/"):
        size = next((line.split()[1] for line in text.splitlines() if line.startswith("size ")), "unknown")
        raise Refused(
            f"This is a Git LFS pointer ({len(data)} bytes), not the recording itself ({size} bytes). "
            "Run 'git lfs pull' where it came from, and send the file that is there then."
        )
    if text and text[0] not in "{[":
        first_line = text.splitlines()[0][:60]
        raise Refused(f"This is plain text, not a recording in JSON. It begins: '{first_line}'.")


def _labels(value: Any) -> dict[str, Any] | None:
    """A `.meta.json` sidecar: labels and facts of a recording that is in another file."""
    if isinstance(value, dict) and "samples" not in value and isinstance(value.get("labels"), list) and "timestamp" in value:
        return {"kind": "labels", "timestamp": str(value["timestamp"]), "sidecar": value}
    return None


def _capture_facts(capture: captures.Capture) -> dict[str, Any]:
    samples, gaps = len(capture.time), capture.gaps
    return {
        "kind": "capture",
        "reader_version": captures.VERSION,
        "layout": capture.layout,
        "timestamp": capture.timestamp,
        "firmware": capture.firmware,
        "metadata": capture.metadata,
        "labels": capture.raw_labels,
        "label_spans": [asdict(label) for label in capture.labels],
        "label_layout": capture.label_layout,
        "rate_hz": capture.rate_hz,
        "samples": samples,
        "duration_s": round(capture.duration_s, 6),
        "time_source": capture.time_source,
        "channels": [_channel_facts(channel) for channel in capture.channels],
        "findings": [_gap_finding(start, end) for start, end in gaps[:MAX_FINDINGS]],
        "notes": capture.notes
        + ([f"Of {len(gaps):,} gaps the first {MAX_FINDINGS:,} are listed."] if len(gaps) > MAX_FINDINGS else []),
    }


def _channel_facts(channel: captures.Channel) -> dict[str, Any]:
    present = channel.values[np.isfinite(channel.values)]
    return {
        "name": channel.name,
        "quantity": channel.quantity,
        "unit": channel.unit,
        "sensor": channel.sensor,
        "min": float(present.min()) if present.size else None,
        "max": float(present.max()) if present.size else None,
        "missing": int(channel.values.size - present.size),
    }


def _gap_finding(start: float, end: float) -> dict[str, Any]:
    return {
        "kind": "gap",
        "start": round(start, 6),
        "end": round(end, 6),
        "severity": "warning",
        "message": f"No samples for {end - start:.2f} s.",
    }
