"""Runs in the sandbox: what a recording of picture or sound says of itself. Read from its headers: nothing is drawn or played."""

import json
import math
import re
from fractions import Fraction
from typing import Any, BinaryIO, NoReturn

import av
import av.subtitles.stream  # imported by av when it meets a track; in the sandbox that is too late
from av.container import InputContainer
from av.stream import Disposition

from assets_app.facts.images import MAX_PIXELS
from assets_app.sandboxed import Refused

# The one demuxer that a format's files are given to. Playlists and lists of files have none.
DEMUXERS = {
    **dict.fromkeys(("mp4", "mov", "3gp", "m4a"), "mov"),
    "webm": "matroska",
    **{name: name for name in ("mp3", "wav", "ogg", "flac")},
}
SOUND = frozenset({"mp3", "wav", "ogg", "flac", "m4a"})
# How much is read ahead to learn what a header leaves open, and how many tracks are looked at. No frame is decoded for that.
OPTIONS = {
    "probesize": str(256 * 1024),
    "skip_frame": "all",
    "analyzeduration": "1000000",
    "max_streams": "64",
    "protocol_whitelist": "none",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,wav,ogg,flac",
}
BUFFER_BYTES = 32 * 1024
# Half a year. More is a header that lies.
LONGEST_SECONDS = 180 * 24 * 3600
TURNED = re.compile(r"^ +Display Matrix: rotation of (-?\d+)\.\d+ degrees$", re.MULTILINE)


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the format. Answers with a JSON object of facts."""
    return json.dumps(read(file, args[0]), allow_nan=False).encode()


def read(file: BinaryIO, format: str) -> dict[str, Any]:
    """`duration` (s), `bitRate` (bit/s), and of the first picture and sound `width`, `height` (px, as shown), `frameRate` (1/s),
    `codec`, `audioCodec`, `sampleRate` (1/s) and `channels`, as far as the file tells.

    Raises:
        Refused: it is no such file.
    """
    try:
        with opened(file, format) as container:
            facts = _of_video(container) if format not in SOUND else {}
            facts |= _of_audio(container)
            facts.setdefault("codec", facts.get("audioCodec"))
            facts |= _of_time(container, size=file.seek(0, 2))
    except (Refused, MemoryError):
        raise
    except Exception:  # hostile bytes make the demuxers raise nearly anything
        raise Refused(f"The file cannot be read as {format}.") from None
    if facts["codec"] is None:
        raise Refused(f"The {format} file holds neither picture nor sound.")
    return {key: value for key, value in facts.items() if value is not None}


def opened(file: BinaryIO, format: str) -> InputContainer:
    """The container, by the one demuxer that the format names. It can open nothing else.

    Raises:
        whatever av does.
    """
    return av.open(
        file, "r", DEMUXERS[format], OPTIONS, metadata_errors="replace", buffer_size=BUFFER_BYTES, io_open=_open_nothing
    )


def first_video(container: InputContainer) -> "av.VideoStream | None":
    """Covers of records do not count."""
    return next((s for s in container.streams.video if s.codec_context and not s.disposition & Disposition.attached_pic), None)


def turn_of(container: InputContainer) -> int:
    """By how many degrees the picture is to be turned when it is shown, anticlockwise: 0, 90, 180 or 270.

    A stream keeps it to itself; only the library's own description of the container tells.
    """
    av.logging.set_level(av.logging.INFO)  # the description comes by way of the log
    try:
        found = TURNED.search(container.dumps_format())  # type: ignore[attr-defined]  # the stub has dropped it
    finally:
        av.logging.set_level(None)
    degrees = int(found[1]) % 360 if found else 0
    return degrees if degrees in (90, 180, 270) else 0


def _of_video(container: InputContainer) -> dict[str, Any]:
    stream = first_video(container)
    if stream is None:
        return {}
    width, height = stream.codec_context.width, stream.codec_context.height
    facts = {"codec": stream.codec_context.codec.canonical_name, "frameRate": _rate(stream.average_rate)}
    if 0 < width * height <= MAX_PIXELS:
        facts["width"], facts["height"] = (height, width) if turn_of(container) in (90, 270) else (width, height)
    return facts


def _of_audio(container: InputContainer) -> dict[str, Any]:
    stream = next((s for s in container.streams.audio if s.codec_context), None)
    if stream is None or not stream.codec_context.sample_rate:
        return {}
    context = stream.codec_context
    return {
        "audioCodec": context.codec.canonical_name,
        "sampleRate": context.sample_rate,
        "channels": context.layout.nb_channels or None,
    }


def _of_time(container: InputContainer, *, size: int) -> dict[str, Any]:
    """Duration and bit rate. A header may tell of more seconds than there are bytes for: plain samples show the lie."""
    seconds = container.duration / av.time_base if container.duration else 0.0
    sounds = [stream.codec_context for stream in container.streams.audio if stream.codec_context]
    rate = sum(context.bit_rate or 0 for context in sounds if context.name.startswith("pcm_"))
    if rate and not container.streams.video:
        seconds = min(seconds, size * 8 / rate)
    if not math.isfinite(seconds) or not 0 < seconds <= LONGEST_SECONDS:
        return {}
    return {"duration": round(seconds, 3), "bitRate": round(size * 8 / seconds)}


def _rate(rate: Fraction | None) -> float | None:
    return round(float(rate), 3) if rate and 0 < rate <= 1000 else None


def _open_nothing(*_args: Any) -> NoReturn:
    raise PermissionError("a recording names other files; none is opened")
