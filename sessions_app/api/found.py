"""Finding what an address names, if the caller may see it. What they may not see is not there."""

import uuid
from typing import Any, cast

from django.contrib.auth.models import User
from django.http import Http404
from rest_framework.request import Request

from assets_app.api.conditions import matched_version
from sessions_app.errors import VersionRequired
from sessions_app.ids import canonical_id
from sessions_app.models import Conflict, Session
from sessions_app.operations.heads import find_session
from sessions_app.operations.locks import check_not_deleted


def user_of(request: Request) -> User:
    return cast(User, request.user)


def fields_of(request: Request) -> dict[str, Any]:
    """The body of a request whose parsers only let objects through."""
    return cast(dict[str, Any], request.data)


def any_session(request: Request, session_id: str) -> Session:
    """Also one in the trash."""
    session = find_session(canonical_id(session_id), by=user_of(request))
    if session is None:
        raise Http404
    return session


def live_session(request: Request, session_id: str) -> Session:
    return check_not_deleted(any_session(request, session_id))


def needed_version(request: Request, session: Session, **told: Any) -> int:
    """The version that a change is meant for.

    Raises:
        VersionRequired: the request does not say.
    """
    version = matched_version(request, **told)
    if version is None:
        raise VersionRequired.of(session.version)
    return version


def visible_conflict(request: Request, conflict_id: str) -> Conflict:
    try:
        wanted = uuid.UUID(conflict_id)
    except ValueError:
        raise Http404 from None
    conflict = Conflict.objects.visible_to(request.user).with_people().filter(uuid=wanted).first()
    if conflict is None:
        raise Http404
    return conflict
