"""Pictures, a sound and a video to look at and to listen to."""

import io
import wave

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Array = NDArray[np.float64]
Pixels = NDArray[np.uint8]
SOUND_RATE_HZ, SOUND_SECONDS = 44_100, 4
VIDEO_SIZE, VIDEO_RATE_HZ, VIDEO_SECONDS = (320, 240), 15, 4
# Twice as large as shown, then halved: edges come out smooth.
OVERSAMPLING = 2

INK, PAPER, TEAL, AMBER, RED = "#1f2933", "#f4f6f8", "#2bb6a3", "#f2a93b", "#d64545"


# --- a device --------------------------------------------------------------------------------------------------------


def make_device_picture(rng: Generator) -> bytes:
    """A PNG of 1200 x 900: an infusion pump with a curve on its screen, as a maker's catalogue would show it."""
    image = _backdrop((1200 * OVERSAMPLING, 900 * OVERSAMPLING))
    draw = ImageDraw.Draw(image)
    _draw_stand(draw)
    _box(draw, (230, 150, 970, 740), radius=46, fill="#2f7f93", outline="#256676", width=4)
    _box(draw, (230, 150, 970, 640), radius=46, fill="#e6ebf0", outline="#b7c2cc", width=4, corners=(True, True, False, False))
    _draw_screen(draw, rng)
    _draw_keys(draw)
    _text(draw, (600, 692), "RIVULO 200", 36, PAPER, anchor="mm")
    return _saved(image.resize((1200, 900), Image.Resampling.BOX), "PNG")


def _backdrop(size: tuple[int, int]) -> Image.Image:
    """Grey paper, lit from above, with the shadow of a box on it."""
    height = np.linspace(0, 1, size[1])[:, None, None]
    shade = np.array([246, 248, 250]) * (1 - height) + np.array([196, 206, 214]) * height
    image = Image.fromarray(np.broadcast_to(shade, (size[1], size[0], 3)).astype(np.uint8))
    shadow = Image.new("L", size, 0)
    ImageDraw.Draw(shadow).ellipse(_scaled((200, 770, 1000, 850)), fill=110)
    image.paste(Image.new("RGB", size, INK), mask=shadow.filter(ImageFilter.GaussianBlur(40)))
    return image


def _draw_stand(draw: ImageDraw.ImageDraw) -> None:
    _box(draw, (585, 30, 615, 160), radius=8, fill="#9aa7b2")
    _box(draw, (330, 740, 400, 800), radius=14, fill="#4a5763")
    _box(draw, (800, 740, 870, 800), radius=14, fill="#4a5763")


def _draw_screen(draw: ImageDraw.ImageDraw, rng: Generator) -> None:
    _box(draw, (280, 200, 700, 600), radius=24, fill="#10212b", outline="#0a141a", width=6)
    _text(draw, (310, 240), "RATE", 24, TEAL)
    _text(draw, (310, 300), "12.5", 88, PAPER)
    _text(draw, (512, 318), "mL/h", 34, TEAL)
    _text(draw, (310, 385), f"INFUSED  {rng.integers(100, 400) / 10:.1f} mL", 24, AMBER)
    for y in range(420, 590, 40):
        draw.line(_scaled((305, y, 675, y)), fill="#1c3a48", width=2)
    x = np.linspace(0, 1, 370)
    beat = np.exp(-(((x * 5) % 1 - 0.3) ** 2) / 0.004) - 0.35 * np.exp(-(((x * 5) % 1 - 0.45) ** 2) / 0.008)
    curve = np.column_stack([305 + 370 * x, 540 - 85 * beat + rng.normal(0, 1.6, len(x))]) * OVERSAMPLING
    draw.line(curve.ravel().tolist(), fill=TEAL, width=6)


def _draw_keys(draw: ImageDraw.ImageDraw) -> None:
    for row, labels in enumerate(("123", "456", "789")):
        for column, label in enumerate(labels):
            left, top = 740 + 70 * column, 205 + 70 * row
            _box(draw, (left, top, left + 58, top + 58), radius=12, fill="#ffffff", outline="#b7c2cc", width=3)
            _text(draw, (left + 29, top + 29), label, 28, INK, anchor="mm")
    for left, label, colour in ((740, "START", "#2f9e5f"), (845, "STOP", RED)):
        _box(draw, (left, 430, left + 93, 490), radius=14, fill=colour)
        _text(draw, (left + 46, 460), label, 22, PAPER, anchor="mm")
    for left, colour in ((760, "#2f9e5f"), (830, AMBER), (900, "#c5ced6")):
        draw.ellipse(_scaled((left, 535, left + 26, 561)), fill=colour, outline=INK, width=2)


