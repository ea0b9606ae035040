"""The page behind a link: what it is, and a way to open it. Looking at it counts nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assets_app.operations.sharing import find_link


@require_safe
@never_cache
def shared_asset(request: HttpRequest, secret: str) -> HttpResponse:
    """For anybody who has the link."""
    link = find_link(secret)
    left = None if link.max_uses is None else link.max_uses - link.uses
    context = {"link": link, "asset": link.asset, "secret": secret, "uses_left": left}
    answer = render(request, "assets_app/shared.html", context)
    answer["Referrer-Policy"] = "no-referrer"
    return answer
