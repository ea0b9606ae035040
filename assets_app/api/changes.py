"""The feed of changes, for programs that keep up with the hub."""

from typing import cast

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.api import params
from assets_app.api.moments import moment
from assets_app.operations.changes import changes_since

CHANGE = inline_serializer(
    "Change",
    {
        "kind": serializers.CharField(help_text="`session`, `conflict`, `asset`, `visualization`."),
        "id": serializers.UUIDField(),
        "key": serializers.CharField(help_text="What its own address names it by."),
        "action": serializers.CharField(),
        "version": serializers.IntegerField(allow_null=True),
        "at": serializers.DateTimeField(),
    },
    many=True,
)
ANSWER = inline_serializer(
    "Changes",
    {
        "success": serializers.BooleanField(),
        "changes": CHANGE,
        "count": serializers.IntegerField(),
        "cursor": serializers.CharField(help_text="Send it as `since` next time."),
        "hasMore": serializers.BooleanField(),
        "generatedAt": serializers.DateTimeField(),
    },
)


class ChangesView(APIView):
    """What changed, in order, of all that the caller may see. Ask again with the cursor, and nothing is missed."""

    @extend_schema(
        operation_id="list_changes",
        parameters=[
            OpenApiParameter("since", description="The cursor of the last answer; left out: from the beginning."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; default 100."),
        ],
        responses={200: ANSWER},
    )
    def get(self, request: Request) -> Response:
        limit = params.integer(request, "limit", default=100, least=1, most=1000)
        page = changes_since(cursor=params.text(request, "since"), limit=limit, by=cast(User, request.user))
        changes = [
            {
                "kind": change.kind,
                "id": str(change.ref),
                "key": change.key,
                "action": change.action,
                "version": change.version,
                "at": moment(change.at),
            }
            for change in page.changes
        ]
        body = {"success": True, "changes": changes, "count": len(changes), "cursor": page.cursor, "hasMore": page.has_more}
        return Response(body | {"generatedAt": moment(timezone.now())})
