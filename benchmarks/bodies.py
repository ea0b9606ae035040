"""Files to send: of one size, and each unlike any that was sent before, so that none is here already."""

import base64
import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

import av
import numpy as np

from benchmarks.documents import SEED

MEBIBYTE = 1024 * 1024
MARK_BYTES = 64
PACE = Fraction(1, 25)
BOUNDARY = "the-end-of-a-part-5d1c"


@dataclass(frozen=True)
class Body:
    """A file but for its last bytes."""

    name: str
    content_type: str
    start: bytes
    times: int = 1  # that the start comes, one after another
    mark: bytes = b""  # the end; without, another one each time

    @property
    def size(self) -> int:
        return len(self.start) * self.times + MARK_BYTES

    def parts(self) -> list[bytes]:
        """The file, with an end that no other has. The large part is not copied."""
        return [*[self.start] * self.times, self.mark or secrets.token_hex(MARK_BYTES // 2).encode()]

    def form(self) -> tuple[str, list[bytes]]:
        """The same in a form's field `file`: the form's type, and its parts."""
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{self.name}"\r\n'
            f"Content-Type: {self.content_type}\r\n\r\n"
        )
        end = f"\r\n--{BOUNDARY}--\r\n"
        return f"multipart/form-data; boundary={BOUNDARY}", [head.encode(), *self.parts(), end.encode()]


def text(size: int) -> Body:
    """Lines that no database compresses to nothing. A hub reads no facts of such a file."""
    noise = Random(SEED).randbytes(min(size, 8 * MEBIBYTE) * 3 // 4)
    lines = base64.encodebytes(noise)
    return Body("notes.txt", "text/plain", (lines * (size // len(lines) + 1))[: size - MARK_BYTES])


def video(size: int) -> Body:
    """An MP4 as cameras write it, its index behind its pictures. A hub reads its facts, and makes a picture of it later on."""
    film = _film(size - MARK_BYTES - 1024)
    gap = size - len(film)
    return Body("film.mp4", "video/mp4", film + gap.to_bytes(4, "big") + b"free" + bytes(gap - 8 - MARK_BYTES))


def _film(most: int) -> bytes:
    """One key frame of noise, as often as it fits: nothing is encoded twice."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "12", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        noise = np.random.default_rng(SEED).integers(0, 256, (360, 640, 3), np.uint8)
        found: Sequence[Any] = [*stream.encode(av.VideoFrame.from_ndarray(noise)), *stream.encode()]
        packet = bytes(found[0])
        for number in range(max(1, (most - 64 * 1024) // len(packet))):
            copy: Any = av.Packet(packet)
            copy.stream, copy.pts, copy.dts, copy.time_base, copy.is_keyframe = stream, number, number, PACE, True
            container.mux(copy)
    return buffer.getvalue()
