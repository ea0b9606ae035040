"""Assets as people meet them: adding, finding, watching, sharing."""

import re

import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, FilePayload, Page, Route, expect

from sessions_app.demo.media import make_chord, make_device_picture, make_video
from tests.browser.conftest import Visit, Visitor
from tests.make import PNG

DROP = """([name, type, text]) => {
    const carried = new DataTransfer();
    carried.items.add(new File([text], name, { type }));
    const at = { dataTransfer: carried, bubbles: true, cancelable: true };
    for (const what of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(what, at));
}"""


def file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def at_gallery(visitor: Visitor) -> Page:
    visitor.go("/assets/")
    expect(visitor.page.locator("html")).to_have_class("script")
    return visitor.page


def add(page: Page, *files: FilePayload) -> None:
    page.locator("#files").set_input_files(list(files))


def test_chosen_files_are_sent_one_by_one_and_found_again(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = at_gallery(visitor)
    page.get_by_text("Tags and a session").click()
    page.get_by_label("Tags, one per line").fill("front\nward 7")
    picture = make_device_picture(np.random.default_rng(1))
    add(page, file("pump.png", picture), file("results.csv", b"a,b\n1,2\n"), file("fake.pdf", PNG), file("empty.txt", b""))
    expect(page.locator("#summary")).to_have_text("2 kept, 2 not accepted. Show all assets")
    expect(page.locator("#uploads .refused", has_text="fake.pdf")).to_contain_text("its bytes are image/png")
    expect(page.locator("#uploads .refused", has_text="empty.txt")).to_contain_text("0 bytes")
    visitor.picture("assets-added")
    page.get_by_role("link", name="Show all assets").click()
    page.get_by_text("More filters").click()
    page.locator("#filter_tag").fill("ward 7")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".card")).to_have_count(2)
    page.locator("#filter_q").fill("PUMP")
    page.locator("#filter_q").press("Enter")
    expect(page.locator(".card")).to_have_count(1)
    page.locator(".card .preview").click()
    expect(page.get_by_role("heading", name="pump.png")).to_be_visible()
    expect(page.get_by_text("1200 × 900 pixels")).to_be_visible()
    expect(page.locator(".large img")).to_be_visible(timeout=20_000)
    assert not visitor.complaints


