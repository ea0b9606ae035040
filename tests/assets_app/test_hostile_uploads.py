"""Hostile files, names and forms, sent as a stranger would send them: refused in words, or kept as bytes that do nothing."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User

from assets_app.kinds import OPAQUE
from assets_app.models import Asset, Blob, BlobChunk, PendingObject
from tests.conftest import Api, Apis, Page, assert_refused, words
from tests.hostile_files import HOSTILE_FILES, JPEG, REFUSED, Hostile
from tests.make import PNG, Upload, multipart
from tests.zips import S_IFLNK_777, Member, make_zip, overlapping_zip

UPLOAD = "/api/v2/upload-asset"
EMOJI = "\N{GRINNING FACE}"


def assert_nothing_stored() -> None:
    for model in (Asset, Blob, BlobChunk, PendingObject):
        assert not model._default_manager.exists(), model


def assert_harmless(program: Api, asset: dict[str, Any], data: bytes) -> None:
    """The bytes come back exactly, and no browser would show or guess at them."""
    assert (asset["type"], asset["contentType"]) == ("data", OPAQUE)
    response = program.get(asset["url"])
    assert response.getvalue() == data
    assert response["Content-Type"] == OPAQUE
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


@pytest.mark.parametrize("file", HOSTILE_FILES, ids=lambda file: file.what)
def test_a_hostile_file_is_refused_in_words_or_kept_as_bytes(alice: User, api: Apis, file: Hostile) -> None:
    program = api(alice)
    response = program.post_form(UPLOAD, file=Upload(file.data, file.name))
    if file.becomes == REFUSED:
        assert_refused(response, 415, "UNSUPPORTED_TYPE")
        assert_nothing_stored()
    else:
        assert response.status_code == 201, response.content
        assert response.json()["format"] == file.becomes
        assert_harmless(program, response.json(), file.data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (overlapping_zip(), "overlap"),
        (make_zip(Member("../up.txt")), "leads out"),
        (make_zip(Member("bomb", data=bytes(5_000_000), method=8)), "more than 1000 times"),
        (make_zip(Member("link", data=b"/etc/passwd", attributes=S_IFLNK_777)), "link"),
    ],
)
def test_an_archive_that_would_harm_is_refused_at_every_door(
    alice: User, api: Apis, page: Page, data: bytes, reason: str
) -> None:
    for name in ("a.zip", "a.docx"):
        assert reason in assert_refused(api(alice).post_form(UPLOAD, file=Upload(data, name)), 400, "INVALID")["message"]
    body, content_type = multipart({"files": Upload(data, "a.zip")})
    assert reason in words(page(alice).post("/collect/", body, content_type=content_type))
    assert_nothing_stored()


def test_archives_in_archives_are_kept_closed(alice: User, api: Apis) -> None:
    bomb = make_zip(Member("0", data=bytes(900_000), method=8))
    for level in range(5):
        bomb = make_zip(*(Member(f"{level}-{i}.zip", data=bomb + bytes([i]), method=8) for i in range(8)))
    program = api(alice)
    assert_harmless(program, program.post_form(UPLOAD, file=Upload(bomb, "42.zip")).json(), bomb)


LISTS = ["/sessions/", "/conflicts/", "/collect/", "/admin/assets_app/asset/", "/admin/"]
API_LISTS = ["/api/sessions", "/api/changes", "/api/visualizations", "/api/conflicts", "/api/v2/assets?limit=100"]
STRANGE_NAMES = [
    "con.png", "AUX", "nul.", "trailing dots...", "trailing blanks .png  ", "a;b=c&d.png", "'; DROP TABLE assets; --.png",
    "%00.png", "%2e%2e%2fx.png", "a%0d%0aSet-Cookie: x=1.png", "=cmd|' '!A0.png", "{{ 7*7 }}.png", "<script>alert(1)<.png",
    "&lt;b&gt;.png", "תמונה.png", "e\u0301.png", EMOJI * 251 + ".png", "\N{ZERO WIDTH JOINER}.png", "a" * 251 + ".png", ".png",
    "~", "$(reboot).png", "back\\slash.png", "C:\\con\\x.png", "/etc/x.png", "utf-8''x.png", "https://example.org/x.png",
    "x.png:stream",
]  # fmt: skip


def test_after_all_of_it_every_list_still_works(alice: User, sam: User, api: Apis, page: Page) -> None:
    program = api(alice)
    for file in HOSTILE_FILES:
        program.post_form(UPLOAD, file=Upload(file.data, file.name))
    kept = [
        response.json()
        for number, name in enumerate(STRANGE_NAMES)
        if (response := program.post_form(UPLOAD, file=Upload(PNG + bytes([0] * number), name))).status_code == 201
    ]
    assert len(kept) >= 20
    for asset in kept:
        answer = program.get(asset["url"])
        assert answer["Content-Disposition"].startswith("inline")
        assert "\n" not in answer["Content-Disposition"]
        assert answer["Content-Disposition"].isascii()
    browser = page(sam)
    for path in LISTS:
        response = browser.get(path)
        assert response.status_code == 200, path
        assert b"<script>alert(1)" not in response.content
    for asset in kept:
        assert browser.get(f"/admin/assets_app/asset/{asset['id']}/change/").status_code == 200
    for path in API_LISTS:
        assert api(sam).get(path).status_code == 200, path


@pytest.mark.parametrize(
    "name",
    [
        "..", "../x.png", "a/../x.png", "..\\x.png", "x\0.png", "x\x1b[2J.png", "a\u0085b.png", "exe\u202egnp.png",
        "\u2066x.png",
        "a" * 252 + ".png", "a" * 5000, EMOJI * 252 + ".png", ".", "/", " ", "a/", "&#0;.png/&#1;", "&#1;", "&#x202e;.png",
        "\ud800.png",
    ],
)  # fmt: skip
def test_a_hostile_name_is_refused_in_words(alice: User, api: Apis, name: str) -> None:
    for part in (b'filename="' + name.encode(errors="surrogatepass") + b'"', f"filename*=utf-8''{escaped(name)}".encode()):
        body = form(b'name="file"; ' + part, PNG)
        assert_refused(send(api(alice), body), 400, "INVALID")
    assert_nothing_stored()


def escaped(name: str) -> str:
    return quote(name.encode(errors="surrogatepass"))


@pytest.mark.parametrize("name", [EMOJI * 240 + ".png", EMOJI * 251 + ".png", "ת" * 251 + ".png"])
def test_a_name_of_many_bytes_is_kept_whole(alice: User, api: Apis, name: str) -> None:
    escaped_too = f'name="file"; filename="{name}"; filename*=utf-8\'\'{escaped(name)}'
    for disposition in (f'name="file"; filename="{name}"', escaped_too):
        assert send(api(alice), form(disposition.encode(), PNG)).json()["name"] == name


@pytest.mark.parametrize(
    "name", ["caf\xe9.png".encode("latin-1"), b"\xff\xfe", "תמונה.png".encode("cp1255"), b"\xed\xa0\x80.png"]
)
@pytest.mark.parametrize("field", [b'name="file"; filename="%b"', b'name="%b"; filename="a.png"', b'name="%b"'])
def test_a_name_that_is_no_text_is_refused_and_not_left_out(alice: User, api: Apis, name: bytes, field: bytes) -> None:
    body = form(field % name, PNG, more=form_part(b'name="file"; filename="other.png"', PNG))
    assert "not UTF-8" in assert_refused(send(api(alice), body), 400, "INVALID")["message"]
    assert_nothing_stored()


def form_part(disposition: bytes, data: bytes, *headers: bytes) -> bytes:
    return b"--x\r\n" + b"\r\n".join([b"Content-Disposition: form-data; " + disposition, *headers]) + b"\r\n\r\n" + data + b"\r\n"


def form(disposition: bytes, data: bytes, *headers: bytes, more: bytes = b"") -> bytes:
    return form_part(disposition, data, *headers) + more + b"--x--\r\n"


def send(program: Api, body: bytes) -> Any:
    return program.client.post(UPLOAD, body, content_type="multipart/form-data; boundary=x")


FILE = b'name="file"; filename="a.png"'
BASE64 = b"Content-Transfer-Encoding: base64"


@pytest.mark.parametrize(
    "body",
    [
        form_part(b'name="f"; filename="f.txt"', b"x") * 10_001 + form(FILE, PNG),
        form_part(b'name="f"', b"x") * 10_001 + form(FILE, PNG),
        b"--x\r\n\r\nx\r\n" * 10_001 + form(FILE, PNG),
        b"--x\r\n" * 10_001 + form(FILE, PNG),
        form_part(FILE, PNG),
        form_part(FILE, PNG) + b"--x-",
        form(FILE, PNG, b"X-Long: " + b"a" * 1_000_000),
        form(FILE + b"; a=" + b"b" * 1_000_000, PNG),
        form(b'name="file"; filename="' + b"a" * 1_000_000 + b'"', PNG),
        form(FILE, b"=!=", BASE64),
        form(FILE, b"iVBO", b"X: y" * 4000),
        form_part(FILE, PNG) + form(FILE, JPEG),
        form(b'name="file"', PNG),
        form(b'name="file"; filename=""', PNG),
        form(b'filename="a.png"', PNG),
        form(b'name="other"; filename="a.png"', PNG),
        form(b'name="file"; filename="a.png"; filename="../b.png"; filename="\0"', PNG),
        b"x" * 1_000_000,
        b"--x--\r\n",
    ],
    ids=lambda body: repr(body[:70]),
)  # fmt: skip
def test_a_hostile_form_is_refused_in_words(alice: User, api: Apis, body: bytes) -> None:
    response = send(api(alice), body)
    assert response.status_code in (400, 413)
    assert_refused(response, response.status_code, response.json()["error"])
    assert_nothing_stored()


def test_a_form_of_as_many_parts_as_allowed_is_read(alice: User, api: Apis) -> None:
    fields = b"".join(form_part(f'name="f{i}"'.encode(), b"x") for i in range(990))
    assert send(api(alice), fields + form(FILE, PNG)).status_code == 201


def test_base64_with_blanks_is_the_file_that_was_meant(alice: User, api: Apis) -> None:
    spread = b"".join(bytes([byte]) + b" \r\n\t" * 50 for byte in b64encode(PNG))
    assert send(api(alice), form(FILE, spread, BASE64)).json()["size"] == len(PNG)


def blanks_in_base64(size: int) -> bytes:
    return form(FILE, b"iVBORw0KGgo=" + b" " * size, BASE64)


def nothing_but_boundaries(size: int) -> bytes:
    return b"--x\r\n" * (size // 5)


def almost_boundaries(size: int) -> bytes:
    return form(b'name="file"; filename="a.txt"', b"\r\n--" * (size // 4))


def a_header_without_end(size: int) -> bytes:
    return b"--x\r\nContent-Disposition: " + b"a;" * (size // 2)


def parameters(size: int) -> bytes:
    return form(FILE + b"; a=b" * (size // 5), PNG)


@pytest.mark.parametrize(
    "make",
    [blanks_in_base64, nothing_but_boundaries, almost_boundaries, a_header_without_end, parameters],
    ids=lambda make: make.__name__,
)
def test_twice_the_form_takes_at_most_about_twice_the_time(alice: User, api: Apis, make: Callable[[int], bytes]) -> None:
    program = api(alice)

    def spent(size: int) -> Iterator[float]:
        body = make(size)
        for _ in range(3):
            began = time.thread_time()
            send(program, body)
            yield time.thread_time() - began

    once, twice = min(spent(2_000_000)), min(spent(4_000_000))
    assert twice < 3 * once + 0.05
