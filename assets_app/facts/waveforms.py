"""Runs in the sandbox: how loud a recording of sound is over time, as small WebP pictures."""

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import BinaryIO

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from assets_app.facts import WIDTHS, media
from assets_app.facts.framing import framed
from assets_app.facts.thumbnails import pictures
from assets_app.sandboxed import Refused

WIDTH, HEIGHT, BARS = WIDTHS[-1], 320, 160
INK = (47, 111, 172, 255)
# Up to this many seconds are heard from end to end; of a longer recording a moment for each bar.
HEARD_SECONDS = 600.0
FRAMES_A_MOMENT = 4
# Peaks are kept for steps of so many samples; when there are too many, two by two become one.
FIRST_STEP, MOST_STEPS = 64, 16 * BARS
# By the type of samples: silence, and how far from it the loudest sample is.
FULL_SCALE = {"u1": (128.0, 128.0), "i2": (0.0, 2.0**15), "i4": (0.0, 2.0**31), "i8": (0.0, 2.0**63)}
Peaks = NDArray[np.float32]


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the format. Answers with framed WebP pictures.

    Raises:
        Refused: it is no such recording, or nothing of it can be decoded.
    """
    try:
        with media.opened(file, args[0]) as container:
            peaks = _peaks(container)
    except MemoryError:
        raise
    except Exception:  # hostile bytes make the decoders raise nearly anything
        raise Refused("The recording cannot be decoded.") from None
    if not len(peaks):
        raise Refused("The recording has no sound.")
    return framed(pictures(drawn(peaks)))


def drawn(peaks: Peaks) -> Image.Image:
    """Bars about a middle line, the loudest at full height, on nothing."""
    edges = np.linspace(0, len(peaks), BARS + 1)
    bars = np.array([peaks[int(a) : max(int(b), int(a) + 1)].max() for a, b in pairwise(edges)])
    loudest = float(bars.max())
    heights = bars / loudest if loudest > 0 else bars
    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    draw, step = ImageDraw.Draw(image), WIDTH / BARS
    for number, share in enumerate(heights):
        half = max(round(float(share) * (HEIGHT / 2 - 8)), 2)
        left = round(number * step) + 1
        draw.rounded_rectangle((left, HEIGHT // 2 - half, left + round(step) - 3, HEIGHT // 2 + half), 2, fill=INK)
    return image


def _peaks(container: InputContainer) -> Peaks:
    """At equal distances over the recording."""
    stream = next((s for s in container.streams.audio if s.codec_context), None)
    if stream is None:
        return np.empty(0, np.float32)
    stream.codec_context.thread_count = 1  # a child's threads would each take memory of its limit
    seconds = (container.duration or 0) / av.time_base
    if seconds <= HEARD_SECONDS:
        return _heard(_loudness(container, stream), most=int(2 * HEARD_SECONDS * (stream.codec_context.sample_rate or 48_000)))
    return np.array([_moment(container, stream, seconds * (n + 0.5) / BARS) for n in range(BARS)], np.float32)


def _moment(container: InputContainer, stream: "av.AudioStream", second: float) -> float:
    container.seek(int(second * av.time_base))
    return max((float(loud.max()) for loud in islice(_loudness(container, stream), FRAMES_A_MOMENT)), default=0.0)


def _heard(pieces: Iterable[Peaks], *, most: int) -> Peaks:
    """The peaks of up to `most` samples, a step's each; steps grow with the recording, so that there are never many."""
    step, steps, rest = FIRST_STEP, np.empty(0, np.float32), np.empty(0, np.float32)
    for piece in pieces:
        most -= len(piece)
        rest = np.concatenate((rest, piece))
        whole = len(rest) // step
        steps = np.concatenate((steps, rest[: whole * step].reshape(whole, step).max(axis=1)))
        rest = rest[whole * step :]
        while len(steps) > MOST_STEPS:
            odd = len(steps) % 2
            rest = np.concatenate((steps[len(steps) - odd :], rest))
            steps = steps[: len(steps) - odd].reshape(-1, 2).max(axis=1)
            step *= 2
        if most <= 0:
            break
    return steps if len(steps) >= BARS else np.concatenate((steps, rest))


def _loudness(container: InputContainer, stream: "av.AudioStream") -> Iterator[Peaks]:
    """For each frame and sample the loudest channel, 0 to 1. What cannot be decoded is passed over."""
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        for frame in frames:
            if frame.samples:
                yield _loudest(frame)


def _loudest(frame: "av.AudioFrame") -> Peaks:
    samples = frame.to_ndarray()
    by_channel = samples if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels).T
    silence, full = FULL_SCALE.get(samples.dtype.str[1:], (0.0, 1.0))
    loud: Peaks = np.abs((by_channel.astype(np.float32) - np.float32(silence)) / np.float32(full)).max(axis=0)
    return np.nan_to_num(loud, nan=0.0, posinf=1.0).clip(0, 1)
