"""Requests that come twice, packed, or broken."""

import gzip
import json
from typing import Any

from django.contrib.auth.models import User
from django.urls import get_resolver

from assets_app.models import IdempotencyKey
from sessions_app.models import Conflict, Session
from tests.conftest import Api, Apis, assert_refused
from tests.sessions_app.calls import BASE, save, send


def test_gzip_is_understood_both_ways_and_limited(program: Api, settings: Any) -> None:
    settings.HOLDFAST_MAX_DOCUMENT_MB = 1
    body = gzip.compress(json.dumps(BASE | {"_version": 1, "note": "packed"}).encode())
    for content_type, headers, version in (
        ("application/json", {"Content-Encoding": "gzip"}, 2),
        ("application/gzip", {}, 2),
        ("application/gzip", {"Content-Encoding": "gzip"}, 2),
    ):
        assert send(program, "POST", "/api/sessions", body, content_type, **headers).json()["version"] == version
    bomb = gzip.compress(b'{"session_id": "c1", "x": "' + b"x" * 2_000_000 + b'"}')
    assert_refused(send(program, "POST", "/api/sessions", bomb, "application/gzip"), 413, "TOO_LARGE")
    for broken in (b"not gzip", body[:-9], body + b"more", b""):
        assert_refused(send(program, "POST", "/api/sessions", broken, "application/gzip"), 400, "INVALID")
    assert_refused(send(program, "POST", "/api/sessions", body, **{"Content-Encoding": "br"}), 415, "UNSUPPORTED_TYPE")


def test_a_key_gives_the_same_answer_and_no_second_effect(program: Api) -> None:
    answers = [
        send(program, "POST", "/api/sessions", BASE | {"_version": 1, "n": 1}, **{"Idempotency-Key": "k1"}) for _ in range(3)
    ]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert [(a.status_code, a["ETag"], a["Content-Type"]) for a in answers] == [(200, '"2"', "application/json")] * 3
    other = send(program, "POST", "/api/sessions", BASE | {"_version": 2, "n": 2}, **{"Idempotency-Key": "k1"})
    assert_refused(other, 422, "KEY_REUSED")
    assert Session.objects.get().version == 2


def test_a_refused_save_is_repeated_word_for_word(program: Api) -> None:
    save(program, 1, note="theirs")
    first, second = (
        send(program, "POST", "/api/sessions", BASE | {"_version": 1, "note": "y"}, **{"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert (first.status_code, first.content) == (409, second.content)
    assert Conflict.objects.count() == 1


def test_a_key_of_a_malformed_request_serves_for_the_right_one(program: Api) -> None:
    assert_refused(send(program, "POST", "/api/sessions", {"no": "id"}, **{"Idempotency-Key": "k"}), 400, "INVALID")
    assert not IdempotencyKey.objects.exists()
    assert send(program, "POST", "/api/sessions", BASE | {"_version": 1}, **{"Idempotency-Key": "k"}).status_code == 200
    for odd in ("", "x" * 256, "a\u00e4"):
        assert_refused(send(program, "POST", "/api/sessions", BASE, **{"Idempotency-Key": odd}), 400, "INVALID")


def test_keys_are_each_users_own(program: Api, sam: User, api: Apis) -> None:
    send(program, "POST", "/api/sessions/c1/lease", {}, **{"Idempotency-Key": "k"})
    assert send(api(sam), "POST", "/api/sessions/c1/restore", {"version": 1}, **{"Idempotency-Key": "k"}).status_code == 200


def test_every_post_of_the_api_takes_a_key() -> None:
    """Whoever adds an endpoint and forgets it finds out here."""
    views = {pattern.callback.cls for pattern in _patterns(get_resolver()) if hasattr(pattern.callback, "cls")}
    posts = {cls for cls in views if hasattr(cls, "post") and cls.__module__.split(".")[0].endswith("_app")}
    assert len(posts) > 8
    assert {cls for cls in posts if not getattr(cls.post, "is_idempotent", False)} == set()


def _patterns(resolver: Any) -> list[Any]:
    found = []
    for pattern in resolver.url_patterns:
        found += _patterns(pattern) if hasattr(pattern, "url_patterns") else [pattern]
    return found


def test_a_save_repeated_after_the_session_was_deleted_is_not_told_to_be_safe(program: Api) -> None:
    save(program, 1, note="important")
    program.client.delete("/api/sessions/c1?version=2")
    assert_refused(program.post("/api/sessions", BASE), 410, "GONE")
    assert_refused(save(program, 1, note="important"), 409, "CONFLICT")
    assert Conflict.objects.count() == 1


def test_a_repeated_answer_is_the_same_and_says_beside_it_that_the_session_has_moved_on(program: Api) -> None:
    first = save(program, 1, note="x")
    program.post("/api/sessions/c1/restore", {"version": 1})
    again = save(program, 1, note="x")
    assert again.content == first.content
    assert (first["X-Current-Version"], again["X-Current-Version"], again["ETag"]) == ("2", "3", '"2"')


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def test_nothing_that_is_put_together_is_deeper_than_what_may_be_sent(program: Api) -> None:
    headers = {"If-Match": '"1"'}
    patch = [{"op": "add", "path": "/deep", "value": nested(95)}, {"op": "add", "path": "/deep" + "/a" * 95, "value": nested(90)}]
    for count in (2, 20):
        sent = patch + [{"op": "add", "path": "/deep" + "/a" * (95 + 90 * n), "value": nested(90)} for n in range(1, count)]
        refused = send(program, "PATCH", "/api/sessions/c1", sent, "application/json-patch+json", **headers)
        assert refused.status_code in (400, 422), refused.content
    assert Session.objects.get().version == 1


def test_media_types_are_known_in_any_spelling(program: Api) -> None:
    for spelling in ("APPLICATION/JSON", "application/json ;charset=utf-8"):
        assert send(program, "PATCH", "/api/sessions/c1", {"action": "refresh"}, spelling).json() == {"success": True}
    assert "action" not in program.get("/api/sessions/c1").json()["session"]
