"""The JSON door to who may see an asset: shares, links, publishing."""

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from assets_app.api import shapes
from assets_app.api.bodies import asset_body, asset_etag, link_body, share_body
from assets_app.api.found import fields_of, user_of, visible_asset
from assets_app.api.idempotent import idempotent
from assets_app.api.parsers import SmallGzipParser, SmallObjectParser
from assets_app.errors import InvalidInput, NotFound
from assets_app.models import Asset
from assets_app.operations.assets import check_may_change
from assets_app.operations.sharing import (
    create_link,
    publish_asset,
    revoke_link,
    secret_of,
    share_asset,
    unpublish_asset,
    unshare_asset,
)

DAYS = 7
JSON = [SmallObjectParser, SmallGzipParser]


class SharesView(APIView):
    """Who an asset is shared with. Only its owner and staff can see and change that."""

    parser_classes = JSON

    @extend_schema(operation_id="list_asset_shares", responses={200: shapes.SHARES})
    def get(self, request: Request, asset_id: UUID) -> Response:
        asset = _own_asset(request, asset_id)
        shares = [share_body(share) for share in asset.shares.select_related("user", "shared_by")]
        return Response({"success": True, "shares": shares, "count": len(shares)})

    @extend_schema(
        operation_id="share_asset", parameters=[shapes.IDEMPOTENCY_KEY], request=shapes.SHARE_WITH, responses={200: shapes.SHARED}
    )
    @idempotent
    def post(self, request: Request, asset_id: UUID) -> Response:
        user = fields_of(request, "user").get("user")
        if not isinstance(user, str):
            raise InvalidInput("Name the 'user' whom you want to let see it.", pointer="/user", field="user")
        share = share_asset(asset=visible_asset(request, asset_id), with_user=user, by=user_of(request))
        return Response({"success": True, "share": share_body(share)})


class ShareView(APIView):
    """One of them."""

    @extend_schema(operation_id="unshare_asset", request=None, responses={200: shapes.DONE})
    def delete(self, request: Request, asset_id: UUID, username: str) -> Response:
        if not unshare_asset(asset=visible_asset(request, asset_id), with_user=username, by=user_of(request)):
            raise NotFound("It is not shared with that user.")
        return Response({"success": True, "message": "They see it no more."})


class LinksView(APIView):
    """Links by which anybody may see an asset for a while."""

    parser_classes = JSON

    @extend_schema(operation_id="list_asset_links", responses={200: shapes.LINKS})
    def get(self, request: Request, asset_id: UUID) -> Response:
        asset = _own_asset(request, asset_id)
        links = [link_body(link) for link in asset.links.select_related("created_by", "asset")]
        return Response({"success": True, "links": links, "count": len(links)})

    @extend_schema(
        operation_id="make_asset_link",
        parameters=[shapes.IDEMPOTENCY_KEY],
        request=shapes.NEW_LINK,
        responses={201: shapes.LINK_MADE},
    )
    @idempotent
    def post(self, request: Request, asset_id: UUID) -> Response:
        fields = fields_of(request, "days", "maxUses")
        days = _number(fields, "days", (int, float))
        link, _secret = create_link(
            asset=visible_asset(request, asset_id),
            by=user_of(request),
            days=DAYS if days is None else days,
            max_uses=_number(fields, "maxUses", (int,)),
        )
        return Response({"success": True, "link": link_body(link)}, status=201)

    def complete(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """The address is told with the answer, but not kept with it for whoever sends the same key again."""
        secret = secret_of(UUID(body["link"]["id"]))
        return body | {"link": body["link"] | {"url": reverse("shared", args=[secret], request=request)}}


class LinkView(APIView):
    """One of them."""

    @extend_schema(operation_id="revoke_asset_link", request=None, responses={200: shapes.DONE})
    def delete(self, request: Request, asset_id: UUID, link_id: UUID) -> Response:
        link = visible_asset(request, asset_id).links.select_related("asset").filter(uuid=link_id).first()
        if link is None:
            raise Http404
        revoke_link(link=link, by=user_of(request))
        return Response({"success": True, "message": "The link leads nowhere any more."})


class PublishView(APIView):
    """Whether anybody may read the bytes, at the address of their digest."""

    parser_classes = JSON

    @extend_schema(
        operation_id="publish_asset", parameters=[shapes.IDEMPOTENCY_KEY], request=None, responses={200: shapes.ASSET_READ}
    )
    @idempotent
    def post(self, request: Request, asset_id: UUID) -> Response:
        publish_asset(asset=visible_asset(request, asset_id), by=user_of(request))
        return _answer(request, asset_id)

    @extend_schema(operation_id="unpublish_asset", request=None, responses={200: shapes.ASSET_READ})
    def delete(self, request: Request, asset_id: UUID) -> Response:
        unpublish_asset(asset=visible_asset(request, asset_id), by=user_of(request))
        return _answer(request, asset_id)


def _answer(request: Request, asset_id: UUID) -> Response:
    asset = visible_asset(request, asset_id)
    return Response(asset_body(asset, request), headers={"ETag": asset_etag(asset)})


def _own_asset(request: Request, asset_id: UUID) -> Asset:
    asset = visible_asset(request, asset_id)
    check_may_change(asset, by=user_of(request))
    return asset


def _number(fields: dict[str, Any], name: str, types: tuple[type, ...]) -> Any:
    value = fields.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, types)):
        raise InvalidInput(f"'{name}' must be a number.", pointer=f"/{name}", field=name)
    return value
