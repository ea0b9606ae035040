"""What staff may do to sessions from their list: never to one that is not as the page showed it."""

import re
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from sessions_app.models import Lease, Session
from sessions_app.operations.leases import hold_lease
from sessions_app.operations.members import share_session
from sessions_app.operations.saves import save_version
from tests.conftest import Page, words
from tests.make import make_session, make_soft

QUEUE, SESSIONS = "/admin/sessions_app/conflict/", "/admin/sessions_app/session/"


def act_on(client: Client, action: str, *sessions: Session, query: str = "", **seen: int) -> Any:
    versions = {f"version-{session.pk}": seen.get("version", session.version) for session in sessions}
    chosen = {"action": action, "_selected_action": [str(session.pk) for session in sessions]}
    return client.post(SESSIONS + query, chosen | versions, follow=True)


def test_staff_move_sessions_to_the_trash_and_back(alice: User, sam: User, page: Page) -> None:
    session = make_session(by=alice)
    client = page(sam)
    assert f'name="version-{session.pk}" value="1"' in client.get(SESSIONS).content.decode()
    assert "1 session(s) moved to the trash" in words(act_on(client, "move_to_trash", session))
    assert "Checks" not in words(client.get(SESSIONS)).partition("Filter")[0]
    assert "14 days remaining" in words(client.get(f"{SESSIONS}?trash=trashed"))
    session.refresh_from_db()
    assert "1 session(s) restored" in words(act_on(client, "restore", session, query="?trash=trashed"))
    session.refresh_from_db()
    assert (session.is_deleted, session.version) == (False, 3)
    assert "there already" in words(act_on(client, "restore", session))


def test_a_session_that_changed_since_the_page_was_made_is_left_alone(alice: User, sam: User, page: Page) -> None:
    session = make_session(by=alice)
    save_version(session=session, value={"session_name": "Checks", "a": 1}, based_on=1, by=alice)
    response = act_on(page(sam), "move_to_trash", session, version=1)
    assert "left alone: they changed since this page was made" in words(response)
    assert "left alone" in words(
        page(sam).post(SESSIONS, {"action": "move_to_trash", "_selected_action": session.pk}, follow=True)
    )
    session.refresh_from_db()
    assert not session.is_deleted


def test_forgotten_windows_are_closed(alice: User, bob: User, sam: User, page: Page) -> None:
    session = make_session(by=alice)
    share_session(session=session, with_user="bob", by=alice)
    hold_lease(session=session, by=alice)
    hold_lease(session=session, by=bob)
    client = page(sam)
    assert "alice, bob" in words(client.get(SESSIONS))
    told = words(client.get(f"{SESSIONS}{session.pk}/change/"))
    assert "Members" in told
    assert "Open at" in told
    assert "2 lease(s) released" in words(act_on(client, "release", session))
    assert not Lease.objects.exists()


def test_viewers_change_no_session(alice: User, viewer: User, page: Page) -> None:
    session = make_session(by=alice)
    hold_lease(session=session, by=alice)
    client = page(viewer)
    assert 'name="action"' not in client.get(SESSIONS).content.decode()
    for action in ("move_to_trash", "restore", "release"):
        act_on(client, action, session)
    session.refresh_from_db()
    assert not session.is_deleted
    assert Lease.objects.exists()


def test_a_session_leads_to_its_open_conflicts(alice: User, sam: User, page: Page) -> None:
    conflict, _other = (make_soft(owner=alice, by=alice, session_id=name) for name in ("one", "other"))
    client = page(sam)
    session = conflict.session
    link = f"{QUEUE}?session={session.pk}"
    assert f'href="{link}">1 open</a>' in client.get(SESSIONS).content.decode()
    text = client.get(f"{SESSIONS}{session.pk}/change/").content.decode()
    assert link in text
    assert f"{QUEUE}{conflict.pk}/review/" in text
    queue = client.get(link).content.decode()
    assert set(re.findall(r"/conflict/(\d+)/review/", queue)) == {str(conflict.pk)}


def test_long_histories_show_their_newest_versions(alice: User, sam: User, page: Page) -> None:
    session = make_session(by=alice)
    for number in range(1, 110):
        save_version(session=session, value={"session_name": "Checks", "n": number}, based_on=number, by=alice)
    text = page(sam).get(f"{SESSIONS}{session.pk}/change/").content.decode()
    assert text.count('class="form-row has_original') == 100
