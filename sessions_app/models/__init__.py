"""Rows of the first floor, by noun."""

from sessions_app.models.files import Recording, SessionFile
from sessions_app.models.history import Conflict, SessionActivity, SessionVersion
from sessions_app.models.sessions import (
    Lease,
    PurgedSession,
    Session,
    SessionCount,
    SessionDevice,
    SessionMember,
    SessionQuerySet,
)

__all__ = [
    "Conflict",
    "Lease",
    "PurgedSession",
    "Recording",
    "Session",
    "SessionActivity",
    "SessionCount",
    "SessionDevice",
    "SessionFile",
    "SessionMember",
    "SessionQuerySet",
    "SessionVersion",
]