def _scaled(box: tuple[float, ...]) -> list[float]:
    return [value * OVERSAMPLING for value in box]


def _box(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    *,
    radius: int,
    fill: str,
    outline: str | None = None,
    width: int = 1,
    corners: tuple[bool, bool, bool, bool] = (True, True, True, True),
) -> None:
    left, top, right, bottom = _scaled(box)
    draw.rounded_rectangle(
        (left, top, right, bottom),
        radius=radius * OVERSAMPLING,
        fill=fill,
        outline=outline,
        width=width * OVERSAMPLING,
        corners=corners,
    )


def _text(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, fill: str, *, anchor: str = "lm") -> None:
    font = ImageFont.load_default(size * OVERSAMPLING)
    draw.text((at[0] * OVERSAMPLING, at[1] * OVERSAMPLING), text, font=font, fill=fill, anchor=anchor)


# --- a landscape -----------------------------------------------------------------------------------------------------


def make_landscape(rng: Generator) -> bytes:
    """A JPEG of 1280 x 800: hills in the evening, each paler than the one in front of it."""
    width, height, hills = 1280, 800, 7
    y, x = np.mgrid[0:height, 0:width] / height
    sky = _mixed(y**0.8 * 1.5, ("#2b3a67", "#e07a5f", "#f6d7a7"))
    glow = np.exp(-((x - 1.08) ** 2 + (y - 0.5) ** 2) / 0.03)[..., None]
    picture = sky + (np.array([255, 240, 205]) - sky) * np.clip(glow * 1.6, 0, 1)
    for hill in range(hills):
        nearness = (hill + 1) / hills
        edge = 0.52 + 0.07 * hill + _ridge(rng, width, rough=0.018 + 0.05 * nearness)
        colour = _mixed(np.full((1, 1), nearness), ("#d9a58b", "#6d5a7b", "#1d2440"))
        mist = np.clip(1 - (y - edge) * 5, 0, 1)[..., None] * (1 - nearness) * 0.5
        picture = np.where((y > edge)[..., None], colour + (np.array([246, 215, 167]) - colour) * mist, picture)
    grain = rng.normal(0, 2.0, (height, width, 1))
    return _saved(_image(picture + grain), "JPEG", quality=88)


def _ridge(rng: Generator, width: int, rough: float) -> Array:
    """The line of a hill, shape (width,): a sum of waves, each shorter and lower than the one before."""
    x = np.linspace(0, 1, width)
    waves = [rng.normal(0, 1) * 0.55**n * np.sin(2 * np.pi * (1.9**n * x + rng.random())) for n in range(9)]
    return np.asarray(rough * np.sum(waves, axis=0), dtype=np.float64)


