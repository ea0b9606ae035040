"""The JSON door to what belongs to a session: its files, who has it open, and who it is shared with."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.api.idempotent import idempotent
from assets_app.api.moments import moment
from assets_app.errors import InvalidInput, NotFound
from assets_app.models import Asset
from sessions_app.api import shapes
from sessions_app.api.bodies import file_body, lease_body
from sessions_app.api.found import any_session, fields_of, live_session, user_of
from sessions_app.api.parsers import GzipParser, StrictJsonParser
from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file
from sessions_app.operations.leases import drop_lease, hold_lease, leases_on
from sessions_app.operations.members import share_session, unshare_session

JSON = [StrictJsonParser, GzipParser]


class FilesView(APIView):
    """The files of a session; an asset is made one of them."""

    parser_classes = JSON

    @extend_schema(operation_id="list_files", responses={200: shapes.FILES})
    def get(self, request: Request, session_id: str) -> Response:
        session = any_session(request, session_id)
        files = session.files.select_related("asset__blob", "attached_by")
        bodies = [file_body(file, request) for file in files]
        return Response({"success": True, "files": bodies, "count": len(bodies)})

    @extend_schema(
        operation_id="attach_file",
        parameters=[shapes.IDEMPOTENCY_KEY],
        request=shapes.ATTACH,
        responses={200: shapes.FILE, 201: shapes.FILE},
    )
    @idempotent
    def post(self, request: Request, session_id: str) -> Response:
        session = live_session(request, session_id)
        asset = _asset(request)
        known = session.files.filter(asset=asset).select_related("asset__blob", "attached_by").first()
        file = known or attach_file(session=session, asset=asset, role=SessionFile.Role.ATTACHMENT, by=user_of(request))
        return Response({"success": True, "file": file_body(file, request)}, status=200 if known else 201)


class LeaseView(APIView):
    """Who has the session open. Said again before it runs out, it lasts on."""

    parser_classes = JSON

    @extend_schema(operation_id="read_lease", responses={200: shapes.LEASE})
    def get(self, request: Request, session_id: str) -> Response:
        return _presence(request, session_id)

    @extend_schema(operation_id="hold_lease", parameters=[shapes.IDEMPOTENCY_KEY], request=None, responses={200: shapes.LEASE})
    @idempotent
    def post(self, request: Request, session_id: str) -> Response:
        hold_lease(session=live_session(request, session_id), by=user_of(request))
        return _presence(request, session_id)

    @extend_schema(operation_id="drop_lease", responses={200: shapes.LEASE})
    def delete(self, request: Request, session_id: str) -> Response:
        drop_lease(session=any_session(request, session_id), by=user_of(request))
        return _presence(request, session_id)


class MembersView(APIView):
    """Who the session is shared with. They may read and save it."""

    parser_classes = JSON

    @extend_schema(operation_id="list_members", responses={200: shapes.MEMBERS})
    def get(self, request: Request, session_id: str) -> Response:
        return _members(request, session_id)

    @extend_schema(
        operation_id="share_session",
        parameters=[shapes.IDEMPOTENCY_KEY],
        request=shapes.SHARE,
        responses={200: shapes.MEMBERS},
    )
    @idempotent
    def post(self, request: Request, session_id: str) -> Response:
        name = fields_of(request).get("user")
        if not isinstance(name, str) or not name:
            raise InvalidInput("Send the 'user' to share it with, by name.", pointer="/user")
        share_session(session=any_session(request, session_id), with_user=name, by=user_of(request))
        return _members(request, session_id)


class MemberView(APIView):
    """One of those who the session is shared with."""

    @extend_schema(operation_id="unshare_session", responses={200: shapes.MEMBERS})
    def delete(self, request: Request, session_id: str, username: str) -> Response:
        session = any_session(request, session_id)
        if not unshare_session(session=session, with_user=username, by=user_of(request)):
            raise NotFound("The session is not shared with anybody of that name.")
        return _members(request, session_id)


def _asset(request: Request) -> Asset:
    sent = fields_of(request).get("asset")
    try:
        wanted = uuid.UUID(sent)
    except (ValueError, TypeError, AttributeError):
        raise InvalidInput("Send the 'asset' to attach, by its id.", pointer="/asset") from None
    asset = Asset.objects.visible_to(request.user).filter(pk=wanted).select_related("blob").first()
    if asset is None:
        raise NotFound("There is no asset of that id that you may see.", pointer="/asset")
    return asset


def _presence(request: Request, session_id: str) -> Response:
    """Everybody who is there, the first comer first."""
    session = any_session(request, session_id)
    leases = leases_on(session)
    user = user_of(request)
    body: dict[str, Any] = {
        "success": True,
        "version": session.version,
        "editors": [lease_body(lease) | {"isYou": lease.user_id == user.pk} for lease in leases],
        "others": [lease.user.get_username() for lease in leases if lease.user_id != user.pk],
    }
    return Response(body)


def _members(request: Request, session_id: str) -> Response:
    session = any_session(request, session_id)
    members = [
        {"user": member.user.get_username(), "addedBy": member.added_by, "addedAt": moment(member.added_at)}
        for member in session.members.select_related("user")
    ]
    return Response({"success": True, "owner": session.owner.get_username(), "members": members})
