"""The main job as a collector does it: drop a file, see its plot."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Route, expect

from tests.browser.conftest import Visit
from tests.make import CHECKLIST, GIT_LFS_POINTER, PNG, capture_bytes

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "2025-12-14T10_24_07.182Z.json"


def file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def test_a_dropped_recording_leads_to_its_plot_without_a_reload(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = visitor.page
    visitor.picture("collect")
    data = REAL.read_bytes() if REAL.exists() else capture_bytes()
    page.locator("#files").set_input_files([file("2025-12-14T10_24_07.182Z.json", data)])
    page.wait_for_url("**/sessions/2025-12-14T10_24_07.182Z/")
    page.evaluate("window.sameDocument = true")
    plot = page.get_by_role("img", name="Raw axes")
    expect(plot).to_be_visible(timeout=30_000)
    expect(page.locator(".pictures img")).to_have_js_property("naturalWidth", 1280, timeout=30_000)
    assert page.evaluate("window.sameDocument"), "the page was loaded again"
    visitor.picture("session")
    assert not visitor.complaints


def test_many_files_each_show_what_became_of_them(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = visitor.page
    page.locator("#files").set_input_files(
        [
            file("2025-12-16T10_24_07.182Z.meta.json", b'{"timestamp": "2025-12-16T10:24:07.182Z", "labels": []}'),
            file("2025-12-16T10_24_07.182Z.json", capture_bytes(samples=80, timestamp="2025-12-16T10:24:07.182Z")),
            file("devices.csv", CHECKLIST.encode()),
            file("photo.png", PNG),
            file("pointer.json", GIT_LFS_POINTER),
            file("empty.json", b""),
            file("fake.json", PNG),
        ]
    )
    expect(page.locator("#summary")).to_have_text("4 kept, 3 not accepted")
    assert page.locator("li.kept").count() == 4
    expect(page.locator("li.refused", has_text="pointer.json")).to_contain_text("Git LFS pointer")
    expect(page.locator("li.refused", has_text="empty.json")).to_contain_text("0 bytes")
    expect(page.locator("li.refused", has_text="fake.json")).to_contain_text("its bytes are image/png")
    visitor.picture("collect-many")
    page.locator("li.kept", has_text="devices.csv").get_by_role("link").click()
    expect(page.get_by_text("0 of 3 checked")).to_be_visible()
    visitor.picture("checklist")
    assert not visitor.complaints


def test_files_chosen_before_the_script_arrived_are_sent(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = visitor.page
    held: list[Route] = []
    page.route("**/collect*.js", lambda route: held.append(route))  # noqa: PLW0108  (playwright cannot wrap a built-in)
    page.goto(f"{visitor.hub.url}/collect/", wait_until="commit")
    page.locator("#files").set_input_files([file("early.txt", b"early words")])
    held[0].continue_()
    page.wait_for_url("**/sessions/files_*/")


def test_each_file_shows_its_progress(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = visitor.page
    page.evaluate(
        """() => {
            window.seen = new Set();
            const note = () => document.querySelectorAll("#uploads .told").forEach((told) => window.seen.add(told.textContent));
            new MutationObserver(note).observe(document.getElementById("uploads"), {subtree: true, childList: true});
        }"""
    )
    page.locator("#files").set_input_files([file("a.txt", b"words " * 700_000), file("b.txt", b"other words")])
    expect(page.locator("#summary")).to_have_text("2 kept")
    seen = page.evaluate("[...window.seen]")
    assert "Waiting" in seen
    assert any(re.fullmatch(r"\d+ % sent|Being read", told) for told in seen), seen
    assert not visitor.complaints


def test_a_broken_connection_is_told_and_the_file_can_be_sent_again(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = visitor.page
    page.route("**/collect/", lambda route: route.abort())
    page.locator("#files").set_input_files([file("again.txt", b"some words")])
    expect(page.locator("li.refused")).to_contain_text("The connection broke off")
    page.unroute("**/collect/")
    page.get_by_role("button", name="Send again").click()
    page.wait_for_url("**/sessions/files_*/")


def test_the_page_works_without_scripts(visit: type[Visit]) -> None:
    visitor = visit.at(scripts=False)
    page = visitor.page
    visitor.picture("collect-without-scripts")
    page.locator("#files").set_input_files(
        [file("2025-12-17T10_24_07.182Z.json", capture_bytes(timestamp="2025-12-17T10:24:07.182Z"))]
    )
    page.get_by_role("button", name="Send").click()
    page.locator("li.kept").get_by_role("link").click()
    expect(page.get_by_text("1.96 s")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_every_page_fits_a_phone(visit: type[Visit], dark: bool) -> None:
    visitor = visit.at(360, 740, dark=dark)
    page = visitor.page
    name = f"2025-12-1{8 + dark}T10_24_07.182Z"
    page.locator("#files").set_input_files([file(f"{name}.json", capture_bytes(samples=300, timestamp=name.replace("_", ":")))])
    page.wait_for_url(f"**/sessions/{name}/")
    page.wait_for_selector(".pictures img")
    shade = "dark" if dark else "light"
    for path in (f"/sessions/{name}/", "/sessions/", "/collect/"):
        visitor.go(path)
        page.wait_for_load_state("networkidle")
        assert not visitor.overflows(), path
        visitor.picture(f"phone-{shade}-{path.split('/')[1]}{'-one' if path.count('/') > 2 else ''}")
    assert not visitor.complaints


def test_the_collect_page_works_by_keyboard(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = visitor.page
    focused = []
    for _ in range(12):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert "files" in focused
    with page.expect_file_chooser() as chooser:
        page.locator("#files").press("Enter")
    chooser.value.set_files([file("by-keyboard.txt", b"words")])
    page.wait_for_url("**/sessions/files_*/")


def test_staff_see_the_session_in_the_admin(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = visitor.page
    page.locator("#files").set_input_files(
        [file("2025-12-20T10_24_07.182Z.json", capture_bytes(timestamp="2025-12-20T10:24:07.182Z"))]
    )
    page.wait_for_selector(".pictures img")
    visitor.go("/admin/")
    visitor.picture("admin")
    visitor.go("/admin/sessions_app/session/?q=2025-12-20")
    page.get_by_role("link", name=re.compile("2025-12-20")).first.click()
    expect(page.get_by_role("heading", name="Plots")).to_be_visible()
    expect(page.locator(".pictures img")).to_have_js_property("naturalWidth", 1280, timeout=30_000)
    visitor.picture("admin-session")
    visitor.go("/admin/assets_app/asset/")
    visitor.picture("admin-assets")
    visitor.go("/admin/assets_app/job/")
    visitor.picture("admin-jobs")
    assert not visitor.complaints


def test_the_api_is_documented_from_our_own_files(visit: type[Visit]) -> None:
    visitor = visit.at()
    visitor.go("/api/docs")
    expect(visitor.page.get_by_text("/api/v2/upload-asset").first).to_be_visible()
    visitor.picture("api-docs")
    assert not visitor.complaints
