"""The wiring: health, errors, schema, checks, logs, settings."""

import io
import json
import logging
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client

from assets_app.models import Job
from config import checks
from config.keys import read_or_create_secret
from config.logs import scrub
from config.wsgi import application
from sessions_app.models import Session
from tests.conftest import Api, assert_refused
from tests.make import make_session

ROOT = Path(__file__).resolve().parents[2]


def test_alive_asks_no_database(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_when_everything_is(client: Client, db: None) -> None:
    assert client.get("/readyz").json()["checks"] == {"database": "ok", "migrations": "ok", "blob_store": "ok"}


def test_not_ready_without_a_store_or_with_old_tables(client: Client, db: None, settings: Any) -> None:
    settings.HOLDFAST_BLOB_STORE = "s3"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'visualizations_app'")
    response = client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert response.json()["checks"] == {
        "database": "ok",
        "migrations": "not applied: run manage.py migrate",
        "blob_store": "not configured",
    }


def test_not_ready_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_args: object) -> None:
        raise OperationalError("connection refused at 10.0.0.7")

    monkeypatch.setattr("config.health.MigrationExecutor", unreachable)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "10.0.0.7" not in response.content.decode()


def test_an_unforeseen_fault_is_json_for_programs_and_a_page_for_people(
    alice: User, api: Callable[..., Api], page: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session.objects.__class__, "live", lambda _self: 1 / 0, raising=False)
    monkeypatch.setattr("sessions_app.models.SessionQuerySet.live", lambda _self: 1 / 0)
    assert_refused(api(alice).get("/api/sessions"), 500, "SERVER_ERROR")
    response = page(alice).get("/sessions/")
    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "ZeroDivision" not in response.content.decode()


