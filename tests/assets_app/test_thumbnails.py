"""Thumbnails: what lists show. A wrong one shows another picture than the file; a leaky one tells what pixels do not."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageStat

from assets_app import facts
from assets_app.errors import InvalidInput, SandboxFailed
from assets_app.facts.framing import framed, unframed
from assets_app.parsing import make_thumbnails
from tests import seeds
from tests.assets_app.readers import readers

pytestmark = pytest.mark.no_database

RED, BLUE = (220, 30, 30), (30, 30, 220)
IMAGES = seeds.images()


def thumbnails(data: bytes, format: str) -> dict[int, Image.Image]:
    made = make_thumbnails(io.BytesIO(data), format=format)
    return {width: Image.open(io.BytesIO(picture), formats=["WEBP"]) for width, picture in made.items()}


def like(image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    found = image.convert("RGB").getpixel(place)
    assert isinstance(found, tuple)
    return all(abs(a - b) < 60 for a, b in zip(found, colour, strict=True))


@pytest.mark.parametrize("name", IMAGES)
def test_every_kind_of_image_shows_itself(name: str) -> None:
    kind, data = IMAGES[name]
    (made,) = thumbnails(data, kind).values()
    assert made.size == ((64, 96) if name == "jpg turned" else (96, 64)), "never larger than the original"
    assert getattr(made, "n_frames", 1) == 1
    if name not in ("png 16 bit", "jpg turned", "jpg cmyk"):
        assert like(made, (10, 30), RED)
        assert like(made, (85, 30), BLUE)


def test_widths_end_with_the_first_that_shows_all() -> None:
    wide = {n: thumbnails(seeds.saved(seeds.picture(n, n // 2), "PNG"), "png") for n in (100, 160, 500, 4000)}
    assert {n: {width: made.size for width, made in of.items()} for n, of in wide.items()} == {
        100: {160: (100, 50)},
        160: {160: (160, 80)},
        500: {160: (160, 80), 320: (320, 160), 640: (500, 250)},
        4000: {160: (160, 80), 320: (320, 160), 640: (640, 320), 1280: (1280, 640)},
    }


@pytest.mark.parametrize("size", [(1, 1), (100, 20_000), (20_000, 3), (1, 5000)])
def test_strips_of_paper_stay_small(size: tuple[int, int]) -> None:
    for width, made in thumbnails(seeds.saved(seeds.picture(*size), "PNG"), "png").items():
        assert 1 <= made.width <= width
        assert 1 <= made.height <= 3 * width


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_stand_upright(orientation: int) -> None:
    """The seed's left half is red: where that is shown follows from each orientation's definition."""
    (made,) = thumbnails(seeds.photograph(orientation), "jpg").values()
    side = {1: (5, 32), 2: (90, 32), 3: (90, 32), 4: (5, 32), 5: (32, 5), 6: (32, 5), 7: (32, 90), 8: (32, 90)}[orientation]
    assert like(made, side, RED)


def test_nothing_but_pixels_is_in_them() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.open(io.BytesIO(seeds.photograph())).info["exif"]
    for kind, pillow in (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")):
        data = seeds.saved(seeds.picture(700, 500), pillow, exif=exif, icc_profile=srgb, comment=b"private")
        for picture in make_thumbnails(io.BytesIO(data), format=kind).values():
            assert not any(mark in picture for mark in (b"EXIF", b"ICCP", b"XMP ", b"Acme", seeds.GPS_WORDS, b"private"))


def test_colours_are_the_picture_s_own() -> None:
    """A file whose profile swaps red and blue is shown by its profile; junk for a profile is passed over."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile, colour in ((srgb, RED), (swapped, BLUE), (b"junk", RED), (lab, RED), (bytes(5000), RED), (srgb[:300], RED)):
        (made,) = thumbnails(seeds.saved(seeds.picture(), "PNG", icc_profile=profile), "png").values()
        assert like(made, (10, 30), colour)


def test_what_is_seen_through_stays_so() -> None:
    for mode in ("RGBA", "LA"):
        image = seeds.picture(400, 300, mode)
        image.putalpha(Image.linear_gradient("L").resize((400, 300)))
        for made in thumbnails(seeds.saved(image, "PNG"), "png").values():
            alpha = np.asarray(made.convert("RGBA").getchannel("A"))
            assert alpha.min() < 16
            assert alpha.max() > 239


def test_a_large_picture_is_put_together_right() -> None:
    """It is brought down in strips; one in the wrong place would show."""
    tall = Image.linear_gradient("L").resize((5200, 3000)).convert("RGB")
    made = thumbnails(seeds.saved(tall, "PNG", compress_level=1), "png")[1280]
    column = np.asarray(made.convert("L"))[:, 640].astype(int)
    assert abs(column - np.linspace(0, 255, len(column))).max() < 6