def _mixed(share: Array, colours: tuple[str, ...]) -> Array:
    """From the first colour (0) through the others to the last (1): RGB in an array with one more axis."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours])
    at = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(share, at, stops[:, i]) for i in range(3)], axis=-1)


# --- a test chart ----------------------------------------------------------------------------------------------------


def make_test_chart(rng: Generator) -> bytes:
    """A WebP of 960 x 720 without loss: colour bars, grey steps, a zone plate and noise, to see what a screen does to them."""
    chart = np.full((720, 960, 3), 18.0)
    # White to black in falling brightness: green counts most, then red, then blue.
    bars = [[red, green, blue] for green in (191, 0) for red in (191, 0) for blue in (191, 0)]
    chart[:200] = np.repeat(bars, 120, axis=0)
    chart[200:280] = np.repeat(np.linspace(0, 255, 16), 60)[:, None]
    chart[280:320] = np.linspace(0, 255, 960)[:, None]
    y, x = np.mgrid[-180:180, -180:180]
    chart[340:700, 300:660] = (127.5 + 127.5 * np.cos(np.pi * (x**2 + y**2) / 360))[..., None]
    chart[340:700, 20:280] = rng.integers(0, 256, (45, 260 // 8 + 1, 1)).repeat(8, axis=0).repeat(8, axis=1)[:360, :260]
    chart[340:700, 680:940] = _mixed(np.hypot(*np.mgrid[-1:1:360j, -1:1:260j]), ("#ffffff", "#f2a93b", "#d64545", "#2b3a67"))
    image = _image(chart)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(22)
    for text, left in (("noise", 28), ("zone plate", 308), ("shades", 688)):
        draw.text((left, 694), text, font=font, fill="white", anchor="ls", stroke_width=3, stroke_fill="black")
    return _saved(image, "WEBP", lossless=True)


def _image(pixels: Array) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _saved(image: Image.Image, format_: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=format_, **options)
    return buffer.getvalue()


# --- a sound ---------------------------------------------------------------------------------------------------------


def make_chord(rng: Generator) -> bytes:
    """A WAV of 4 s, stereo, 16 bits, 44.1 kHz: a chord of D major, struck from the lowest string to the highest."""
    time = np.arange(SOUND_RATE_HZ * SOUND_SECONDS) / SOUND_RATE_HZ
    sides = np.zeros((len(time), 2))
    for string, hz in enumerate((146.83, 220.00, 293.66, 369.99, 440.00, 587.33)):
        place = 0.25 + 0.1 * string
        sides += _string(rng, time - 0.09 * string, hz)[:, None] * [1 - place, place]
    sides *= np.clip((SOUND_SECONDS - time) / 0.5, 0, 1)[:, None]  # no click at the end
    samples = np.rint(sides / np.abs(sides).max() * 0.7 * 32767).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE_HZ)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def _string(rng: Generator, time: Array, hz: float) -> Array:
    """A plucked string that sounds from time 0: overtones die away sooner than the tone itself."""
    tone = np.zeros_like(time)
    since = np.clip(time, 0, None)
    for n in range(1, 9):
        tone += np.sin(2 * np.pi * n * hz * since + rng.uniform(0, 0.3)) * np.exp(-since * (0.7 + 0.5 * n)) / n**1.3
    return np.asarray(tone * np.clip(time / 0.006, 0, 1), dtype=np.float64)


# --- a video ---------------------------------------------------------------------------------------------------------


def make_video(rng: Generator) -> bytes:
    """An MP4 of 4 s (H.264, 320 x 240, 15 frames a second) in which balls bounce; its index stands in front."""
    import av  # noqa: PLC0415  (its libraries take 60 MB, and only the video needs them)

    buffer = io.BytesIO()
    # Room for the index in front of the frames, so that a browser can begin before it has everything.
    with av.open(buffer, "w", format="mp4", options={"moov_size": "4096"}) as container:
        stream = container.add_stream("libx264", rate=VIDEO_RATE_HZ)
        stream.width, stream.height = VIDEO_SIZE
        stream.pix_fmt = "yuv420p"  # the only layout that every browser shows
        # How threads split the work would show in the bytes, and the macroblock tree rounds differently from run to run.
        stream.options = {"crf": "22", "threads": "1", "x264-params": "mbtree=0"}
        for pixels in _frames(rng):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def _frames(rng: Generator) -> list[Pixels]:
    """RGB, each of shape (240, 320, 3)."""
    width, height = VIDEO_SIZE
    colours = (TEAL, AMBER, RED, "#6c8cff", "#f4f6f8")
    starts, paces = rng.uniform(0, 2, (len(colours), 2)), rng.uniform(0.35, 0.9, (len(colours), 2))
    rows = np.linspace(0, 1, height * OVERSAMPLING)[:, None]
    sky = _image(_mixed(rows.repeat(width * OVERSAMPLING, axis=1), ("#16213e", "#3a5078")))
    frames = []
    for number in range(VIDEO_RATE_HZ * VIDEO_SECONDS):
        image = sky.copy()
        draw = ImageDraw.Draw(image)
        seconds = number / VIDEO_RATE_HZ
        for size, colour in enumerate(colours):
            radius = 14 + 5 * size
            # There and back between the walls, for ever: the distance to the nearest even number.
            x, y = np.abs((starts[size] + paces[size] * seconds + 1) % 2 - 1) * [width - 2 * radius, height - 2 * radius]
            draw.ellipse(_scaled((x, y, x + 2 * radius, y + 2 * radius)), fill=colour)
        _text(draw, (width - 10, height - 14), f"{seconds:04.1f} s", 14, PAPER, anchor="rm")
        frames.append(np.asarray(image.resize(VIDEO_SIZE, Image.Resampling.BOX)))
    return frames
