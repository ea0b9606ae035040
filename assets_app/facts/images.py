"""Runs in the sandbox: what an image says of itself. Read from its headers: no pixel is decoded.

Where a picture was taken is never told.
"""

import json
import re
import warnings
from contextlib import suppress
from datetime import datetime
from typing import Any, BinaryIO

from PIL import (
    AvifImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from assets_app.sandboxed import Refused

PLUGINS = {
    "jpg": JpegImagePlugin.JpegImageFile.format,
    "png": PngImagePlugin.PngImageFile.format,
    "gif": GifImagePlugin.GifImageFile.format,
    "webp": WebPImagePlugin.WebPImageFile.format,
    "avif": AvifImagePlugin.AvifImageFile.format,
}
MAX_PIXELS = 50_000_000
MAX_FRAMES = 10_000
MAX_WORDS = 100
# What Pillow would import when it meets it; in the sandbox that is too late.
Image.preinit()
LAZY = (MpoImagePlugin, TiffImagePlugin)
# Of one core: a child's threads would each take memory of its limit.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
SIDEWAYS = (5, 6, 7, 8)
MOMENT = re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d")
OFFSET = re.compile(r"[+-]\d\d:\d\d")


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the format. Answers with a JSON object of facts."""
    return json.dumps(read(file, args[0]), allow_nan=False).encode()


def read(file: BinaryIO, format: str) -> dict[str, Any]:
    """Width and height in pixels as the picture is to be shown, and what else its header tells.

    Raises:
        Refused: it is no such image, or one of more than 50 million pixels.
    """
    with opened(file, format) as image:
        try:
            return _facts_of(image)
        except MemoryError:
            raise
        except Exception:  # hostile bytes make the parsers raise nearly anything, later as well
            raise Refused(f"The file cannot be read as {format}.") from None


def _facts_of(image: Image.Image) -> dict[str, Any]:
    exif = exif_of(image)
    width, height = image.size
    if exif.get("orientation") in SIDEWAYS:
        width, height = height, width
    facts = {"width": width, "height": height, "hasAlpha": image.has_transparency_data, "frames": _count_frames(image)}
    return facts | {key: exif[key] for key in ("takenAt", "cameraMake", "cameraModel") if key in exif}


def opened(file: BinaryIO, format: str) -> Image.Image:
    """The image with its header read, by the one plugin that the format names.

    Raises:
        Refused: as of `read`.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(file, formats=[PLUGINS[format]])
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Refused("The image has more pixels than are looked at here.") from None
    except MemoryError:
        raise
    except Exception:  # hostile bytes make the parsers raise nearly anything
        raise Refused(f"The file cannot be read as {format}.") from None
    if image.width * image.height > MAX_PIXELS or not image.width * image.height:
        raise Refused("The image has more pixels than are looked at here.")
    return image


def _count_frames(image: Image.Image) -> int:
    """At most `MAX_FRAMES`. A file that breaks off in the middle has the frames up to there."""
    if isinstance(image, JpegImagePlugin.JpegImageFile) or not getattr(image, "is_animated", False):
        return 1  # a telephone's second picture in a JPEG is no animation
    if not isinstance(image, GifImagePlugin.GifImageFile):
        return int(min(getattr(image, "n_frames", 1), MAX_FRAMES))
    frames = 1
    with suppress(Exception):
        while frames < MAX_FRAMES:
            image._seek(frames, False)
            frames += 1
    return frames


def exif_of(image: Image.Image) -> dict[str, Any]:
    """Orientation, moment and camera, as far as they are plain. Loops and junk in EXIF cost these and no more."""
    told: dict[str, Any] = {}
    if isinstance(image, PngImagePlugin.PngImageFile) and "exif" not in image.info:
        return told  # it would be looked for behind the pixels, which would be decoded for that
    try:
        exif = image.getexif()
        told["orientation"] = exif.get(ExifTags.Base.Orientation)
        told |= _words("cameraMake", exif.get(ExifTags.Base.Make)) | _words("cameraModel", exif.get(ExifTags.Base.Model))
        details = exif.get_ifd(ExifTags.IFD.Exif)
        told |= _moment(details.get(ExifTags.Base.DateTimeOriginal), details.get(ExifTags.Base.OffsetTimeOriginal))
    except MemoryError:
        raise
    except Exception:
        return told
    return told


def _words(key: str, value: Any) -> dict[str, str]:
    text = "".join(c for c in value if c.isprintable()).strip()[:MAX_WORDS] if isinstance(value, str) else ""
    return {key: text} if text else {}


def _moment(value: Any, offset: Any) -> dict[str, str]:
    """By the camera's clock; with its distance from UTC where the camera tells it."""
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        return {}
    try:
        moment = datetime.fromisoformat(value[:10].replace(":", "-") + value[10:])
    except ValueError:
        return {}
    zone = offset if isinstance(offset, str) and OFFSET.fullmatch(offset) else ""
    return {"takenAt": moment.isoformat() + zone}
