"""What is known of a file, in words."""

from collections.abc import Callable
from typing import Any

from assets_app import parsing
from assets_app.models import Asset
from assets_app.names import shown

LONG_WORDS = 200
CHANNELS = {1: "1 (mono)", 2: "2 (stereo)"}


def duration(seconds: float) -> str:
    """`1:02:03`, `2:05`, `12 s`, `0.4 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def counted(number: int, one: str) -> str:
    """`1 page`, `1,000 rows`."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def short_facts(asset: Asset) -> str:
    """For a list: `1280 × 720, 12 s`."""
    if asset.facts_error:
        return "cannot be read"
    if is_waiting(asset):
        return "not read yet"
    facts = asset.facts
    parts = []
    if _are_numbers(facts, "width", "height"):
        parts.append(f"{facts['width']} × {facts['height']}")
    if _are_numbers(facts, "duration"):
        parts.append(duration(facts["duration"]))
    if _are_numbers(facts, "pageCount"):
        parts.append(counted(facts["pageCount"], "page"))
    if _are_numbers(facts, "rows"):
        parts.append(counted(facts["rows"], "row"))
    return ", ".join(parts)


def is_waiting(asset: Asset) -> bool:
    return parsing.has_facts(asset.format) and not asset.facts_version and not asset.facts_error


def facts_state(asset: Asset) -> str:
    if asset.facts_error:
        return f"They could not be read: {shown(asset.facts_error, LONG_WORDS * 2)}"
    if not parsing.has_facts(asset.format):
        return "Nothing is read of files of this kind."
    return "A worker will read them." if is_waiting(asset) else f"Read by reader {asset.facts_version}."


def facts_in_words(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """All of them, each as a title and a value; what is not known here is shown as it is."""
    rest = dict(facts)
    told = []
    if _are_numbers(facts, "width", "height"):
        told.append(("Size of the picture", f"{rest.pop('width')} × {rest.pop('height')} pixels"))
    if rest.get("audioCodec") == rest.get("codec"):  # of a file that holds nothing but sound
        rest.pop("audioCodec", None)
    for key, value in rest.items():
        title, words = TITLES.get(key, (key, _plain))
        try:
            told.append((title, words(value)))
        except (TypeError, ValueError):  # of another type than this reader of facts gives it
            told.append((title, _plain(value)))
    return told


def _are_numbers(facts: dict[str, Any], *keys: str) -> bool:
    return all(isinstance(facts.get(key), int | float) for key in keys)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(shown(str(item)) for item in value)
    return shown(str(value), LONG_WORDS)


def _grouped(value: float) -> str:
    return f"{value:,}"


def _with_unit(unit: str) -> Callable[[Any], str]:
    return lambda value: f"{value:,g} {unit}"


def _bit_rate(value: float) -> str:
    return f"{value / 1_000_000:,.1f} Mbit/s" if value >= 1_000_000 else f"{value / 1000:,.0f} kbit/s"


def _delimiter(value: str) -> str:
    return {"\t": "tabulator", ",": "comma", ";": "semicolon", "|": "bar"}.get(value) or _plain(value)


TITLES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "hasAlpha": ("Transparent", _plain),
    "frames": ("Frames", _grouped),
    "takenAt": ("Taken", lambda value: _plain(value).replace("T", " ")),
    "cameraMake": ("Maker of the camera", _plain),
    "cameraModel": ("Camera", _plain),
    "duration": ("Duration", duration),
    "bitRate": ("Bit rate", _bit_rate),
    "frameRate": ("Frame rate", _with_unit("frames/s")),
    "codec": ("Codec", _plain),
    "audioCodec": ("Codec of the sound", _plain),
    "sampleRate": ("Sample rate", _with_unit("Hz")),
    "channels": ("Channels", lambda value: CHANNELS.get(value) or _grouped(value)),
    "pageCount": ("Pages", _grouped),
    "encrypted": ("Encrypted", _plain),
    "rows": ("Rows", _grouped),
    "columnCount": ("Columns", _grouped),
    "columns": ("Names of columns", _plain),
    "delimiter": ("Between cells", _delimiter),
    "topLevel": ("On top", _plain),
}
