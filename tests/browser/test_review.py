"""Two people save one session; a third puts it right in the browser, without scripts if need be."""

import copy
import re
import secrets
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, expect

from sessions_app.review.rows import key_of
from tests.browser.checklists import MAKE_PEOPLE, PASSWORD
from tests.browser.conftest import Visit, Visitor
from tests.hub import Hub, Program

KINDS = ("Foley catheter, 2-way, {} Fr", "SafeGlide IV cannula {}G", "Wound dressing “Calmira” {} cm", "Suction catheter {} Fr")
LONG = "Seen in the store room on the second floor. The label is legible, the number matches, the packaging is intact. " * 8


class Dispute(NamedTuple):
    session: str
    conflict: str
    alice: Program


def checklist(session: str) -> dict[str, Any]:
    devices = [
        {
            "device_id": f"DEV-{10100 + number}",
            "product_name": KINDS[number % 4].format(12 + number),
            "manufacturer": "Northhaven Medical, Inc.",
            "status": "pending",
            "checker_notes": "Same picture as the smaller size; colours agree." if number == 1 else "",
            "image_urls": [f"https://images.example.org/dev-{number}/front.jpg"],
        }
        for number in range(100)
    ]
    return {"session_id": session, "session_name": "Ward disposables", "notes": LONG, "devices": devices, "current_batch": 1}


def dispute(hub: Hub) -> Dispute:
    """alice and bob go through a checklist of 100 devices at once. bob comes too late."""
    hub.manage("shell", "-c", MAKE_PEOPLE.format(password=PASSWORD))
    alice, bob = (Program(hub, hub.manage("create_token", name).strip()) for name in ("alice", "bob"))
    session = f"ward-{secrets.token_hex(4)}"
    start = checklist(session)
    assert alice.post("/api/sessions", start).status_code == 200
    assert alice.post(f"/api/sessions/{session}/members", {"user": "bob"}).ok
    theirs, yours = copy.deepcopy(start), copy.deepcopy(start)
    theirs["devices"][0] |= {"status": "approved", "selected_image_url": "https://images.example.org/dev-0/front.jpg"}
    theirs["devices"][1] |= {"status": "approved", "checker_notes": "Same picture as the larger size; colours agree."}
    theirs["devices"][5] |= {"status": "approved", "checker_notes": "Checked twice."}
    theirs["notes"] = LONG.replace("second floor", "third floor", 1)
    theirs["current_batch"] = 2
    yours["devices"][0] |= {"status": "rejected", "checker_notes": "Cap is broken."}
    yours["devices"][1] |= {"checker_notes": "Same picture as the smaller size; colours differ: photographed again."}
    yours["devices"][7] |= {"status": "skipped"}
    yours["devices"].append({"device_id": "DEV-10990", "product_name": "Spirometer mouthpiece, Ø 28 mm", "status": "pending"})
    yours["notes"] = LONG.replace("packaging is intact", "packaging is torn", 1)
    yours["current_batch"] = 3
    assert alice.post("/api/sessions", theirs | {"_version": 1}).json()["version"] == 2
    refused = bob.post("/api/sessions", yours | {"_version": 1})
    assert refused.status_code == 409, refused.text
    return Dispute(session, refused.json()["conflict"]["id"], alice)


def pick(page: Page, path: str, choice: str) -> None:
    page.locator(f'input[name="choice-{key_of(path)}"][value="{choice}"]').check()


def device(number: int, field: str) -> str:
    return f"/devices/device_id=DEV-{10100 + number}/{field}"


def choose_all(page: Page) -> None:
    pick(page, device(0, "status"), "yours")
    pick(page, device(1, "checker_notes"), "value")
    page.locator(f'textarea[name="value-{key_of(device(1, "checker_notes"))}"]').fill("Both pictures; photographed again.")
    pick(page, "/notes", "theirs")
    pick(page, "/current_batch", "base")


