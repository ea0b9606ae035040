"""What anybody may read: the bytes behind a link, and published bytes at the address of their digest."""

from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from assets_app.api.delivery import Deliverable, deliver, of_asset
from assets_app.models import Asset
from assets_app.operations.sharing import linked_asset, use_link


def shared_data(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Counts one use, and leads to an address that works for some hours; there, any part can be read any number of times."""
    pass_ = request.GET.get("pass", "")
    if pass_:
        return deliver(request, of_asset(linked_asset(secret, pass_)))
    if request.method == "HEAD":  # whoever only looks has not used it
        raise Http404
    address = f"{reverse('shared-data', args=[secret])}?pass={use_link(secret)}"
    return HttpResponseRedirect(address, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def published_data(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """The bytes of this digest, if somebody has published them."""
    asset = Asset.objects.published().select_related("blob").filter(blob__sha256=sha256).order_by("published_at").first()
    if asset is None:
        raise Http404
    return deliver(request, Deliverable(asset.blob, asset.content_type, asset.name, asset.shows_inline, is_public=True))
