"""Who else may see an asset: people, whoever has a link, everybody. Plain forms of its page."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from assets_app.errors import InvalidInput, NotFound
from assets_app.names import check_text
from assets_app.operations.sharing import create_link, publish_asset, revoke_link, share_asset, unpublish_asset, unshare_asset
from assets_app.pages.details import asset_page, check_may_change_of, to_asset
from assets_app.pages.forms import LinkForm
from assets_app.pages.found import user_of, visible_asset


@login_required
@require_POST
def shares(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """Share it with `add`, or no more with `remove`: names of users."""
    found = check_may_change_of(request, visible_asset(request, asset_id))
    try:
        if gone := request.POST.get("remove"):
            name = check_text(gone, what="name")
            if unshare_asset(asset=found, with_user=name, by=user_of(request)):
                messages.success(request, f"It is not shared with {name} any more.")
            else:
                messages.info(request, f"It was not shared with {name}.")
        else:
            name = check_text(request.POST.get("add", "").strip(), what="name")
            share = share_asset(asset=found, with_user=name, by=user_of(request))
            messages.success(request, f"{share.user.get_username()} may look at it now.")
    except (NotFound, InvalidInput) as refusal:
        messages.error(request, refusal.message)
    return to_asset(asset_id, "sharing")


@sensitive_variables("secret")
@login_required
@require_POST
def make_link(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """A new link. Its address is in this answer, and nowhere else."""
    found = check_may_change_of(request, visible_asset(request, asset_id))
    form = LinkForm(request.POST)
    if not form.is_valid():
        return asset_page(request, found, link=form, status=400)
    try:
        _link, secret = create_link(
            asset=found, by=user_of(request), days=form.cleaned_data["days"], max_uses=form.cleaned_data["uses"]
        )
    except InvalidInput as refusal:
        form.add_error(None, refusal.message)
        return asset_page(request, found, link=form, status=400)
    return asset_page(request, found, made=request.build_absolute_uri(reverse("shared", args=[secret])))


@login_required
@require_POST
def revoke(request: HttpRequest, asset_id: UUID, link_id: UUID) -> HttpResponse:
    """The link leads nowhere any more."""
    found = check_may_change_of(request, visible_asset(request, asset_id))
    link = found.links.select_related("asset").filter(uuid=link_id).first()
    if link is None:
        raise Http404
    revoke_link(link=link, by=user_of(request))
    messages.success(request, "The link leads nowhere any more, not even for those who opened it before.")
    return to_asset(asset_id, "links")


@login_required
@require_POST
def publish(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """`published=yes`: anybody may read the bytes at the address of their digest; else nobody may there."""
    found = check_may_change_of(request, visible_asset(request, asset_id))
    if request.POST.get("published") == "yes":
        publish_asset(asset=found, by=user_of(request))
        messages.success(request, "It is published: anybody who has the address may read it.")
    else:
        unpublish_asset(asset=found, by=user_of(request))
        messages.success(request, "It is not published any more.")
    return to_asset(asset_id, "publishing")