def sign_in_as(visitor: Visitor, name: str) -> None:
    visitor.page.context.clear_cookies()
    visitor.go("/collect/")
    visitor.page.get_by_label("Name").fill(name)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Sign in").click()
    expect(visitor.page.get_by_role("heading", name="Collect")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_staff_go_from_the_queue_to_a_merge_and_back(visit: type[Visit], hub: Hub, scripts: bool) -> None:
    made = dispute(hub)
    visitor = visit.at(scripts=scripts)
    page = visitor.page
    visitor.go(f"/admin/sessions_app/conflict/?q={made.session}")
    visitor.picture("review-queue")
    page.get_by_role("link", name="Ward disposables").first.click()
    expect(page.get_by_text("4 parts to decide")).to_be_visible()
    expect(page.get_by_text("96 devices are the same on all sides")).to_be_visible()
    visitor.picture("review-hard")
    page.get_by_role("button", name="Assign to me").click()
    expect(page.get_by_text("Assigned to you.")).to_be_visible()
    page.get_by_role("button", name="Save the merge").click()
    expect(page.get_by_text("4 parts still need a choice")).to_be_visible()
    visitor.picture("review-undecided")
    choose_all(page)
    page.get_by_label("Reason").fill("alice and bob agreed on the phone")
    page.get_by_role("button", name="Preview").last.click()
    expect(page.get_by_role("heading", name=re.compile("Preview: saving this would change"))).to_be_visible()
    visitor.picture("review-preview")
    page.get_by_role("button", name="Save the merge").click()
    expect(page.get_by_text("Saved as version 3")).to_be_visible()
    visitor.picture("review-resolved")
    stored = made.alice.get(f"/api/sessions/{made.session}").json()
    devices = {each["device_id"]: each for each in stored["session"]["devices"]}
    assert stored["currentVersion"] == 3
    assert devices["DEV-10100"]["status"] == "rejected"
    assert devices["DEV-10101"]["checker_notes"] == "Both pictures; photographed again."
    assert devices["DEV-10105"]["checker_notes"] == "Checked twice."
    assert devices["DEV-10107"]["status"] == "skipped"
    assert stored["session"]["current_batch"] == 1
    assert "DEV-10990" in devices
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: version 4")).to_be_visible()
    expect(page.get_by_text("4 parts to decide")).to_be_visible()
    assert made.alice.get(f"/api/sessions/{made.session}").json()["session"]["devices"][0]["status"] == "approved"
    assert not visitor.complaints


def test_a_save_in_between_keeps_what_was_chosen(visit: type[Visit], hub: Hub) -> None:
    made = dispute(hub)
    visitor = visit.at()
    sign_in_as(visitor, "alice")
    page = visitor.page
    visitor.go(f"/conflicts/{made.conflict}/")
    choose_all(page)
    stored = made.alice.get(f"/api/sessions/{made.session}").json()["session"]
    stored["devices"][0]["status"] = "custom_selected"
    assert made.alice.post("/api/sessions", stored).json()["version"] == 3
    page.get_by_role("button", name="Save the merge").click()
    expect(page.get_by_text("The session has changed while you were looking")).to_be_visible()
    expect(page.get_by_text("3 of your choices are kept.")).to_be_visible()
    visitor.picture("review-moved")
    page.get_by_role("button", name="Save the merge").click()
    expect(page.get_by_text("Saved as version 4")).to_be_visible()
    assert not visitor.complaints


@pytest.mark.parametrize("dark", [False, True])
def test_the_review_fits_a_phone_by_day_and_by_night(visit: type[Visit], hub: Hub, dark: bool) -> None:
    made = dispute(hub)
    visitor = visit.at(360, 740, dark=dark)
    shade = "dark" if dark else "light"
    number = re.search(r"/conflict/(\d+)/review/", _text(visitor, f"/admin/sessions_app/conflict/?q={made.session}"))
    assert number is not None
    for name, path in (
        ("admin", f"/admin/sessions_app/conflict/{number[1]}/review/"),
        ("page", f"/conflicts/{made.conflict}/"),
        ("list", "/conflicts/"),
        ("session", f"/sessions/{made.session}/"),
    ):
        visitor.go(path)
        assert not visitor.overflows(), path
        visitor.picture(f"review-phone-{shade}-{name}")
    assert not visitor.complaints


def test_the_review_at_a_desk_by_night(visit: type[Visit], hub: Hub) -> None:
    made = dispute(hub)
    visitor = visit.at(dark=True)
    page = visitor.page
    visitor.go(f"/admin/sessions_app/conflict/?q={made.session}")
    page.get_by_role("link", name="Ward disposables").first.click()
    visitor.picture("review-dark-admin")
    visitor.go(f"/conflicts/{made.conflict}/")
    choose_all(page)
    page.get_by_role("button", name="Preview").last.click()
    expect(page.get_by_role("heading", name=re.compile("Preview"))).to_be_visible()
    visitor.picture("review-dark-preview")
    assert not visitor.complaints


def test_many_are_settled_from_the_queue(visit: type[Visit], hub: Hub) -> None:
    made = dispute(hub)
    visitor = visit.at()
    page = visitor.page
    visitor.go(f"/admin/sessions_app/conflict/?q={made.session}")
    page.locator("input.action-select").check()
    page.locator('select[name="action"]').select_option("take_yours")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
    expect(page.get_by_text("Would be settled")).to_be_visible()
    visitor.picture("review-settle")
    page.get_by_label("Reason").fill("bob is right")
    page.get_by_role("button", name="Do it: settle 1").click()
    expect(page.get_by_text("1 settled.")).to_be_visible()
    visitor.go("/admin/sessions_app/sessionactivity/")
    visitor.picture("review-activity")
    visitor.go("/admin/sessions_app/session/")
    visitor.picture("review-sessions")
    assert not visitor.complaints


def test_the_review_works_by_keyboard(visit: type[Visit], hub: Hub) -> None:
    """Enter in the reason shows the preview: nothing is saved by a slip of the hand."""
    made = dispute(hub)
    visitor = visit.at()
    sign_in_as(visitor, "bob")
    page = visitor.page
    visitor.go(f"/conflicts/{made.conflict}/")
    radio = page.locator(f'input[name="choice-{key_of(device(0, "status"))}"]')
    radio.first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(radio.nth(1)).to_be_checked()
    page.get_by_label("Reason").focus()
    page.keyboard.type("by hand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Preview"))).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("by hand")
    assert made.alice.get(f"/api/sessions/{made.session}").json()["currentVersion"] == 2


def _text(visitor: Visitor, path: str) -> str:
    visitor.go(path)
    return visitor.page.content()
