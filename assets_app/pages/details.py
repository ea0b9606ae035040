"""One asset: what it is, what it says of itself, where it is used, and what its owner can do with it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assets_app import parsing
from assets_app.errors import HoldfastError, PreconditionFailed
from assets_app.models import Asset
from assets_app.operations.assets import check_may_change, edit_asset, may_change
from assets_app.operations.pictures import ask_to_examine
from assets_app.operations.places import places_of
from assets_app.pages.forms import EditForm, LinkForm, lines_of
from assets_app.pages.found import user_of, visible_asset
from assets_app.pages.gallery import days_left
from assets_app.words import badge, facts_in_words, facts_state, size_in_words, why_unreadable

# Pictures are made within seconds. If there is none after so long, there will be none.
PATIENCE = timedelta(minutes=10)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def asset(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """GET: all about it; of what is in the trash, the way back. POST: another name, other tags."""
    found = visible_asset(request, asset_id, also_trash=request.method != "POST")
    if found.deleted_at is not None:
        return render(request, "assets_app/asset_in_trash.html", {"asset": found, "days_left": days_left(found)})
    if request.method == "POST":
        return _edit(request, check_may_change_of(request, found))
    return asset_page(request, found)


def asset_page(
    request: HttpRequest,
    found: Asset,
    *,
    edit: EditForm | None = None,
    link: LinkForm | None = None,
    made: str = "",
    status: int = 200,
) -> HttpResponse:
    """
    Args:
        edit, link: forms as they came, if they were refused.
        made: the address of a link that was made just now.
    """
    user = user_of(request)
    is_ours = may_change(found, user)
    context: dict[str, Any] = {
        "asset": found,
        "size": size_in_words(found.blob.size_bytes),
        "badge": badge(found),
        "facts": facts_in_words(found),
        "facts_state": facts_state(found),
        "why_unreadable": why_unreadable(found),
        "has_thumbnail": bool(found.thumbnails.all()),
        "is_reading": is_waiting(found),
        "may_be_read": can_be_read(found),
        "places": places_of(found, by=user),
        "may_change": is_ours,
        "made": made,
    }
    if is_ours:
        context |= {
            "edit": edit or EditForm(initial=_as_form(found)),
            "link": link or LinkForm(),
            "shares": found.shares.select_related("user", "shared_by"),
            "links": found.links.select_related("created_by"),
            "published_url": request.build_absolute_uri(reverse("published", args=[found.blob.sha256])),
        }
    answer = render(request, "assets_app/asset.html", context, status=status)
    if made:
        answer["Cache-Control"] = "no-store"
    return answer


def to_asset(asset_id: UUID, place: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("gallery-asset", args=[asset_id]) + (f"#{place}" if place else ""))


def check_may_change_of(request: HttpRequest, found: Asset) -> Asset:
    """
    Raises:
        NotAllowed: the visitor may only look at it.
    """
    check_may_change(found, by=user_of(request))
    return found


def can_be_read(found: Asset) -> bool:
    return parsing.has_facts(found.format) or parsing.has_thumbnails(found.format)


def is_waiting(found: Asset) -> bool:
    """A worker has still to read it, or to make its pictures."""
    if facts_state(found) != "read":
        return facts_state(found) == "waiting"
    is_new = timezone.now() - found.uploaded_at < PATIENCE
    return is_new and parsing.has_thumbnails(found.format) and not found.thumbnails.all()


def _as_form(found: Asset) -> dict[str, Any]:
    return {"name": found.name, "tags": "\n".join(found.tags), "revision": found.revision}


def _edit(request: HttpRequest, found: Asset) -> HttpResponse:
    form = EditForm(request.POST)
    if not form.is_valid():
        return asset_page(request, found, edit=form, status=400)
    tags = lines_of(form.cleaned_data["tags"])
    try:
        edit_asset(
            asset=found,
            by=user_of(request),
            name=form.cleaned_data["name"],
            tags=None if tags == found.tags else tags,
            based_on=form.cleaned_data["revision"],
        )
    except PreconditionFailed:
        return _too_late(request, found)
    except HoldfastError as refusal:
        form.add_error(None, refusal.message)
        return asset_page(request, found, edit=form, status=400)
    messages.success(request, "Saved.")
    return redirect("gallery-asset", found.pk)


def _too_late(request: HttpRequest, found: Asset) -> HttpResponse:
    """Somebody edited it first. What was typed stays in the form; saved again, it takes the place of what they saved."""
    newest = visible_asset(request, found.pk)
    form = EditForm(request.POST.dict() | {"revision": newest.revision})
    tags = ", ".join(newest.tags) or "none"
    form.is_valid()
    form.add_error(
        None,
        f"Somebody changed this asset while you were editing it. It is now named “{newest.name}”, its tags: {tags}. "
        "What you typed is still here: save once more to put it in their place, or reload the page to keep theirs.",
    )
    return asset_page(request, newest, edit=form, status=409)


@login_required
@require_POST
def examine(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """Have the facts read again, and the pictures made again."""
    found = check_may_change_of(request, visible_asset(request, asset_id))
    if not can_be_read(found):
        messages.info(request, "Nothing is read of files of this kind.")
    elif parsing.has_facts(found.format) and not found.facts_version:
        messages.info(request, "It waits to be read already.")
    else:
        ask_to_examine(asset=found)
        messages.success(request, "It will be read again in a moment.")
    return to_asset(asset_id)
