"""What the older asset server promised its users, item by item of its own list, on a whole hub and with every store."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub import Hub, Program, running_hub, wait_for
from tests.s3 import BUCKET, FaultyS3
from tests.seeds import HEIGHT, WIDTH, photograph, sound, video

pytestmark = pytest.mark.slow
LIMIT = 50 * 1024 * 1024
UPLOAD = "/api/v2/upload-asset"


@pytest.fixture(scope="module")
def bucket_settings() -> Iterator[dict[str, str]]:
    server = FaultyS3()
    server.begin()
    yield {
        "HOLDFAST_S3_BUCKET": BUCKET,
        "HOLDFAST_S3_ENDPOINT_URL": server.url,
        "HOLDFAST_S3_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    server.end()
    server.stop()


@pytest.fixture(scope="module", params=["database", "filesystem", "s3"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    store = str(request.param)
    more = request.getfixturevalue("bucket_settings") if store == "s3" else {}
    temporary = tmp_path_factory.mktemp("temporary")
    data_dir = tmp_path_factory.mktemp(f"hub-{store}")
    with running_hub(data_dir, HOLDFAST_BLOB_STORE=store, TMPDIR=str(temporary), **more) as running:
        yield running


@pytest.fixture(scope="module")
def program(hub: Hub) -> Program:
    return hub.program()


def send(program: Program, data: bytes, name: str, **fields: str) -> Any:
    return program.session.post(f"{program.hub.url}{UPLOAD}", data=fields, files={"file": (name, data)}, timeout=120)


def stored(program: Program, data: bytes, name: str, **fields: str) -> dict[str, Any]:
    """The asset, which gives back what was sent."""
    answer = send(program, data, name, **fields)
    assert answer.status_code == 201, answer.text
    asset: dict[str, Any] = answer.json()
    assert program.get(asset["url"]).content == data
    assert (asset["size"], asset["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    return asset


def left_behind(hub: Hub) -> set[str]:
    """Files in the temporary folder, and in the data folder outside the store and the database."""
    data_dir = Path(hub.environment["HOLDFAST_DATA_DIR"])
    found = {path for path in Path(hub.environment["TMPDIR"]).rglob("*") if path.is_file()}
    for path in data_dir.rglob("*"):
        known = ("holdfast.sqlite3", "blobs", "static", "cache", "secret_key", "serve.log")
        if path.is_file() and not path.relative_to(data_dir).parts[0].startswith(known):
            found.add(path)
    return {str(path) for path in found}


def test_an_image_is_kept_with_its_size(program: Program) -> None:
    asset = stored(program, photograph(orientation=6), "front.jpg", clientId="c1", tags='["brand"]')
    assert (asset["type"], asset["format"]) == ("image", "jpg")
    assert asset["width"] < asset["height"]  # as it is seen: the camera was held upright


def test_what_a_video_says_of_itself_is_known_at_once(program: Program) -> None:
    asset = stored(program, video(seconds=2.0), "clip.mp4")
    assert (asset["width"], asset["height"], asset["codec"], asset["audioCodec"]) == (WIDTH, HEIGHT, "h264", "aac")
    assert asset["duration"] == pytest.approx(2.0, abs=0.3)


def test_a_sound_leaves_no_temporary_file(program: Program) -> None:
    asset = stored(program, sound("mp3", "libmp3lame"), "voice.mp3")
    assert (asset["sampleRate"], asset["channels"]) == (48_000, 2)
    assert left_behind(program.hub) == set()


def test_a_worker_adds_the_smaller_pictures(program: Program) -> None:
    asset = stored(program, photograph(), "side.jpg")
    address = f"/api/v2/assets/{asset['id']}"
    small = wait_for("thumbnails", lambda: program.get(address).json()["thumbnailUrl"])
    assert program.get(f"{small}?w=160").content[8:12] == b"WEBP"


def test_whoever_may_not_see_it_gets_what_a_missing_one_gives(hub: Hub, program: Program) -> None:
    asset = stored(program, photograph(), "own.jpg")
    make = "from django.contrib.auth.models import User; User.objects.get_or_create(username='stranger')"
    hub.manage("shell", "-c", make)
    stranger = Program(hub, hub.manage("create_token", "stranger").strip())
    assert stranger.get(asset["url"]).status_code == 404
    assert stranger.get("/api/v2/assets").json() == []


def test_the_largest_file_is_kept_and_a_byte_more_is_refused(program: Program) -> None:
    largest = b"0123456789abcde\n" * (LIMIT // 16)
    stored(program, largest, "largest.txt")
    refused = send(program, largest + b"x", "larger.txt")
    assert (refused.status_code, refused.json()["error"]) == (413, "TOO_LARGE")
    assert left_behind(program.hub) == set()


def test_nothing_is_written_beside_the_store(hub: Hub, program: Program) -> None:
    stored(program, photograph(), "last.jpg")
    assert left_behind(hub) == set()
    blobs = Path(hub.environment["HOLDFAST_DATA_DIR"]) / "blobs"
    assert blobs.exists() == (hub.environment["HOLDFAST_BLOB_STORE"] == "filesystem")


def test_a_restart_loses_nothing(hub: Hub, program: Program) -> None:
    asset = stored(program, video(), "clip.mp4")
    hub.kill_everything()
    hub.start()
    assert program.get(asset["url"]).content == video()


def test_another_machine_serves_it_too(hub: Hub, program: Program, tmp_path: Path) -> None:
    asset = stored(program, video(), "clip.mp4")
    shared = {name: value for name, value in hub.environment.items() if name.startswith(("HOLDFAST_BLOB", "HOLDFAST_S3", "AWS"))}
    if shared["HOLDFAST_BLOB_STORE"] == "filesystem":  # such machines share the folder
        (tmp_path / "blobs").symlink_to(Path(hub.environment["HOLDFAST_DATA_DIR"]) / "blobs")
    other = Hub(tmp_path, hub.environment["DATABASE_URL"], **shared)
    other.start()
    assert Program(other, program.token).get(f"/api/v2/assets/{asset['id']}/data").content == video()
    other.stop()
