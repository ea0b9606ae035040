"""What is known of a file, in the words of lists for staff."""

from assets_app.models import Asset
from assets_app.names import shown
from assets_app.words import badge, facts_state

LONG_WORDS = 400


def short_facts(asset: Asset) -> str:
    """For a list: `1280 × 720, 2:05`."""
    state = facts_state(asset)
    if state in ("unreadable", "waiting"):
        return "cannot be read" if state == "unreadable" else "not read yet"
    width, height = asset.facts.get("width"), asset.facts.get("height")
    picture = f"{width} × {height}" if isinstance(width, int) and isinstance(height, int) else ""
    return ", ".join(filter(None, (picture, badge(asset))))


def state_in_words(asset: Asset) -> str:
    return {
        "unreadable": f"They could not be read: {shown(asset.facts_error, LONG_WORDS)}",
        "none": "Nothing is read of files of this kind.",
        "waiting": "A worker will read them.",
        "read": f"Read by reader {asset.facts_version}.",
    }[facts_state(asset)]
