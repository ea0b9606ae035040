"""Going through a checklist in a real browser: by keyboard, on a bad line, and two at once."""

import csv
import io
import json
import re
import secrets
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import Visit, Visitor
from tests.hub import Hub, Program

IMAGE = "https://images.example/catalogue/surgical/instruments/2025/forceps-curved-140mm/front.jpg"
IMAGES = ("https://images.example/catalogue/back.jpg", "https://images.example/label.jpg")
PASSWORD = "correct horse battery"
MAKE_PEOPLE = """
from django.contrib.auth.models import User
for name in ("alice", "bob"):
    if not User.objects.filter(username=name).exists():
        User.objects.create_user(name, password="{password}")
"""
SHARE = """
from django.contrib.auth.models import User
from sessions_app.operations.members import share_session
session = Session.objects.get(session_id="{session}")
for name in ("alice", "bob"):
    share_session(session=session, with_user=name, by=session.owner)
"""


@pytest.fixture(scope="session")
def program(hub: Hub) -> Program:
    hub.manage("shell", "-c", MAKE_PEOPLE.format(password=PASSWORD))
    return hub.program()


class Checklist:
    """One of its own for each test, as the API has it."""

    def __init__(self, program: Program, count: int = 23) -> None:
        self.program = program
        self.id = f"ward-{secrets.token_hex(4)}"
        self.path = f"/sessions/{self.id}/"
        devices = [
            {
                "product_name": f"Forceps, curved, {140 + index} mm",
                "manufacturer": "Müller Medizintechnik GmbH",
                "device_id": f"DEV-{10100 + index}",
                "image_url": IMAGE if index % 5 else "",
                "image_urls": [IMAGE, "https://images.example/catalogue/back.jpg", "https://images.example/label.jpg"][
                    : index % 5
                ],
                "status": "pending",
                "weight": 1.0,
            }
            for index in range(count)
        ]
        body = {"session_id": self.id, "session_name": "Ward disposables", "filename": "ward.csv", "devices": devices}
        assert program.post("/api/sessions", body).status_code == 200

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.program.get(f"/api/sessions/{self.id}").text)["session"]
        return found

    def device(self, index: int) -> dict[str, Any]:
        found: dict[str, Any] = self.read()["devices"][index]
        return found

    @property
    def version(self) -> int:
        return int(self.read()["_version"])

    def change(self, index: int, **fields: Any) -> None:
        """By somebody else, from elsewhere."""
        session = self.read()
        session["devices"][index] |= fields
        assert self.program.post("/api/sessions", session).status_code == 200

    def conflicts(self, state: str = "open") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.program.get(f"/api/conflicts?session={self.id}&state={state}").json()["conflicts"]
        return found

    def share(self) -> None:
        self.program.hub.manage("shell", "-c", SHARE.format(session=self.id))


@pytest.fixture
def checklist(program: Program) -> Checklist:
    return Checklist(program)


def opened(visitor: Visitor, checklist: Checklist, query: str = "") -> Page:
    visitor.go(checklist.path + query)
    expect(visitor.page.locator("html.script")).to_be_attached()
    expect(visitor.page.locator("#state[data-kind]")).to_be_attached()
    return visitor.page


def row(page: Page, index: int) -> Any:
    return page.locator(f'#rows tr[data-index="{index}"]')


def state(page: Page) -> Any:
    return page.locator("#state")


def set_status(page: Page, index: int, status: str) -> None:
    row(page, index).get_by_label("Status").select_option(status)


def in_window(context: BrowserContext, path: str) -> Page:
    page = context.new_page()
    page.goto(path)
    expect(page.locator("#state[data-kind]")).to_be_attached()
    return page


