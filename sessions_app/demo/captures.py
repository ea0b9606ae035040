"""Capture files of version 2.1, as both generations of firmware wrote them.

Firmware 0.3.6 (December 2025) has a temperature in `t`, the magnetometer at 68.42 LSB/µT and nested labels; firmware 0.4.2
(January 2026) has milliseconds in `t`, the magnetometer at 10.24 LSB/µT with x and y exchanged, and flat labels.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sessions_app.demo import labels, motion
from sessions_app.demo.motion import Array, Wrist, make_wrist

OLD, NEW = "0.3.6", "0.4.2"
LSB_PER_G, LSB_PER_DPS, OLD_LSB_PER_UT, NEW_LSB_PER_UT = 8192.0, 114.28, 68.42, 10.24
NO_READING = -75  # in the place of a temperature
# First day, and number of days, in which recordings of each generation were made.
DAYS = {OLD: (datetime(2025, 12, 12, tzinfo=UTC), 7), NEW: (datetime(2026, 1, 5, tzinfo=UTC), 24)}

PLACES = ("office", "lab", "kitchen", "workshop")
NOTES = (
    "Seated, forearm on the desk between the movements.",
    "Standing. The strap sat one hole looser than usual.",
    "",
    "Second try: the first was stopped by a call.",
    "Laptop about 40 cm away.",
    "Sleeve over the sensor.",
)

Columns = dict[str, list[Any]]


def firmware_of(index: int) -> str:
    """The generations take turns."""
    return (OLD, NEW)[index % 2]


def started_at(index: int) -> datetime:
    """When the recording of that number began: by day, never twice at the same time, and the same however many are made."""
    first_day, days = DAYS[firmware_of(index)]
    # Multiples of an irrational number fill a range evenly, and never meet twice.
    day, hour = (index + 1) * 5**0.5 % 1 * days, 8 + (index + 1) * 2**0.5 % 1 * 11
    return first_day + timedelta(days=int(day), milliseconds=int(hour * 3_600_000))


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def file_name(index: int) -> str:
    return iso(started_at(index)).replace(":", "_") + ".json"


def make_capture(rng: Generator, *, index: int, samples: int) -> bytes:
    """The file of the recording of that number, with that many samples (20 or more)."""
    firmware, timestamp = firmware_of(index), iso(started_at(index))
    wrist = make_wrist(rng, samples)
    make_columns, as_label = (_old_columns, labels.nested) if firmware == OLD else (_new_columns, labels.flat)
    columns = make_columns(rng, wrist)
    value = {
        "version": "2.1",
        "timestamp": timestamp,
        "samples": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
        "labels": [as_label(span) for span in labels.spans(rng, wrist)],
        "metadata": _metadata(rng, wrist, firmware, timestamp),
    }
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


# --- samples ---------------------------------------------------------------------------------------------------------


def _old_columns(rng: Generator, wrist: Wrist) -> Columns:
    field = _lsb((wrist.felt.field + wrist.hard_iron) * OLD_LSB_PER_UT)
    index = np.arange(wrist.samples)
    temperature = rng.uniform(24, 28) + index / 5200
    # The clock whose differences are `dt` is a double of seconds: the digits at its end are part of the format.
    clock = rng.uniform(40, 400) + wrist.ms / 1000.0
    grip = wrist.during("grab", 0.42, 0.72)
    return {
        **_raw(wrist, field),
        "l": (0.00146800266 * np.rint(129 + 4 * np.sin(index / 90 + rng.uniform(0, 6)))).tolist(),
        "t": [float(round(t * 256) / 256) if i % 26 == 0 else NO_READING for i, t in enumerate(temperature)],
        "c": (3880 - 240 * grip + rng.integers(-3, 4, wrist.samples)).tolist(),
        "s": [1] * wrist.samples,
        "b": (int(rng.integers(60, 97)) - index // 4000).tolist(),
        "n": [int(rng.integers(1, 12))] * wrist.samples,
        "dt": [round(rng.uniform(1.1, 1.5), 3), *np.diff(clock).tolist()],
        **_converted(wrist, field / OLD_LSB_PER_UT),
        **_old_field_stages(wrist, field / OLD_LSB_PER_UT),
    }


def _new_columns(rng: Generator, wrist: Wrist) -> Columns:
    field_ut = wrist.felt.field + wrist.hard_iron
    # The sensor is mounted a quarter turn from the wrist's axes: mx_ut = my / 10.24, my_ut = -mx / 10.24.
    field = _lsb(np.column_stack([-field_ut[:, 1], field_ut[:, 0], field_ut[:, 2]]) * NEW_LSB_PER_UT)
    field_ut = np.column_stack([field[:, 1], -field[:, 0], field[:, 2]]) / NEW_LSB_PER_UT
    grip = wrist.during("grab", 0.42, 0.72)
    resting = wrist.during("rest")
    told = bool(rng.integers(0, 2))  # light and battery: half of the devices do not tell them
    return {
        **_raw(wrist, field),
        "t": (int(rng.integers(20_000, 900_000)) + wrist.ms).tolist(),
        "mode": ["L" if still else "N" for still in resting],
        "ctx": ["t" if still else "u" for still in resting],
        "grip": grip.astype(int).tolist(),
        "l": (rng.integers(120, 140, wrist.samples) / 1024).tolist() if told else [None] * wrist.samples,
        "b": [int(rng.integers(60, 97)) if told else None] * wrist.samples,
        "temp": (165 + np.arange(wrist.samples) // 400).tolist(),
        "s": [1] * wrist.samples,
        "n": [int(rng.integers(0, 4))] * wrist.samples,
        "dt": [round(rng.uniform(1.1, 1.5), 3), *(np.diff(wrist.ms) / 1000).tolist()],
        **_converted(wrist, field_ut),
        **_new_field_stages(wrist, field_ut),
        "modeName": ["LOW_POWER" if still else "NORMAL" for still in resting],
        "contextName": ["table" if still else "unknown" for still in resting],
        "isGripped": grip.tolist(),
    }


def _lsb(values: Array) -> NDArray[np.int64]:
    """As a converter of 16 bits gives them."""
    return np.clip(np.rint(values), -32768, 32767).astype(np.int64)


def _xyz(pattern: str, values: NDArray[Any]) -> Columns:
    """Three columns of an array of shape (n, 3), named by a pattern such as `a{}_g`."""
    return {pattern.format(axis): values[:, i].tolist() for i, axis in enumerate("xyz")}


def _raw(wrist: Wrist, field: NDArray[np.int64]) -> Columns:
    acceleration, rate = _lsb(wrist.felt.acceleration * LSB_PER_G), _lsb(wrist.felt.rate * LSB_PER_DPS)
    return _xyz("a{}", acceleration) | _xyz("g{}", rate) | _xyz("m{}", field)


def _converted(wrist: Wrist, field_ut: Array) -> Columns:
    """Physical units, and what the collecting page made of them: is it moving, and how is it turned?"""
    acceleration, rate = _lsb(wrist.felt.acceleration * LSB_PER_G), _lsb(wrist.felt.rate * LSB_PER_DPS)
    accel_std, gyro_std = _recent_std(acceleration), _recent_std(rate)
    return {
        **_xyz("a{}_g", acceleration / LSB_PER_G),
        **_xyz("g{}_dps", rate / LSB_PER_DPS),
        **_xyz("m{}_ut", field_ut),
        "isMoving": ((accel_std > 150) | (gyro_std > 600)).tolist(),
        "accelStd": accel_std.tolist(),
        "gyroStd": gyro_std.tolist(),
        "gyroBiasCalibrated": [True] * wrist.samples,
        **{f"orientation_{part}": wrist.felt.quaternion[:, i].tolist() for i, part in enumerate("wxyz")},
        **{f"euler_{part}": wrist.felt.euler[:, i].tolist() for i, part in enumerate(("roll", "pitch", "yaw"))},
    }


def _old_field_stages(wrist: Wrist, field_ut: Array) -> Columns:
    calibrated = field_ut - wrist.hard_iron
    fused = calibrated - motion.earth_field_in(wrist.felt.quaternion)
    return {
        **_xyz("calibrated_m{}", calibrated),
        **_xyz("fused_m{}", fused),
        "residual_magnitude": np.linalg.norm(fused, axis=1).tolist(),
        **_xyz("filtered_m{}", _filtered(fused)),
    }


def _new_field_stages(wrist: Wrist, field_ut: Array) -> Columns:
    iron = field_ut - wrist.hard_iron
    residual = iron - motion.earth_field_in(wrist.felt.quaternion)
    filtered, size = _filtered(residual), np.linalg.norm(residual, axis=1)
    ready = np.arange(wrist.samples) > 100
    return {
        **_xyz("ahrs_mag_residual_{}", filtered),
        "ahrs_mag_residual_magnitude": np.linalg.norm(filtered, axis=1).tolist(),
        **_xyz("iron_m{}", iron),
        "mag_cal_ready": ready.tolist(),
        "mag_cal_confidence": np.clip(np.arange(wrist.samples) / 400, 0.0, 0.94).tolist(),
        "mag_cal_mean_residual": [float(size.mean())] * wrist.samples,
        "mag_cal_earth_magnitude": np.linalg.norm(_filtered(iron), axis=1).tolist(),
        "mag_cal_hard_iron": ready.tolist(),
        "mag_cal_soft_iron": [False] * wrist.samples,
        **_xyz("residual_m{}", residual),
        "residual_magnitude": size.tolist(),
        "magnet_status": ["none"] * wrist.samples,
        "magnet_confidence": (size / 60).tolist(),
        "magnet_detected": [False] * wrist.samples,
        "magnet_baseline_established": ready.tolist(),
        "magnet_baseline_residual": [float(size[:100].mean())] * wrist.samples,
        "magnet_deviation": np.abs(size - size[:100].mean()).tolist(),
        **_xyz("filtered_m{}", filtered),
    }


def _recent_std(lsb: NDArray[np.int64]) -> Array:
    """The standard deviation of a vector's length over the last 10 samples, shape (n,)."""
    length = np.linalg.norm(lsb, axis=1)
    padded = np.concatenate([np.full(9, length[0]), length])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 10).std(axis=1), dtype=np.float64)


