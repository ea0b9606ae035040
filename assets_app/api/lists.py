"""Lists of assets: filters by allow-list, newest first, pages by offset as the older server had them, and by cursor."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from assets_app import kinds
from assets_app.api import params
from assets_app.api.bodies import asset_body, described
from assets_app.api.cursors import Orders, cursor_after, link_to, rows_behind
from assets_app.api.found import user_of
from assets_app.models import Asset, AssetQuerySet
from assets_app.operations.search import Wanted, find_assets

ORDERS: Orders = {"uploaded_at": params.as_utc, "deleted_at": params.as_utc}
PARAMETERS = [
    OpenApiParameter("clientId"),
    OpenApiParameter("campaignId"),
    OpenApiParameter("type", enum=kinds.TYPES),
    OpenApiParameter("asset_type", enum=kinds.TYPES, description="The older name of `type`."),
    OpenApiParameter("format"),
    OpenApiParameter("tag", description="Assets that have this tag. Said several times: all of them.", many=True),
    OpenApiParameter("sessionId", description="Files of this session."),
    OpenApiParameter("search", description="Part of the name, or the beginning of the sha256."),
    OpenApiParameter("owner", enum=["me"], description="`me`: only what is the caller's own."),
    OpenApiParameter("deleted", OpenApiTypes.BOOL, description="`true`: the caller's trash instead."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100; default 50."),
    OpenApiParameter("offset", OpenApiTypes.INT, description="For jumping; the `next` of `Link` is quicker for going on."),
    OpenApiParameter("cursor", description="From the `next` of `Link`."),
]


def listed(request: Request, **fixed: str) -> Response:
    """One page of what the parameters ask for.

    Args:
        fixed: what the address says already, by the name of its parameter.
    """
    is_trash = params.choice(request, "deleted", ["true", "false"], default="false") == "true"
    found = find_assets(_wanted(request, fixed), is_trash=is_trash, by=user_of(request))
    return _page(found, request, "-deleted_at" if is_trash else "-uploaded_at")


def _wanted(request: Request, fixed: dict[str, str]) -> Wanted:
    types = list(kinds.TYPES)
    return Wanted(
        client_id=fixed.get("clientId") or params.text(request, "clientId"),
        campaign_id=fixed.get("campaignId") or params.text(request, "campaignId"),
        type=params.choice(request, "type", types) or params.choice(request, "asset_type", types),
        format=params.choice(request, "format", sorted(kinds.KINDS)),
        tags=tuple(params.texts(request, "tag", most=20)),
        session_id=params.text(request, "sessionId"),
        words=params.text(request, "search"),
        is_own=params.choice(request, "owner", ["me"]) == "me",
    )


def _page(found: AssetQuerySet, request: Request, ordering: str) -> Response:
    limit = params.integer(request, "limit", default=50, least=1, most=100)
    offset = params.integer(request, "offset", default=0, least=0, most=10_000_000)
    rows = described(found.order_by(ordering, "-pk"))
    if cursor := request.query_params.get("cursor", ""):
        rows, offset = rows.filter(rows_behind(cursor, ordering, ORDERS)), 0
    page = list(rows[offset : offset + limit + 1])
    headers = {"X-Total-Count": str(found.count())}
    if len(page) > limit:
        page = page[:limit]
        headers["Link"] = f'<{link_to(request, _place(page[-1], ordering))}>; rel="next"'
    return Response([asset_body(asset, request) for asset in page], headers=headers)


def _place(asset: Asset, ordering: str) -> str:
    field = ordering.removeprefix("-")
    row: dict[str, Any] = {field: getattr(asset, field), "pk": asset.pk}
    return cursor_after(row, ordering)
