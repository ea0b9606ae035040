"""The JSON door to sessions. It translates; `sessions_app.operations` decides."""

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.api import params
from assets_app.api.conditions import is_unchanged, matched_version
from assets_app.api.idempotent import idempotent
from assets_app.errors import InvalidInput
from sessions_app.api import lists, shapes
from sessions_app.api.answers import saved_or_conflict, version_made
from sessions_app.api.bodies import session_text
from sessions_app.api.found import any_session, fields_of, live_session, needed_version, user_of
from sessions_app.api.parsers import GzipParser, JsonPatchParser, MergePatchParser, StrictJsonParser
from sessions_app.errors import VersionRequired
from sessions_app.operations.history import bytes_of, newest_bytes, read_version, version_as_of
from sessions_app.operations.leases import drop_lease, hold_lease
from sessions_app.operations.patches import json_patched, merge_patched
from sessions_app.operations.saves import check_version_number, save_session, save_version
from sessions_app.operations.trash import delete_session, undelete_session
from sessions_app.policies import MergePolicy

MERGE = OpenApiParameter("merge", enum=list(MergePolicy), description="What to do if somebody saved first.")
LEASE = OpenApiParameter("lease", enum=["respect"], description="`respect`: 423 while somebody else has the session open.")
IF_MATCH = OpenApiParameter("If-Match", location=OpenApiParameter.HEADER, description='The version that was read: `"5"`.')
ACTIONS = ("unlock", "refresh", "restore")


class SessionsView(APIView):
    """List sessions, and save them."""

    parser_classes = [StrictJsonParser, GzipParser]

    @extend_schema(operation_id="list_sessions", parameters=lists.PARAMETERS, responses={200: shapes.LIST})
    def get(self, request: Request) -> Response:
        return Response(lists.listed(request))

    @extend_schema(
        operation_id="save_session",
        parameters=[MERGE, LEASE, IF_MATCH, shapes.IDEMPOTENCY_KEY],
        request=shapes.DOCUMENT,
        responses={200: shapes.SAVED, 409: shapes.CONFLICTED},
    )
    @idempotent
    def post(self, request: Request) -> HttpResponseBase:
        value = fields_of(request)
        session_id = value.get("session_id")
        if not isinstance(session_id, str):
            raise InvalidInput("Send a 'session_id': a text that names the session.", pointer="/session_id")
        result = save_session(
            session_id=session_id,
            value=value,
            based_on=matched_version(request, _version=value.get("_version")),
            by=user_of(request),
            policy=_policy(request),
            respect_lease=params.choice(request, "lease", ["respect"]) == "respect",
        )
        return saved_or_conflict(result, request)


class TrashView(APIView):
    """Sessions that were deleted, and can still be taken back."""

    @extend_schema(operation_id="list_deleted_sessions", parameters=lists.PARAMETERS[:5], responses={200: shapes.LIST})
    def get(self, request: Request) -> Response:
        return Response(lists.listed_trash(request))


class SessionView(APIView):
    """Read, change and delete one session. Reading changes nothing."""

    parser_classes = [StrictJsonParser, GzipParser, MergePatchParser, JsonPatchParser]

    @extend_schema(
        operation_id="read_session",
        parameters=[
            OpenApiParameter("version", OpenApiTypes.INT, description="A past version instead of the newest."),
            OpenApiParameter("as_of", OpenApiTypes.DATETIME, description="The version that was the newest at that time."),
        ],
        responses={200: shapes.READ, 304: None},
    )
    def get(self, request: Request, session_id: str) -> HttpResponseBase:
        number = params.integer(request, "version", default=0, least=1, most=2**31 - 1)
        when = params.moment(request, "as_of")
        if number or when:
            return _read_past(request, session_id, number, when)
        session = live_session(request, session_id)
        etag = f'"{session.version}"'
        if is_unchanged(request, etag):
            return Response(status=304, headers={"ETag": etag})
        return _as_json(session_text(session, newest_bytes(session), request), etag)

    @extend_schema(
        operation_id="patch_session",
        parameters=[MERGE, IF_MATCH, shapes.IDEMPOTENCY_KEY],
        request={
            "application/merge-patch+json": OpenApiTypes.OBJECT,
            "application/json-patch+json": {"type": "array", "items": {"type": "object"}},
            "application/json": shapes.ACTION,
        },
        responses={200: shapes.PATCHED, 409: shapes.CONFLICTED},
    )
    @idempotent
    def patch(self, request: Request, session_id: str) -> HttpResponseBase:
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        if media_type == "application/json" and isinstance(request.data, dict) and "action" in request.data:
            return _act(request, session_id, request.data["action"])
        session = any_session(request, session_id)
        based_on = needed_version(request, session)
        check_version_number(based_on)
        patched = json_patched if media_type == "application/json-patch+json" else merge_patched
        value = patched(session=session, version=based_on, patch=request.data)
        result = save_version(session=session, value=value, based_on=based_on, by=user_of(request), policy=_policy(request))
        return saved_or_conflict(result, request, has_progress=True)

    @extend_schema(
        operation_id="delete_session",
        parameters=[IF_MATCH, OpenApiParameter("version", OpenApiTypes.INT, description="As If-Match.")],
        responses={200: shapes.DELETED},
    )
    def delete(self, request: Request, session_id: str) -> Response:
        session = any_session(request, session_id)
        sent = params.integer(request, "version", default=0, least=1, most=2**31 - 1)
        based_on = needed_version(request, session, version=sent or None)
        version = delete_session(session=session, based_on=based_on, by=user_of(request))
        return version_made(version, message=shapes.DELETED_MESSAGE)


def _read_past(request: Request, session_id: str, number: int, when: Any) -> HttpResponse:
    session = any_session(request, session_id)
    past = version_as_of(session=session, moment=when) if when else read_version(session=session, version=number)
    if number and past.version != number:
        raise InvalidInput("'version' and 'as_of' name different versions. Send one of the two.", field="as_of")
    etag = f'"{past.version}"'
    if is_unchanged(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    return _as_json(session_text(session, bytes_of(past, session.pk), request, past=past), etag)


def _as_json(body: bytes, etag: str) -> HttpResponse:
    return HttpResponse(body, content_type="application/json", headers={"ETag": etag})


def _policy(request: Request) -> MergePolicy | None:
    wanted = params.choice(request, "merge", list(MergePolicy))
    return MergePolicy(wanted) if wanted else None


def _act(request: Request, session_id: str, action: Any) -> Response:
    """The older system's actions: its lock is a lease here, and restoring takes a session out of the trash."""
    if action not in ACTIONS:
        raise InvalidInput(f"Invalid action. Actions are {', '.join(ACTIONS)}.", pointer="/action")
    user = user_of(request)
    if action == "restore":
        session = any_session(request, session_id)
        based_on = matched_version(request, _version=fields_of(request).get("_version"))
        if based_on is None and not session.is_deleted:
            raise VersionRequired.of(session.version)
        # The older clients send no version: they restore what they see in the trash.
        version = undelete_session(session=session, based_on=based_on if based_on is not None else session.version, by=user)
        return version_made(version)
    session = live_session(request, session_id)
    if action == "unlock":
        drop_lease(session=session, by=user)
    else:
        hold_lease(session=session, by=user)
    return Response({"success": True})
