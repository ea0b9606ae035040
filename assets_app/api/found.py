"""Finding what an address names, if the caller may see it. What they may not see is not there."""

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404
from rest_framework.request import Request

from assets_app.api.bodies import described
from assets_app.errors import InvalidInput
from assets_app.models import Asset
from assets_app.operations.served import find_served, may_see


def user_of(request: Request) -> User:
    return cast(User, request.user)


def fields_of(request: Request, *known: str) -> dict[str, Any]:
    """The body of a request whose parsers only let objects through.

    Raises:
        InvalidInput: it has a field that means nothing here.
    """
    fields = cast(dict[str, Any], request.data)
    if unknown := sorted(fields.keys() - set(known)):
        raise InvalidInput(
            f"'{unknown[0]}' means nothing here. Known are: {', '.join(known)}.", pointer=f"/{unknown[0]}", field=unknown[0]
        )
    return fields


def served_asset(request: Request, asset_id: UUID) -> Asset:
    """One whose bytes the caller may have. Only what an answer with bytes needs is read of it."""
    asset = find_served(asset_id, by=user_of(request))
    if asset is None:
        raise Http404
    return asset


def visible_asset(request: Request, asset_id: UUID, *, also_trash: bool = False) -> Asset:
    """One that the caller may see; with `also_trash`, one that they may bring back, too."""
    asset = described(Asset.objects.live()).filter(pk=asset_id).first()
    if asset is not None and not may_see(asset, by=user_of(request)):
        asset = None
    if asset is None and also_trash:
        asset = described(Asset.objects.in_trash_of(request.user)).filter(pk=asset_id).first()
    if asset is None:
        raise Http404
    return asset
