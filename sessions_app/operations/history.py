"""Reading the past: any version's exact bytes."""

import json
import uuid
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

from django.db import connection

from assets_app.errors import NotFound
from sessions_app.models import Session, SessionVersion
from sessions_app.models.history import PackedDocument
from sessions_app.packing import unpack

T = TypeVar("T")
Key = tuple[uuid.UUID, int]
NO_SUCH_VERSION = "The session has no such version. List its versions to see which there are."


class VersionCache(Generic[T]):
    """What was made of some versions lately. Committed versions never change, so nothing in here goes stale."""

    def __init__(self, *, most_bytes: int, largest: int) -> None:
        self._most_bytes, self._largest = most_bytes, largest
        self._items: OrderedDict[Key, tuple[T, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Key) -> T | None:
        with self._lock:
            if key not in self._items:
                return None
            self._items.move_to_end(key)
            return self._items[key][0]

    def put(self, key: Key, item: T, size_bytes: int) -> T:
        if size_bytes > self._largest or connection.in_atomic_block:  # what is read in a transaction may yet be rolled back
            return item
        with self._lock:
            if key not in self._items:
                self._items[key] = (item, size_bytes)
                self._bytes += size_bytes
                while self._bytes > self._most_bytes:
                    self._bytes -= self._items.popitem(last=False)[1][1]
        return item


_keyframes: VersionCache[bytes] = VersionCache(most_bytes=16 << 20, largest=1 << 20)
# Parsed, a document takes about ten times the memory of its text.
_parsed: VersionCache[Any] = VersionCache(most_bytes=2 << 20, largest=1 << 19)


def read_keyframe(session_pk: uuid.UUID, version: int) -> bytes:
    """The bytes of a version that is kept whole."""
    known = _keyframes.get((session_pk, version))
    if known is not None:
        return known
    packed = SessionVersion.objects.filter(session=session_pk, version=version).values_list("packed", flat=True).get()
    data = unpack(packed)
    return _keyframes.put((session_pk, version), data, len(data))


def bytes_of(kept: PackedDocument, session_pk: uuid.UUID) -> bytes:
    """The exact bytes of a version or of a conflict's document."""
    keyframe = None if kept.keyframe is None else read_keyframe(session_pk, kept.keyframe)
    return unpack(kept.packed, keyframe=keyframe)


def read_version(*, session: Session, version: int) -> SessionVersion:
    """One version's row.

    Raises:
        NotFound: there is none of that number.
    """
    found = SessionVersion.objects.filter(session=session, version=version).select_related("saved_by").first()
    if found is None:
        raise NotFound(NO_SUCH_VERSION, currentVersion=session.version)
    return found


def version_as_of(*, session: Session, moment: datetime) -> SessionVersion:
    """The version that was the newest at that time.

    Raises:
        NotFound: the session did not exist yet.
    """
    earlier = SessionVersion.objects.filter(session=session, saved_at__lte=moment).order_by("-version")
    found = earlier.select_related("saved_by").first()
    if found is None:
        raise NotFound("The session did not exist yet at that time.", createdAt=session.created_at.isoformat())
    return found


def newest_bytes(session: Session) -> bytes:
    """The newest version's bytes, by the numbers that `session` holds."""
    if session.version == session.keyframe:
        return read_keyframe(session.pk, session.keyframe)
    packed = SessionVersion.objects.filter(session=session.pk, version=session.version).values_list("packed", flat=True).get()
    return unpack(packed, keyframe=read_keyframe(session.pk, session.keyframe))


def newest_value(session: Session) -> dict[str, Any]:
    """The newest version's document. Shared with other readers: copy before you change it."""
    return _value((session.pk, session.version), lambda: newest_bytes(session))


def value_at(session: Session, number: int) -> dict[str, Any]:
    """An earlier version's document. Shared with other readers: copy before you change it."""
    known: dict[str, Any] | None = _parsed.get((session.pk, number))
    return known if known is not None else value_of(read_version(session=session, version=number))


def value_of(version: SessionVersion) -> dict[str, Any]:
    """A version's document. Shared with other readers: copy before you change it."""
    return _value((version.session_id, version.version), lambda: bytes_of(version, version.session_id))


def _value(key: Key, data: Callable[[], bytes]) -> dict[str, Any]:
    known: dict[str, Any] | None = _parsed.get(key)
    if known is not None:
        return known
    read = data()
    value: dict[str, Any] = json.loads(read)
    _parsed.put(key, value, len(read))
    return value
