"""JSON laid out for reading."""

import json
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

SHOWN_CHARACTERS = 20_000


def readable(value: Any) -> SafeString:
    """A JSON value, or of a very long one, the beginning."""
    pretty = json.dumps(value, indent=2, ensure_ascii=False)
    cut = "" if len(pretty) <= SHOWN_CHARACTERS else f"\n… {len(pretty) - SHOWN_CHARACTERS:,} more characters"
    return format_html('<pre class="holdfast-document">{}{}</pre>', pretty[:SHOWN_CHARACTERS], cut)
