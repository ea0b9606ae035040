"""What this floor does with news from below."""

from typing import Any

from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file, writable_session


def attach_stored_asset(*, asset: Any, session_id: str, by: Any, **_kwargs: Any) -> None:
    """An asset that was sent for a session is attached to it, or the sending is refused as a whole."""
    if session_id:
        attach_file(session=writable_session(session_id, by=by), asset=asset, role=SessionFile.Role.ATTACHMENT, by=by)