def _filtered(values: Array) -> Array:
    """Smoothed by what came before, shape (n, 3): each older sample counts a quarter less."""
    weights = 0.75 ** np.arange(20)
    padded = np.concatenate([np.repeat(values[:1], 19, axis=0), values])
    smooth = [np.convolve(padded[:, i], weights / weights.sum(), mode="valid") for i in range(3)]
    return np.column_stack(smooth)


# --- metadata --------------------------------------------------------------------------------------------------------


def _metadata(rng: Generator, wrist: Wrist, firmware: str, timestamp: str) -> dict[str, Any]:
    calibration = _old_calibration(wrist, timestamp) if firmware == OLD else _new_calibration(wrist, timestamp)
    return {
        "sample_rate": int(motion.RATE_HZ),
        "device": "GAMBIT",
        "firmware_version": firmware,
        "calibration": {**calibration, "units": _units(calibration)},
        "location": _location(),
        "subject_id": f"P{rng.integers(1, 7):02d}",
        "environment": str(rng.choice(PLACES)),
        "hand": str(rng.choice(["left", "right"])),
        "split": str(rng.choice(["train", "train", "train", "validation", "test"])),
        "magnet_config": "none",
        "magnet_type": "none",
        "notes": str(rng.choice(NOTES)),
        "session_type": str(rng.choice(["recording", "recording", "streaming"])),
    }


