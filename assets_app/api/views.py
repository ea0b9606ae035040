"""The JSON door to assets. It translates; `assets_app.operations` decides."""

import json
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.http import Http404
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.api.asset_origin import redirect_to_asset_origin
from assets_app.api.delivery import deliver, of_asset
from assets_app.api.idempotent import idempotent
from assets_app.api.serializers import AssetSerializer, UploadAssetSerializer
from assets_app.errors import InvalidInput
from assets_app.models import ApiToken, Asset
from assets_app.multipart import FormParser
from assets_app.operations.intake import store_asset
from assets_app.uploads import ReceivedFile, bytes_of

TAGS_EXPECTED = 'Invalid tags format. Must be valid JSON array, e.g., \'["brand", "logo"]\''


class UploadAssetView(APIView):
    """Send one file; it becomes an asset."""

    parser_classes = [FormParser]

    @extend_schema(
        operation_id="upload_asset",
        request={"multipart/form-data": UploadAssetSerializer},
        responses={201: AssetSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        form = _read_upload_form(request)
        file: ReceivedFile = form["file"]
        asset = store_asset(
            bytes_of(file),
            name=file.sent_name,
            by=cast(User, request.user),
            type=form["type"],
            sha256=form["sha256"],
            tags=_read_tags(form["tags"]),
            client_id=form["clientId"],
            campaign_id=form["campaignId"],
            session_id=form["sessionId"],
            shown_as=form["name"],
        )
        answer = AssetSerializer(asset, context={"request": request}).data
        return Response(answer, status=201, headers={"Location": answer["url"]})


def _read_upload_form(request: Request) -> dict[str, Any]:
    files = request.FILES.getlist("file")
    if len(files) != 1 or not isinstance(files[0], ReceivedFile):
        raise InvalidInput(f"Send one file in the field 'file'; {len(files)} came.", field="file")
    serializer = UploadAssetSerializer(data={**request.POST.dict(), "file": files[0]})
    if not serializer.is_valid():
        field, problems = next(iter(serializer.errors.items()))
        raise InvalidInput(f"{field}: {problems[0]}", field=field)
    return cast(dict[str, Any], serializer.validated_data)


def _read_tags(text: str) -> list[str]:
    """Tags come as the text of a JSON array."""
    if not text:
        return []
    try:
        tags = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(TAGS_EXPECTED, field="tags") from None
    if not isinstance(tags, list):
        raise InvalidInput('Tags must be a JSON array of strings, e.g., \'["brand", "logo"]\'', field="tags")
    if not all(isinstance(tag, str) for tag in tags):
        raise InvalidInput("All tags must be strings", field="tags")
    return tags


class AssetView(APIView):
    """What is known of one asset."""

    @extend_schema(operation_id="read_asset", responses={200: AssetSerializer})
    def get(self, request: Request, asset_id: str) -> Response:
        return Response(AssetSerializer(_visible(request, asset_id), context={"request": request}).data)


class AssetDataView(APIView):
    """The exact bytes of one asset, or parts of them."""

    @extend_schema(
        operation_id="read_asset_data",
        parameters=[
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="`bytes=0-1023`, `bytes=-500`, or several."),
            OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="The entity tag of the parts already there."),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            302: OpenApiResponse(description="The bytes are at another address, which works for a short time."),
            304: OpenApiResponse(description="Unchanged: the entity tag is the one that was sent."),
        },
    )
    def get(self, request: Request, asset_id: str) -> HttpResponseBase:
        asset = _visible(request, asset_id)
        if settings.HOLDFAST_ASSET_ORIGIN and request.method == "GET" and not isinstance(request.auth, ApiToken):
            return redirect_to_asset_origin(asset)
        return deliver(request, of_asset(asset))

    def head(self, request: Request, asset_id: str) -> HttpResponseBase:
        return self.get(request, asset_id)


def _visible(request: Request, asset_id: str) -> Asset:
    asset = Asset.objects.visible_to(request.user).select_related("blob").filter(pk=asset_id).first()
    if asset is None:
        raise Http404
    return asset
