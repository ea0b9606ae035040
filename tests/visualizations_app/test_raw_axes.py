"""The picture of the raw axes. A line across a gap, or a spike left out, is a lie."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from PIL import Image

from assets_app.sandboxed import Refused
from sessions_app.readers.captures import AXES, find_gaps
from tests.make import capture, capture_bytes
from visualizations_app.recipes import raw_axes


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(raw_axes.main(io.BytesIO(data), ["x.json"])), formats=("PNG",))


def has_colour(image: Image.Image, colour: str) -> bool:
    wanted = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    return bool((pixels == wanted).all(axis=1).any())


def test_the_picture_shows_all_three_axes() -> None:
    image = picture(capture_bytes())
    assert image.size == (1280, 1080)
    for colour in raw_axes.COLOURS.values():
        assert has_colour(image, colour)


def test_the_same_file_gives_the_same_bytes() -> None:
    data = capture_bytes(samples=200)
    assert raw_axes.main(io.BytesIO(data), ["x.json"]) == raw_axes.main(io.BytesIO(data), ["x.json"])


@pytest.mark.parametrize("samples", [1, 2, 5])
def test_few_samples_can_be_drawn(samples: int) -> None:
    picture(capture_bytes(samples=samples))


def test_channels_without_any_value_can_be_drawn() -> None:
    document = capture(samples=3)
    for sample in document["samples"]:
        sample["gx"] = None
    document["samples"][0]["mx"] = None
    picture(json.dumps(document).encode())


def test_hostile_titles_are_text() -> None:
    picture(capture_bytes(timestamp="$\\frac{$ $x^{$", metadata={"device": "$\\bad$"}))


def test_long_and_broken_words_cannot_cover_the_plot() -> None:
    picture(capture_bytes(timestamp="line\n" * 1000, metadata={"device": "x\n\u202e" * 100_000}))


def test_very_many_gaps_can_be_drawn() -> None:
    picture(capture_bytes(samples=30_000, dt=[0.01, 0.01, 1.0] * 10_000))


def test_the_time_axis_covers_the_recording_whatever_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []
    monkeypatch.setattr(Axes, "set_xlim", lambda _axes, *limit, **_options: limits.append(limit))
    document = capture(samples=400, dt=[0.04] * 400)
    for index, sample in enumerate(document["samples"]):
        sample.update(dict.fromkeys(AXES))
        sample["ax"] = 5 if index == 3 else None
    picture(json.dumps(document).encode())
    low, high = next(limit for limit in limits if len(limit) == 2)
    assert low < 0 < 399 * 0.04 < high


def test_what_is_no_capture_is_refused() -> None:
    with pytest.raises(Refused):
        picture(b'{"a": 1}')


def test_no_line_crosses_a_gap() -> None:
    time = np.concatenate([np.arange(100) * 0.04, 10 + np.arange(100) * 0.04])
    drawn_time, drawn = raw_axes.reduced(time, np.ones(200), find_gaps(time))
    assert np.isnan(drawn[(drawn_time >= 3.96) & (drawn_time < 10)]).any()
    assert np.count_nonzero(np.isfinite(drawn)) == 200


def test_a_lone_sample_between_gaps_is_seen() -> None:
    time = np.concatenate([np.arange(50) * 0.04, [5.0], 8 + np.arange(50) * 0.04])
    drawn_time, drawn = raw_axes.reduced(time, np.ones(101), find_gaps(time))
    assert drawn_time[raw_axes.lone(drawn)].tolist() == [5.0]


def test_missing_values_break_the_line() -> None:
    values = np.ones(10)
    values[4] = np.nan
    _time, drawn = raw_axes.reduced(np.arange(10.0), values, [])
    assert np.isfinite(drawn).tolist() == [True] * 4 + [False] + [True] * 5


@given(st.integers(6_000, 60_000), st.data())
def test_every_spike_is_drawn(count: int, data: st.DataObject) -> None:
    values = np.zeros(count)
    spikes = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=20, unique=True))
    values[spikes] = np.arange(1, len(spikes) + 1)
    # Two spikes in one pixel are one: only the higher can be seen.
    time, drawn = raw_axes.reduced(np.arange(count) / 26, values, [])
    assert len(drawn) <= raw_axes.POINTS + 4
    assert np.nanmax(drawn) == len(spikes)
    width = count / raw_axes.POINTS * 2
    for spike in spikes:
        near = drawn[np.abs(time * 26 - spike) <= width]
        assert np.nanmax(near) >= values[spike]
