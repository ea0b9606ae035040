"""Finding what a page's address names, if the visitor may see it. What they may not see is not there."""

from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest

from assets_app.models import Asset, AssetQuerySet


def user_of(request: HttpRequest) -> User:
    """Who asks. Only for views that strangers do not reach."""
    return cast(User, request.user)


def described(assets: AssetQuerySet) -> AssetQuerySet:
    """With all that pages show of an asset, in a constant number of queries."""
    return assets.select_related("blob", "owner").prefetch_related("thumbnails")


def visible_asset(request: HttpRequest, asset_id: UUID, *, also_trash: bool = False) -> Asset:
    """One that the visitor may see; with `also_trash`, one that they may bring back, too."""
    asset = described(Asset.objects.visible_to(request.user)).filter(pk=asset_id).first()
    if asset is None and also_trash:
        asset = described(Asset.objects.in_trash_of(request.user)).filter(pk=asset_id).first()
    if asset is None:
        raise Http404
    return asset
