"""Wrist captures: 9 axes of motion, in every layout that exists in the wild.

Layouts: `legacy_nested` (an array of `{a:{x,y,z},g,m,..}`), `legacy_flat` (an array of `{ax..mz,..}`) and `2.1` (an object
with samples, labels and metadata), whose meaning shifted twice inside the version: `t` is a temperature before firmware 0.4
and milliseconds after, and the magnetometer's scale and axes changed on 2025-12-19. Both are decided by evidence in the file
and told in `Capture.notes`.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets_app.sandboxed import Refused
from sessions_app.readers import labels

VERSION = 1  # of what this module reads: goes up when the same file would be read differently

ACCELEROMETER_LSB_PER_G = 8192.0
GYROSCOPE_LSB_PER_DPS = 114.28
MAGNETOMETER_OLD_LSB_PER_UT = 68.42
MAGNETOMETER_NEW_LSB_PER_UT = 10.24
MAGNETOMETER_SHIFT = "2025-12-19"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIRMWARE = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
LONGEST_SECONDS = 1e10
NOMINAL_RATE_HZ = {"legacy_nested": 50.0, "legacy_flat": 50.0, "2.1": 26.0}
AXES = ("ax", "ay", "az", "gx", "gy", "gz", "mx", "my", "mz")
# A gap is a step of at least this many times the usual one, and of at least this long (s): jitter is neither.
GAP_STEPS = 4.0
GAP_SECONDS = 0.2

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Channel:
    """One axis of one sensor in physical units; NaN where the file has no value."""

    name: str
    quantity: str
    unit: str
    sensor: str
    values: Column


@dataclass(frozen=True)
class Capture:
    """What a capture file holds.

    `time` is in seconds since the first sample, shape (n,), never decreasing; `channels` have the same shape.
    """

    layout: str
    timestamp: str | None
    firmware: str | None
    metadata: dict[str, Any]
    raw_labels: list[Any]
    rate_hz: float
    rate_is_declared: bool
    time: Column
    time_source: str
    channels: list[Channel]
    labels: list[labels.Label]
    label_layout: str | None
    notes: list[str] = field(default_factory=list)

    @property
    def duration_s(self) -> float:
        return float(self.time[-1])

    @property
    def gaps(self) -> list[tuple[float, float]]:
        return find_gaps(self.time)


def read_capture(value: Any) -> Capture:
    """A capture from parsed JSON.

    Raises:
        Refused: not a capture, without samples, or with a value that is no number; the message says which and where.
    """
    layout, samples, header = _split(value)
    metadata = header.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    columns = {name: _column(samples, name, layout) for name in (*AXES, "t", "dt")}
    notes: list[str] = []
    clock_ms = _t_is_milliseconds(samples, metadata, columns["t"])
    if columns["t"] is not None:
        notes.append("The field t is the device clock in milliseconds." if clock_ms else "The field t is a temperature.")
    rate_hz, is_declared = _declared_rate(layout, metadata, notes)
    time, source = _time(len(samples), columns["t"] if clock_ms else None, columns["dt"], rate_hz, notes)
    channels = _channels(columns, samples, header.get("timestamp"), metadata, notes)
    if not channels:
        raise Refused("This JSON has samples, but none of the nine motion axes (ax..az, gx..gz, mx..mz) in them.")
    raw_labels = header.get("labels")
    raw_labels = raw_labels if isinstance(raw_labels, list) else []
    label_layout, read_labels = labels.read_labels(raw_labels)
    return Capture(
        layout=layout,
        timestamp=_text(header.get("timestamp")),
        firmware=_text(metadata.get("firmware_version")),
        metadata=metadata,
        raw_labels=raw_labels,
        rate_hz=rate_hz,
        rate_is_declared=is_declared,
        time=time,
        time_source=source,
        channels=channels,
        labels=read_labels,
        label_layout=label_layout,
        notes=notes,
    )


def find_gaps(time: Column) -> list[tuple[float, float]]:
    """Where samples are missing: (last time before, first time after), in seconds."""
    if len(time) < 3:
        return []
    steps = np.diff(time)
    usual = float(np.median(steps))
    wide = np.flatnonzero(steps > max(GAP_STEPS * usual, GAP_SECONDS))
    return [(float(time[i]), float(time[i + 1])) for i in wide]


def _split(value: Any) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    """Layout, samples and the object around them (empty for the legacy arrays)."""
    if isinstance(value, dict):
        samples, header = value.get("samples"), value
        if not isinstance(samples, list):
            raise Refused(_what_it_is(value))
        if not samples:
            raise Refused(
                "This capture has no samples: its list is empty. Was the recording stopped before it began?", pointer="/samples"
            )
        layout = "2.1"
    elif isinstance(value, list):
        samples, header = value, {}
        if not samples:
            raise Refused("This JSON is an empty array: no samples were recorded.")
        layout = "legacy_nested" if isinstance(samples[0], dict) and isinstance(samples[0].get("a"), dict) else "legacy_flat"
    else:
        raise Refused(
            "This JSON is a single value, not a capture. A capture is an object with 'samples', or an array of samples."
        )
    for index, sample in enumerate(samples):
        if not isinstance(sample, dict):
            raise Refused(f"Sample {index + 1} is no object but {type(sample).__name__}.", pointer=_at(layout, index))
    return layout, samples, header


def _what_it_is(value: dict[str, Any]) -> str:
    known = ", ".join(key[:40] for key in sorted(value)[:6]) or "nothing"
    return (
        f"This JSON is an object without a 'samples' list (it has: {known}), so it is no capture. "
        "A capture is an object with 'samples', or an array of samples."
    )


def _at(layout: str, index: int, key: str = "") -> str:
    return ("/samples" if layout == "2.1" else "") + f"/{index}" + (f"/{key}" if key else "")


def _column(samples: list[dict[str, Any]], name: str, layout: str) -> Column | None:
    """One field of all samples; None if no sample has it."""
    if layout == "legacy_nested" and name in AXES:
        groups = [sample.get(name[0]) for sample in samples]
        raw = [group.get(name[1]) if isinstance(group, dict) else None for group in groups]
        name = f"{name[0]}/{name[1]}"
    else:
        raw = [sample.get(name) for sample in samples]
    kinds = set(map(type, raw))
    if kinds == {type(None)}:
        return None
    if kinds - {int, float, type(None)}:
        index = next(i for i, item in enumerate(raw) if type(item) not in (int, float, type(None)))
        raise Refused(
            f"Sample {index + 1} has no number for {name} but {str(raw[index])[:40]!r}.", pointer=_at(layout, index, name)
        )
    try:
        return np.array(raw, dtype=np.float64)
    except OverflowError:
        raise Refused(f"A value of {name} is beyond the range of a double.") from None


def _t_is_milliseconds(samples: list[dict[str, Any]], metadata: dict[str, Any], t: Column | None) -> bool:
    """Firmware 0.4 moved the temperature from `t` to `temp` and put the device clock into `t`."""
    if t is None:
        return False
    if "temp" in samples[0]:
        return True
    firmware = FIRMWARE.match(_text(metadata.get("firmware_version")) or "")
    return firmware is not None and (int(firmware[1]), int(firmware[2])) >= (0, 4)


def _declared_rate(layout: str, metadata: dict[str, Any], notes: list[str]) -> tuple[float, bool]:
    """In Hz, and whether the file says so."""
    declared = metadata.get("sample_rate", metadata.get("sample_rate_hz"))
    if isinstance(declared, int | float) and not isinstance(declared, bool) and 1e-3 <= declared <= 1e6:
        return float(declared), True
    nominal = NOMINAL_RATE_HZ[layout]
    what = "no sample rate" if declared is None else f"a sample rate that cannot be ({str(declared)[:40]!r})"
    notes.append(f"The file declares {what}; {nominal:g} Hz is usual for its layout, and assumed.")
    return nominal, False


def _time(count: int, clock_ms: Column | None, dt: Column | None, rate_hz: float, notes: list[str]) -> tuple[Column, str]:
    """Seconds since the first sample, from the most trustworthy source that is usable: clock, then dt, then rate."""
    if clock_ms is not None:
        steps = np.diff(clock_ms) / 1000.0
        if _usable(steps):
            return np.concatenate(([0.0], np.cumsum(steps))), "device_clock"
        notes.append("The device clock stands still or runs backwards, so it does not tell when samples were taken.")
    if dt is not None:
        steps = dt[1:]
        if _usable(steps):
            return np.concatenate(([0.0], np.cumsum(steps))), "dt"
        if count > 1:
            notes.append("Most samples arrived in bursts (dt is zero), so dt does not tell when they were taken.")
    notes.append(f"Times follow a rate of {rate_hz:g} Hz: gaps cannot be seen.")
    return np.arange(count, dtype=np.float64) / rate_hz, "declared_rate"


def _usable(steps: Column) -> bool:
    """Do these steps tell samples apart? Finite, never backwards, and more than half of them forwards."""
    if not len(steps) or not np.all(np.isfinite(steps)) or not np.all(steps >= 0):
        return False
    with np.errstate(over="ignore"):
        return bool(np.mean(steps > 0) > 0.5 and np.sum(steps) < LONGEST_SECONDS)


def _channels(
    columns: dict[str, Column | None],
    samples: list[dict[str, Any]],
    timestamp: Any,
    metadata: dict[str, Any],
    notes: list[str],
) -> list[Channel]:
    channels = []
    for name in AXES[:6]:
        values = columns[name]
        if values is not None and name[0] == "a":
            channels.append(Channel(name, "acceleration", "g", "accelerometer", values / ACCELEROMETER_LSB_PER_G))
        elif values is not None:
            channels.append(Channel(name, "angular rate", "°/s", "gyroscope", values / GYROSCOPE_LSB_PER_DPS))
    new, why = _magnetometer_is_new(samples, timestamp, metadata)
    if any(columns[name] is not None for name in AXES[6:]):
        scale = "10.24 LSB/µT with x and y exchanged" if new else "68.42 LSB/µT"
        notes.append(f"Magnetic field read at {scale} ({why}).")
    # From raw axis and scale: the newer convention is mx_ut = my/10.24, my_ut = -mx/10.24.
    sources = (("mx", "my", 1.0), ("my", "mx", -1.0), ("mz", "mz", 1.0)) if new else ((n, n, 1.0) for n in AXES[6:])
    lsb_per_ut = MAGNETOMETER_NEW_LSB_PER_UT if new else MAGNETOMETER_OLD_LSB_PER_UT
    for name, source, sign in sources:
        values = columns[source]
        if values is not None:
            channels.append(Channel(name, "magnetic field", "µT", "magnetometer", sign * values / lsb_per_ut))
    return channels


def _magnetometer_is_new(samples: list[dict[str, Any]], timestamp: Any, metadata: dict[str, Any]) -> tuple[bool, str]:
    """Which of the two conventions holds: by the file's own converted values, else by its date, else the older one."""
    for sample in samples[:50]:
        match sample:
            case {"mx": int() | float() as mx, "my": int() | float() as my, "mx_ut": int() | float() as mx_ut}:
                pass
            case _:
                continue
        old = abs(mx_ut - mx / MAGNETOMETER_OLD_LSB_PER_UT)
        new = abs(mx_ut - my / MAGNETOMETER_NEW_LSB_PER_UT)
        if old != new:
            return new < old, "as the file's own converted values show"
    if day := DAY.match(_text(timestamp) or ""):
        return day[0] >= MAGNETOMETER_SHIFT, "by the file's date"
    return False, "usual for files without a date"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
