"""A checklist for each test, and how a visitor handles it."""

import json
import secrets
from typing import TYPE_CHECKING, Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.hub import Program

if TYPE_CHECKING:
    from tests.browser.conftest import Visitor

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


def opened(visitor: "Visitor", checklist: Checklist, query: str = "") -> Page:
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