def test_dropped_files_are_added(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = at_gallery(visitor)
    page.evaluate(DROP, ["dropped.txt", "text/plain", "dropped words"])
    page.locator("#uploads .kept").get_by_role("link", name="dropped.txt").click()
    expect(page.get_by_role("heading", name="dropped.txt")).to_be_visible()
    assert not visitor.complaints


def test_what_changes_on_its_way_is_refused_by_its_digest(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = at_gallery(visitor)
    # As if the bytes that are sent were no more those that were digested.
    page.evaluate("crypto.subtle.digest = async () => new ArrayBuffer(32)")
    add(page, file("damaged.txt", b"other words than those"))
    expect(page.locator("#uploads .refused")).to_contain_text("arrived damaged")


def test_a_lost_answer_is_asked_for_again_and_the_file_kept_once(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = at_gallery(visitor)
    tries: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        tries.append(route.request.headers["idempotency-key"])
        if len(tries) == 1:
            route.fetch()  # it arrives, and is kept
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v2/upload-asset", lose_the_first_answer)
    add(page, file("once.txt", b"words to be kept once"))
    expect(page.locator("#uploads .told")).to_contain_text("The connection broke off. It is tried again in 1 s.")
    expect(page.locator("#uploads .kept")).to_contain_text("once.txt")
    assert len(tries) == 2
    assert len(set(tries)) == 1
    visitor.go("/assets/?q=once.txt")
    expect(page.locator(".card")).to_have_count(1)


def test_one_of_several_files_is_cancelled(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = at_gallery(visitor)
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/api/v2/upload-asset", hold_the_first)
    add(page, file("unwanted.txt", b"unwanted words"), file("wanted.txt", b"wanted words"))
    page.get_by_role("button", name="Cancel unwanted.txt").click()
    expect(page.locator("#uploads .cancelled")).to_contain_text("Cancelled.")
    expect(page.locator("#uploads .kept")).to_contain_text("wanted.txt")
    page.unroute_all(behavior="ignoreErrors")
    visitor.go("/assets/?q=wanted.txt")
    expect(page.locator(".card")).to_have_count(1)


def test_leaving_while_files_are_sent_asks_first(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = at_gallery(visitor)
    page.route("**/api/v2/upload-asset", lambda route: None)
    add(page, file("long.txt", b"words"))
    expect(page.locator("#uploads .sending")).to_be_visible()
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.get_by_role("link", name="Sessions", exact=True).click()
    page.wait_for_url("**/sessions/")
    page.unroute_all(behavior="ignoreErrors")
    assert asked == ["beforeunload"]


def test_several_are_chosen_deleted_and_brought_back(visit: type[Visit]) -> None:
    visitor = visit.at()
    page = at_gallery(visitor)
    add(page, file("old 1.txt", b"old words 1"), file("old 2.txt", b"old words 2"))
    expect(page.locator("#summary")).to_contain_text("2 kept")
    visitor.go("/assets/?q=old")
    expect(page.get_by_role("button", name="Delete the chosen…")).to_be_hidden()
    page.get_by_label("Choose old 1.txt").check()
    expect(page.get_by_text("1 chosen")).to_be_visible()
    page.get_by_role("button", name="Choose all on this page").press("Enter")
    expect(page.get_by_text("2 chosen")).to_be_visible()
    visitor.picture("assets-chosen")
    page.get_by_role("button", name="Delete the chosen…").press("Enter")
    expect(page.get_by_role("heading", name="Delete 2 files?")).to_be_visible()
    visitor.picture("assets-delete")
    page.get_by_role("button", name="Move to the trash").click()
    expect(
        page.get_by_text("In the trash: “old 2.txt”, “old 1.txt”.").or_(
            page.get_by_text("In the trash: “old 1.txt”, “old 2.txt”.")
        )
    ).to_be_visible()
    page.get_by_role("link", name="The trash").click()
    expect(page.locator(".card", has_text="old ")).to_contain_text(["14 days left", "14 days left"])
    visitor.picture("assets-trash")
    page.get_by_role("button", name="Restore old 1.txt").click()
    expect(page.get_by_text("“old 1.txt” is out of the trash.")).to_be_visible()


def test_a_link_is_copied_and_opened_by_somebody_without_an_account(visit: type[Visit], chromium: Browser) -> None:
    visitor = visit.at()
    page = at_gallery(visitor)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    add(page, file("to share.png", PNG))
    page.locator("#uploads .kept").get_by_role("link").click()
    page.get_by_text("Links for people without an account").click()
    page.get_by_label("Uses").fill("2")
    page.get_by_role("button", name="Make a link").click()
    page.locator("#made").get_by_role("button", name="Copy").click()
    expect(page.locator("#made").get_by_role("button", name="Copied")).to_be_visible()
    visitor.picture("asset-link-made")
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == page.locator("#address").inner_text()
    stranger = chromium.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    Visit.open.append(stranger)
    reader = Visitor(stranger, visitor.hub)
    other = reader.page
    other.goto(address)
    expect(other.get_by_text("and 2 more times")).to_be_visible()
    assert not reader.overflows()
    reader.picture("asset-shared")
    with other.expect_response(re.compile(r"/data\?pass=")) as opened:
        other.get_by_role("button", name="Open").click()
    assert (opened.value.status, opened.value.body()) == (200, PNG)
    visitor.go(page.url.removeprefix(visitor.hub.url).replace("links/", ""))
    page.get_by_text("Not published").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("It is published")).to_be_visible()
    page.get_by_text("Shared with nobody").click()
    page.get_by_label("Share with").fill("nobody-here")
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("There is nobody here by the name")
    visitor.picture("asset-published")
    page.get_by_role("button", name=re.compile("Take back the link")).click()
    other.goto(address)
    expect(other.get_by_text("This link leads nowhere")).to_be_visible()
    reader.picture("asset-link-closed")
    assert not visitor.complaints


def test_without_scripts_the_form_sends_several_files(visit: type[Visit]) -> None:
    visitor = visit.at(scripts=False)
    page = visitor.page
    visitor.go("/assets/")
    add(page, file("plain 1.txt", b"plain words 1"), file("plain 2.png", b"no picture"))
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#uploads .kept")).to_contain_text("plain 1.txt")
    expect(page.locator("#uploads .refused")).to_contain_text("plain 2.png")
    visitor.picture("assets-without-scripts")
    page.locator("#uploads .kept").get_by_role("link").click()
    page.get_by_label("Name", exact=True).fill("renamed.txt")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="renamed.txt")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_its_screen(visit: type[Visit], width: int, dark: bool) -> None:
    visitor = visit.at(width, 900, dark=dark)
    page = at_gallery(visitor)
    picture = make_device_picture(np.random.default_rng(2 + dark))
    long_name = f"{'a-very-long-name-without-any-blank-' * 4}{dark}.png"
    random = np.random.default_rng(3)
    film, sound = file("clip.mp4", make_video(random)), file("chord.wav", make_chord(random))
    add(page, file(long_name, picture), film, sound, file("table.csv", b"a,b\n1,2\n"))
    expect(page.locator("#summary")).to_contain_text("4 kept")
    links = [link.get_attribute("href") or "" for link in page.locator("#uploads .kept a").all()]
    shots = {"gallery": "/assets/", "trash": "/assets/trash/", "add": "/assets/add/"}
    shots |= {f"one-{number}": link for number, link in enumerate(links)}
    for name, path in shots.items():
        visitor.go(path)
        for details in page.locator(".main details, .owner details").all():
            details.evaluate("details => details.open = true")
        if name != "gallery":
            page.wait_for_load_state("load")
        visitor.picture(f"assets-{width}-{'dark' if dark else 'light'}-{name}")
        assert not visitor.overflows(), path
    assert not visitor.complaints
