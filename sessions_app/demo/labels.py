"""Labels that people put on a capture: from which sample to which the hand did what."""

from collections.abc import Iterator
from typing import Any

from numpy.random import Generator

from sessions_app.demo.motion import Phase, Wrist

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
# One letter a finger: extended, partial, flexed.
POSES = {
    "rest": "ppppp", "open_palm": "eeeee", "wave": "eeeee", "grab": "pffff", "fist": "fffff", "index_up": "fefff",
    "peace": "feeff", "thumbs_up": "effff", "ok_sign": "ppeee", "pinch": "pppff",
}  # fmt: skip
STATES = {"e": "extended", "p": "partial", "f": "flexed"}
TURNED = ("fist", "index_up", "peace", "thumbs_up", "ok_sign", "pinch")

Span = tuple[int, int, dict[str, Any]]  # first and last sample, and the words


def spans(rng: Generator, wrist: Wrist) -> Iterator[Span]:
    """First and last sample of what was labelled, and the words. People do not label everything."""
    for phase in wrist.hand.phases:
        for first, last, words in _parts(rng, phase):
            start, stop = wrist.samples_of(phase, first, last)
            if stop - start > 1 and rng.random() < 0.85:
                yield start, stop - 1, words


def _parts(rng: Generator, phase: Phase) -> list[tuple[float, float, dict[str, Any]]]:
    """What there is to see in a phase: from and to which share of it, and the words for it."""
    if phase.kind == "wave":
        return [(0.0, 1.0, _words("wave", "moving"))]
    if phase.kind == "grab":
        reach, hold = _words("open_palm", "transition", custom=["reach"]), _words("grab", "static")
        return [(0.0, 0.42, reach), (0.42, 0.72, hold), (0.72, 1.0, _words("grab", "transition", custom=["bring back"]))]
    if phase.kind == "turn" and rng.random() < 0.3:
        return [(0.0, 1.0, _words(None, "moving", calibration="hard_iron", custom=["slow turn"]))]
    if phase.kind == "turn":
        return [(0.0, 1.0, _words(str(rng.choice(TURNED)), "moving", custom=["slow turn"]))]
    return [(0.0, 1.0, _words("rest", "static"))]


def _words(pose: str | None, moving: str, *, calibration: str = "none", custom: list[str] | None = None) -> dict[str, Any]:
    states = [STATES[letter] for letter in POSES[pose]] if pose else ["unknown"] * len(FINGERS)
    fingers = dict(zip(FINGERS, states, strict=True))
    return {"pose": pose, "fingers": fingers, "motion": moving, "calibration": calibration, "custom": custom or []}


def nested(span: Span) -> dict[str, Any]:
    """As until the end of 2025."""
    start, end, words = span
    return {"start_sample": start, "end_sample": end, "labels": words}


def flat(span: Span) -> dict[str, Any]:
    """As from January 2026."""
    start, end, words = span
    told = {key: words[key] for key in ("fingers", "motion", "calibration", "custom", "pose") if words[key] is not None}
    return {"startIndex": start, "endIndex": end, **told}
