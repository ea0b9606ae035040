"""Finding assets: what the API's lists, the gallery and the admin ask for alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from assets_app.models import Asset, AssetQuerySet, AssetTag

if TYPE_CHECKING:
    from typing import Any

    from django.contrib.auth.models import User

# How the floor above tells which assets are files of the session of an id: their ids, of sessions that the user may see.
FILES_OF_SESSION: "list[Callable[[str, User], QuerySet[Any, Any]]]" = []


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is empty does not matter."""

    client_id: str = ""
    campaign_id: str = ""
    type: str = ""
    format: str = ""
    tags: tuple[str, ...] = ()
    session_id: str = ""
    words: str = ""
    is_own: bool = False
    is_others: bool = False


def find_assets(wanted: Wanted, *, by: "User", is_trash: bool = False) -> AssetQuerySet:
    """Of what `by` may see, or of what they may bring back from the trash, in no order yet."""
    found = Asset.objects.in_trash_of(by) if is_trash else Asset.objects.visible_to(by)
    exact = {"client_id": wanted.client_id, "campaign_id": wanted.campaign_id, "type": wanted.type, "format": wanted.format}
    found = found.filter(**{field: value for field, value in exact.items() if value})
    if wanted.is_own:
        found = found.filter(owner=by)
    if wanted.is_others:
        found = found.exclude(owner=by)
    for tag in wanted.tags:
        found = found.filter(pk__in=AssetTag.objects.filter(tag=tag).values("asset"))
    if wanted.session_id:
        for files in FILES_OF_SESSION:
            found = found.filter(pk__in=files(wanted.session_id, by))
    if wanted.words:
        found = found.filter(Q(name__icontains=wanted.words) | Q(blob__sha256__startswith=wanted.words.lower()))
    return found
