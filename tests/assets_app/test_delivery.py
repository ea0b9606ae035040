"""How kept bytes leave: whole, in part, unchanged, elsewhere; and what a browser is told of them."""

import base64
import email
import hashlib
import io
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from assets_app.api.asset_origin import sign
from assets_app.api.delivery import Deliverable, deliver, disposition, of_asset
from assets_app.delivery import exactly
from assets_app.errors import BytesMissing
from assets_app.models import Asset, Blob, BlobChunk
from assets_app.operations.intake import store_asset
from tests.assets_app.buckets import bucket_settings
from tests.conftest import Api, assert_refused
from tests.make import PNG, make_asset
from tests.s3 import FaultyS3

DATA = b"note: " + os.urandom(1_200_000).hex().encode()


@pytest.fixture
def asset(alice: User) -> Asset:
    return make_asset(by=alice, data=DATA, name="long.txt")


Get = Callable[..., Any]


@pytest.fixture
def get(asset: Asset, alice: User, api: Callable[..., Api]) -> Get:
    program = api(alice)

    def asked(method: str = "get", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return getattr(program.client, method)(f"/api/v2/assets/{asset.pk}/data", headers=named)

    return asked


def body(response: Any) -> bytes:
    return b"".join(response)


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=-5", len(DATA) - 5, len(DATA)),
        ("bytes=1048570-1048583", 1_048_570, 1_048_584),
        ("bytes=65530-", 65_530, len(DATA)),
        (f"bytes=0-{2**63}", 0, len(DATA)),
    ],
)
def test_a_download_that_goes_on_gets_the_bytes_it_lacks(get: Get, asked: str, start: int, stop: int) -> None:
    response = get(Range=asked)
    assert (response.status_code, body(response)) == (206, DATA[start:stop])
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{len(DATA)}"
    assert response["Content-Length"] == str(stop - start)
    assert response["Content-Type"] == "text/plain"


def test_several_parts_come_in_one_body(get: Get) -> None:
    response = get(Range="bytes=1500000-1700000, 0-9, 5-19")
    content = body(response)
    assert (response.status_code, response["Content-Length"]) == (206, str(len(content)))
    read = email.message_from_bytes(b"Content-Type: " + response["Content-Type"].encode() + b"\r\n\r\n" + content)
    parts = [(part["Content-Range"], part["Content-Type"], part.get_payload(decode=True)) for part in list(read.walk())[1:]]
    assert parts == [
        (f"bytes 1500000-1700000/{len(DATA)}", "text/plain", DATA[1_500_000:1_700_001]),
        (f"bytes 0-19/{len(DATA)}", "text/plain", DATA[:20]),
    ]


def test_a_range_behind_the_end_is_416_with_the_size(get: Get) -> None:
    response = get(Range=f"bytes={len(DATA)}-")
    assert_refused(response, 416, "RANGE_NOT_SATISFIABLE")
    assert response["Content-Range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-1", "lines=0-1", "bytes=x", "bytes=" + ",".join(f"{n}-" for n in range(1000)), "bytes=0-0,bytes=2-2"]
)
def test_what_cannot_be_asked_gets_the_whole_file(get: Get, asked: str) -> None:
    response = get(Range=asked)
    assert (response.status_code, hashlib.sha256(body(response)).digest()) == (200, hashlib.sha256(DATA).digest())


def test_parts_of_another_file_are_never_joined_to_this_one(get: Get, asset: Asset) -> None:
    etag = f'"{asset.blob.sha256}"'
    assert get(Range="bytes=0-0", If_Range=etag).status_code == 206
    for other in ('"0000"', f"W/{etag}", "Sat, 21 Nov 2026 06:00:00 GMT", "", "garbage"):
        assert get(Range="bytes=0-0", If_Range=other).status_code == 200


def test_conditions_come_before_ranges(get: Get, asset: Asset) -> None:
    etag = f'"{asset.blob.sha256}"'
    unchanged = get(If_None_Match=f'"x", W/{etag}', Range="bytes=0-0")
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", etag)
    for other in ('"x"', f"W/{etag}", "garbage", ""):
        assert assert_refused(get(If_Match=other, If_None_Match=etag), 412, "PRECONDITION_FAILED")["currentETag"] == etag
    assert get(If_Match=f'"x", {etag}', Range="bytes=0-0").status_code == 206
    assert get(If_Match="*").status_code == 200


def test_head_says_what_get_would_and_ranges_mean_nothing_to_it(get: Get) -> None:
    whole, head = get(), get("head", Range="bytes=0-0")
    assert (head.status_code, head.content) == (200, b"")
    differing = {"X-Request-ID"}
    assert {k: v for k, v in head.items() if k not in differing} == {k: v for k, v in whole.items() if k not in differing}


