"""What this floor does with news from below."""

from typing import Any

from visualizations_app.operations import forget_picture, request_picture


def request_pictures(*, recording: Any, **_kwargs: Any) -> None:
    """Every recording gets its pictures."""
    request_picture(recording=recording, kind="raw_axes")


def forget_pictures(*, session: Any, **_kwargs: Any) -> None:
    """A session that is deleted for good takes its pictures with it."""
    for visualization in session.visualizations.all():
        forget_picture(visualization=visualization)
