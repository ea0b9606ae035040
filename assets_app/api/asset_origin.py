"""Files under an origin of their own (HOLDFAST_ASSET_ORIGIN), by signed addresses.

Whoever has such an address may read that one file for some minutes. Nothing there knows who is asking.
"""

import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from assets_app.api.delivery import Deliverable, deliver
from assets_app.models import Asset

PURPOSE = "read asset data"
# Addresses change only so often, so that a browser finds what it has kept. They work for twice as long at most.
STEP_SECONDS = 300
signer = Signer(salt="assets_app.asset_origin")


def is_asset_origin(request: HttpRequest) -> bool:
    """Was it asked under the name of the files' origin? The port does not matter: cookies know none."""
    name = urlsplit(settings.HOLDFAST_ASSET_ORIGIN).hostname
    return name is not None and name == _name_of(request.META.get("HTTP_HOST", ""))


def _name_of(host: str) -> str:
    """Of `Files.Example.org.:8000`, as browsers understand it: `files.example.org`."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def redirect_to_asset_origin(asset: Asset) -> HttpResponseBase:
    """For a reader who may see the asset."""
    address = f"{settings.HOLDFAST_ASSET_ORIGIN}/signed/{sign(asset, now=time.time())}"
    return HttpResponseRedirect(address, headers={"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"})


def sign(asset: Asset, *, now: float) -> str:
    """What stands in the address: bound to these bytes of this asset, and to how they are shown."""
    told = {
        "for": PURPOSE,
        "asset": str(asset.pk),
        "sha256": asset.blob.sha256,
        "inline": asset.shows_inline,
        "until": (int(now) // STEP_SECONDS + 2) * STEP_SECONDS,
    }
    return signer.sign_object(told)


def signed_data(request: HttpRequest, address: str) -> HttpResponseBase:
    """The bytes that a signed address stands for; 404 if it is none, too old, or of bytes that are no longer the asset's."""
    if not is_asset_origin(request):
        raise Http404
    told = _read(address)
    asset = Asset.objects.live().select_related("blob").filter(pk=told["asset"], blob__sha256=told["sha256"]).first()
    if asset is None:
        raise Http404
    return deliver(request, Deliverable(asset.blob, asset.content_type, asset.name, inline=told["inline"]))


def _read(address: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = signer.unsign_object(address)
    except (BadSignature, ValueError):
        raise Http404 from None
    if told.get("for") != PURPOSE or told["until"] < time.time():
        raise Http404
    return told