def test_a_browser_s_own_player_may_ask_for_the_film_but_run_nothing(alice: User) -> None:
    """Shut in as everything else is, a film opened by itself stays black: the player's own request is refused."""
    blob = make_asset(by=alice).blob
    for content_type in ("video/mp4", "audio/mpeg"):
        told = deliver(RequestFactory().get("/"), Deliverable(blob, content_type, "a", inline=True))["Content-Security-Policy"]
        assert told == "default-src 'none'; media-src 'self'; sandbox allow-same-origin"


def test_what_a_browser_is_told(get: Get, alice: User) -> None:
    response = get()
    assert response["Accept-Ranges"] == "bytes"
    assert response["Repr-Digest"] == f"sha-256=:{base64.b64encode(hashlib.sha256(DATA).digest()).decode()}:"
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert {"Cookie", "Authorization"} <= set(response["Vary"].split(", "))
    blob = make_asset(by=alice).blob
    public = deliver(RequestFactory().get("/"), Deliverable(blob, "image/png", "a.png", inline=True, is_public=True))
    assert public["Cache-Control"] == "public, max-age=31536000, immutable"
    assert public["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Vary" not in public
    thumbnail = deliver(RequestFactory().get("/"), Deliverable(blob, "image/webp", "a.webp", inline=True, is_final=False))
    assert thumbnail["Cache-Control"] == "private, max-age=300"
    film = deliver(RequestFactory().get("/"), Deliverable(blob, "video/webm", "a.webm", inline=True))
    assert film["Content-Security-Policy"] == "default-src 'none'; media-src 'self'; sandbox allow-same-origin"
    saved = deliver(RequestFactory().get("/"), Deliverable(blob, "video/webm", "a.webm", inline=False))
    assert saved["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "name",
    [
        'a"b.png',
        "a\\b.png",
        "a\r\nSet-Cookie: x=1.png",
        "été.png",
        "מסמך.png",
        "photo\u202egnp.exe",
        "a;b=c.png",
        "con.png",
        "%2e.png",
    ],
)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    told = disposition(Deliverable(Blob(), "image/png", name, inline=False))
    assert told.startswith("attachment; filename")
    assert told.isascii()
    assert not {"\r", "\n", "\u202e"} & set(told)
    assert "%E2%80%AE" not in told
    header = email.message_from_string(f"Content-Disposition: {told}\n\n")
    clean = name.replace("\r", "_").replace("\n", "_").replace("\u202e", "_")
    assert header.get_filename() == clean


@pytest.mark.damaged
def test_missing_bytes_are_refused_in_words_and_lost_ones_break_the_answer(get: Get, asset: Asset) -> None:
    BlobChunk.objects.filter(key=asset.blob.key, index=2).delete()
    response = get()
    with pytest.raises(BytesMissing):
        body(response)
    BlobChunk.objects.filter(key=asset.blob.key).delete()
    assert_refused(get(), 503, "BYTES_MISSING")
    assert_refused(get(Range="bytes=0-9"), 503, "BYTES_MISSING")


@pytest.mark.parametrize(
    ("pieces", "fault"),
    [
        ([b"abc", b"de"], "less"),
        ([], "less"),
        ([b"abc", b"defg"], "more"),
        ([b"abc", b"def", b"", b"g"], "more"),
        ([b"abc", b"deX"], "other"),
        ([b"abXdef"], "other"),
    ],
)
def test_wrong_bytes_never_look_complete(pieces: list[bytes], fault: str) -> None:
    sent, broken = taken(exactly(pieces, 6, hashlib.sha256(b"abcdef").hexdigest()))
    assert fault in broken
    assert len(sent) < 6


def taken(pieces: Iterable[bytes]) -> tuple[bytes, str]:
    """What was given away, and what then broke it off."""
    sent = b""
    try:
        for piece in pieces:
            sent += piece
    except BytesMissing as fault:
        return sent, fault.details
    return sent, ""


def test_right_bytes_pass() -> None:
    assert b"".join(exactly([b"abc", b"", b"def"], 6, hashlib.sha256(b"abcdef").hexdigest())) == b"abcdef"


@pytest.fixture
def in_bucket(s3: FaultyS3, settings: Any, alice: User) -> Asset:
    settings.STORAGES = settings.STORAGES | {"s3": bucket_settings(s3)}
    settings.HOLDFAST_BLOB_STORE = "s3"
    return store_asset(io.BytesIO(DATA), name="long.txt", by=alice)


def test_wrong_bytes_of_a_bucket_never_end_as_a_good_answer(in_bucket: Asset, alice: User) -> None:
    what = of_asset(in_bucket)
    assert body(deliver(RequestFactory().get("/"), what)) == DATA
    what.blob.sha256 = "0" * 64
    sent, broken = taken(deliver(RequestFactory().get("/"), what))
    assert "other bytes" in broken
    assert 0 < len(sent) < len(DATA)


def test_readers_of_a_bucket_can_be_sent_there(in_bucket: Asset, alice: User, api: Callable[..., Api], settings: Any) -> None:
    settings.HOLDFAST_S3_REDIRECT = True
    program = api(alice)
    path = f"/api/v2/assets/{in_bucket.pk}/data"
    sent = program.get(path)
    assert (sent.status_code, sent["Cache-Control"]) == (302, "no-store")
    there = requests.get(sent["Location"], timeout=10)
    assert there.content == DATA
    assert there.headers["Content-Disposition"] == 'attachment; filename="long.txt"'
    assert program.client.head(path)["Content-Length"] == str(len(DATA))
    assert program.get(path, headers={"If-None-Match": f'"{in_bucket.blob.sha256}"'}).status_code == 304


ASSETS = "assets.example.org"


@pytest.fixture
def asset_origin(settings: Any) -> None:
    settings.HOLDFAST_ASSET_ORIGIN = f"https://{ASSETS}"
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, ASSETS]