def _vector(values: Array) -> dict[str, float]:
    return dict(zip("xyz", values.tolist(), strict=True))


def _old_calibration(wrist: Wrist, timestamp: str) -> dict[str, Any]:
    return {
        "hardIronOffset": _vector(wrist.hard_iron),
        "softIronMatrix": np.eye(3).ravel().tolist(),
        "earthField": _vector(motion.EARTH_FIELD),
        "earthFieldMagnitude": motion.FIELD_UT,
        "hardIronCalibrated": True,
        "softIronCalibrated": True,
        "earthFieldCalibrated": True,
        "timestamp": timestamp,
    }


def _new_calibration(wrist: Wrist, timestamp: str) -> dict[str, Any]:
    baseline = _filtered(wrist.felt.field - motion.earth_field_in(wrist.felt.quaternion))[:100].mean(axis=0)
    return {
        "hardIronOffset": _vector(np.zeros(3)),
        "softIronMatrix": np.eye(3).ravel().tolist(),
        "hardIronCalibrated": False,
        "softIronCalibrated": False,
        "extendedBaseline": _vector(baseline),
        "extendedBaselineMagnitude": float(np.linalg.norm(baseline)),
        "earthFieldWorld": _vector(motion.EARTH_FIELD),
        "earthFieldMagnitude": motion.FIELD_UT,
        "timestamp": timestamp,
        "autoHardIron": {
            "estimate": _vector(wrist.hard_iron),
            "ranges": _vector(np.ptp(wrist.felt.field, axis=0)),
            "ready": wrist.samples > 100,
        },
    }


def _units(calibration: dict[str, Any]) -> dict[str, str]:
    measured = ("hardIronOffset", "extendedBaseline", "earthField", "earthFieldWorld", "earthFieldMagnitude")
    return {key: "µT" for key in measured if key in calibration} | {"softIronMatrix": "dimensionless"}


def _location() -> dict[str, Any]:
    """A town that is not on any map, at whole degrees in the open sea."""
    horizontal, _west, up = motion.EARTH_FIELD.round(1).tolist()
    return {
        "city": "Northhaven",
        "country": "none",
        "latitude": 56.0,
        "longitude": 3.0,
        "geomagnetic_field": {
            "declination": 0.0,
            "declination_unit": "degrees",
            "inclination": motion.INCLINATION_DEG,
            "inclination_unit": "degrees",
            "total_intensity": motion.FIELD_UT,
            "horizontal_intensity": horizontal,
            "vertical_intensity": -up,
            "intensity_unit": "µT",
            "model": "IGRF-13",
            "epoch": 2025,
        },
    }
