"""Facts of assets as people say them."""

from collections.abc import Callable
from typing import Any

from django.template.defaultfilters import filesizeformat

from assets_app import parsing
from assets_app.models import Asset

CODECS = {
    "h264": "H.264",
    "hevc": "H.265 (HEVC)",
    "vp8": "VP8",
    "vp9": "VP9",
    "av1": "AV1",
    "aac": "AAC",
    "mp3": "MP3",
    "opus": "Opus",
    "vorbis": "Vorbis",
    "flac": "FLAC",
    "pcm_u8": "PCM, 8 bit",
    "pcm_s16le": "PCM, 16 bit",
    "pcm_s24le": "PCM, 24 bit",
}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
CHANNELS = {1: "mono", 2: "stereo"}
FAILURES = {"took longer": "Reading it took too long.", "needed more": "Reading it needed too much memory."}
SHOWN_COLUMNS = 12


def size_in_words(size_bytes: int) -> str:
    """1.4 MB (1,468,006 bytes)"""
    if size_bytes < 1024:
        return f"{size_bytes} byte{'' if size_bytes == 1 else 's'}"
    return f"{filesizeformat(size_bytes)} ({size_bytes:,} bytes)"


def clock(seconds: float) -> str:
    """0:07, 2:03, 1:02:03"""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def badge(asset: Asset) -> str:
    """What is worth knowing of an asset at a glance: how long it lasts, how many pages or rows it has; "" if nothing."""
    facts = asset.facts
    if _is_number(facts.get("duration")):
        return clock(facts["duration"])
    for fact, unit in (("pageCount", "page"), ("rows", "row")):
        if _is_number(facts.get(fact)):
            return counted(facts[fact], unit)
    return ""


def facts_in_words(asset: Asset) -> list[tuple[str, str]]:
    """Labels and values of what the bytes say, in the order in which people ask for them."""
    told = dict(asset.facts)
    if asset.type == "audio" and told.get("audioCodec") == told.get("codec"):
        told.pop("audioCodec", None)
    lines = [("Picture", _picture(told.pop("width", None), told.pop("height", None)))]
    for name, label, tell in LINES:
        if name in told:
            value = told.pop(name)
            lines.append((label, tell(value)))
    lines += [(_label(name), _plain(value)) for name, value in told.items()]
    return [(label, words) for label, words in lines if words]


def facts_state(asset: Asset) -> str:
    """`read`, `unreadable`, `waiting` or `none`: of such files nothing is read."""
    if not parsing.has_facts(asset.format):
        return "none"
    if asset.facts_error:
        return "unreadable"
    return "read" if asset.facts_version else "waiting"


def why_unreadable(asset: Asset) -> str:
    """Why there are no facts. What a reader said as it died is for staff."""
    told = asset.facts_error
    if told.endswith("."):
        return told
    return next((words for beginning, words in FAILURES.items() if told.startswith(beginning)), "Its reader failed.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:SHOWN_COLUMNS]))
        return f"{shown} and {len(value) - SHOWN_COLUMNS} more" if len(value) > SHOWN_COLUMNS else shown
    return f"{value:,}" if isinstance(value, int) else str(value)


def _number(tell: Callable[[Any], str]) -> Callable[[Any], str]:
    """What comes out of a file may be anything; what is no number is told as it is."""
    return lambda value: tell(value) if _is_number(value) else _plain(value)


def counted(count: float, unit: str) -> str:
    """`1 page`, `1,000 rows`."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def _picture(width: Any, height: Any) -> str:
    return f"{width} × {height} pixels" if _is_number(width) and _is_number(height) else ""


def _duration(seconds: float) -> str:
    return clock(seconds) if round(seconds) >= 60 else f"{seconds:.3g} s"


def _per_second(bits: float) -> str:
    return f"{bits / 1_000_000:.1f} Mbit/s" if bits >= 1_000_000 else f"{bits / 1000:.0f} kbit/s"


def _codec(name: Any) -> str:
    return CODECS.get(str(name), str(name))


def _label(name: str) -> str:
    """`takenAt`: Taken at"""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).capitalize()


LINES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("duration", "Duration", _number(_duration)),
    ("frameRate", "Frame rate", _number(lambda rate: f"{rate:g} frame{'' if rate == 1 else 's'}/s")),
    ("codec", "Codec", _codec),
    ("audioCodec", "Sound codec", _codec),
    ("channels", "Channels", _number(lambda count: CHANNELS.get(count, f"{count:g} channels"))),
    ("sampleRate", "Sample rate", _number(lambda rate: f"{rate / 1000:g} kHz")),
    ("bitRate", "Bit rate", _number(_per_second)),
    ("pageCount", "Pages", _plain),
    ("rows", "Rows", _plain),
    ("columnCount", "Columns", _plain),
    ("columns", "Columns are", _plain),
    ("delimiter", "Separated by", lambda sign: DELIMITERS.get(str(sign), str(sign))),
    ("topLevel", "The JSON is", _plain),
    ("encrypted", "Encrypted", lambda is_so: "yes" if is_so is True else ""),
    ("hasAlpha", "Transparent", lambda is_so: "yes" if is_so is True else ""),
    ("frames", "Frames", _number(lambda count: f"{count:,}" if count > 1 else "")),
    ("takenAt", "Taken", lambda moment: str(moment).replace("T", " ")),
)
