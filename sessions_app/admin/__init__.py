"""The staff door to sessions, to their conflicts and to what happened to them. Importing it registers the windows."""

from sessions_app.admin import activity, conflicts, sessions

__all__ = ["activity", "conflicts", "sessions"]
