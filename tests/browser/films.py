"""Recordings of half an hour: long in time, and long enough in bytes that nobody wants to wait for all of them."""

import io
import wave
from fractions import Fraction

import av
import numpy as np

SECONDS, PART = 1800, 20
WIDTH, HEIGHT = 160, 96
SOUND_RATE = 8000


def part(format: str, codec: str, options: dict[str, str]) -> bytes:
    """One noisy frame for every second of a part of it."""
    random = np.random.default_rng(7)
    made = io.BytesIO()
    with av.open(made, "w", format=format) as container:
        stream = container.add_stream(codec, rate=Fraction(1), options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH, HEIGHT, "yuv420p", 10
        for _second in range(PART):
            pixels = random.integers(60, 180, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return made.getvalue()


def film(format: str, title: str, first: bytes) -> bytes:
    """The part over and over. The title makes other bytes: the hub keeps the same bytes once, wherever they are."""
    made = io.BytesIO()
    with av.open(io.BytesIO(first), "r") as source, av.open(made, "w", format=format) as container:
        container.metadata["title"] = title
        shown = source.streams.video[0]
        stream = container.add_stream_from_template(shown)
        base = shown.time_base
        assert base is not None
        packets = [(p, p.pts, p.dts) for p in source.demux(shown) if p.pts is not None and p.dts is not None]
        for turn in range(SECONDS // PART):
            later = int(turn * PART / base)
            for packet, pts, dts in packets:
                moved = av.Packet(bytes(packet))
                moved.pts, moved.dts, moved.time_base = pts + later, dts + later, base
                moved.is_keyframe, moved.stream = packet.is_keyframe, stream
                container.mux(moved)
    return made.getvalue()


def mp4(title: str) -> bytes:
    """As cameras make them: what tells where everything is stands at the end."""
    return film("mp4", title, part("mp4", "libx264", {"preset": "ultrafast", "qp": "22"}))


def webm(title: str) -> bytes:
    return film("webm", title, part("webm", "libvpx", {"deadline": "realtime", "cpu-used": "8", "qmax": "12", "b": "9M"}))


def sound(title: str) -> bytes:
    """A tone that grows and fades, as a WAV file. The title decides how high it is."""
    times = np.arange(SECONDS * SOUND_RATE, dtype=np.float32) / SOUND_RATE
    tone = np.sin(times * (300 + 20 * len(title)) * 2 * np.pi) * (0.2 + 0.7 * np.abs(np.sin(times / 90)))
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setparams((1, 1, SOUND_RATE, 0, "NONE", ""))
        file.writeframes((128 + 120 * tone).astype(np.uint8).tobytes())
    return made.getvalue()
