"""Reviewing a conflict on its page: nobody's work goes under by a form that was too old, too sure or too vague."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.models import Conflict, Session, SessionVersion
from sessions_app.operations.history import newest_value, value_at
from sessions_app.operations.members import share_session
from sessions_app.operations.saves import Saved, save_version
from sessions_app.operations.trash import delete_session
from sessions_app.review.rows import key_of
from tests.conftest import Page, words
from tests.make import edited, make_conflict, make_hard, make_session, make_soft, save_too_late

NOTES, RANK = "/devices/device_id=D1/checker_notes", "/devices/device_id=D1/rank"


def url(conflict: Conflict) -> str:
    return f"/conflicts/{conflict.uuid}/"


def choose(picks: dict[str, str], typed: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """The form's fields for choices by path."""
    chosen = {f"choice-{key_of(path)}": choice for path, choice in picks.items()}
    written = {f"value-{key_of(path)}": text for path, text in (typed or {}).items()}
    return {"do": "save", "version": "2"} | chosen | written | fields


def device(session: Session, device_id: str) -> dict[str, Any]:
    session.refresh_from_db()
    return next(each for each in newest_value(session)["devices"] if each["device_id"] == device_id)


def test_strangers_sign_in_and_others_find_nothing(alice: User, bob: User, charlie: User, sam: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    for path in ("/conflicts/", url(conflict)):
        response = Client().get(path)
        assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")
    for refused in (page(charlie).get(url(conflict)), page(charlie).post(url(conflict), choose({}, do="yours"))):
        assert refused.status_code == 404
    assert "Ward ward-1" not in page(charlie).get("/conflicts/").content.decode()
    assert page(bob).get(url(conflict)).status_code == 404
    share_session(session=conflict.session, with_user="bob", by=alice)
    for user in (alice, bob, sam):
        assert page(user).get(url(conflict)).status_code == 200
    assert conflict.session.versions.count() == 2


def test_staff_who_may_only_look_are_refused_every_button(alice: User, viewer: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    text = page(viewer).get(url(conflict)).content.decode()
    assert "Tray <del>4</del><ins>5</ins>" in text
    assert "<button name=" not in text
    assert 'type="radio"' not in text
    for step in ("preview", "save", "theirs", "yours", "dismiss", "undo", "assign", "unassign"):
        assert page(viewer).post(url(conflict), choose({NOTES: "yours", RANK: "yours"}, do=step)).status_code == 403
    conflict.refresh_from_db()
    assert (conflict.state, conflict.session.versions.count()) == ("open", 2)


def test_collectors_do_not_assign(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    assert page(alice).post(url(conflict), {"do": "assign"}).status_code == 403


def test_the_page_says_in_words_what_differs(alice: User, bob: User, page: Page) -> None:
    conflict = _refused_to_bob(alice, bob)
    told = words(page(alice).get(url(conflict)))
    for said in (
        "bob saved Ward ward-1 on",
        "That save was made from version 1 (by alice,",
        "the session was at version 2 already, saved by alice",
        "2 parts to decide",
        "Forceps, curved devices, D1",
        "Checker notes",
        "1 change that only yours made: taken over",
        "1 change that only theirs made: taken over",
        "fields are the same on all sides",
    ):
        assert said.lower() in told.lower(), said


def _refused_to_bob(alice: User, bob: User) -> Conflict:
    session = make_hard(owner=alice, by=alice).session
    share_session(session=session, with_user="bob", by=alice)
    late = edited(value_at(session, 1), D1={"checker_notes": "Tray 4, box 9", "rank": 30}, D3={"status": "skipped"})
    return save_too_late(session, late, based_on=1, by=bob)


def test_texts_are_compared_word_by_word(alice: User, page: Page) -> None:
    text = page(alice).get(url(make_hard(owner=alice, by=alice))).content.decode()
    assert "Tray <del>4</del><ins>5</ins>, box 2" in text
    assert "Tray 4, box <del>2</del><ins>3</ins>" in text


@pytest.mark.parametrize(
    ("notes", "rank", "outcome"),
    [
        ("theirs", "yours", ("Tray 5, box 2", 20)),
        ("yours", "base", ("Tray 4, box 3", 1)),
        ("base", "theirs", ("Tray 4, box 2", 10)),
    ],
)
def test_each_choice_is_followed(alice: User, page: Page, notes: str, rank: str, outcome: tuple[str, int]) -> None:
    conflict = make_hard(owner=alice, by=alice)
    response = page(alice).post(url(conflict), choose({NOTES: notes, RANK: rank}, reason="asked both"), follow=True)
    forceps = device(conflict.session, "D1")
    assert (forceps["checker_notes"], forceps["rank"]) == outcome
    assert (device(conflict.session, "D2")["status"], device(conflict.session, "D3")["status"]) == ("approved", "rejected")
    assert "Saved as version 3" in words(response)
    conflict.refresh_from_db()
    assert (conflict.state, conflict.result_version, conflict.reason) == ("resolved", 3, "asked both")
    assert SessionVersion.objects.get(session=conflict.session, version=3).conflict == conflict


def test_what_somebody_types_is_kept_as_typed(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    typed = {NOTES: "Tray 5,\r\nbox 3", RANK: '{"by": ["a", 1.5]}'}
    page(alice).post(url(conflict), choose({NOTES: "value", RANK: "value"}, typed))
    forceps = device(conflict.session, "D1")
    assert (forceps["checker_notes"], forceps["rank"]) == ("Tray 5,\nbox 3", {"by": ["a", 1.5]})


def test_a_typed_value_that_is_not_json_is_explained_and_nothing_saved(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    response = page(alice).post(url(conflict), choose({NOTES: "theirs", RANK: "value"}, {RANK: "twenty <b>"}))
    assert response.status_code == 400
    told = words(response)
    assert "The JSON is broken at line 1, column 1" in told
    assert "Texts stand in quotes" in told
    assert "twenty &lt;b&gt;" in response.content.decode(), "what was typed is gone"
    assert re.search(rf'name="choice-{key_of(NOTES)}" value="theirs" checked', response.content.decode())
    assert conflict.session.versions.count() == 2


def test_what_a_database_cannot_keep_is_refused(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    response = page(alice).post(url(conflict), choose({NOTES: "value", RANK: "yours"}, {NOTES: "a\0b"}))
    assert response.status_code == 400
    assert "NUL" in words(response)


def test_nothing_is_guessed_where_nobody_chose(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    response = page(alice).post(url(conflict), choose({NOTES: "yours"}))
    assert response.status_code == 400
    assert "Nothing was saved yet: one part still needs a choice." in words(response)
    assert f'href="#row-{key_of(RANK)}"' in response.content.decode()
    assert conflict.session.versions.count() == 2
    page(alice).post(url(conflict), choose({NOTES: "yours"}, rest="theirs"))
    forceps = device(conflict.session, "D1")
    assert (forceps["checker_notes"], forceps["rank"]) == ("Tray 4, box 3", 10)


def test_what_one_side_changed_can_be_left_as_it_was(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    paths = {NOTES: "yours", RANK: "yours", "/devices/device_id=D2/status": "base", "/devices/device_id=D3/status": "base"}
    page(alice).post(url(conflict), choose(paths))
    assert (device(conflict.session, "D2")["status"], device(conflict.session, "D3")["status"]) == ("pending", "pending")


def test_a_preview_saves_nothing_and_shows_what_would_change(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    told = words(page(alice).post(url(conflict), choose({NOTES: "yours", RANK: "theirs"}, do="preview", reason="so far")))
    assert "saving this would change 2 parts of the session" in told
    assert conflict.session.versions.count() == 2
    told = words(page(alice).post(url(conflict), choose({}, do="preview")))
    assert "2 parts still need a choice" in told


@pytest.mark.parametrize(("step", "rank", "status"), [("theirs", 10, "pending"), ("yours", 20, "rejected")])
def test_a_whole_side_is_taken(alice: User, page: Page, step: str, rank: int, status: str) -> None:
    conflict = make_hard(owner=alice, by=alice)
    page(alice).post(url(conflict), choose({}, do=step))
    assert (device(conflict.session, "D1")["rank"], device(conflict.session, "D3")["status"]) == (rank, status)


def test_choices_survive_that_the_session_moved_on(alice: User, bob: User, page: Page) -> None:
    """bob saves while alice is choosing: she is told who, keeps what still applies, and nothing is saved behind her back."""
    conflict = make_hard(owner=alice, by=alice)
    share_session(session=conflict.session, with_user="bob", by=alice)
    session = Session.objects.get(pk=conflict.session_id)
    moved = edited(
        newest_value(session), D1={"checker_notes": "Tray 7, box 2", "rank": 20}, D3={"product_name": "Gauze, sterile"}
    )
    assert isinstance(save_version(session=session, value=moved, based_on=2, by=bob), Saved)
    picks = {NOTES: "yours", RANK: "value", "/devices/device_id=D3/status": "base"}
    response = page(alice).post(url(conflict), choose(picks, {RANK: "15"}))
    told, text = words(response), response.content.decode()
    assert response.status_code == 412
    assert "The session has changed while you were looking" in told
    assert "bob made version 3 (saved)" in told
    assert "Forceps, curved: Checker notes" in told
    assert "1 of your choices is kept." in told
    assert "1 is kept, but the other side changed there: look again." in told
    assert "“Theirs” has changed since you looked. Your choice is kept: look at it again." in told
    assert "No longer different, so not asked any more: Forceps, curved: Rank" in told
    assert f'name="choice-{key_of(NOTES)}" value="yours" checked' in text
    assert 'name="version" value="3"' in text
    assert conflict.session.versions.count() == 3
    page(alice).post(url(conflict), choose({NOTES: "yours"}, version="3"))
    assert device(conflict.session, "D1")["checker_notes"] == "Tray 4, box 3"


@pytest.mark.parametrize("version", ["", "x", "-1", "²", "99999999999999999999", "7"])
def test_a_form_without_a_sound_version_saves_nothing(alice: User, page: Page, version: str) -> None:
    conflict = make_hard(owner=alice, by=alice)
    assert page(alice).post(url(conflict), choose({NOTES: "yours", RANK: "yours"}, version=version)).status_code == 412
    assert conflict.session.versions.count() == 2


def test_a_merge_is_undone_in_one_step(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    page(alice).post(url(conflict), choose({}, do="yours", reason="bob knows"))
    told = words(page(alice).get(url(conflict)))
    assert "Resolved as version 3" in told
    assert "alice resolved it on" in told
    assert "“bob knows”" in told
    told = words(page(alice).post(url(conflict), {"do": "undo"}, follow=True))
    assert "Undone: version 4 is as the session was before" in told
    assert "2 parts to decide" in told
    assert device(conflict.session, "D1")["rank"] == 10


def test_a_dismissal_is_undone_too_and_twice_settled_is_told(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    client = page(alice)
    assert "Dismissed" in words(client.post(url(conflict), {"do": "dismiss", "reason": "a test"}, follow=True))
    for step in ("dismiss", "save", "theirs", "preview"):
        assert "was dismissed" in words(client.post(url(conflict), choose({}, do=step), follow=True))
    assert "open again" in words(client.post(url(conflict), {"do": "undo"}, follow=True))
    assert "nothing to undo" in words(client.post(url(conflict), {"do": "undo"}, follow=True))
    conflict.refresh_from_db()
    assert (conflict.state, conflict.session.versions.count()) == ("open", 2)


def test_an_undo_that_later_saves_stand_on_is_refused_in_words(alice: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    page(alice).post(url(conflict), choose({}, do="yours"))
    session = Session.objects.get(pk=conflict.session_id)
    save_version(session=session, value=edited(newest_value(session), D1={"rank": 77}), based_on=3, by=alice)
    assert "Later saves changed what this resolution had changed" in words(
        page(alice).post(url(conflict), {"do": "undo"}, follow=True)
    )


def test_both_sides_that_fit_are_saved_with_one_button(alice: User, page: Page) -> None:
    conflict = make_soft(owner=alice, by=alice)
    assert "nothing needs a decision" in words(page(alice).get(url(conflict)))
    page(alice).post(url(conflict), choose({}))
    assert (device(conflict.session, "D1")["status"], device(conflict.session, "D2")["status"]) == ("approved", "rejected")


def test_a_session_in_the_trash_says_so_and_can_be_dismissed(alice: User, page: Page) -> None:
    conflict = make_soft(owner=alice, by=alice)
    delete_session(session=Session.objects.get(pk=conflict.session_id), based_on=2, by=alice)
    response = page(alice).get(url(conflict))
    assert "This session is in the trash" in words(response)
    assert 'value="save"' not in response.content.decode()
    response = page(alice).post(url(conflict), choose({}, version="3"))
    assert (response.status_code, "Restore it to go on" in words(response)) == (400, True)
    assert "Dismissed" in words(page(alice).post(url(conflict), {"do": "dismiss"}, follow=True))


@pytest.mark.parametrize("reason", ["x" * 1001, "a\nb", "\u202eexe"])
def test_a_reason_that_cannot_be_kept_keeps_everything_else(alice: User, page: Page, reason: str) -> None:
    conflict = make_hard(owner=alice, by=alice)
    for step in ("save", "dismiss"):
        response = page(alice).post(url(conflict), choose({NOTES: "yours", RANK: "yours"}, reason=reason, do=step))
        assert (response.status_code, "reason" in words(response)) == (400, True)
        assert f'name="choice-{key_of(NOTES)}" value="yours" checked' in response.content.decode()
    assert conflict.session.versions.count() == 2


def test_a_choice_that_breaks_the_document_is_explained(alice: User, page: Page) -> None:
    conflict = make_conflict(owner=alice, by=alice, theirs={"fields": {"total_rows": 3}}, yours={"fields": {"total_rows": 4}})
    for step in ("preview", "save"):
        response = page(alice).post(url(conflict), choose({"/total_rows": "value"}, {"/total_rows": '"many"'}, do=step))
        assert (response.status_code, "must be a whole number" in words(response)) == (400, True)
    assert conflict.session.versions.count() == 2


def test_300_devices_stay_usable(alice: User, page: Page) -> None:
    """Only what differs is a row: the rest is folded away, counted."""
    devices = [
        {"device_id": f"D{n}", "product_name": f"Product {n}", "status": "pending", "checker_notes": "x" * 200}
        for n in range(300)
    ]
    session = make_session(by=alice, session_id="long", devices=devices)
    start = newest_value(session)
    theirs = {f"D{n}": {"status": "approved", "checker_notes": f"theirs {n}"} for n in range(290)}
    yours = {f"D{n}": {"status": "rejected", "checker_notes": f"yours {n}"} for n in range(290)}
    save_version(session=session, value=edited(start, **theirs), based_on=1, by=alice)
    refused = save_too_late(session, edited(start, **yours), based_on=1, by=alice)
    client = page(alice)
    response = client.get(url(refused))
    assert response.content.decode().count("<fieldset") == 580
    assert "10 devices are the same" in words(response)
    assert len(response.content) < 3_000_000
    fields = re.findall(r'<textarea name="(value-\w+)"', response.content.decode())
    picks = {name.replace("value-", "choice-"): "yours" for name in fields}
    sent = {"do": "save", "version": "2"} | dict.fromkeys(fields, "left over") | picks
    assert "Saved as version 3" in words(client.post(url(refused), sent, follow=True))
    assert device(session, "D289")["checker_notes"] == "yours 289"


def test_lists_lead_to_what_waits(alice: User, charlie: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    client = page(alice)
    assert "1 conflict waits for a decision" in words(client.get("/sessions/"))
    assert f'href="{url(conflict)}"' in client.get("/sessions/ward-1/").content.decode()
    assert f'href="{url(conflict)}"' in client.get("/conflicts/").content.decode()
    assert "decision" not in words(page(charlie).get("/sessions/"))
    client.post(url(conflict), {"do": "dismiss"})
    assert "wait" not in words(client.get("/sessions/"))
    assert "None is open" in words(client.get("/conflicts/?state=nonsense"))
    assert f'href="{url(conflict)}"' in client.get("/conflicts/?state=dismissed&page=9").content.decode()
