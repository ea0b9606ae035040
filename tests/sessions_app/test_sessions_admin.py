"""The staff door: a window. Whatever a form says, nothing is edited through it."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assets_app.models import ApiToken, Job
from assets_app.operations.blobs import begin_object
from assets_app.operations.sharing import create_link
from assets_app.operations.tokens import create_token
from sessions_app.models import Session
from sessions_app.operations.saves import save_session
from tests.conftest import Page
from tests.make import make_asset, make_recording
from visualizations_app.models import Visualization

OURS = [model for model in admin.site._registry if model._meta.app_label in ("assets_app", "sessions_app", "visualizations_app")]


@pytest.fixture
def everything(alice: User) -> Session:
    """One of each thing that the admin shows."""
    session = make_recording(by=alice).session
    create_link(asset=make_asset(by=alice), by=alice)
    begin_object("database")
    create_token(user=alice, name="kit")
    save_session(session_id=session.session_id, value={"note": "lost"}, based_on=9, by=alice)
    return session


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_everything_can_be_looked_at_and_nothing_edited(everything: Session, sam: User, page: Page, model: type) -> None:
    client = page(sam)
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"  # type: ignore[attr-defined]  # a model
    assert client.get(base).status_code == 200
    assert client.get(base + "?q=x").status_code == 200
    row = model._default_manager.first()  # type: ignore[attr-defined]  # a model
    assert row is not None
    change = f"{base}{row.pk}/change/"
    text = client.get(change).content.decode()
    assert 'name="_save"' not in text
    for path in (change, base + "add/", f"{base}{row.pk}/delete/"):
        assert client.post(path, {"session_name": "forged", "post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()  # type: ignore[attr-defined]  # a model


def test_a_session_is_shown_with_versions_files_conflicts_and_plots(everything: Session, sam: User, page: Page) -> None:
    text = page(sam).get(f"/admin/sessions_app/session/{everything.pk}/change/").content.decode()
    for shown in ("Recordings", "Conflicts", "Session versions", "Raw axes", "is being made", "GAMBIT"):
        assert shown in text


def test_lists_do_not_load_documents(everything: Session, sam: User, page: Page) -> None:
    client = page(sam)
    lists = ("session", "sessionversion", "conflict")
    for model in lists:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/admin/sessions_app/{model}/")
        text = " ".join(query["sql"] for query in queries)
        assert '"document"' not in text
        assert '"compressed"' not in text


def test_collectors_have_no_admin(alice: User, page: Page) -> None:
    assert page(alice).get("/admin/").status_code == 302


def test_viewers_look_and_do_nothing(everything: Session, viewer: User, page: Page) -> None:
    client = page(viewer)
    job = Job.objects.get(task="draw")
    Job.objects.update(state=Job.State.DEAD)
    text = client.get("/admin/assets_app/job/").content.decode()
    assert "Run again" not in text
    client.post("/admin/assets_app/job/", {"action": "do_again", "_selected_action": [job.pk]})
    job.refresh_from_db()
    assert job.state == Job.State.DEAD


def test_staff_can_run_a_dead_job_again(everything: Session, sam: User, page: Page) -> None:
    job = Job.objects.get(task="draw")
    client = page(sam)
    Job.objects.update(state=Job.State.DEAD, attempts=5, last_error="no luck")
    client.post("/admin/assets_app/job/", {"action": "do_again", "_selected_action": [job.pk]})
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.QUEUED, 0)
    response = client.post("/admin/assets_app/job/", {"action": "do_again", "_selected_action": [job.pk]}, follow=True)
    assert "left alone" in response.content.decode()


def test_staff_can_revoke_a_token(everything: Session, sam: User, page: Page) -> None:
    token = ApiToken.objects.get()
    page(sam).post("/admin/assets_app/apitoken/", {"action": "revoke", "_selected_action": [token.pk]})
    token.refresh_from_db()
    assert token.expiry is not None


def test_a_failed_plot_says_why(everything: Session, sam: User, page: Page) -> None:
    Job.objects.update(state=Job.State.DEAD, last_error="for staff", reason="the reason")
    assert Visualization.objects.get().state == "failed"
    assert "the reason" in page(sam).get(f"/admin/sessions_app/session/{everything.pk}/change/").content.decode()


def test_no_admin_page_asks_another_host(everything: Session, sam: User, page: Page) -> None:
    client = page(sam)
    for path in ("/admin/", "/admin/sessions_app/session/", f"/admin/sessions_app/session/{everything.pk}/change/"):
        text = client.get(path).content.decode()
        assert 'src="http' not in text
        assert 'href="http' not in text
