"""Staff look after files in a real browser: what they are shown plays, fits on a phone, and can be read in the dark."""

import io
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests import seeds
from tests.browser.checklists import MAKE_PEOPLE, PASSWORD
from tests.browser.conftest import Visit, Visitor
from tests.hub import Hub, Program, wait_for

ASSETS = "/admin/assets_app/asset/"
LONG = "Foley catheter 2-way, 16 Fr, silicone, packaging front and back, second photograph after the label had been replaced.jpg"
NOTES = b"The label is legible. " * 900
# A history of half a year, of files that have the bytes of those that were sent.
SPREAD = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from assets_app.models import Asset, Blob
from assets_app.operations.quotas import repair_uses
sources = list(Asset.objects.select_related("blob").order_by("name"))
people = list(User.objects.order_by("pk"))
now = timezone.now()
Asset.objects.bulk_create(
    Asset(blob=s.blob, owner=people[(n * n) % len(people)], name=f"{n}-{s.name}"[:255], type=s.type, format=s.format,
          content_type=s.content_type, facts=s.facts, facts_version=s.facts_version,
          uploaded_at=now - timedelta(hours=1) - timedelta(days=190 * ((n * 7) % 60) / 60) * (n % 3 / 2))
    for n in range(160) for s in [sources[(n * n + n) % len(sources)]]
)
repair_uses()
"""
# As the workers would find it, and go on finding it.
DAMAGE = """
from assets_app.models import Asset, BlobChunk
from assets_app.operations.verification import verify_blob
blob = Asset.objects.get(name="notes.txt").blob
BlobChunk.objects.filter(key=blob.key).delete()
verify_blob(blob)
"""
MEND = """
from assets_app.models import Asset
from assets_app.operations.quotas import repair_uses
Asset.objects.filter(name__regex=r"^\\d+-").delete()
repair_uses()
"""


def photograph() -> bytes:
    """Something that can be told from a broken picture."""
    down, across = np.mgrid[0:900, 0:1600]
    channels = (across * 255 // 1600, down * 255 // 900, 160 + 60 * np.sin(across / 90) * np.cos(down / 70))
    buffer = io.BytesIO()
    Image.fromarray(np.dstack(channels).astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def send(program: Program, name: str, data: bytes, **fields: str) -> dict[str, Any]:
    answer = program.session.post(
        f"{program.hub.url}/api/v2/upload-asset",
        files={"file": (name, data)},
        data={"campaignId": "delivery-7"} | fields,
        timeout=60,
    )
    assert answer.status_code in (200, 201), answer.text
    body: dict[str, Any] = answer.json()
    return body


def thumbnail_of(program: Program, asset_id: str) -> str | None:
    url: str | None = program.get(f"/api/v2/assets/{asset_id}").json()["thumbnailUrl"]
    return url


@pytest.fixture(scope="module")
def files(hub: Hub) -> Iterator[dict[str, str]]:
    """Ids by a short name, with thumbnails made."""
    hub.manage("shell", "-c", MAKE_PEOPLE.format(password=PASSWORD))
    program = hub.program()
    film = seeds.video("webm", "libvpx", "libopus", seconds=12, size=(640, 360))
    sent = {
        "image": send(program, LONG, photograph(), tags='["ward 4", "catheter"]', clientId="northhaven"),
        "video": send(program, "unpacking.webm", film),
        "audio": send(program, "dictation.mp3", seeds.sound("mp3", "libmp3lame", seconds=95)),
        "table": send(program, "devices.csv", b"device,rank,notes\n" + b"D1,1,tray 4\n" * 1000),
        "text": send(program, "notes.txt", NOTES),
    }
    ids = {name: str(asset["id"]) for name, asset in sent.items()}
    for name in ("image", "video", "audio"):
        wait_for(f"a thumbnail of {name}", partial(thumbnail_of, program, ids[name]))
    hub.manage("shell", "-c", SPREAD)
    hub.manage("shell", "-c", DAMAGE)
    yield ids
    hub.manage("shell", "-c", MEND)
    send(program, "notes.txt", NOTES)  # in place of what is damaged


SIZES = [(1280, False), (1280, True), (360, False), (360, True)]


def named(name: str, width: int, dark: bool) -> str:
    return f"admin-{name}-{width}-{'dark' if dark else 'light'}"


def loaded(page: Page, selector: str) -> None:
    """All such pictures are there, and not broken."""
    page.wait_for_function(
        "selector => [...document.querySelectorAll(selector)].every(i => i.complete && i.naturalWidth > 0)", arg=selector
    )


@pytest.mark.parametrize(("width", "dark"), SIZES)
def test_the_list_shows_what_the_files_are(visit: type[Visit], files: dict[str, str], width: int, dark: bool) -> None:
    visitor = visit.at(width, dark=dark)
    page = visitor.page
    visitor.go(f"{ASSETS}?q=delivery-7")
    for name in ("1600 × 900", "640 × 360, 0:12", "1:35", "1,000 rows"):
        expect(page.get_by_text(name).first).to_be_visible()
    page.locator("img.holdfast-thumbnail").evaluate_all("images => images.forEach(i => { i.loading = 'eager' })")
    loaded(page, "img.holdfast-thumbnail")
    visitor.picture(named("list", width, dark))
    assert width < 600 or page.locator(".results").evaluate("box => box.scrollWidth <= box.clientWidth")
    assert not visitor.overflows()
    assert not visitor.complaints


@pytest.mark.parametrize(("width", "dark"), SIZES)
@pytest.mark.parametrize("kind", ["image", "video", "audio"])
def test_a_file_is_looked_at_and_listened_to(
    visit: type[Visit], files: dict[str, str], kind: str, width: int, dark: bool
) -> None:
    visitor = visit.at(width, dark=dark)
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.go(f"{ASSETS}{files[kind]}/change/")
    page = visitor.page
    if kind == "image":
        loaded(page, "img.holdfast-preview")
        assert not [url for url in asked if url.endswith("/data")]
    else:
        player = page.locator(f"{kind}.holdfast-preview")
        page.wait_for_function("player => player.readyState >= 1 && player.duration > 10", arg=player.element_handle())
        assert player.evaluate("player => player.error") is None
    visitor.picture(named(kind, width, dark))
    assert not visitor.overflows()
    assert not visitor.complaints


@pytest.mark.parametrize(("width", "dark"), SIZES)
def test_the_dashboard_can_be_read_everywhere(visit: type[Visit], files: dict[str, str], width: int, dark: bool) -> None:
    visitor = visit.at(width, dark=dark)
    page = visitor.page
    visitor.go("/admin/")
    page.get_by_role("link", name=re.compile("How much is kept")).click()
    expect(page.get_by_role("heading", name="The last 26 weeks")).to_be_visible()
    columns = page.locator("svg rect.bar")
    assert columns.count() > 52
    heights = [box["height"] for box in (column.bounding_box() for column in columns.all()[:26]) if box]
    assert max(heights) > 100
    visitor.picture(named("dashboard", width, dark))
    assert not visitor.overflows()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("columnheader", name="Week of")).to_be_visible()
    assert not visitor.complaints


def test_staff_make_a_link_and_take_it_back(visit: type[Visit], files: dict[str, str], hub: Hub) -> None:
    visitor = visit.at(360)
    page = visitor.page
    here = f"{ASSETS}{files['image']}/change/"
    visitor.go(here)
    page.get_by_role("button", name="Make a link").click()
    address = page.locator("code").filter(has_text="/s/").inner_text()
    assert address.startswith(f"{hub.url}/s/")
    visitor.picture(named("link", 360, False))
    assert not visitor.overflows()
    guest = visitor.page.context.browser.new_context().new_page()  # type: ignore[union-attr]  # there is one
    guest.goto(address)
    expect(guest.get_by_role("heading", name=LONG)).to_be_visible()
    visitor.go(here)
    page.get_by_role("button", name="Take back all links").click()
    expect(page.get_by_text("1 link taken back.")).to_be_visible()
    assert page.url.endswith(here)
    assert guest.goto(address).status == 404  # type: ignore[union-attr]  # it answers
    guest.context.close()
    assert not visitor.complaints


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_damage_and_limits_are_seen_and_mended(visit: type[Visit], files: dict[str, str], width: int, dark: bool) -> None:
    visitor = visit.at(width, dark=dark)
    page = visitor.page
    visitor.go("/admin/assets_app/blob/?bytes=damaged")
    expect(page.get_by_text("the object is gone")).to_be_visible()
    visitor.picture(named("damaged", width, dark))
    assert not visitor.overflows()
    visitor.go("/admin/assets_app/job/?q=unpacking")
    expect(page.get_by_text("facts and thumbnails of unpacking.webm")).to_be_visible()
    visitor.picture(named("jobs", width, dark))
    visitor.go("/admin/assets_app/storageuse/")
    row = page.get_by_role("row").filter(has_text="alice")
    row.get_by_role("link", name="Change").click()
    page.get_by_label("Most megabytes").fill("3")
    visitor.picture(named("limit", width, dark))
    assert not visitor.overflows()
    page.get_by_role("button", name="Give this limit").click()
    expect(page.get_by_text("From now on alice may keep 3.1 MB", exact=False)).to_be_visible()
    visitor.picture(named("uses", width, dark))
    assert not visitor.overflows()
    assert not visitor.complaints


def test_no_page_needs_scripts(visit: type[Visit], files: dict[str, str]) -> None:
    visitor: Visitor = visit.at(scripts=False)
    visitor.go(f"{ASSETS}{files['table']}/change/")
    visitor.page.get_by_role("button", name="Publish: anybody may read it").click()
    expect(visitor.page.get_by_text("1 file published")).to_be_visible()
    visitor.page.get_by_role("button", name="Unpublish").click()
    expect(visitor.page.get_by_text("1 file no longer public")).to_be_visible()
    visitor.go(f"{ASSETS}dashboard/")
    expect(visitor.page.get_by_role("heading", name="By kind")).to_be_visible()
