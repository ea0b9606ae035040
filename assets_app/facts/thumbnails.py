"""Runs in the sandbox: an image as small WebP pictures, all widths in one go. Nothing but pixels goes into them."""

import io
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO

from PIL import Image, ImageCms
from PIL.JpegImagePlugin import JpegImageFile

from assets_app.facts import WIDTHS, images
from assets_app.facts.framing import framed
from assets_app.sandboxed import Refused

QUALITY = 80
# A strip of paper is not shown longer than this many times its width.
TALLEST = 3
# A picture is brought down to about twice the largest thumbnail by averaging, strip by strip, before it is resampled.
ENOUGH = 2 * WIDTHS[-1]
STRIP_ROWS = 256
# What undoes an EXIF orientation.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the format. Answers with framed WebP pictures.

    Raises:
        Refused: the image cannot be decoded.
    """
    with images.opened(file, args[0]) as image:
        try:
            return framed(pictures(plain(image)))
        except MemoryError:
            raise
        except Exception:  # hostile bytes make the decoders raise nearly anything
            raise Refused("The image cannot be decoded.") from None


def plain(image: Image.Image) -> Image.Image:
    """The first frame, upright, in sRGB, with or without alpha, at most about `ENOUGH` wide."""
    if isinstance(image, JpegImageFile):
        image.draft(None, (ENOUGH, ENOUGH))
    profile, turn = image.info.get("icc_profile"), TURNS.get(images.exif_of(image).get("orientation", 1))
    image.load()
    small = _in_srgb(_reduced(image), profile)
    return small if turn is None else small.transpose(turn)


def _reduced(image: Image.Image) -> Image.Image:
    """In a mode that can be resampled. Strip by strip: of a large picture nothing as large is made a second time."""
    factor = max(image.width // ENOUGH, 1)
    strips = [
        _resamplable(image.crop((0, top, image.width, min(top + STRIP_ROWS * factor, image.height)))).reduce(factor)
        for top in range(0, image.height, STRIP_ROWS * factor)
    ]
    small = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    top = 0
    for strip in strips:
        small.paste(strip, (0, top))
        top += strip.height
    return small


def _resamplable(strip: Image.Image) -> Image.Image:
    if strip.has_transparency_data:
        return strip.convert("RGBA")
    if strip.mode.startswith("I"):  # 16 bits of grey
        return strip.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return strip if strip.mode in ("L", "RGB", "CMYK") else strip.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """By the picture's own profile; one that is junk is as good as none."""
    wanted = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile and image.mode != "L":
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            made = ImageCms.profileToProfile(image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode=wanted)
            if made is not None:
                return made
    return image if image.mode == wanted else image.convert(wanted)


def pictures(image: Image.Image) -> Iterable[tuple[int, bytes]]:
    """One WebP for each of `WIDTHS`, up to the first that shows the image in its own size."""
    image.info = {}
    for width in WIDTHS:
        scale = min(width / image.width, TALLEST * width / image.height, 1)
        size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
        buffer = io.BytesIO()
        small = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
        small.save(buffer, "WEBP", quality=QUALITY, method=4)
        yield width, buffer.getvalue()
        if scale == 1:
            return