def test_a_list_is_gone_through_by_keyboard_and_saved(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    visitor.picture("editor")
    page.keyboard.press("ArrowDown")
    expect(row(page, 0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    page.keyboard.type("needs a sharper picture, as seen")
    expect(row(page, 2)).to_have_attribute("data-state", "unsaved")
    page.keyboard.press("Escape")
    expect(row(page, 2)).to_be_focused()
    page.keyboard.press("n")
    expect(page.get_by_text("Batch 2 of 3")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("p")
    expect(page.get_by_text("Batch 1 of 3")).to_be_visible()
    visitor.picture("editor-dirty")
    expect(state(page)).to_contain_text("5 edits not saved yet")
    page.keyboard.press("s")
    expect(state(page)).to_have_attribute("data-kind", "saved")
    expect(page.locator("#checked")).to_have_text("2 of 23 checked")
    devices = checklist.read()["devices"]
    assert devices[1] == devices[1] | {"status": "approved", "selected_image_url": IMAGE}
    assert devices[2] == devices[2] | {"status": "rejected", "checker_notes": "needs a sharper picture, as seen"}
    assert devices[10]["status"] == "skipped"
    assert (checklist.version, checklist.conflicts()) == (2, [])
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    visitor.picture("editor-help")
    assert not visitor.complaints


def test_numbers_that_nobody_touched_stay_what_they_are(visit: type[Visit], checklist: Checklist) -> None:
    page = opened(visit.at(), checklist)
    set_status(page, 1, "approved")
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert checklist.program.get(f"/api/sessions/{checklist.id}").text.count('"weight":1.0') == 23


def test_an_own_image_is_typed_and_chosen_ones_are_clicked(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    row(page, 3).get_by_label("images.example/label.jpg", exact=True).check()
    row(page, 4).get_by_label("Own image").first.fill("https://elsewhere.example/own.jpg")
    expect(row(page, 4).get_by_label("Status")).to_have_value("custom_selected")
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert checklist.device(3)["selected_image_url"] == "https://images.example/label.jpg"
    assert checklist.device(4)["custom_image_url"] == "https://elsewhere.example/own.jpg"
    assert not visitor.complaints, "no image is ever loaded from another host"


def test_edits_are_saved_by_themselves_after_a_minute(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    visitor.page.clock.install()
    page = opened(visitor, checklist)
    set_status(page, 0, "approved")
    page.clock.run_for(40_000)
    assert checklist.version == 1
    page.clock.run_for(25_000)
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert checklist.device(0)["status"] == "approved"


def test_a_page_never_meets_its_own_saves(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    for turn in range(4):
        for index in range(5):
            set_status(page, index, ["approved", "rejected", "skipped", "pending"][(turn + index) % 4])
            page.evaluate("document.getElementById('save').click()")
    row(page, 0).get_by_label("Notes").press_sequentially("typed while it is being saved", delay=5)
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert checklist.conflicts("all") == []
    statuses = [device["status"] for device in checklist.read()["devices"][:5]]
    assert statuses == ["pending", "approved", "rejected", "skipped", "pending"]
    assert checklist.device(0)["checker_notes"] == "typed while it is being saved"


def test_edits_made_offline_survive_closing_the_page(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    context = page.context
    context.set_offline(True)
    set_status(page, 0, "rejected")
    row(page, 0).get_by_label("Notes").fill("written in the cellar")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    set_status(page, 12, "skipped")
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_contain_text("No connection. 3 edits are not sent yet.")
    visitor.picture("editor-offline")
    page.close(run_before_unload=False)
    assert checklist.version == 1
    context.set_offline(False)
    again = in_window(context, visitor.hub.url + checklist.path)
    expect(again.get_by_text("3 edits from your last visit are saved now")).to_be_visible()
    assert checklist.device(0) == checklist.device(0) | {"status": "rejected", "checker_notes": "written in the cellar"}
    assert checklist.device(12)["status"] == "skipped"
    assert checklist.conflicts("all") == []
    again.reload()
    expect(again.locator("#state[data-kind]")).to_be_attached()
    expect(again.locator("#notices")).to_be_empty()


def test_unsent_edits_are_shown_after_a_reload_and_sent_when_the_hub_answers(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)

    def refuse(route: Route) -> None:
        route.abort() if route.request.method == "PATCH" else route.continue_()

    page.route("**/api/sessions/*", refuse)
    set_status(page, 1, "rejected")
    page.reload()
    expect(page.get_by_text(re.compile(r"1 edit from \d\d:\d\d.* was not sent yet"))).to_be_visible()
    expect(row(page, 1).get_by_label("Status")).to_have_value("rejected")
    visitor.picture("editor-left")
    page.unroute("**/api/sessions/*")
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert checklist.device(1)["status"] == "rejected"


def test_a_lost_answer_does_no_harm(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    lost: list[str] = []

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "PATCH" and not lost:
            lost.append(route.request.headers["idempotency-key"])
            route.fetch()
            route.abort()
        else:
            if route.request.method == "PATCH":
                lost.append(route.request.headers["idempotency-key"])
            route.continue_()

    page.route("**/api/sessions/*", lose_the_answer)
    set_status(page, 1, "rejected")
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_contain_text("No connection")
    set_status(page, 2, "approved")
    expect(state(page)).to_have_attribute("data-kind", "saved", timeout=15_000)
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert lost[0] == lost[1], "the key is kept until an answer comes"
    assert checklist.conflicts("all") == []
    assert [checklist.device(index)["status"] for index in (1, 2)] == ["rejected", "approved"]


def test_leaving_the_page_saves(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    set_status(page, 0, "approved")
    visitor.go("/sessions/")
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    page = opened(visitor, checklist)
    expect(row(page, 0).get_by_label("Status")).to_have_value("approved")
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert (checklist.device(0)["status"], checklist.version) == ("approved", 2)


def test_two_windows_of_one_person_do_not_send_each_others_edits(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    page.route("**/api/sessions/*", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_())
    set_status(page, 0, "approved")
    other = in_window(page.context, visitor.hub.url + checklist.path)
    expect(row(other, 0).get_by_label("Status")).to_have_value("pending")
    page.unroute("**/api/sessions/*")


def test_what_was_typed_before_the_script_arrived_is_an_edit(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = visitor.page
    held: list[Route] = []
    page.route("**/editor.*.js", lambda route: held.append(route))  # noqa: PLW0108  (playwright cannot wrap a built-in)
    page.goto(visitor.hub.url + checklist.path, wait_until="commit")
    set_status(page, 0, "rejected")
    held[0].continue_()
    expect(state(page)).to_contain_text(re.compile("1 edit|Saved"))
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert checklist.device(0)["status"] == "rejected"


def test_others_are_told_and_their_saves_appear(visit: type[Visit], checklist: Checklist) -> None:
    checklist.share()
    opened(visit.at(name="bob", password=PASSWORD), checklist)
    visitor = visit.at(name="alice", password=PASSWORD)
    visitor.page.clock.install()
    page = opened(visitor, checklist)
    expect(page.locator("#presence")).to_contain_text(re.compile(r"bob \(since .*\) is here, too"))
    checklist.change(2, status="approved")
    page.clock.run_for(61_000)
    expect(page.get_by_text("Version 2 was saved meanwhile; this is it.")).to_be_visible()
    expect(row(page, 2).get_by_label("Status")).to_have_value("approved")
    expect(page.locator("#checked")).to_have_text("1 of 23 checked")
    set_status(page, 0, "skipped")
    checklist.change(3, status="approved")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(state(page)).to_contain_text("Version 3 was saved by somebody meanwhile")
    visitor.picture("editor-presence")


def both_changed(visit: type[Visit], checklist: Checklist, alice: dict[int, str], bob: dict[int, str]) -> tuple[Visitor, Visitor]:
    """Alice and bob open the list; bob saves first, then alice saves."""
    checklist.share()
    visitors = visit.at(name="alice", password=PASSWORD), visit.at(name="bob", password=PASSWORD)
    for visitor in visitors:
        opened(visitor, checklist)
    for visitor, changes in zip(reversed(visitors), (bob, alice), strict=True):
        for index, status in changes.items():
            set_status(visitor.page, index, status)
        visitor.page.get_by_role("button", name="Save").click()
        if changes is bob:
            expect(state(visitor.page)).to_have_attribute("data-kind", "saved")
    return visitors


def test_two_who_changed_different_things_are_merged(visit: type[Visit], checklist: Checklist) -> None:
    alice, bob = both_changed(visit, checklist, {0: "approved", 2: "skipped"}, {1: "rejected"})
    dialog = alice.page.get_by_role("dialog", name="bob saved first")
    expect(dialog).to_contain_text("bob changed 1 field, you changed 2 fields. Nothing stands against each other")
    expect(dialog.get_by_role("button").first).to_have_text("Merge both")
    alice.picture("conflict-soft")
    dialog.get_by_role("button", name="Merge both").click()
    expect(dialog).to_be_hidden()
    expect(state(alice.page)).to_have_attribute("data-kind", "saved")
    expect(row(alice.page, 1).get_by_label("Status")).to_have_value("rejected")
    assert [device["status"] for device in checklist.read()["devices"][:3]] == ["approved", "rejected", "skipped"]
    assert checklist.conflicts() == []
    set_status(alice.page, 4, "approved")
    alice.page.get_by_role("button", name="Save").click()
    expect(state(alice.page)).to_have_attribute("data-kind", "saved")
    assert checklist.conflicts() == [], "the page goes on from the new version"
    assert not alice.complaints + bob.complaints


def test_who_changed_the_same_chooses_field_by_field(visit: type[Visit], checklist: Checklist) -> None:
    alice, _ = both_changed(
        visit, checklist, {0: "approved", 1: "approved", 3: "skipped"}, {0: "rejected", 1: "rejected", 4: "skipped"}
    )
    dialog = alice.page.get_by_role("dialog", name="bob saved first")
    merge = dialog.get_by_role("button", name="Merge", exact=True)
    expect(merge).to_be_disabled()
    alice.picture("conflict-hard")
    fields = dialog.locator("fieldset")
    expect(fields).to_have_count(2)
    fields.nth(0).get_by_label(re.compile("^You")).check()
    expect(merge).to_be_disabled()
    fields.nth(1).get_by_label(re.compile("^bob")).check()
    alice.picture("conflict-hard-chosen")
    merge.click()
    expect(dialog).to_be_hidden()
    expect(state(alice.page)).to_have_attribute("data-kind", "saved")
    statuses = [device["status"] for device in checklist.read()["devices"][:5]]
    assert statuses == ["approved", "rejected", "pending", "skipped", "skipped"]
    assert checklist.conflicts() == []


@pytest.mark.parametrize(("button", "kept"), [("Keep mine", "approved"), ("Take theirs", "rejected")])
def test_one_side_is_taken_whole(visit: type[Visit], checklist: Checklist, button: str, kept: str) -> None:
    alice, _ = both_changed(visit, checklist, {0: "approved"}, {0: "rejected"})
    alice.page.get_by_role("button", name=button).click()
    expect(alice.page.get_by_role("dialog")).to_be_hidden()
    expect(state(alice.page)).to_have_attribute("data-kind", "saved")
    expect(row(alice.page, 0).get_by_label("Status")).to_have_value(kept)
    assert (checklist.device(0)["status"], checklist.conflicts()) == (kept, [])


def test_choices_that_still_apply_are_kept_if_somebody_saves_once_more(visit: type[Visit], checklist: Checklist) -> None:
    alice, _ = both_changed(visit, checklist, {0: "approved", 1: "approved"}, {0: "rejected", 1: "rejected"})
    dialog = alice.page.get_by_role("dialog", name="bob saved first")
    for index in range(2):
        dialog.locator("fieldset").nth(index).get_by_label(re.compile("^You")).check()
    checklist.change(1, status="skipped")
    dialog.get_by_role("button", name="Merge", exact=True).click()
    dialog = alice.page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("1 of your choices did not fit any more")
    expect(dialog.locator("fieldset").nth(0).get_by_label(re.compile("^You"))).to_be_checked()
    expect(dialog.get_by_role("button", name="Merge", exact=True)).to_be_disabled()
    dialog.locator("fieldset").nth(1).get_by_label(re.compile("^admin and bob")).check()
    dialog.get_by_role("button", name="Merge", exact=True).click()
    expect(dialog).to_be_hidden()
    assert [device["status"] for device in checklist.read()["devices"][:2]] == ["approved", "skipped"]


def test_later_loses_nothing(visit: type[Visit], checklist: Checklist) -> None:
    alice, _ = both_changed(visit, checklist, {0: "approved"}, {0: "rejected"})
    page = alice.page
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_text("1 edit of yours met a newer version and waits in a conflict")).to_be_visible()
    (conflict,) = checklist.conflicts()
    expect(page.get_by_role("link", name="Settle it")).to_have_attribute("href", f"/conflicts/{conflict['id']}/")
    expect(row(page, 0).get_by_label("Status")).to_have_value("approved")
    expect(row(page, 0)).to_have_attribute("data-state", "conflict")
    alice.picture("conflict-later")
    set_status(page, 5, "skipped")
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert (checklist.device(0)["status"], checklist.device(5)["status"]) == ("rejected", "skipped")
    assert len(checklist.conflicts()) == 1
    page.reload()
    expect(row(page, 0)).to_have_attribute("data-state", "conflict")
    expect(row(page, 0).get_by_label("Status")).to_have_value("approved")
    url = f"/api/conflicts/{conflict['id']}/resolve"
    assert checklist.program.post(url, {"_version": checklist.version, "take": "yours"}).status_code == 200
    page.reload()
    expect(page.get_by_text("was settled meanwhile")).to_be_visible()
    expect(row(page, 0)).to_have_attribute("data-state", "")


def test_edits_that_lay_in_the_browser_while_others_saved_are_compared(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    page.context.set_offline(True)
    set_status(page, 0, "approved")
    context = page.context
    page.close(run_before_unload=False)
    checklist.change(0, status="rejected")
    context.set_offline(False)
    again = in_window(context, visitor.hub.url + checklist.path)
    dialog = again.get_by_role("dialog", name="You, in another window, saved first")
    expect(dialog.locator("fieldset")).to_have_count(1)
    assert checklist.device(0)["status"] == "rejected", "an old edit overwrites nothing by itself"


def test_edits_of_a_list_that_somebody_trashed_are_kept(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    set_status(page, 0, "approved")
    deleted = checklist.program.session.delete(f"{visitor.hub.url}/api/sessions/{checklist.id}?version=1", timeout=30)
    assert deleted.status_code == 200
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name=re.compile("moved the list to the trash"))
    expect(dialog.get_by_role("alert")).to_contain_text("Take it out of the trash")
    dialog.get_by_role("button", name="Later").click()
    expect(page.get_by_text("1 edit of yours met a newer version")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Take it out").click()
    expect(row(page, 0).get_by_label("Status")).to_have_value("approved")
    expect(row(page, 0)).to_have_attribute("data-state", "conflict")


def test_the_cursor_stays_where_it_is_in_a_note_with_foreign_line_breaks(visit: type[Visit], checklist: Checklist) -> None:
    checklist.change(0, checker_notes="first\r\nsecond")
    page = opened(visit.at(), checklist)
    notes = row(page, 0).get_by_label("Notes")
    notes.focus()
    notes.evaluate("field => field.setSelectionRange(5, 5)")
    page.keyboard.type(" line", delay=20)
    set_status(page, 1, "skipped")
    expect(notes).to_have_value("first line\nsecond")
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert checklist.device(0)["checker_notes"] == "first line\nsecond"


def test_exporting_saves_first(visit: type[Visit], checklist: Checklist) -> None:
    page = opened(visit.at(), checklist)
    set_status(page, 0, "approved")
    row(page, 0).focus()
    with page.expect_download() as download:
        page.keyboard.press("e")
    assert download.value.suggested_filename == "ward_checked.csv"
    text = download.value.path().read_bytes().decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(text, newline="")))["status"] == "approved"


def test_a_signed_out_person_keeps_their_edits(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at()
    page = opened(visitor, checklist)
    login = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sessionid")
    page.context.clear_cookies(name="sessionid")
    set_status(page, 0, "approved")
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_contain_text("You have been signed out")
    page.context.add_cookies([{"name": "sessionid", "value": login, "url": visitor.hub.url}])
    page.get_by_role("button", name="Save").click()
    expect(state(page)).to_have_attribute("data-kind", "saved")
    assert checklist.device(0)["status"] == "approved"


@pytest.mark.parametrize("dark", [False, True])
def test_the_editor_fits_a_phone(visit: type[Visit], checklist: Checklist, dark: bool) -> None:
    checklist.share()
    visitor = visit.at(360, 740, dark=dark, name="alice", password=PASSWORD)
    shade = "dark" if dark else "light"
    page = opened(visitor, checklist)
    set_status(page, 0, "approved")
    set_status(page, 1, "rejected")
    visitor.picture(f"phone-{shade}-editor")
    assert not visitor.overflows()
    checklist.change(0, status="skipped")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert not visitor.overflows()
    visitor.picture(f"phone-{shade}-conflict")
    page.get_by_role("button", name="Later").click()
    for path in ("versions/2/", ""):
        visitor.go(checklist.path + path)
        assert not visitor.overflows()
    visitor.picture(f"phone-{shade}-later")
    assert not visitor.complaints


def test_three_hundred_devices_are_as_quick_as_ten(visit: type[Visit], program: Program) -> None:
    checklist = Checklist(program, count=300)
    page = opened(visit.at(), checklist, "?batch=30")
    assert page.locator("#rows tr").count() == 10
    row(page, 290).focus()
    took = page.evaluate(
        """() => {
            const before = performance.now();
            for (let turn = 0; turn < 20; turn++) {
                document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "p", bubbles: true}));
            }
            return (performance.now() - before) / 20;
        }"""
    )
    assert page.get_by_text("Batch 10 of 30").is_visible()
    assert took < 60, f"{took} ms a batch"


def test_everything_works_without_scripts(visit: type[Visit], checklist: Checklist) -> None:
    visitor = visit.at(scripts=False)
    page = visitor.page
    visitor.go(f"{checklist.path}?batch=2")
    visitor.picture("editor-without-scripts")
    row(page, 10).get_by_label("Status").select_option("approved")
    row(page, 10).get_by_label("Notes").fill("by hand")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    expect(page.get_by_text("Batch 2 of 3")).to_be_visible()
    assert checklist.device(10) == checklist.device(10) | {"status": "approved", "checker_notes": "by hand"}
    page.get_by_text("Versions: 2").click()
    page.locator(".versions a").first.click()
    expect(page.get_by_text("Forceps, curved, 150 mm (DEV-10110)")).to_be_visible()
    visitor.picture("version")
    page.go_back()
    page.get_by_role("link", name="Delete this session").click()
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_role("heading", name="Trash")).to_be_visible()
    visitor.picture("trash")
    page.get_by_role("button", name="Restore Ward disposables").first.click()
    expect(page.get_by_text("It is out of the trash.")).to_be_visible()
