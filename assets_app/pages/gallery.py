"""The gallery, what is deleted from it, and the trash."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from assets_app.errors import HoldfastError, InvalidInput, NotAllowed, NotFound
from assets_app.models import Asset
from assets_app.operations.assets import DELETE, delete_assets, may_change, restore_asset
from assets_app.operations.places import sessions_of
from assets_app.operations.quotas import limits_of, use_of
from assets_app.operations.search import Wanted, find_assets
from assets_app.pages.forms import AddForm, FilterForm
from assets_app.pages.found import described, user_of, visible_asset
from assets_app.pages.paging import page_of
from assets_app.words import badge

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Card:
    """An asset as the gallery shows it."""

    asset: Asset
    has_thumbnail: bool
    badge: str
    may_change: bool
    days_left: int = 0


@login_required
@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """What the visitor may see, newest first, a page at a time; filtered by the address."""
    user = user_of(request)
    sessions = sessions_of(user)
    form = FilterForm(request.GET, sessions=sessions, is_staff=user.is_staff)
    is_valid = form.is_valid()
    found = find_assets(form.wanted(), by=user) if is_valid else Asset.objects.none()
    page = page_of(described(found), request)
    context = {
        "form": form,
        "more": [form[name] for name in FilterForm.MORE],
        "is_more_open": any(form[name].value() for name in FilterForm.MORE),
        "is_filtered": any(form[name].value() for name in form.fields),
        "cards": [_card(asset, user) for asset in page.rows],
        "page": page,
        "count": found.count(),
        "add": AddForm(sessions=sessions),
        "max_mb": settings.HOLDFAST_MAX_ASSET_MB,
        **_use(user),
    }
    return render(request, "assets_app/gallery.html", context, status=200 if is_valid else 400)


@login_required
@require_safe
def trash(request: HttpRequest) -> HttpResponse:
    """What the visitor may bring back, the last deleted first."""
    user = user_of(request)
    found = find_assets(Wanted(), by=user, is_trash=True)
    page = page_of(described(found).select_related("deleted_by"), request, field="deleted_at")
    context = {
        "cards": [_card(asset, user) for asset in page.rows],
        "page": page,
        "count": found.count(),
        "trash_days": settings.HOLDFAST_TRASH_DAYS,
        **_use(user),
    }
    return render(request, "assets_app/trash.html", context)


def _card(asset: Asset, user: User) -> Card:
    return Card(
        asset,
        has_thumbnail=bool(asset.thumbnails.all()),
        badge=badge(asset),
        may_change=may_change(asset, user, permission=DELETE),
        days_left=days_left(asset),
    )


def days_left(asset: Asset) -> int:
    """Until what is in the trash is deleted for good; a day that has begun counts."""
    if asset.trash_ends_at is None:
        return 0
    return max(0, -(-int((asset.trash_ends_at - timezone.now()).total_seconds()) // 86400))


def _use(user: User) -> dict[str, int | None]:
    use = use_of(user)
    max_bytes, max_files = limits_of(use)
    return {"used_bytes": use.bytes, "used_files": use.files, "max_bytes": max_bytes, "max_files": max_files}


@login_required
@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """Asks whether these shall go to the trash; with `sure`, moves them there, and tells of each what became of it."""
    user, ids = user_of(request), _sent_ids(request)
    found = list(described(Asset.objects.visible_to(user)).filter(pk__in=ids).order_by("-uploaded_at", "-pk"))
    if request.POST.get("sure") and ids:
        _delete(request, ids, {asset.pk: asset.name for asset in found}, by=user)
        return redirect("gallery")
    if not found:
        messages.error(request, "Choose at least one file first." if not ids else "What you chose is not there any more.")
        return redirect("gallery")
    cards = [_card(asset, user) for asset in found]
    return render(request, "assets_app/delete.html", {"cards": cards, "trash_days": settings.HOLDFAST_TRASH_DAYS})


def _delete(request: HttpRequest, ids: list[UUID], names: dict[UUID, str], *, by: User) -> None:
    gone = []
    for result in delete_assets(ids=ids, by=by):
        name = names.get(result["id"], "One of them")
        if result["deleted"]:
            gone.append(f"“{name}”")
        else:
            refusal: HoldfastError = result["error"]
            messages.error(request, f"“{name}” was not deleted. {refusal.message}")
    if gone:
        messages.success(request, f"In the trash: {', '.join(gone)}.")


def _sent_ids(request: HttpRequest) -> list[UUID]:
    sent = request.POST.getlist("ids")
    if len(sent) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE} files can be chosen at once.", field="ids")
    try:
        return list(dict.fromkeys(map(UUID, sent)))
    except ValueError:
        raise InvalidInput("The form names something that is no asset. Reload the page, and choose again.", field="ids") from None


@login_required
@require_POST
def restore(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """Back from the trash."""
    asset = visible_asset(request, asset_id, also_trash=True)
    try:
        restore_asset(asset=asset, by=user_of(request))
    except (NotFound, NotAllowed) as refusal:
        messages.error(request, refusal.message)
        return redirect("gallery-trash")
    messages.success(request, f"“{asset.name}” is out of the trash.")
    return redirect("gallery-asset", asset_id)
