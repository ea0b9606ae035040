"""A hand that rests, waves, grabs and turns, as a sensor on its wrist feels it.

Times are in seconds, angles in radians, positions in metres; arrays are float64 with one row a sample. The world's axes point
north, west and up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

RATE_HZ = 26.0
GRAVITY = 9.80665  # m/s²
FIELD_UT, INCLINATION_DEG = 50.0, 71.0
EARTH_FIELD = FIELD_UT * np.array([np.cos(np.radians(INCLINATION_DEG)), 0.0, -np.sin(np.radians(INCLINATION_DEG))])
# How long each kind of movement lasts.
SECONDS = {"rest": (1.0, 2.2), "wave": (3.0, 5.0), "grab": (2.6, 3.6), "turn": (4.0, 6.0)}
STEP = 1e-3  # over which movements are differentiated

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Phase:
    """One movement, from `start` to `end`. `size` scales it, `hz` is the pace of a wave."""

    kind: str
    start: float
    end: float
    size: float
    hz: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Hand:
    """What a hand does: how it is held (roll, pitch, yaw), how it drifts meanwhile, and what it does one after the other."""

    resting: Array
    drift_hz: Array
    phases: list[Phase]


@dataclass(frozen=True)
class Felt:
    """What the sensors of a wrist feel, in its own axes: g, °/s and µT, each of shape (n, 3); and how it is turned."""

    acceleration: Array
    rate: Array
    field: Array
    quaternion: Array
    euler: Array


@dataclass(frozen=True)
class Wrist:
    """What is recorded: sample times (ms from 0), the hand, what was felt of it, and the sensor's own field (µT)."""

    ms: NDArray[np.int64]
    hand: Hand
    felt: Felt
    hard_iron: Array

    @property
    def samples(self) -> int:
        return len(self.ms)

    def samples_of(self, phase: Phase, first: float, last: float) -> tuple[int, int]:
        """The first sample within these shares of a phase, and the one after the last."""
        edges = [1000 * (phase.start + share * phase.seconds) for share in (first, last)]
        start, stop = np.searchsorted(self.ms, edges)
        return int(start), int(stop)

    def during(self, kind: str, first: float = 0.0, last: float = 1.0) -> NDArray[np.bool_]:
        """Which samples lie within these shares of the phases of one kind, shape (n,)."""
        inside = np.zeros(self.samples, dtype=np.bool_)
        for phase in self.hand.phases:
            if phase.kind == kind:
                inside[slice(*self.samples_of(phase, first, last))] = True
        return inside


def make_wrist(rng: Generator, samples: int) -> Wrist:
    ms = sample_times_ms(rng, samples)
    time = ms / 1000.0
    hand = make_hand(rng, float(time[-1]))
    return Wrist(ms, hand, feel(rng, hand, time), rng.normal(0.0, 2.5, 3))


def sample_times_ms(rng: Generator, samples: int) -> NDArray[np.int64]:
    """When samples arrive, in whole ms from 0, shape (samples,).

    26 Hz with jitter; now and then 5 to 20 samples are lost, or nothing comes for 1 to 4 s.
    """
    steps = np.clip(rng.normal(1000 / RATE_HZ, 3.0, samples), 20.0, 60.0)
    losses, pauses = rng.poisson(samples / 300), rng.poisson(samples / 520)
    where = rng.permutation(np.arange(5, samples - 5))[: losses + pauses]
    steps[where[:losses]] += rng.integers(5, 21, len(where[:losses])) * 1000 / RATE_HZ
    steps[where[losses:]] += rng.uniform(1000, 4000, len(where[losses:]))
    steps[0] = 0.0
    return np.cumsum(np.rint(steps).astype(np.int64))


def make_hand(rng: Generator, duration: float) -> Hand:
    """A hand that moves for at least `duration` seconds, with a rest before every movement."""
    resting = np.radians(rng.uniform([-15.0, -30.0, -180.0], [25.0, 5.0, 180.0]))
    phases: list[Phase] = []
    end = 0.0
    while end < duration:
        for movement in rng.permutation(["wave", "grab", "turn"]):
            for kind in ("rest", str(movement)):
                start, end = end, end + rng.uniform(*SECONDS[kind])
                size = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.85, 1.15))
                phases.append(Phase(kind, start, end, size, rng.uniform(1.5, 2.0)))
    return Hand(resting, rng.uniform(0.08, 0.35, 3), [phase for phase in phases if phase.start < duration])


def feel(rng: Generator, hand: Hand, time: Array) -> Felt:
    """What a wrist sensor feels of the hand at these times, noise included."""
    angles, here = _pose(hand, time)
    before, after = _pose(hand, time - STEP), _pose(hand, time + STEP)
    quaternion = quaternions(angles)
    movement = (before[1] - 2 * here + after[1]) / STEP**2
    rate = _rate_between(quaternions(before[0]), quaternions(after[0]), 2 * STEP)
    # A hand that moves also trembles more.
    trembling = 1 + np.linalg.norm(rate, axis=1, keepdims=True) / 60
    pull = (movement + np.array([0.0, 0.0, GRAVITY])) / GRAVITY
    return Felt(
        acceleration=_seen_from(quaternion, pull) + rng.normal(0, 0.003, pull.shape) * trembling,
        rate=rate + rng.normal(0, 0.35, rate.shape) * trembling,
        field=_seen_from(quaternion, np.broadcast_to(EARTH_FIELD, pull.shape)) + rng.normal(0, 0.35, pull.shape),
        quaternion=quaternion,
        euler=np.degrees((angles + np.pi) % (2 * np.pi) - np.pi),
    )


