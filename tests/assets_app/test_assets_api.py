"""The assets' JSON door."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from assets_app.models import Asset, Blob, BlobChunk, PendingObject
from tests.conftest import Api, assert_refused
from tests.make import PNG, Upload, capture_bytes, make_asset, make_session, multipart

UPLOAD = "/api/v2/upload-asset"


def test_an_upload_is_answered_with_the_asset(alice: User, api: Callable[..., Api]) -> None:
    response = api(alice).post_form(
        UPLOAD, file=Upload(PNG, "photo.png"), clientId="client-1", tags='["brand", "logo"]', name="Front view.png"
    )
    assert response.status_code == 201
    asset = response.json()
    assert asset == asset | {
        "name": "Front view.png",
        "clientId": "client-1",
        "campaignId": "",
        "tags": ["brand", "logo"],
        "type": "image",
        "format": "png",
        "contentType": "image/png",
        "size": len(PNG),
        "sha256": hashlib.sha256(PNG).hexdigest(),
        "userId": str(alice.pk),
    }
    assert asset["url"] == f"http://testserver/api/v2/assets/{asset['id']}/data" == response["Location"]
    assert asset["uploadedAt"].endswith("Z")


def test_the_bytes_come_back_exactly(alice: User, api: Callable[..., Api]) -> None:
    program = api(alice)
    data = capture_bytes(samples=30_000)
    asset = program.post_form(UPLOAD, file=Upload(data, "2025-12-14T10_24_07.182Z.json")).json()
    response = program.get(asset["url"])
    assert b"".join(response.streaming_content) == data
    assert response["Content-Length"] == str(len(data))
    assert response["ETag"] == f'"{asset["sha256"]}"'
    assert response["Content-Type"] == "application/json"


def test_bytes_are_served_so_that_they_cannot_act(alice: User, api: Callable[..., Api]) -> None:
    asset = make_asset(by=alice, name='na"me; filename=evil.html \u05ea.png')
    response = api(alice).get(f"/api/v2/assets/{asset.pk}/data")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"].startswith("private")
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Content-Disposition"] == "inline; filename*=utf-8''na%22me%3B%20filename%3Devil.html%20%D7%AA.png"


def test_only_safe_kinds_open_in_the_page(alice: User, api: Callable[..., Api]) -> None:
    asset = make_asset(by=alice, data=b"%PDF-1.7\n%%EOF", name="form.pdf")
    assert api(alice).get(f"/api/v2/assets/{asset.pk}/data")["Content-Disposition"].startswith("attachment")


def test_an_unchanged_asset_is_not_sent_again(alice: User, api: Callable[..., Api]) -> None:
    asset = make_asset(by=alice)
    program = api(alice)
    response = program.get(f"/api/v2/assets/{asset.pk}/data", headers={"If-None-Match": f'"{asset.blob.sha256}"'})
    assert (response.status_code, response.content) == (304, b"")


def test_head_says_what_get_would(alice: User, api: Callable[..., Api]) -> None:
    asset = make_asset(by=alice)
    response = api(alice).client.head(f"/api/v2/assets/{asset.pk}/data")
    assert (response.status_code, response.content, response["Content-Length"]) == (200, b"", str(len(PNG)))


def test_others_get_404_as_for_a_missing_asset(alice: User, charlie: User, sam: User, api: Callable[..., Api]) -> None:
    asset = make_asset(by=alice)
    for path in ("", "/data"):
        hidden = api(charlie).get(f"/api/v2/assets/{asset.pk}{path}")
        missing = api(charlie).get(f"/api/v2/assets/{uuid4()}{path}")
        assert_refused(hidden, 404, "NOT_FOUND")
        assert hidden.content == missing.content
        assert api(sam).get(f"/api/v2/assets/{asset.pk}{path}").status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"file": Upload(b"", "empty.json")}, 400, "INVALID"),
        ({"file": Upload(b'{"a": [1, 2', "cut.json")}, 400, "INVALID"),
        ({"file": Upload(PNG, "photo.json")}, 415, "UNSUPPORTED_TYPE"),
        ({"file": Upload(PNG, "../photo.png")}, 400, "INVALID"),
        ({"file": Upload(PNG, "x" * 300 + ".png")}, 400, "INVALID"),
        ({"file": Upload(PNG, "a\tb.png")}, 400, "INVALID"),
        ({"file": Upload(PNG, "photo.png"), "tags": "not json"}, 400, "INVALID"),
        ({"file": Upload(PNG, "photo.png"), "tags": '{"a": 1}'}, 400, "INVALID"),
        ({"file": Upload(PNG, "photo.png"), "tags": "[1]"}, 400, "INVALID"),
        ({"file": Upload(PNG, "photo.png"), "tags": "[" * 5000}, 400, "INVALID"),
        ({"file": Upload(PNG, "photo.png"), "type": "hologram"}, 400, "INVALID"),
        ({"file": Upload(PNG, "photo.png"), "clientId": "a\0b"}, 400, "INVALID"),
        ({"file": Upload(PNG, "photo.png"), "sha256": "xyz"}, 400, "INVALID"),
        ({"file": Upload(PNG, "photo.png"), "clientId": "caf\N{REPLACEMENT CHARACTER}"}, 400, "INVALID"),
        ({"file": Upload(b'{"a": 1}', "a.json"), "name": "a.png"}, 415, "UNSUPPORTED_TYPE"),
        ({"file": Upload(b"a,b\ncaf\xe9,1\n", "a.csv")}, 415, "UNSUPPORTED_TYPE"),
        ({"file": Upload(PNG, "photo.png"), "sha256": "0" * 64}, 422, "DIGEST_MISMATCH"),
        ({"file": Upload(PNG, "photo.png"), "sessionId": "nobody's"}, 404, "NOT_FOUND"),
        ({"name": "no file"}, 400, "INVALID"),
        ({"file": [Upload(PNG, "a.png"), Upload(PNG, "b.png")]}, 400, "INVALID"),
    ],
)
def test_bad_uploads_are_refused_and_nothing_remains(
    alice: User, api: Callable[..., Api], fields: dict[str, Any], status: int, code: str
) -> None:
    assert_refused(api(alice).post_form(UPLOAD, **fields), status, code)
    for model in (Asset, Blob, BlobChunk, PendingObject):
        assert not model._default_manager.exists()


def test_a_file_over_the_limit_is_413(alice: User, api: Callable[..., Api], settings: Any) -> None:
    settings.HOLDFAST_MAX_ASSET_MB = 1
    body = assert_refused(api(alice).post_form(UPLOAD, file=Upload(b"x" * (1024 * 1024 + 1), "long.txt")), 413, "TOO_LARGE")
    assert body["limit_bytes"] == 1024 * 1024
    assert not BlobChunk.objects.exists()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\r\nb.png"\r\n\r\nPNG\r\n--x--',
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''a%0D%0Ab.png\r\n\r\n"
            + PNG
            + b"\r\n--x--\r\n",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\ncut of',
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename*=bogus''a.png\r\n\r\n" + PNG + b"\r\n--x--\r\n",
        ),
        # Cut off after the file: it would be kept without the field that was on its way.
        (
            "multipart/form-data; boundary=x",
            (
                b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nwhole\r\n'
                b'--x\r\nContent-Disposition: form-data; name="clientId"\r\n\r\ncli'
            ),
        ),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--x--'),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\n" + b'Content-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n--x\r\n' * 300,
        ),
    ],
)
def test_malformed_forms_are_400(alice: User, api: Callable[..., Api], content_type: str, body: bytes) -> None:
    assert_refused(api(alice).client.post(UPLOAD, body, content_type=content_type), 400, "INVALID")


def test_a_form_that_announces_too_much_is_refused_before_it_is_read(alice: User, api: Callable[..., Api], settings: Any) -> None:
    settings.HOLDFAST_MAX_ASSET_MB = 1
    body, content_type = multipart({"file": Upload(b"x" * 11 * 1024 * 1024, "long.txt")})
    assert_refused(api(alice).client.post(UPLOAD, body, content_type=content_type), 413, "TOO_LARGE")


def test_another_kind_of_body_is_415(alice: User, api: Callable[..., Api]) -> None:
    assert_refused(api(alice).post(UPLOAD, {"file": "x"}), 415, "UNSUPPORTED_TYPE")


def test_an_upload_for_a_session_is_attached_to_it(alice: User, api: Callable[..., Api]) -> None:
    session = make_session(by=alice, session_id="2025-12-14T10:24:07.182Z")
    api(alice).post_form(UPLOAD, file=Upload(PNG, "photo.png"), sessionId="2025-12-14T10:24:07.182Z")
    assert session.files.get().asset.name == "photo.png"


def test_a_browser_needs_its_csrf_token(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    body, content_type = multipart({"file": Upload(PNG, "photo.png")})
    assert_refused(browser.post(UPLOAD, body, content_type=content_type), 403, "FORBIDDEN")
    browser.get("/collect/")
    token = browser.cookies["csrftoken"].value
    assert browser.post(UPLOAD, body, content_type=content_type, headers={"X-CSRFToken": token}).status_code == 201
    # A form that is read for its token before any view asks for it: its names are still checked.
    hostile, _ = multipart({"file": Upload(PNG, "../photo.png"), "csrfmiddlewaretoken": token})
    assert_refused(browser.post(UPLOAD, hostile, content_type=content_type), 400, "INVALID")