def test_a_busy_database_is_503_with_a_time_to_wait(
    alice: User, api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**_kwargs: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("sessions_app.api.views.save_session", busy)
    response = api(alice).post("/api/sessions", {"session_id": "x"})
    assert_refused(response, 503, "BUSY")
    assert response["Retry-After"] == "1"


def test_the_schema_and_its_page_are_there_for_everyone(client: Client, db: None) -> None:
    schema = json.loads(client.get("/api/schema", headers={"Accept": "application/json"}).content)
    assert schema["openapi"].startswith("3.1")
    paths = {
        "/api/sessions", "/api/sessions/{session_id}", "/api/sessions/deleted", "/api/changes", "/api/conflicts",
        "/api/v2/upload-asset", "/api/v2/assets/{asset_id}",
        "/api/v2/assets/{asset_id}/data", "/api/visualizations", "/api/visualizations/{uuid}",
    }  # fmt: skip
    assert paths < set(schema["paths"])
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                told = answer.get("content", {}).get("application/json", {})
                if status >= "400" or (path.startswith(("/api/sessions", "/api/conflicts")) and status != "304"):
                    assert "example" in told or "examples" in told, (method, path, status)
    page = client.get("/api/docs").content.decode()
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle" in page


def test_every_answer_names_its_request_and_is_private(client: Client, db: None) -> None:
    response = client.get("/api/sessions")
    assert re.fullmatch(r"[0-9a-f-]{36}", response["X-Request-ID"])
    assert response["Cache-Control"] == "private, no-cache"
    assert client.get("/sessions/")["X-Request-ID"]


def test_a_forged_form_is_told_in_words(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert "Reload the page" in browser.post("/collect/").content.decode()
    assert_refused(browser.post("/collect/", headers={"Accept": "application/json"}), 403, "FORBIDDEN")


@pytest.mark.parametrize("host", ["evil.example", "a b"])
def test_a_false_host_is_400(client: Client, db: None, host: str) -> None:
    assert_refused(client.get("/api/sessions", headers={"Host": host}), 400, "INVALID")


@pytest.mark.parametrize("path", ["/api/docs", "/api/schema"])
def test_the_libraries_views_answer_other_methods_in_json(client: Client, db: None, path: str) -> None:
    for method in ("OPTIONS", "POST", "DELETE", "BREW"):
        assert_refused(client.generic(method, path), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["sessions_app/session/?created_at__year=999999", "assets_app/job/?created_at__year=999999"])
def test_forged_admin_addresses_are_400(sam: User, page: Callable[[User], Client], path: str) -> None:
    assert page(sam).get(f"/admin/{path}").status_code == 400


@pytest.mark.parametrize("row", ["abc", "9" * 40, "a\0b"])
def test_forged_admin_rows_are_400(sam: User, page: Callable[[User], Client], row: str) -> None:
    Job.objects.create(task="none", subject="a job")
    response = page(sam).post("/admin/assets_app/job/", {"action": "do_again", "_selected_action": [row]})
    assert response.status_code in (302, 400)


ODD_TYPES = [
    "application/json; charset=zlib",
    "application/json; charset=utf-16",
    "application/json; a*=bogus''%41",
    "a" * 5000,
]


@pytest.mark.parametrize("content_type", ODD_TYPES)
def test_the_server_takes_any_content_type(db: None, content_type: str) -> None:
    environ: dict[str, Any] = {
        "PATH_INFO": "/api/sessions",
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "x=1",
        "HTTP_HOST": "localhost",
    }
    setup_testing_defaults(environ)
    environ["CONTENT_TYPE"] = content_type
    statuses: list[str] = []

    def start_response(status: str, *_rest: Any) -> Callable[[bytes], object]:
        statuses.append(status)
        return bytes

    b"".join(application(environ, start_response))
    assert statuses == ["401 Unauthorized"]


def test_a_nul_in_a_cookie_is_400(client: Client, db: None) -> None:
    client.cookies["sessionid"] = "\0abc"
    assert_refused(client.get("/api/sessions"), 400, "INVALID")
    assert client.get("/accounts/login/").status_code == 400


def test_a_body_without_a_length_is_411(client: Client, db: None) -> None:
    response = client.generic("POST", "/api/sessions", headers={"Transfer-Encoding": "chunked"})
    assert_refused(response, 411, "LENGTH_REQUIRED")


def test_pages_say_that_the_database_is_busy(
    alice: User, page: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = page(alice)

    def unreachable(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("connection refused at 10.0.0.7")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore._get_session_from_db", unreachable)
    for path in ("/sessions/", "/collect/", "/accounts/login/", "/admin/"):
        response = client.get(path)
        assert (response.status_code, response["Retry-After"]) == (503, "1"), path
        assert "10.0.0.7" not in response.content.decode()
    assert client.get("/nope").status_code == 500
    assert_refused(client.get("/sessions/", headers={"Accept": "application/json"}), 503, "BUSY")
    assert_refused(client.get("/api/sessions"), 503, "BUSY")


def test_logs_hide_the_secrets_in_addresses() -> None:
    event = {"request": "GET /s/lXwnYS5H0aB-_kkkQQQ/data", "path": "/signed/eyJmb3IiOiJyZWFkIGFzc2V0:abc"}
    assert scrub(None, "", event) == {"request": "GET /s/[hidden]/data", "path": "/signed/[hidden]"}
    assert scrub(None, "", {"request": "GET /sessions/2025-12-14T10_24_07.182Z/"})["request"].endswith("182Z/")


def test_logs_hide_secrets() -> None:
    told = scrub(
        None,
        "info",
        {
            "event": "GET /c?token=abc123 Authorization: Bearer hub_0123456789abcdef postgres://u:pass-word@h/db",
            "password": "x",
            "nested": {"api_key": "y", "list": ["Bearer 0123456789"]},
            "count": 3,
        },
    )
    text = json.dumps(told)
    for secret in ("abc123", "0123456789", "pass-word", '"x"', '"y"'):
        assert secret not in text
    assert told["count"] == 3


def test_a_request_is_logged_with_its_id_and_without_its_token(
    alice: User, api: Callable[..., Api], caplog: pytest.LogCaptureFixture
) -> None:
    program = api(alice)
    with caplog.at_level(logging.INFO):
        program.get("/api/sessions")
    lines = [str(record.msg) for record in caplog.records if "request_finished" in str(record.msg)]
    assert lines
    assert "request_id" in lines[0]
    assert program.token not in "".join(str(record.msg) for record in caplog.records)


def test_two_processes_agree_on_the_secret(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    first = read_or_create_secret(path)
    assert read_or_create_secret(path) == first
    assert len(first) > 50
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["secret"]


def test_the_database_keeps_what_it_acknowledges(db: None) -> None:
    assert not [fault for fault in checks.check_durability(databases=["default"]) if fault.id == "holdfast.E005"]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for pragma, value in (("synchronous", 2), ("foreign_keys", 1), ("recursive_triggers", 1), ("mmap_size", 0)):
                cursor.execute(f"PRAGMA {pragma}")
                assert cursor.fetchone()[0] == value, pragma
            cursor.execute("PRAGMA journal_mode")
            assert cursor.fetchone()[0] == "wal"
        else:
            cursor.execute("SET synchronous_commit = off")
            assert [fault.id for fault in checks.check_durability(databases=["default"])] == ["holdfast.E005"]
            cursor.execute("SET synchronous_commit = on")


def test_a_faulty_sqlite_is_told() -> None:
    assert [fault.id for fault in checks._sqlite_version_faults((3, 40, 1))] == ["holdfast.W002"]
    assert checks._sqlite_version_faults((3, 51, 3)) == []


@pytest.mark.parametrize(
    ("setting", "value", "check", "fault"),
    [
        ("HOLDFAST_BLOB_STORE", "s3", checks.check_blob_store, "holdfast.E001"),
        ("HOLDFAST_BLOB_STORE", "tape", checks.check_blob_store, "holdfast.E001"),
        ("HOLDFAST_MAX_ASSET_MB", 0, checks.check_limits, "holdfast.E002"),
        ("PORT", 99_999, checks.check_limits, "holdfast.E002"),
        ("WEB_CONCURRENCY", 0, checks.check_limits, "holdfast.E002"),
        ("HOLDFAST_WORKERS", -1, checks.check_limits, "holdfast.E002"),
        ("SECRET_KEY", "short", checks.check_secret_key, "holdfast.E003"),
        ("ALLOWED_HOSTS", ["*"], checks.check_hosts, "holdfast.E004"),
        ("HOLDFAST_ASSET_ORIGIN", "assets.example.org", checks.check_asset_origin, "holdfast.E008"),
        ("HOLDFAST_ASSET_ORIGIN", "https://assets.example.org/files", checks.check_asset_origin, "holdfast.E008"),
        ("HOLDFAST_ASSET_ORIGIN", "http://127.0.0.1:8001", checks.check_asset_origin, "holdfast.E008"),
        ("HOLDFAST_S3_REDIRECT", True, checks.check_redirects, "holdfast.E009"),
    ],
)
def test_bad_settings_are_found_with_a_hint(
    settings: Any, setting: str, value: Any, check: Callable[[], list[Any]], fault: str
) -> None:
    assert check() == []
    setattr(settings, setting, value)
    (found,) = check()
    assert found.id == fault
    assert found.hint


def test_every_setting_is_documented_and_every_documented_setting_is_read() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "config" / "settings.py").read_text()))
    example = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    table = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    from_libraries = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert example - from_libraries == read
    assert table - from_libraries == read


def test_a_port_in_use_is_told_in_words(settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings.HOST, settings.PORT = taken.getsockname()
        with pytest.raises(CommandError, match=f"Cannot listen on 127.0.0.1:{settings.PORT}.*PORT={settings.PORT + 1} make run"):
            call_command("serve")


def test_a_host_that_is_none_is_told_in_words(settings: Any) -> None:
    settings.HOST = "nosuch.invalid"
    with pytest.raises(CommandError, match="HOST is 'nosuch"):
        call_command("serve")


@pytest.mark.parametrize(
    "setting", ["PORT=abc", "DATABASE_URL=garbage", "DATABASE_URL=postgres://u:secret-word@h:port/x", "LOG_LEVEL=loud"]
)
def test_a_setting_that_cannot_be_read_is_told_in_a_few_words(tmp_path: Path, setting: str) -> None:
    name, _, value = setting.partition("=")
    environment = {"PATH": os.environ["PATH"], "HOLDFAST_DATA_DIR": str(tmp_path), name: value}
    told = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert told.stderr.startswith("A setting cannot be read: ")
    assert "Traceback" not in told.stderr
    assert "secret-word" not in told.stderr


def test_empty_settings_are_unset_ones(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOLDFAST_DATA_DIR": str(tmp_path), "DATABASE_URL": "", "SECRET_KEY": ""}
    subprocess.run([sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, check=True)


def test_preparing_makes_one_admin_and_shows_its_password_once(db: None) -> None:
    first, second = io.StringIO(), io.StringIO()
    call_command("prepare", stdout=first)
    call_command("prepare", stdout=second)
    password = re.search(r"password  (\S+)", first.getvalue())
    assert password is not None
    admin = User.objects.get(is_superuser=True)
    assert admin.check_password(password[1])
    assert second.getvalue() == ""


def test_the_shell_binds_our_session(capsys: pytest.CaptureFixture[str], db: None) -> None:
    call_command("shell", command="print(Session.__module__)", verbosity=0)
    assert "sessions_app.models" in capsys.readouterr().out


def test_tables_have_the_names_that_existing_queries_use(alice: User) -> None:
    make_session(by=alice)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, session_id, user_id, action, version, metadata FROM session_activity_log ORDER BY created_at DESC"
        )
        assert cursor.fetchone()[1:4] == ("checks-1", "alice", "created")
        columns = "session_id, session_name, filename, total_rows, progress_percentage, current_batch, total_batches, version"
        cursor.execute(f"SELECT {columns} FROM sessions")  # noqa: S608  (a list of columns)
        assert cursor.fetchone()[0] == "checks-1"
