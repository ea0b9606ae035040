"""The cast: alice owns things, bob is shown some of them, charlie must see none of them, sam is staff."""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, TransactionTestCase

from assets_app.operations.audit import audit_objects, audit_rows
from assets_app.operations.tokens import create_token
from assets_app.storage import CHUNK_BYTES
from config.management.commands import prepare
from sessions_app.operations.audit import audit
from tests.guards import guards_down
from tests.make import multipart


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """The pages name static files by their digests, as in production. Collected once, not by every worker."""
    if not hasattr(session.config, "workerinput") and (digest := prepare.uncollected()):
        prepare.collect(digest)


@pytest.fixture(scope="session", autouse=True)
def _emptied_between_tests() -> Iterator[None]:
    """Tests that commit are cleaned up by emptying every table; the log would refuse that."""
    empty = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # not in the stubs

    def with_guards_down(case: TransactionTestCase) -> None:
        with guards_down():
            empty(case)

    TransactionTestCase._fixture_teardown = with_guards_down  # type: ignore[attr-defined]  # not in the stubs
    yield
    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]  # not in the stubs


@pytest.fixture(autouse=True)
def _audited(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that may write, the auditor looks at what it left. Tests that plant damage say so."""
    if not {"db", "transactional_db"} & set(request.fixturenames):
        yield
        return
    request.getfixturevalue("db")  # so that this ends before the database is taken back
    yield
    # A test may have ended a request as the server does, and with it the connection and all that it wrote.
    if request.node.get_closest_marker("damaged") is None and not connection.closed_in_transaction:
        assert list(audit()) == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """The same for assets and their bytes, while the stores are still those of the test. Small blobs are read."""
    yield
    names: set[str] = set(getattr(item, "fixturenames", ()))
    uses_database = bool({"db", "transactional_db"} & names) and not connection.closed_in_transaction
    if uses_database and item.get_closest_marker("damaged") is None:
        assert [*audit_rows(), *audit_objects(verify=lambda blob: blob.size_bytes <= CHUNK_BYTES)] == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was left out is said loudly: a green run must not look like more than it was. What tests report follows."""
    reasons = {report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])}
    for reason in sorted(reasons):
        terminalreporter.write_sep("!", reason.removeprefix("Skipped: "), red=True, bold=True)
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        told = [str(value) for name, value in getattr(report, "user_properties", []) if name == "told"]
        if told and report.when == "call":
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {'; '.join(told)}")


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob")


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_user("charlie")


@pytest.fixture
def sam(db: None) -> User:
    return User.objects.create_superuser("sam")


@pytest.fixture
def viewer(db: None) -> User:
    """Staff who may look at everything, and do nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return user


class Api:
    """A program with a token: JSON in, JSON out."""

    def __init__(self, user: User, *, scopes: list[str] | None = None) -> None:
        self.token = create_token(user=user, name="test", scopes=scopes)[1]
        self.client = Client(headers={"Authorization": f"Bearer {self.token}"}, raise_request_exception=False)

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.client.get(path, **kwargs)

    def post(self, path: str, body: Any, **kwargs: Any) -> Any:
        """A JSON body; bytes are sent as they are."""
        return self.client.post(path, body, content_type="application/json", **kwargs)

    def post_form(self, path: str, **fields: Any) -> Any:
        body, content_type = multipart(fields)
        return self.client.post(path, body, content_type=content_type)


Apis = Callable[..., Api]
Page = Callable[[User], Client]


@pytest.fixture
def api() -> Apis:
    return Api


@pytest.fixture
def page() -> Page:
    """A browser that is signed in, without scripts."""

    def signed_in(user: User) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(user)
        return client

    return signed_in


def assert_refused(response: Any, status: int, code: str) -> dict[str, Any]:
    """It is the one error body, with nothing in it that is nobody's business."""
    assert response.status_code == status, response.content[:500]
    assert response["Content-Type"] == "application/json"
    body: dict[str, Any] = response.json()
    assert body["error"] == code
    assert body["message"] == body["detail"]
    assert len(body["message"]) > 10
    for leak in ("Traceback", "SELECT", "sqlite", "psycopg", "/site-packages/", "DETAIL:"):
        assert leak not in response.content.decode()
    return body


def words(response: Any) -> str:
    """What somebody reads on a page."""
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", response.content.decode())).split())
