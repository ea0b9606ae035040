"""Answers to what changes a session."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from assets_app.api.moments import moment
from sessions_app.errors import VersionConflict
from sessions_app.models import SessionVersion
from sessions_app.operations.saves import Refused, Saved
from sessions_app.policies import MergePolicy


def saved_or_conflict(result: Saved | Refused, request: Request, *, has_progress: bool = False) -> Response:
    """200, if `has_progress` with what is checked by now; or the 409.

    That is raised now that what was refused is stored: raising rolls nothing back any more.
    """
    if isinstance(result, Refused):
        raise _conflict(result, request)
    body: dict[str, Any] = {
        "success": True,
        "sessionId": result.session.session_id,
        "version": result.version,
        "lastSaved": moment(result.saved_at),
    }
    if result.is_merged:
        body["merged"] = True
    if has_progress and result.session.device_count:
        body["progress"] = {"completed": result.session.completed_device_count, "total": result.session.device_count}
    # An answer that is given again is the same, byte for byte; that the session has moved on since stands beside it.
    headers = {"ETag": f'"{result.version}"', "X-Current-Version": str(result.session.version)}
    return Response(body, headers=headers)


def version_made(version: SessionVersion, **more: Any) -> Response:
    """200, for a version that was made otherwise than by saving."""
    body = {
        "success": True,
        "sessionId": version.session.session_id,
        "version": version.version,
        "lastSaved": moment(version.saved_at),
    }
    return Response(body | more, headers={"ETag": f'"{version.version}"'})


def _conflict(result: Refused, request: Request) -> VersionConflict:
    current, attempted = result.session.version, result.attempted_version
    happened = "Session was modified by another user."
    if attempted > current:
        happened = "The session has no such version yet."
    elif result.session.is_deleted:
        happened = f"{result.session.deleted_by} moved the session to the trash. Restore it to go on."
    facts: dict[str, Any] = {
        "currentVersion": current,
        "attemptedVersion": attempted,
        "conflict": {
            "id": str(result.conflict.uuid),
            "url": reverse("api-conflict", args=[result.conflict.uuid], request=request),
            "severity": result.conflict.severity,
        },
        "changes": result.dispute.changes(),
    }
    if result.policy is MergePolicy.SUGGEST and result.dispute.is_soft:
        facts["suggestion"] = result.dispute.merged
    if result.session.deleted_at is not None:
        facts["deletedAt"] = moment(result.session.deleted_at)
    return VersionConflict(
        f"{happened} What you sent is kept as a conflict. Resolve it, or read the session again and put your changes into that.",
        **facts,
    )