@pytest.mark.parametrize("name", ["mp4", "mov", "webm", "3gp"])
def test_every_kind_of_video_has_a_poster(name: str) -> None:
    kind, data = seeds.recordings()[name]
    (made,) = thumbnails(data, kind).values()
    assert made.size == (96, 64)
    assert like(made, (10, 30), RED)
    assert like(made, (85, 30), BLUE)


def test_a_poster_is_as_wide_as_the_video_is_shown() -> None:
    tall = thumbnails(seeds.video(audio=None, size=(1600, 900), turned=90), "mp4")
    assert {width: made.size for width, made in tall.items()}[1280] == (900, 1600)
    assert {width: made.size for width, made in thumbnails(seeds.video(audio=None, size=(4096, 64)), "mp4").items()}[1280] == (
        1280,
        20,
    )


def test_a_video_that_begins_with_black_shows_something() -> None:
    (made,) = thumbnails(seeds.video(audio=None, seconds=2, black=6), "mp4").values()
    assert like(made, (10, 30), RED)
    dark = thumbnails(seeds.video(audio=None, black=10), "mp4")
    assert ImageStat.Stat(dark[160].convert("L")).mean[0] < 24, "one that is black from end to end is shown as it is"


@pytest.mark.parametrize(("turned", "red"), [(90, (32, 90)), (-90, (32, 5)), (180, (90, 32))])
def test_a_video_stands_upright(turned: int, red: tuple[int, int]) -> None:
    (made,) = thumbnails(seeds.video(audio=None, turned=turned), "mp4").values()
    assert made.size == ((96, 64) if turned == 180 else (64, 96))
    assert like(made, red, RED)


@pytest.mark.parametrize("name", ["mp3", "wav", "ogg", "flac", "m4a"])
def test_every_kind_of_sound_has_a_waveform(name: str) -> None:
    kind, data = seeds.recordings()[name]
    made = thumbnails(data, kind)
    assert {width: picture.size for width, picture in made.items()} == {w: (w, w // 4) for w in facts.WIDTHS}
    drawn = np.asarray(made[1280].convert("RGBA").getchannel("A"))
    assert drawn[:, 200:1000].max(axis=1).mean() > 200, "a tone of one loudness fills the picture"


def test_a_waveform_shows_when_it_is_loud() -> None:
    rate = 8000
    samples = np.zeros(rate * 8, "<i2")
    samples[2 * rate : 3 * rate] = 30_000
    wave = (
        b"RIFF" + struct.pack("<I", 36 + samples.nbytes) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
    )
    made = thumbnails(wave + b"data" + struct.pack("<I", samples.nbytes) + samples.tobytes(), "wav")[1280]
    heights = (np.asarray(made.convert("RGBA").getchannel("A")) > 128).sum(axis=0)
    loud = np.flatnonzero(heights > 200)
    assert loud.min() == pytest.approx(1280 * 2 / 8, abs=16)
    assert loud.max() == pytest.approx(1280 * 3 / 8, abs=16)


def test_a_long_recording_is_heard_here_and_there() -> None:
    made = thumbnails(seeds.sound("flac", "flac", seconds=700, rate=8000), "flac")
    assert (np.asarray(made[1280].convert("RGBA").getchannel("A")) > 128).sum(axis=0).max() > 200


def test_what_cannot_be_decoded_has_none() -> None:
    whole = seeds.saved(seeds.picture(), "PNG")
    with pytest.raises(InvalidInput):
        make_thumbnails(io.BytesIO(whole[:60]), format="png")
    with pytest.raises(InvalidInput):
        make_thumbnails(io.BytesIO(seeds.sound("mp3", "libmp3lame")), format="mp4")
    assert make_thumbnails(io.BytesIO(b"%PDF-1.7"), format="pdf") == {}


def test_frames_come_back_as_they_went() -> None:
    pictures = {160: b"one", 320: b"", 1280: b"x" * 100_000}
    assert unframed(framed(pictures.items())) == pictures
    for broken in (b"x", framed(pictures.items())[:-1], framed(pictures.items()) + b"x"):
        assert unframed(broken) is None


@pytest.fixture
def liar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield from readers(tmp_path, monkeypatch, {"lies": "def main(file, args):\n    return file.read()\n"})


@pytest.mark.parametrize(
    "answer",
    [b"junk", framed([(160, b"<html><script>")]), framed([(161, b"RIFF\4\0\0\0WEBP")]), framed([(160, b"RIFF\xff\0\0\0WEBP")])],
)
def test_a_decoder_that_was_taken_over_can_show_nothing_but_pictures(
    liar: str, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(facts.THUMBNAILERS, "jpg", liar + "lies")
    with pytest.raises(SandboxFailed):
        make_thumbnails(io.BytesIO(answer), format="jpg")
