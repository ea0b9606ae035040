"""The nine raw axes of a capture over time: acceleration, angular rate and magnetic field, with units.

Gaps are shown as gaps. A long recording is drawn from the minima and maxima of each pixel's samples, so that no spike is lost.
"""

import io
from typing import BinaryIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

from assets_app.names import shown
from sessions_app.readers.captures import Capture, Channel, Column
from sessions_app.readers.files import read_capture_file

WIDTH_PX, HEIGHT_PX, DPI = 1280, 1080, 100
# Four points a pixel column: the least that shows a column's first, lowest, highest and last sample.
POINTS = 4 * WIDTH_PX
FEW_SAMPLES = 150
# Told apart by people with any colour vision, and in grey (Okabe and Ito).
COLOURS = {"x": "#0072B2", "y": "#D55E00", "z": "#009E73"}
INK, FAINT, GAP = "#1f2933", "#d9dee4", "#f3d9a4"
QUANTITIES = ("acceleration", "angular rate", "magnetic field")
SOURCES = {
    "device_clock": "times by the device's clock",
    "dt": "times by the device's dt",
    "declared_rate": "times by the declared rate: gaps cannot be seen",
}

ASSUMED = "times by an assumed rate: gaps cannot be seen"


def main(file: BinaryIO, args: list[str]) -> bytes:
    """`args`: the file's name. Answers with a PNG, the same bytes for the same file."""
    return draw(read_capture_file(file.read()), name=args[0])


def draw(capture: Capture, *, name: str) -> bytes:
    """A PNG of 1280 x 1080 pixels."""
    figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    panels = [quantity for quantity in QUANTITIES if any(c.quantity == quantity for c in capture.channels)]
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for panel, quantity in zip(axes, panels, strict=True):
        _draw_panel(panel, capture, [c for c in capture.channels if c.quantity == quantity])
    # All of the recording, also where a channel has no values.
    margin = 0.01 * capture.duration_s or 0.5 / capture.rate_hz
    axes[-1].set_xlim(-margin, capture.duration_s + margin)
    axes[-1].set_xlabel("seconds since the first sample", fontsize=13, color=INK)
    _draw_title(figure, capture, name)
    figure.subplots_adjust(left=0.085, right=0.985, top=0.885, bottom=0.065, hspace=0.16)
    buffer = io.BytesIO()
    # Without the library's name and version in it, the picture's bytes depend on nothing but the data.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _draw_title(figure: Figure, capture: Capture, name: str) -> None:
    samples = len(capture.time)
    gaps = len(capture.gaps)
    firmware = f"firmware {capture.firmware}" if capture.firmware else ""
    device = " ".join(filter(None, [str(capture.metadata.get("device") or ""), firmware]))
    facts = [
        f"{samples:,} sample{'' if samples == 1 else 's'}",
        f"{capture.duration_s:.2f} s" if capture.duration_s < 1e6 else f"{capture.duration_s:.4g} s",
        shown(device, 40),
        SOURCES[capture.time_source] if capture.rate_is_declared or capture.time_source != "declared_rate" else ASSUMED,
        f"{gaps} gap{'' if gaps == 1 else 's'}" if gaps else "",
    ]
    title = shown(capture.timestamp or name, 60)
    figure.text(0.085, 0.968, _plain(title), fontsize=19, color=INK, weight="bold", va="center")
    figure.text(0.085, 0.935, _plain("  ·  ".join(filter(None, facts))), fontsize=13, color=INK, va="center")


def _plain(text: str) -> str:
    """matplotlib would read what stands between dollar signs as a formula."""
    return text.replace("$", r"\$")


def _draw_panel(panel: Axes, capture: Capture, channels: list[Channel]) -> None:
    bars = [(start, end - start) for start, end in visible_gaps(capture.gaps, capture.duration_s / WIDTH_PX)]
    panel.broken_barh(bars, (0, 1), transform=panel.get_xaxis_transform(), color=GAP, linewidth=0, alpha=0.55, zorder=0)
    for channel in channels:
        time, values = reduced(capture.time, channel.values, capture.gaps)
        colour = COLOURS[channel.name[-1]]
        panel.plot(time, values, color=colour, label=channel.name, linewidth=1.1)
        dots = slice(None) if len(capture.time) < FEW_SAMPLES else lone(values)
        panel.plot(time[dots], values[dots], color=colour, linestyle="none", marker="o", markersize=4)
    panel.set_ylabel(f"{channels[0].quantity} ({channels[0].unit})", fontsize=13, color=INK)
    panel.grid(visible=True, color=FAINT, linewidth=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=12, colors=INK)
    panel.margins(y=0.08)
    panel.spines[["top", "right"]].set_visible(False)
    # Above the panel: inside, it would hide samples.
    panel.legend(loc="lower right", bbox_to_anchor=(1.0, 0.985), ncols=3, fontsize=12, frameon=False, handlelength=1.4)


def reduced(time: Column, values: Column, gaps: list[tuple[float, float]]) -> tuple[Column, Column]:
    """At most about `POINTS` points with every extreme kept, and NaN wherever a gap or a missing value lies between two."""
    present = np.flatnonzero(np.isfinite(values))
    kept = present[_extremes(values[present])]
    missing_before = np.cumsum(~np.isfinite(values))[kept]
    gaps_before = np.searchsorted([end for _start, end in gaps], time[kept], side="right")
    breaks = np.flatnonzero(np.diff(missing_before) | np.diff(gaps_before)) + 1
    return np.insert(time[kept], breaks, time[kept][breaks - 1]), np.insert(values[kept], breaks, np.nan)


def lone(values: Column) -> NDArray[np.bool_]:
    """Which values stand alone between two breaks: a line would not show them."""
    padded = np.concatenate(([False], np.isfinite(values), [False]))
    return padded[1:-1] & ~padded[:-2] & ~padded[2:]


def _extremes(values: Column) -> NDArray[np.intp]:
    """Indices of the samples to draw: all of them if they are few, else each bucket's lowest and highest."""
    if len(values) <= POINTS:
        return np.arange(len(values))
    inner = MinMaxDownsampler().downsample(np.ascontiguousarray(values), n_out=POINTS)  # type: ignore[no-untyped-call]  # half typed
    return np.unique(np.concatenate(([0], inner, [len(values) - 1]))).astype(np.intp)


def visible_gaps(gaps: list[tuple[float, float]], pixel: float) -> list[tuple[float, float]]:
    """Gaps as they can be seen: those with less than a pixel (s) between them are one."""
    seen: list[tuple[float, float]] = []
    for start, end in gaps:
        if seen and start - seen[-1][1] < pixel:
            seen[-1] = (seen[-1][0], end)
        else:
            seen.append((start, end))
    return seen
