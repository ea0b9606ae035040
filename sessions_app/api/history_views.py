"""The JSON door to a session's past: versions, what changed between them, the way back, and the log."""

import json
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.api import params
from assets_app.api.conditions import is_unchanged, matched_version
from assets_app.api.idempotent import idempotent
from assets_app.errors import InvalidInput
from sessions_app.api import shapes
from sessions_app.api.answers import version_made
from sessions_app.api.bodies import activity_body, version_body
from sessions_app.api.found import any_session, fields_of, live_session, user_of
from sessions_app.api.parsers import GzipParser, StrictJsonParser
from sessions_app.documents import LARGEST_INTEGER
from sessions_app.merge import MISSING, Change, diff
from sessions_app.models import SessionActivity
from sessions_app.operations.history import bytes_of, read_version, value_of
from sessions_app.operations.trash import restore_version
from sessions_app.policies import identity_keys

PAGING = [
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; default 100."),
    OpenApiParameter("before", OpenApiTypes.INT, description="Only those with a lower number. `next` has it."),
]


class VersionsView(APIView):
    """Every version of a session, the newest first."""

    @extend_schema(operation_id="list_versions", parameters=PAGING, responses={200: shapes.VERSIONS})
    def get(self, request: Request, session_id: str) -> Response:
        session = any_session(request, session_id)
        versions = session.versions.select_related("saved_by", "conflict").defer("packed", "conflict__packed")
        return _page(request, versions, "version", "versions", version_body, total=session.version)


class VersionView(APIView):
    """One version: its document as it was saved, byte for byte, beside what is known of it."""

    @extend_schema(operation_id="read_version", responses={200: shapes.VERSION, 304: None})
    def get(self, request: Request, session_id: str, number: str) -> Response:
        session = any_session(request, session_id)
        version = read_version(session=session, version=_number(number, "version"))
        etag = f'"{version.version}"'
        if is_unchanged(request, etag):
            return Response(status=304, headers={"ETag": etag})
        text = bytes_of(version, session.pk).decode()
        body = {"success": True, **version_body(version), "document": json.loads(text), "text": text}
        return Response(body, headers={"ETag": etag})


class DiffView(APIView):
    """What changed between two versions, path by path. Rows are matched by who they are, not by where they stand."""

    @extend_schema(
        operation_id="diff_versions",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.INT, required=True),
            OpenApiParameter("to", OpenApiTypes.INT, description="Default: the newest."),
        ],
        responses={200: shapes.DIFF},
    )
    def get(self, request: Request, session_id: str) -> Response:
        session = any_session(request, session_id)
        before = params.integer(request, "from", default=0, least=1, most=LARGEST_INTEGER)
        after = params.integer(request, "to", default=session.version, least=1, most=LARGEST_INTEGER)
        if not before:
            raise InvalidInput("Say from which version: ?from=3&to=5.", field="from")
        documents = [value_of(read_version(session=session, version=number)) for number in (before, after)]
        changes = [_change(change) for change in diff(*documents, keys=identity_keys())]
        return Response({"success": True, "from": before, "to": after, "changes": changes, "count": len(changes)})


class RestoreView(APIView):
    """Make an old version's content the newest version. Nothing between is lost."""

    parser_classes = [StrictJsonParser, GzipParser]

    @extend_schema(
        operation_id="restore_version",
        parameters=[shapes.IDEMPOTENCY_KEY],
        request=shapes.RESTORE,
        responses={200: shapes.SAVED},
    )
    @idempotent
    def post(self, request: Request, session_id: str) -> Response:
        session = live_session(request, session_id)
        number = fields_of(request).get("version")
        if type(number) is not int or not 1 <= number <= LARGEST_INTEGER:
            raise InvalidInput("Send the 'version' to restore: a whole number.", pointer="/version")
        based_on = matched_version(request, _version=fields_of(request).get("_version"))
        # No version can be lost by this, so it need not be said which one was looked at.
        based_on = session.version if based_on is None else based_on
        version = restore_version(session=session, version=number, based_on=based_on, by=user_of(request))
        return version_made(version, restoredFrom=number)


class ActivityView(APIView):
    """What happened to a session, the newest first. Each entry's hash covers it and all before it."""

    @extend_schema(operation_id="list_activity", parameters=PAGING, responses={200: shapes.ACTIVITY})
    def get(self, request: Request, session_id: str) -> Response:
        session = any_session(request, session_id)
        entries = SessionActivity.objects.filter(session_uuid=session.pk)
        return _page(request, entries, "seq", "activity", activity_body, total=session.activity_seq)


def _page(request: Request, rows: Any, number: str, name: str, body: Any, *, total: int) -> Response:
    limit = params.integer(request, "limit", default=100, least=1, most=1000)
    before = params.integer(request, "before", default=LARGEST_INTEGER, least=1, most=LARGEST_INTEGER)
    found = list(rows.filter(**{f"{number}__lt": before}).order_by(f"-{number}")[: limit + 1])
    page = found[:limit]
    url = None
    if len(found) > limit:
        url = request.build_absolute_uri(f"{request.path}?limit={limit}&before={getattr(page[-1], number)}")
    return Response({"success": True, name: [body(row) for row in page], "count": len(page), "total": total, "next": url})


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise InvalidInput(f"'{name}' must be a whole number.", field=name)
    return int(text)


def _change(change: Change) -> dict[str, Any]:
    """A value that is not there on one side is left out."""
    sides = {"before": change.before, "after": change.after}
    return {"path": change.path} | {side: value for side, value in sides.items() if value is not MISSING}
