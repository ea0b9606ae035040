"""Tokens: shown once, hashed at rest, scoped, expiring, revocable."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from assets_app.models import ApiToken
from assets_app.operations.tokens import create_token, revoke_token
from tests.conftest import Api, assert_refused


def test_the_command_prints_the_token_alone_on_its_line(alice: User) -> None:
    out = io.StringIO()
    call_command("create_token", "alice", "--scope", "read", "--days", "7", "--name", "field kit", stdout=out)
    (line,) = out.getvalue().splitlines()
    token = ApiToken.objects.get()
    assert line.startswith("hub_")
    assert line not in token.digest
    assert (token.name, token.scopes) == ("field kit", ["read"])
    assert timedelta(days=6) < token.expiry - timezone.now() < timedelta(days=7)


@pytest.mark.parametrize("arguments", [["nobody"], ["alice", "--days", "0"]])
def test_the_command_says_what_is_wrong(alice: User, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_token", *arguments)


def test_a_token_opens_the_api_and_notes_its_use(alice: User, api: Callable[..., Api]) -> None:
    assert api(alice).get("/api/sessions").status_code == 200
    assert ApiToken.objects.get().last_used_at is not None


def test_without_a_token_the_answer_is_401_in_json(client: Any, db: None) -> None:
    response = client.get("/api/sessions")
    assert_refused(response, 401, "UNAUTHORIZED")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer hub_wrong", "Bearer a b", "Bearer \u00e9", "Token hub_x"])
def test_a_wrong_token_is_refused(client: Any, db: None, header: str) -> None:
    assert_refused(client.get("/api/sessions", headers={"Authorization": header}), 401, "UNAUTHORIZED")


def test_a_revoked_or_expired_token_is_refused_and_its_row_stays(alice: User, api: Callable[..., Api]) -> None:
    program = api(alice)
    revoke_token(token=ApiToken.objects.get())
    assert_refused(program.get("/api/sessions"), 401, "UNAUTHORIZED")
    assert ApiToken.objects.count() == 1


def test_a_reading_token_cannot_write(alice: User, api: Callable[..., Api]) -> None:
    reader, writer = api(alice, scopes=["read"]), api(alice, scopes=["write"])
    assert_refused(reader.post("/api/sessions", {"session_id": "x"}), 403, "FORBIDDEN")
    assert reader.get("/api/sessions").status_code == 200
    assert writer.post("/api/sessions", {"session_id": "x"}).status_code == 200
    assert_refused(writer.get("/api/sessions"), 403, "FORBIDDEN")


def test_tokens_of_a_disabled_user_stop_working(alice: User, api: Callable[..., Api]) -> None:
    program = api(alice)
    User.objects.update(is_active=False)
    assert_refused(program.get("/api/sessions"), 401, "UNAUTHORIZED")


def test_unknown_scopes_are_refused(alice: User) -> None:
    with pytest.raises(Exception, match="Unknown scope"):
        create_token(user=alice, name="x", scopes=["everything"])
