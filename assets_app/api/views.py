"""The JSON door to assets. It translates; `assets_app.operations` decides."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.api import params, shapes
from assets_app.api.asset_origin import redirect_to_asset_origin
from assets_app.api.bodies import asset_body, asset_etag
from assets_app.api.conditions import is_unchanged
from assets_app.api.delivery import Deliverable, deliver, of_asset
from assets_app.api.found import fields_of, served_asset, user_of, visible_asset
from assets_app.api.idempotent import idempotent
from assets_app.api.lists import PARAMETERS, listed
from assets_app.api.parsers import SmallGzipParser, SmallObjectParser
from assets_app.api.serializers import UploadAssetSerializer
from assets_app.errors import HoldfastError, InUse, InvalidInput, NotAllowed, NotFound, PreconditionFailed
from assets_app.models import ApiToken, Asset
from assets_app.multipart import FormParser
from assets_app.operations.assets import delete_asset, delete_assets, edit_asset, restore_asset
from assets_app.operations.intake import keep_asset, receive_file
from assets_app.operations.quotas import limits_of, use_of
from assets_app.uploads import ReceivedFile, bytes_of

JSON = [SmallObjectParser, SmallGzipParser]
MOST_AT_ONCE = 500
CODES: dict[type[HoldfastError], str] = {NotFound: "NOT_FOUND", NotAllowed: "FORBIDDEN", InUse: "IN_USE"}
TAGS_EXPECTED = 'Invalid tags format. Must be valid JSON array, e.g., \'["brand", "logo"]\''


class UploadAssetView(APIView):
    """Send one file; it becomes an asset."""

    parser_classes = [FormParser]

    @contextmanager
    def prepare(self, request: Request) -> Iterator[None]:
        """Before the transaction of an `Idempotency-Key` begins: reading the file takes its time."""
        self.form = _read_upload_form(request)
        self.tags = _read_tags(self.form["tags"])
        file: ReceivedFile = self.form["file"]
        with receive_file(
            bytes_of(file), name=file.sent_name, by=user_of(request), type=self.form["type"], sha256=_digest(request, self.form)
        ) as self.received:
            yield

    @extend_schema(
        operation_id="upload_asset",
        parameters=[
            shapes.IDEMPOTENCY_KEY,
            OpenApiParameter("Content-Digest", str, OpenApiParameter.HEADER, description="Of the file: `sha-256=:BASE64:`."),
        ],
        request={"multipart/form-data": UploadAssetSerializer},
        responses={201: shapes.ASSET_READ},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asset = keep_asset(
            self.received,
            by=user_of(request),
            name=self.form["name"],
            tags=self.tags,
            client_id=self.form["clientId"],
            campaign_id=self.form["campaignId"],
            session_id=self.form["sessionId"],
        )
        body = asset_body(asset, request)
        return Response(body, status=201, headers={"Location": body["url"], "ETag": asset_etag(asset)})


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
    return _check_tags(tags)


def _check_tags(tags: Any) -> list[str]:
    if not isinstance(tags, list):
        raise InvalidInput('Tags must be a JSON array of strings, e.g., \'["brand", "logo"]\'', field="tags")
    if not all(isinstance(tag, str) for tag in tags):
        raise InvalidInput("All tags must be strings", field="tags")
    return tags


def _digest(request: Request, form: dict[str, Any]) -> str:
    """The file's sha256 as its sender gave it, in the form or by RFC 9530. "" if neither.

    Raises:
        InvalidInput: malformed, or two different ones.
    """
    sent: str = form["sha256"].lower()
    # Of a form, the header may only mean the file: forms differ in their boundaries each time.
    header = request.headers.get("Content-Digest", "")
    found = re.findall(r"(?:^|[\s,])sha-256=:([A-Za-z0-9+/]{43}=):", header, re.IGNORECASE)
    if header and len(found) != max(1, header.lower().count("sha-256")):
        raise InvalidInput("Content-Digest must hold `sha-256=:BASE64:` with the 32 bytes of the digest.", field="Content-Digest")
    told = {base64.b64decode(text).hex() for text in found} | ({sent} if sent else set())
    if len(told) > 1:
        raise InvalidInput("'sha256' and Content-Digest name different digests. Send one.", field="sha256")
    return told.pop() if told else ""


class AssetsView(APIView):
    """Assets that the caller may see, newest first."""

    @extend_schema(operation_id="list_assets", parameters=PARAMETERS, responses={200: shapes.ASSETS})
    def get(self, request: Request) -> Response:
        return listed(request)


class ClientAssetsView(APIView):
    """Those of one client."""

    @extend_schema(operation_id="list_client_assets", parameters=PARAMETERS[1:], responses={200: shapes.ASSETS})
    def get(self, request: Request, client_id: str) -> Response:
        return listed(request, clientId=client_id)


class CampaignAssetsView(APIView):
    """Those of one campaign."""

    @extend_schema(operation_id="list_campaign_assets", parameters=PARAMETERS[2:], responses={200: shapes.ASSETS})
    def get(self, request: Request, campaign_id: str) -> Response:
        return listed(request, campaignId=campaign_id)


class AssetView(APIView):
    """What is known of one asset, its name and tags, and its end."""

    parser_classes = JSON

    @extend_schema(operation_id="read_asset", responses={200: shapes.ASSET_READ})
    def get(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        asset = visible_asset(request, asset_id, also_trash=True)
        etag = asset_etag(asset)
        if is_unchanged(request, etag):
            return HttpResponse(status=304, headers={"ETag": etag})
        return _answer(asset, request)

    @extend_schema(operation_id="edit_asset", request=shapes.ASSET_EDIT, responses={200: shapes.ASSET_READ})
    @idempotent
    def patch(self, request: Request, asset_id: UUID) -> Response:
        fields = fields_of(request, "name", "tags")
        asset = visible_asset(request, asset_id)
        with _told_the_newest(request, asset_id):
            edit_asset(
                asset=asset,
                by=user_of(request),
                name=_text(fields, "name"),
                tags=_check_tags(fields["tags"]) if "tags" in fields else None,
                based_on=_revision(request),
            )
        return _answer(visible_asset(request, asset_id), request)

    @extend_schema(operation_id="delete_asset", request=None, responses={200: shapes.DONE})
    def delete(self, request: Request, asset_id: UUID) -> Response:
        with _told_the_newest(request, asset_id):
            delete_asset(asset=visible_asset(request, asset_id), by=user_of(request), based_on=_revision(request))
        return Response({"success": True, "message": f"Asset {asset_id} deleted successfully"})


class RestoreAssetView(APIView):
    """Back from the trash."""

    parser_classes = JSON

    @extend_schema(
        operation_id="restore_asset", parameters=[shapes.IDEMPOTENCY_KEY], request=None, responses={200: shapes.ASSET_READ}
    )
    @idempotent
    def post(self, request: Request, asset_id: UUID) -> Response:
        restore_asset(asset=visible_asset(request, asset_id, also_trash=True), by=user_of(request))
        return _answer(visible_asset(request, asset_id), request)


class BulkDeleteView(APIView):
    """Delete many at once. Each by itself: those that cannot go do not keep the others."""

    parser_classes = JSON

    @extend_schema(
        operation_id="delete_assets", parameters=[shapes.IDEMPOTENCY_KEY], request=shapes.BULK, responses={200: shapes.BULK_DONE}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        results = delete_assets(ids=_ids(fields_of(request, "ids")), by=user_of(request))
        told = []
        for result in results:
            refusal: HoldfastError | None = result.pop("error", None)
            line = result | {"id": str(result["id"])}
            told.append(line if refusal is None else line | {"error": CODES[type(refusal)], "message": refusal.message})
        return Response({"success": True, "deleted": sum(result["deleted"] for result in told), "results": told})


class ThumbnailView(APIView):
    """A smaller picture of an image or video, or the waveform of a sound, as WebP."""

    @extend_schema(
        operation_id="read_asset_thumbnail",
        parameters=[OpenApiParameter("w", OpenApiTypes.INT, description="Pixels; the next larger of the widths that are made.")],
        responses={(200, "image/webp"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        wanted = params.integer(request, "w", default=320, least=1, most=100_000)
        asset = visible_asset(request, asset_id)
        made = sorted(asset.thumbnails.select_related("blob"), key=attrgetter("width"))
        if not made:
            raise NotFound("There is no smaller picture of this asset: none can be made of its kind, or it is not made yet.")
        chosen = next((thumbnail for thumbnail in made if thumbnail.width >= wanted), made[-1])
        picture = Deliverable(chosen.blob, "image/webp", f"{asset.name}.webp", inline=True, is_final=False)
        return deliver(request, picture)

    def head(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        return self.get(request, asset_id)


class UsageView(APIView):
    """How much the caller keeps here, and may."""

    @extend_schema(operation_id="read_usage", responses={200: shapes.USE})
    def get(self, request: Request) -> Response:
        use = use_of(user_of(request))
        max_bytes, max_files = limits_of(use)
        return Response({"bytes": use.bytes, "files": use.files, "maxBytes": max_bytes, "maxFiles": max_files})


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
    def get(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        asset = served_asset(request, asset_id)
        if settings.HOLDFAST_ASSET_ORIGIN and request.method == "GET" and not isinstance(request.auth, ApiToken):
            return redirect_to_asset_origin(asset)
        return deliver(request, of_asset(asset))

    def head(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        return self.get(request, asset_id)


def _answer(asset: Asset, request: Request) -> Response:
    return Response(asset_body(asset, request), headers={"ETag": asset_etag(asset)})


@contextmanager
def _told_the_newest(request: Request, asset_id: UUID) -> Iterator[None]:
    """Who comes too late is told the entity tag that would be right now."""
    try:
        yield
    except PreconditionFailed as refusal:
        refusal.facts["currentETag"] = asset_etag(visible_asset(request, asset_id))
        raise


def _text(fields: dict[str, Any], name: str) -> str | None:
    if name in fields and not isinstance(fields[name], str):
        raise InvalidInput(f"'{name}' must be text.", pointer=f"/{name}", field=name)
    return fields.get(name)


def _revision(request: Request) -> int | None:
    """The revision that a change is meant for, from the entity tag in `If-Match`."""
    sent = request.headers.get("If-Match", "")
    if sent in ("", "*"):
        return None
    found = re.fullmatch(r'"([0-9]{1,9})(-[0-9!t-]{1,20})?"', sent.strip())
    if found is None:
        raise InvalidInput("If-Match must be the entity tag of the asset as you read it.", field="If-Match")
    return int(found[1])


def _ids(fields: dict[str, Any]) -> list[UUID]:
    sent = fields.get("ids")
    if not isinstance(sent, list) or not 1 <= len(sent) <= MOST_AT_ONCE:
        raise InvalidInput(f"'ids' must be a list of 1 to {MOST_AT_ONCE} ids of assets.", pointer="/ids", field="ids")
    try:
        return list(dict.fromkeys(UUID(text) for text in sent))
    except (ValueError, TypeError, AttributeError):
        raise InvalidInput("An id in 'ids' is none of an asset.", pointer="/ids", field="ids") from None
