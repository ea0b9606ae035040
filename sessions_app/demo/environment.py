"""Readings of a room's air and light, one a minute, as CSV."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

FILE_NAME = "environment-2026-01-12-week.csv"
HEADER = "time,temp,hum,pressure,lux,uv,gas"
START = datetime(2026, 1, 12, tzinfo=UTC)  # a Monday
DAYS, MINUTES_A_DAY = 7, 1440
# When nothing was noted at all (the power was off), and when the light sensor did not answer: minutes since the start.
GAP = range(3 * MINUTES_A_DAY + 13 * 60 + 20, 3 * MINUTES_A_DAY + 16 * 60 + 20)
OUTAGE = range(1 * MINUTES_A_DAY + 9 * 60 + 41, 1 * MINUTES_A_DAY + 10 * 60 + 23)
DIGITS = (2, 2, 2, 1, 0, 0)

Array = NDArray[np.float64]


def make_week(rng: Generator) -> bytes:
    """A header and 9,900 rows of UTC time, °C, %, hPa, lux, and raw counts of UV and gas: a week with three hours missing."""
    columns = _columns(rng, np.arange(DAYS * MINUTES_A_DAY))
    lines = [_line(minute, values) for minute, values in enumerate(zip(*columns, strict=True)) if minute not in GAP]
    return ("\n".join([HEADER, *lines]) + "\n").encode()


def _line(minute: int, values: tuple[float, ...]) -> str:
    time = (START + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
    cells = [f"{value:.{digits}f}" for value, digits in zip(values, DIGITS, strict=True)]
    if minute in OUTAGE:
        cells[3] = cells[4] = ""  # lux and uv: one sensor gives both
    return ",".join([time, *cells])


def _columns(rng: Generator, minute: NDArray[np.int64]) -> tuple[Array, ...]:
    """Temperature, humidity, pressure, light, UV and gas, each of shape (minutes,)."""
    hour, day = minute / 60 % 24, minute // MINUTES_A_DAY
    at_work = _between(hour, 7.6, 18.2) * (day < 5)
    sun = np.clip(np.sin(np.pi * (hour - 7.9) / 8.6), 0, None) * (hour > 7.9) * (hour < 16.5)
    clouds = np.clip(0.55 + 0.35 * _wander(rng, len(minute), 45), 0.08, 1.0)
    warmth = 18.4 + 3.1 * _lagging(at_work, 140) + 1.2 * _lagging(sun * clouds, 60) + 0.25 * _wander(rng, len(minute), 90)
    temperature = warmth + rng.normal(0, 0.03, len(minute))
    humidity = 44 - 1.6 * (warmth - 19) + 3.0 * _lagging(at_work, 45) + 2.2 * _wander(rng, len(minute), 300)
    pressure = 1012 + 7.5 * _wander(rng, len(minute), 2200) + 0.4 * np.sin(2 * np.pi * hour / 12)
    light = 320 * at_work + 900 * sun * clouds + 0.6 + rng.normal(0, 1.5, len(minute)) * (at_work + sun)
    ultraviolet = 4 + 210 * (sun * clouds) ** 1.3 + rng.normal(0, 0.8, len(minute))
    gas = 52_000 - 9_000 * _lagging(at_work, 75) - 380 * (humidity - 42) + 500 * _wander(rng, len(minute), 30)
    return temperature, humidity, pressure, np.clip(light, 0, None), np.clip(ultraviolet, 0, None), gas


def _between(hour: Array, first: float, last: float) -> Array:
    return np.asarray((hour >= first) & (hour < last), dtype=np.float64)


def _lagging(cause: Array, minutes: int) -> Array:
    """How a room follows what warms it: half of the way in about `minutes`."""
    reach = 6 * minutes
    weights = 0.5 ** (np.arange(reach) / minutes)
    return np.convolve(cause, weights / weights.sum())[: len(cause)]


def _wander(rng: Generator, count: int, minutes: int) -> Array:
    """A smooth random walk around 0 with a spread of 1 that forgets itself after about `minutes`, shape (count,)."""
    window = np.hanning(2 * minutes + 3)
    smooth = np.convolve(rng.normal(0, 1, count + len(window) - 1), window, mode="valid")
    return np.asarray(smooth / np.linalg.norm(window), dtype=np.float64)
