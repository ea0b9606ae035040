"""The API: serializers, a view set, a router, two views for files; and the WSGI application that gunicorn loads."""

from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path

application = get_wsgi_application()

from rest_framework import serializers, viewsets  # noqa: E402  (these need Django to be set up)
from rest_framework.exceptions import APIException  # noqa: E402
from rest_framework.parsers import MultiPartParser  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.routers import DefaultRouter  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from benchmarks.naive.models import PlainActivity, PlainFile, PlainSession  # noqa: E402


class Conflict(APIException):
    status_code = 409
    default_detail = "Session was modified by another user."


class PlainSessionSerializer(serializers.ModelSerializer[PlainSession]):
    class Meta:
        model = PlainSession
        fields = ("session_id", "session_name", "document", "version", "updated_at")
        read_only_fields = ("version",)


class PlainListSerializer(serializers.ModelSerializer[PlainSession]):
    device_count = serializers.SerializerMethodField()

    class Meta:
        model = PlainSession
        fields = ("session_id", "session_name", "version", "updated_at", "device_count")

    def get_device_count(self, session: PlainSession) -> int:
        return len(session.document["devices"])


class PlainSessionViewSet(viewsets.ModelViewSet[PlainSession]):
    lookup_field = "session_id"

    def get_queryset(self) -> Any:
        return PlainSession.objects.filter(owner=self.request.user)

    def get_serializer_class(self) -> Any:
        return PlainListSerializer if self.action == "list" else PlainSessionSerializer

    def perform_create(self, serializer: Any) -> None:
        with transaction.atomic():
            self._log("created", serializer.save(owner=self.request.user))

    def perform_update(self, serializer: Any) -> None:
        sent: Any = self.request.data
        with transaction.atomic():
            current = PlainSession.objects.select_for_update().get(pk=serializer.instance.pk)
            if current.version != sent["version"]:
                raise Conflict
            self._log("updated", serializer.save(version=current.version + 1))

    def _log(self, action: str, session: PlainSession) -> None:
        PlainActivity.objects.create(session=session, user=self.request.user, action=action, version=session.version)


class PlainFilesView(APIView):
    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        sent: Any = request.FILES["file"]
        file = PlainFile.objects.create(owner=request.user, name=sent.name, content_type=sent.content_type, data=sent.read())
        return Response({"id": file.pk, "size": len(file.data)}, status=201)


class PlainFileView(APIView):
    def get(self, request: Request, file_id: int) -> HttpResponse:
        file = get_object_or_404(PlainFile, pk=file_id, owner=request.user)
        return HttpResponse(bytes(file.data), content_type=file.content_type, headers={"Content-Length": str(len(file.data))})


router = DefaultRouter()
router.register("sessions", PlainSessionViewSet, basename="session")
urlpatterns = [
    *router.urls,
    path("files/", PlainFilesView.as_view()),
    path("files/<int:file_id>/", PlainFileView.as_view()),
]
