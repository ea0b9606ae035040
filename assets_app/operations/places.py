"""What people can go and look at, or choose from, when they look at assets. The floors above fill it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from assets_app.models import Asset


@dataclass(frozen=True)
class Place:
    """Something that is built on an asset.

    Args:
        title: in words; of what the visitor may not see, only what kind of thing it is.
        url: its page; "" if they may not see it.
    """

    title: str
    url: str = ""


# By asset and visitor: everything of that floor that uses the asset.
PLACES: "list[Callable[[Asset, User], list[Place]]]" = []
# The sessions that somebody may add files to, the newest first: id and name.
SESSIONS: "list[Callable[[User], list[tuple[str, str]]]]" = []


def places_of(asset: "Asset", *, by: "User") -> list[Place]:
    return [place for ask in PLACES for place in ask(asset, by)]


def sessions_of(by: "User") -> list[tuple[str, str]]:
    return [session for ask in SESSIONS for session in ask(by)]
