"""Two people at one checklist, in two real browsers."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.checklists import PASSWORD, Checklist, in_window, opened, row, set_status, state
from tests.browser.conftest import Visit, Visitor


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