def quaternions(angles: Array) -> Array:
    """Unit quaternions (w, x, y, z), shape (n, 4), of roll, pitch and yaw, shape (n, 3), turned in the order yaw, pitch, roll."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(angles / 2).T, np.sin(angles / 2).T
    return np.column_stack(
        [
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ]
    )


def earth_field_in(quaternion: Array) -> Array:
    """The earth's magnetic field in the wrist's own axes, µT, shape (n, 3)."""
    return _seen_from(quaternion, np.broadcast_to(EARTH_FIELD, (len(quaternion), 3)))


def _pose(hand: Hand, time: Array) -> tuple[Array, Array]:
    """Angles and positions at times in rising order, each of shape (n, 3)."""
    angles = hand.resting + np.radians(1.5) * np.sin(2 * np.pi * time[:, None] * hand.drift_hz + hand.resting)
    position = np.zeros((len(time), 3))
    for phase in hand.phases:
        if phase.kind in MOVEMENTS:
            first, last = np.searchsorted(time, (phase.start, phase.end))
            MOVEMENTS[phase.kind](phase, time[first:last] - phase.start, angles[first:last], position[first:last])
    return angles, position


def _wave(phase: Phase, time: Array, angles: Array, position: Array) -> None:
    """The hand goes up and swings from side to side. Adds to `angles` and `position`."""
    lifted = _there_and_back(time, phase.seconds, rise=0.8)
    # No two swings of a hand are equally wide.
    width = phase.size * lifted * (1 + 0.16 * np.sin(2.1 * time + 5 * phase.hz))
    swing = width * np.sin(2 * np.pi * phase.hz * time)
    lag = width * np.sin(2 * np.pi * phase.hz * time - 0.7)
    angles += np.radians([17.0, 0.0, 8.0]) * np.column_stack([swing, swing, lag])
    angles[:, 1] += np.radians(48.0) * lifted
    position += [0.0, 0.045, 0.0] * swing[:, None] + [0.0, 0.0, 0.22] * lifted[:, None]


def _grab(phase: Phase, time: Array, angles: Array, position: Array) -> None:
    """The hand reaches out, closes with a small knock, and comes back with what it holds."""
    out = _there_and_back(time, phase.seconds, rise=0.38 * phase.seconds)
    knock = np.exp(-(((time - 0.42 * phase.seconds) / 0.05) ** 2)) * np.sin(2 * np.pi * 11 * time)
    angles += np.radians([12.0 * phase.size, -26.0, 22.0 * phase.size]) * out[:, None]
    position += [0.38 * abs(phase.size), 0.0, -0.08] * out[:, None] + [2e-4, 0.0, 6e-4] * knock[:, None]


def _turn(phase: Phase, time: Array, angles: Array, position: Array) -> None:
    """The forearm turns once around: afterwards the hand is held as before, so nothing has to be remembered."""
    angles[:, 0] += np.sign(phase.size) * 2 * np.pi * _smooth(time / phase.seconds)
    position += [0.0, 0.06, 0.04] * _there_and_back(time, phase.seconds, rise=phase.seconds / 2)[:, None]


MOVEMENTS: dict[str, Callable[[Phase, Array, Array, Array], None]] = {"wave": _wave, "grab": _grab, "turn": _turn}


def _smooth(share: Array) -> Array:
    """From 0 to 1 as a hand goes from place to place: it starts and ends without a jerk."""
    x = np.clip(share, 0.0, 1.0)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x**2), dtype=np.float64)


def _there_and_back(time: Array, seconds: float, rise: float) -> Array:
    return _smooth(time / rise) * _smooth((seconds - time) / rise)


def _rate_between(before: Array, after: Array, seconds: float) -> Array:
    """The angular rate in °/s, in the wrist's own axes, that leads from one orientation to the other, shape (n, 3)."""
    w0, v0, w1, v1 = before[:, :1], before[:, 1:], after[:, :1], after[:, 1:]
    w = w0 * w1 + np.sum(v0 * v1, axis=1, keepdims=True)
    v = w0 * v1 - w1 * v0 - np.cross(v0, v1)
    # A quaternion and its negative are the same orientation.
    return np.asarray(np.degrees(2 * np.sign(w) * v / seconds), dtype=np.float64)


def _seen_from(quaternion: Array, vectors: Array) -> Array:
    """Vectors of the world in the axes of what is turned by `quaternion`, shape (n, 3)."""
    w, axis = quaternion[:, :1], -quaternion[:, 1:]
    turned = 2 * np.cross(axis, vectors)
    return np.asarray(vectors + w * turned + np.cross(axis, turned), dtype=np.float64)
