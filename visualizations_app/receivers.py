"""What this floor does with news from below."""

from typing import Any

from visualizations_app.operations import request_picture


def request_pictures(*, recording: Any, **_kwargs: Any) -> None:
    """Every recording gets its pictures."""
    request_picture(recording=recording, kind="raw_axes")
