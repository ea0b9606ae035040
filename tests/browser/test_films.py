"""Long films and sound in a browser: they play and jump, from every store, without being fetched whole."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import films
from tests.browser.conftest import Visit
from tests.hub import Hub, running_hub
from tests.s3 import BUCKET, FaultyS3

STORES = ["database", "filesystem", "s3"]
KEEP = """
import pathlib
from django.conf import settings
from django.contrib.auth.models import User
from assets_app.operations.intake import store_asset
owner = User.objects.get(username="admin")
for path in sorted(pathlib.Path({folder!r}).iterdir()):
    settings.HOLDFAST_BLOB_STORE = path.name.partition("-")[0]
    with path.open("rb") as file:
        print(path.name, store_asset(file, name=path.name, by=owner, tags=["long"]).pk)
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One that has all three stores, and keeps what is added in its database."""
    s3 = FaultyS3()
    s3.begin()
    settings = {
        "HOLDFAST_S3_BUCKET": BUCKET,
        "HOLDFAST_S3_ENDPOINT_URL": s3.url,
        "HOLDFAST_S3_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    try:
        with running_hub(tmp_path_factory.mktemp("hub"), **settings) as running:
            yield running
    finally:
        s3.end()
        s3.stop()


@pytest.fixture(scope="module")
def kept(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Half an hour of film and of sound in every store: ids by name."""
    folder = tmp_path_factory.mktemp("films")
    for store in STORES:
        (folder / f"{store}-film.mp4").write_bytes(films.mp4(store))
        (folder / f"{store}-sound.wav").write_bytes(films.sound(store))
    (folder / "filesystem-film.webm").write_bytes(films.webm("filesystem"))
    told = hub.manage("shell", "-c", KEEP.format(folder=str(folder)))
    return dict(re.findall(r"(\S+) ([0-9a-f-]{36})", told))


class Traffic:
    """How many bytes of a file a browser was sent, and how it asked for them."""

    def __init__(self, page: Page, part: str) -> None:
        self.received, self.statuses, self.ranges = 0, set[int](), list[str]()
        self._of: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", lambda told: self._asked(told, part))
        session.on("Network.responseReceived", self._answered)
        session.on("Network.dataReceived", self._came)
        session.send("Network.enable")

    def _asked(self, told: dict[str, Any], part: str) -> None:
        if part in told["request"]["url"]:
            self._of.add(told["requestId"])
            self.ranges.append(told["request"]["headers"].get("Range", ""))

    def _answered(self, told: dict[str, Any]) -> None:
        if told["requestId"] in self._of:
            self.statuses.add(told["response"]["status"])

    def _came(self, told: dict[str, Any]) -> None:
        if told["requestId"] in self._of:
            self.received += told["dataLength"]


@pytest.mark.parametrize("name", [*(f"{store}-film.mp4" for store in STORES), "filesystem-film.webm"])
def test_half_an_hour_of_film_plays_and_seeks_without_being_loaded_whole(
    visit: type[Visit], kept: dict[str, str], name: str, record_property: Callable[[str, object], None]
) -> None:
    visitor = visit.at()
    page = visitor.page
    traffic = Traffic(page, f"/assets/{kept[name]}/data")
    visitor.go(f"/assets/{kept[name]}/")
    expect(page.get_by_text("160 × 96 pixels")).to_be_visible()
    size = _check_player(page, "video", traffic)
    record_property("told", f"{traffic.received / 1e6:.1f} of {size / 1e6:.1f} MB were fetched")
    assert page.locator("video").evaluate("video => video.videoWidth") == films.WIDTH
    visitor.picture(f"asset-{name}")
    assert not visitor.complaints


@pytest.mark.parametrize("store", STORES)
def test_half_an_hour_of_sound_plays_and_seeks(visit: type[Visit], kept: dict[str, str], store: str) -> None:
    visitor = visit.at()
    asset_id = kept[f"{store}-sound.wav"]
    traffic = Traffic(visitor.page, f"/assets/{asset_id}/data")
    visitor.go(f"/assets/{asset_id}/")
    _check_player(visitor.page, "audio", traffic)
    assert not visitor.complaints


def _check_player(page: Page, tag: str, traffic: Traffic) -> int:
    """Plays, after a jump; answers with the file's size in bytes."""
    player = page.locator(tag)
    page.wait_for_function(f"document.querySelector('{tag}').readyState > 0")
    duration = player.evaluate("player => player.duration")
    assert abs(duration - films.SECONDS) < 2
    landed = player.evaluate(
        """player => new Promise((resolve, reject) => {
            player.addEventListener("error", () => reject(new Error(player.error.message)));
            player.addEventListener("seeked", () => resolve(player.currentTime), { once: true });
            player.currentTime = player.duration * 0.8;
        })"""
    )
    assert abs(landed - duration * 0.8) < 1
    played = player.evaluate(
        """async player => {
            const began = player.currentTime;
            player.muted = true;
            await player.play();
            while (player.currentTime < began + 0.3) await new Promise((resolve) => setTimeout(resolve, 50));
            player.pause();
            return player.currentTime;
        }"""
    )
    assert played > landed
    size = int(re.sub(r"\D", "", page.get_by_text(re.compile(r"\([\d,]+ bytes\)")).first.inner_text().partition("(")[2]))
    assert traffic.statuses == {206}
    assert len(traffic.ranges) > 1
    assert all(asked.startswith("bytes=") for asked in traffic.ranges)
    assert 0 < traffic.received < 0.5 * size, (traffic.received, size, traffic.ranges)
    return size


def test_a_film_behind_a_link_plays(visit: type[Visit], kept: dict[str, str]) -> None:
    visitor = visit.at()
    page = visitor.page
    visitor.go(f"/assets/{kept['database-film.mp4']}/")
    page.get_by_text("Links for people without an account").click()
    page.get_by_role("button", name="Make a link").click()
    page.goto(page.locator("#address").inner_text())
    page.get_by_role("button", name="Open").click()
    page.wait_for_url(re.compile(r"/data\?pass="))
    page.wait_for_function("document.querySelector('video')?.readyState > 0")
    visitor.picture("asset-shared-film")
