"""What staff ask of the admin's pages about files, and what they read there."""

import html
import re
from typing import Any

from django.test import Client

from assets_app.models import Asset, BlobChunk
from tests.make import PNG

ASSETS, BLOBS = "/admin/assets_app/asset/", "/admin/assets_app/blob/"
LINKS, USES, PENDING = "/admin/assets_app/sharelink/", "/admin/assets_app/storageuse/", "/admin/assets_app/pendingobject/"
LIMIT = f"{USES}limit/"
ACTIONS = (
    "examine", "verify_bytes", "repair_bytes", "make_link", "take_back_links", "move_to_trash", "bring_back", "publish",
    "unpublish",
)  # fmt: skip
HOSTILE = '"><script>alert(1)</script>{{ 7 }}.png'


def act(client: Client, action: str, *rows: Any, at: str = ASSETS, **fields: str) -> Any:
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(at, chosen | fields, follow=True)


def listed(response: Any) -> set[str]:
    """The names in a list of files."""
    found = re.findall(r'field-file"><a [^>]*>([^<]*)<', response.content.decode())
    return set(map(html.unescape, found))


def png(number: int) -> bytes:
    return PNG + str(number).encode()


def damage(asset: Asset) -> None:
    BlobChunk.objects.filter(key=asset.blob.key).update(data=b"X" + PNG[1:])
