"""Runs in the sandbox: one frame of a video as small WebP pictures."""

from collections.abc import Iterator
from typing import BinaryIO

import av
from av.container import InputContainer
from PIL import Image, ImageStat

from assets_app.facts import WIDTHS, media
from assets_app.facts.framing import framed
from assets_app.facts.images import MAX_PIXELS
from assets_app.facts.thumbnails import pictures
from assets_app.sandboxed import Refused

# Where to look: a tenth into it, but not far; most videos begin with black, or with somebody reaching for the button.
SHARE, LATEST_SECONDS = 0.1, 10.0
# The first frame that is as light as this in the mean (of 255) and not all alike is taken, else the lightest of so many.
LIGHT, LIVELY, MOST_FRAMES, MOST_PACKETS = 24.0, 6.0, 12, 2000
TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the format. Answers with framed WebP pictures.

    Raises:
        Refused: it is no such video, or no frame of it can be decoded.
    """
    try:
        with media.opened(file, args[0]) as container:
            poster = _poster(container)
            if poster is not None:
                turn = TURNS.get(media.turn_of(container))
                return framed(pictures(poster if turn is None else poster.transpose(turn)))
    except (Refused, MemoryError):
        raise
    except Exception:  # hostile bytes make the decoders raise nearly anything
        raise Refused("The video cannot be decoded.") from None
    raise Refused("The video has no frame to show.")


def _poster(container: InputContainer) -> Image.Image | None:
    stream = media.first_video(container)
    if stream is None or not 0 < stream.codec_context.width * stream.codec_context.height <= MAX_PIXELS:
        return None
    stream.codec_context.thread_count = 1  # a child's threads would each take memory of its limit
    seconds = min((container.duration or 0) / av.time_base * SHARE, LATEST_SECONDS)
    best, most = None, -1.0
    for place in (seconds, 0.0):
        if place:
            container.seek(int(place * av.time_base))
        for image in _frames(container, stream):
            light = ImageStat.Stat(image.convert("L").resize((64, 64)))
            if light.mean[0] >= LIGHT and light.stddev[0] >= LIVELY:
                return image
            if light.mean[0] > most:
                best, most = image, light.mean[0]
        if best is not None:
            return best
        container.seek(0)
    return best


def _frames(container: InputContainer, stream: "av.VideoStream") -> Iterator[Image.Image]:
    """The next frames, a few, as small as they are needed. What cannot be decoded is passed over."""
    left = MOST_FRAMES
    for count, packet in enumerate(container.demux(stream)):
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            decoded = []
        for frame in decoded:
            if not 0 < frame.width * frame.height <= MAX_PIXELS:
                return
            # Large enough for the largest thumbnail, also when it is turned.
            scale = min(WIDTHS[-1] / min(frame.width, frame.height), 1)
            width, height = round(frame.width * scale), round(frame.height * scale)
            small = frame.reformat(width, height, "rgb24", threads=1)
            yield small.to_image()  # type: ignore[no-untyped-call]  # half typed
            left -= 1
        if left <= 0 or count >= MOST_PACKETS:
            return