def there(path: str, **headers: str) -> Any:
    client = Client(headers={"Host": ASSETS} | headers, raise_request_exception=False)
    return client.get(path)


def test_browsers_read_files_from_the_other_origin(
    asset_origin: None, asset: Asset, charlie: User, page: Callable[[User], Client], api: Callable[..., Api]
) -> None:
    alice = asset.owner
    path = f"/api/v2/assets/{asset.pk}/data"
    sent = page(alice).get(path)
    assert sent.status_code == 302
    origin, _, rest = sent["Location"].partition("/signed/")
    assert origin == f"https://{ASSETS}"
    response = there(f"/signed/{rest}", Cookie="sessionid=stolen", Range="bytes=0-5")
    assert (response.status_code, body(response)) == (206, DATA[:6])
    assert not response.cookies
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert page(alice).get(path)["Location"] == sent["Location"]  # so that the browser's own copy is found
    assert page(charlie).get(path).status_code == 404
    assert body(api(alice).get(path)) == DATA


def test_there_is_nothing_else_under_the_other_origin(
    asset_origin: None, asset: Asset, alice: User, page: Callable[[User], Client], api: Callable[..., Api]
) -> None:
    signed_in = page(alice)
    token = f"Bearer {api(alice).token}"
    for path in ("/", "/accounts/login/", "/api/sessions", f"/api/v2/assets/{asset.pk}/data", "/static/x.css", "/healthz"):
        assert_refused(there(path, Authorization=token), 404, "NOT_FOUND")
        for host in (ASSETS, f"{ASSETS}.", f"{ASSETS.upper()}.:443"):
            refused = signed_in.get(path, headers={"Host": host})
            assert_refused(refused, 404, "NOT_FOUND")
            assert not refused.cookies


@pytest.mark.parametrize("host", [f"{ASSETS}.", f"{ASSETS}:9999", f"{ASSETS.upper()}:0443", f"{ASSETS}.:80"])
def test_however_its_name_is_spelt_it_is_the_other_origin(asset_origin: None, settings: Any, alice: User, host: str) -> None:
    """A login there would set cookies that files can be sent with."""
    settings.ALLOWED_HOSTS = ["*"]
    assert_refused(there("/accounts/login/", Host=host), 404, "NOT_FOUND")


def test_a_signed_address_is_for_one_file_and_a_short_time(asset_origin: None, asset: Asset, client: Client) -> None:
    good = sign(asset, now=time.time())
    assert there(f"/signed/{good}").status_code == 200
    assert client.get(f"/signed/{good}").status_code == 404  # not under the hub's own name
    assert there(f"/signed/{sign(asset, now=time.time() - 601)}").status_code == 404
    for forged in (good[:-1] + ("A" if good[-1] != "A" else "B"), good.replace(":", "", 1), "x", "x:y", "%00:y"):
        assert there(f"/signed/{forged}").status_code in (400, 404)
    asset.blob.sha256 = "0" * 64
    assert there(f"/signed/{sign(asset, now=time.time())}").status_code == 404


def test_inline_pictures_are_shown_and_others_saved(alice: User, api: Callable[..., Api]) -> None:
    picture = make_asset(by=alice, data=PNG)
    assert api(alice).get(f"/api/v2/assets/{picture.pk}/data")["Content-Disposition"] == 'inline; filename="photo.png"'
