"""The JSON door to sessions. It translates; `sessions_app.operations` decides."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.api import params
from assets_app.api.conditions import is_unchanged
from assets_app.errors import InvalidInput
from sessions_app.api.parsers import StrictJsonParser
from sessions_app.api.serializers import SessionItemSerializer, session_body
from sessions_app.errors import VersionConflict
from sessions_app.ids import canonical_id
from sessions_app.models import Session, SessionQuerySet
from sessions_app.operations.saves import Refused, save_session

MOMENT = serializers.DateTimeField().to_representation

LIST_ANSWER = inline_serializer(
    "SessionList",
    {
        "success": serializers.BooleanField(),
        "sessions": SessionItemSerializer(many=True),
        "total": serializers.IntegerField(),
        "count": serializers.IntegerField(),
        "next": serializers.URLField(allow_null=True),
        "generatedAt": serializers.DateTimeField(),
    },
)
SAVE_ANSWER = inline_serializer(
    "SessionSaved",
    {
        "success": serializers.BooleanField(),
        "sessionId": serializers.CharField(),
        "version": serializers.IntegerField(),
        "lastSaved": serializers.DateTimeField(),
    },
)
READ_ANSWER = inline_serializer(
    "SessionRead",
    {
        "success": serializers.BooleanField(),
        "kind": serializers.CharField(),
        "status": serializers.CharField(),
        "session": serializers.DictField(help_text="Every field of the document, and `_version`."),
    },
)
LIST_PARAMETERS = [
    OpenApiParameter("user", OpenApiTypes.BOOL, description="`true` (default): yours. `false`: everybody's; staff only."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; default 100."),
    OpenApiParameter("offset", OpenApiTypes.INT),
    OpenApiParameter("search", description="Part of the id, name or file name."),
    OpenApiParameter("kind", enum=Session.Kind.values),
    OpenApiParameter("status", enum=Session.Status.values),
]


class SessionsView(APIView):
    """List sessions, and save them."""

    parser_classes = [StrictJsonParser]

    @extend_schema(operation_id="list_sessions", parameters=LIST_PARAMETERS, responses={200: LIST_ANSWER})
    def get(self, request: Request) -> Response:
        sessions = _listed(request)
        limit = params.integer(request, "limit", default=100, least=1, most=1000)
        offset = params.integer(request, "offset", default=0, least=0, most=10_000_000)
        total = sessions.count()
        page = sessions.select_related("owner").prefetch_related("recordings__asset__blob")[offset : offset + limit]
        items = SessionItemSerializer(page, many=True, context={"request": request}).data
        return Response(
            {
                "success": True,
                "sessions": items,
                "total": total,
                "count": len(items),
                "next": _next_link(request, offset + limit) if offset + limit < total else None,
                "generatedAt": MOMENT(timezone.now()),
            }
        )

    @extend_schema(operation_id="save_session", request=OpenApiTypes.OBJECT, responses={200: SAVE_ANSWER})
    def post(self, request: Request) -> Response:
        value = cast(dict[str, Any], request.data)
        session_id = value.get("session_id")
        if not isinstance(session_id, str):
            raise InvalidInput("Send a 'session_id': a text that names the session.", pointer="/session_id")
        based_on = value.get("_version")
        if based_on is not None and type(based_on) is not int:
            raise InvalidInput("'_version' must be a whole number.", pointer="/_version")
        result = save_session(session_id=session_id, value=value, based_on=based_on, by=cast(User, request.user))
        if isinstance(result, Refused):  # it is stored by now; raising rolls nothing back
            raise _conflict(result)
        return Response(
            {
                "success": True,
                "sessionId": result.session.session_id,
                "version": result.version,
                "lastSaved": MOMENT(result.saved_at),
            },
            headers={"ETag": f'"{result.version}"'},
        )


class SessionView(APIView):
    """Read one session. Reading changes nothing."""

    @extend_schema(operation_id="read_session", responses={200: READ_ANSWER})
    def get(self, request: Request, session_id: str) -> Response:
        visible = Session.objects.visible_to(request.user).select_related("owner")
        session = visible.filter(session_id=canonical_id(session_id)).first()
        if session is None:
            raise Http404
        etag = f'"{session.version}"'
        if is_unchanged(request, etag):
            return Response(status=304, headers={"ETag": etag})
        body = session_body(session, {"request": request})
        answer = {"success": True, "kind": session.kind, "status": session.status, "session": body}
        return Response(answer, headers={"ETag": etag})


def _listed(request: Request) -> SessionQuerySet:
    """The sessions that the parameters ask for and the caller may see."""
    user = cast(User, request.user)
    everybody = params.choice(request, "user", ["true", "false"], default="true") == "false"
    if everybody and not user.is_staff:
        raise PermissionDenied
    sessions = Session.objects.summaries()
    sessions = sessions.visible_to(user) if everybody else sessions.filter(owner=user)
    if kind := params.choice(request, "kind", Session.Kind.values):
        sessions = sessions.filter(kind=kind)
    if status := params.choice(request, "status", Session.Status.values):
        sessions = sessions.filter(status=status)
    if words := params.text(request, "search"):
        sessions = sessions.filter(
            Q(session_id__icontains=words) | Q(session_name__icontains=words) | Q(filename__icontains=words)
        )
    return sessions


def _next_link(request: Request, offset: int) -> str:
    query = request.query_params.copy()
    query["offset"] = str(offset)
    return request.build_absolute_uri(f"?{query.urlencode()}")


def _conflict(result: Refused) -> VersionConflict:
    happened = "Session was modified by another user."
    if result.attempted_version > result.current_version:
        happened = "The session has no such version yet."
    return VersionConflict(
        f"{happened} What you sent is kept as a conflict; read the session again, put your changes into it, and save that.",
        currentVersion=result.current_version,
        attemptedVersion=result.attempted_version,
        conflict={"id": str(result.conflict.uuid)},
    )
