"""The JSON door to visualizations."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.api import params
from assets_app.api.moments import moment
from sessions_app.ids import canonical_id
from sessions_app.models import Session
from visualizations_app.api.serializers import VisualizationSerializer, session_pictures
from visualizations_app.models import Visualization


class VisualizationsView(APIView):
    """Pictures by session, the newest session first; with `session`, those of one."""

    @extend_schema(
        operation_id="list_visualizations",
        parameters=[
            OpenApiParameter(
                "session", description="Only this session, in either spelling of its id. Unknown: `found` is false."
            ),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; default 100."),
            OpenApiParameter("offset", OpenApiTypes.INT),
        ],
        responses={200: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> Response:
        context = {"request": request}
        generated_at = moment(timezone.now())
        drawn = Session.objects.visible_to(request.user).live().filter(visualizations__isnull=False).distinct()
        wanted = params.text(request, "session")
        if wanted:
            session = drawn.filter(session_id=canonical_id(wanted)).first()
            body = session_pictures(session, _pictures([session])[session.pk], context) if session else None
            return Response({"session": body, "found": session is not None, "generatedAt": generated_at})
        limit = params.integer(request, "limit", default=100, least=1, most=1000)
        offset = params.integer(request, "offset", default=0, least=0, most=10_000_000)
        page = list(drawn.order_by("-session_id")[offset : offset + limit])
        pictures = _pictures(page)
        answer: dict[str, Any] = {
            "sessions": [session_pictures(session, pictures[session.pk], context) for session in page],
            "count": len(page),
            "total": drawn.count(),
            "totalFiles": sum(picture.image_id is not None for group in pictures.values() for picture in group),
            "generatedAt": generated_at,
        }
        return Response(answer)


def _pictures(sessions: list[Session]) -> dict[UUID, list[Visualization]]:
    groups: dict[UUID, list[Visualization]] = defaultdict(list)
    for picture in Visualization.objects.filter(session__in=sessions).select_related("job"):
        groups[picture.session_id].append(picture)
    return groups


class VisualizationView(APIView):
    """One picture: whether it is made, from what, and where it is."""

    @extend_schema(operation_id="read_visualization", responses={200: VisualizationSerializer})
    def get(self, request: Request, uuid: UUID) -> Response:
        found = Visualization.objects.visible_to(request.user).select_related(
            "session", "job", "image__blob", "recording__asset__blob"
        )
        visualization = found.filter(uuid=uuid).first()
        if visualization is None:
            raise Http404
        return Response(VisualizationSerializer(visualization, context={"request": request}).data)
