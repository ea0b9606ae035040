"""Small real files of every kind with facts, made on the spot."""

import io
import math
from functools import cache
from typing import Any

import av
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 96, 64
GPS_WORDS = b"N48E11"


def picture(width: int = WIDTH, height: int = HEIGHT, mode: str = "RGB") -> Image.Image:
    """Left red, right blue, so that what is turned shows."""
    image = Image.new("RGB", (width, height), (220, 30, 30))
    image.paste((30, 30, 220), (width // 2, 0, width, height))
    return image.convert(mode)


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def photograph(orientation: int = 1, *, progressive: bool = False) -> bytes:
    """A JPEG as a telephone makes it, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = orientation, "Acme", "Camera 3"
    exif.get_ifd(0x8769).update({0x9003: "2026:05:04 13:14:15", 0x9011: "+02:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0), 29: GPS_WORDS.decode()})
    return saved(picture(), "JPEG", exif=exif.tobytes(), progressive=progressive, quality=90)


def animation(format: str, frames: int = 3) -> bytes:
    more = [Image.new("RGB", (WIDTH, HEIGHT), (10 * n, 80, 80)) for n in range(1, frames)]
    return saved(picture(), format, save_all=True, append_images=more, duration=50)


def images() -> dict[str, tuple[str, bytes]]:
    """By a name: the format, and the file."""
    see_through = picture(mode="RGBA")
    see_through.putalpha(128)
    return {
        "jpg": ("jpg", saved(picture(), "JPEG")),
        "jpg progressive": ("jpg", photograph(progressive=True)),
        "jpg turned": ("jpg", photograph(6)),
        "jpg of two": ("jpg", animation("MPO", 2)),
        "jpg cmyk": ("jpg", saved(picture(mode="CMYK"), "JPEG")),
        "png": ("png", saved(picture(), "PNG")),
        "png palette": ("png", saved(picture(mode="P"), "PNG", transparency=0)),
        "png 16 bit": ("png", saved(Image.fromarray(np.full((HEIGHT, WIDTH), 40_000, np.uint16)), "PNG")),
        "apng": ("png", animation("PNG")),
        "gif": ("gif", animation("GIF")),
        "webp": ("webp", saved(see_through, "WEBP")),
        "webp animated": ("webp", animation("WEBP")),
        "avif": ("avif", saved(picture(), "AVIF")),
    }


def _put_pictures(container: Any, stream: Any, *, frames: int, black: int) -> None:
    pixels = np.asarray(picture(stream.width, stream.height))
    for n in range(frames):
        shown = np.zeros_like(pixels) if n < black else pixels
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(shown))
        frame.pts = n
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _put_sound(container: Any, stream: Any, *, seconds: float) -> None:
    wave = np.sin(np.arange(int(seconds * stream.rate)) * 2 * math.pi * 440 / stream.rate)
    samples = np.repeat((wave * 20_000).astype(np.int16), 2).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
    frame.sample_rate, frame.pts = stream.rate, 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode())


@cache
def video(
    container_format: str = "mp4",
    codec: str = "libx264",
    audio: str | None = "aac",
    *,
    seconds: float = 1.0,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    rate: int = 10,
    turned: int = 0,
    black: int = 0,
) -> bytes:
    """`turned` in degrees anticlockwise; the first `black` frames are black."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_format) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *size, "yuv420p", 5
        if turned:
            stream.set_display_rotation(turned)
        second: Any = container.add_stream(audio, rate=48_000, layout="stereo") if audio else None
        _put_pictures(container, stream, frames=int(seconds * rate), black=black)
        if audio:
            _put_sound(container, second, seconds=seconds)
    return buffer.getvalue()


@cache
def sound(container_format: str, codec: str, *, seconds: float = 1.0, rate: int = 48_000) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_format) as container:
        _put_sound(container, container.add_stream(codec, rate=rate, layout="stereo"), seconds=seconds)
    return buffer.getvalue()


def recordings() -> dict[str, tuple[str, bytes]]:
    """By a name: the format, and the file."""
    return {
        "mp4": ("mp4", video()),
        "mov": ("mov", video("mov")),
        "webm": ("webm", video("webm", "libvpx", "libopus")),
        "3gp": ("3gp", video("3gp", "mpeg4")),
        "mp3": ("mp3", sound("mp3", "libmp3lame")),
        "wav": ("wav", sound("wav", "pcm_s16le")),
        "ogg": ("ogg", sound("ogg", "libopus")),
        "flac": ("flac", sound("flac", "flac")),
        "m4a": ("m4a", sound("ipod", "aac")),
    }
