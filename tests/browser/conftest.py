"""A real Chromium. Where there is none, these tests are left out, and the run says so at its end."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, expect, sync_playwright

from tests.browser.checklists import MAKE_PEOPLE, PASSWORD, Checklist
from tests.hub import Hub, Program, running_hub

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
]
LEFT_OUT = "no Chromium was found: the pages were NOT tried in a browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason=LEFT_OUT))


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="session")
def program(hub: Hub) -> Program:
    hub.manage("shell", "-c", MAKE_PEOPLE.format(password=PASSWORD))
    return hub.program()


@pytest.fixture
def checklist(program: Program) -> Checklist:
    return Checklist(program)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


class Visitor:
    """A person at a browser. Notes what went wrong behind the page."""

    def __init__(self, context: BrowserContext, hub: Hub) -> None:
        self.hub = hub
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note_request)

    def _note_message(self, message: ConsoleMessage) -> None:
        # A refused upload is an answer; Chromium calls every such answer an error.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.hub.url, "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")

    def go(self, path: str) -> None:
        self.page.goto(f"{self.hub.url}{path}")

    def sign_in(self, name: str = "admin", password: str = "") -> None:
        self.go("/collect/")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password or self.hub.admin_password())
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Collect")).to_be_visible()

    def picture(self, name: str) -> None:
        """Keep what is on the screen, for those who want to look: SCREENSHOTS=folder make test."""
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)

    def overflows(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.fixture
def visit(chromium: Browser, hub: Hub) -> Iterator["type[Visit]"]:
    Visit.chromium, Visit.hub = chromium, hub
    yield Visit
    while Visit.open:
        Visit.open.pop().close()


class Visit:
    """`visit.at(...)`: a visitor with a browser of that size, with or without scripts, signed in."""

    chromium: Browser
    hub: Hub
    open: list[BrowserContext] = []

    @classmethod
    def at(
        cls,
        width: int = 1280,
        height: int = 900,
        *,
        scripts: bool = True,
        dark: bool = False,
        name: str = "admin",
        password: str = "",
    ) -> Visitor:
        context = cls.chromium.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            has_touch=width < 600,
        )
        cls.open.append(context)
        visitor = Visitor(context, cls.hub)
        visitor.sign_in(name, password)
        return visitor
