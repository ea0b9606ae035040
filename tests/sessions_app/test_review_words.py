"""What the review page says and how it compares: whatever collectors wrote, in words, and in time."""

import re
import time

import pytest
from django.contrib.auth.models import User

from sessions_app.models import Session
from sessions_app.operations.history import newest_value
from sessions_app.operations.saves import save_version
from sessions_app.review.texts import pieces
from sessions_app.review.words import device_name
from tests.conftest import Page, words
from tests.make import make_conflict, save_too_late
from tests.sessions_app.test_conflict_pages import choose, device, url

EVIL = "<script>alert(1)</script>"


def test_what_collectors_write_is_never_markup(alice: User, page: Page) -> None:
    """Names, notes and even the names of fields come from clients."""
    name = "a~b/c=d<img src=x onerror=alert(1)>"
    conflict = make_conflict(
        owner=alice,
        by=alice,
        session_id="evil",
        theirs={"D1": {"product_name": EVIL, name: "1"}, "fields": {"~order": 1, EVIL: [EVIL]}},
        yours={"D1": {"product_name": EVIL + "2", name: EVIL}, "fields": {"~order": 2, EVIL: {EVIL: 1}}},
    )
    client = page(alice)
    path = "/devices/device_id=D1/" + name.replace("~", "~0").replace("/", "~1")
    picks = {path: "yours", "/devices/device_id=D1/product_name": "yours", "/~0order": "value"}
    picks[f"/{EVIL.replace('/', '~1')}"] = "yours"
    for response in (
        client.get(url(conflict)),
        client.post(url(conflict), choose(picks, {"/~0order": f'["{EVIL}"]'}, do="preview")),
    ):
        text = response.content.decode()
        assert response.status_code == 200
        assert "<script>" not in text
        assert "<img src=x" not in text
        assert not re.search(r"\sstyle=|\son\w+=\"", text)
    client.post(url(conflict), choose(picks, {"/~0order": f'["{EVIL}"]'}, reason=EVIL))
    assert device(conflict.session, "D1")[name] == EVIL
    assert newest_value(conflict.session)["~order"] == [EVIL]
    assert EVIL not in client.get(url(conflict)).content.decode()


def test_an_order_that_both_changed_is_told_by_who_moved(alice: User, page: Page) -> None:
    conflict = make_conflict(owner=alice, by=alice, theirs={}, yours={"D3": {"rank": 4}})
    session = Session.objects.get(pk=conflict.session_id)
    start = newest_value(session)
    one, two, three = start["devices"]
    save_version(session=session, value={**start, "devices": [three, one, two]}, based_on=2, by=alice)
    refused = save_too_late(session, {**start, "devices": [two, one, three]}, based_on=2, by=alice)
    told = words(page(alice).get(url(refused)))
    assert "Order of the rows" in told
    assert "D3 first" in told
    path = "/devices/~order"
    page(alice).post(url(refused), choose({path: "value"}, {path: '["D3", "D2", "D1"]'}, version="3"))
    session.refresh_from_db()
    assert [each["device_id"] for each in newest_value(session)["devices"]] == ["D3", "D2", "D1"]


def test_a_forged_order_is_explained_where_it_was_made(alice: User, page: Page) -> None:
    conflict = make_conflict(owner=alice, by=alice, theirs={}, yours={"D3": {"rank": 4}})
    session = Session.objects.get(pk=conflict.session_id)
    start = newest_value(session)
    one, two, three = start["devices"]
    save_version(session=session, value={**start, "devices": [three, one, two]}, based_on=2, by=alice)
    refused = save_too_late(session, {**start, "devices": [two, one, three]}, based_on=2, by=alice)
    path = "/devices/~order"
    response = page(alice).post(url(refused), choose({path: "value"}, {path: '["D9"]'}, version="3"))
    assert (response.status_code, "must be a list of identities" in words(response)) == (400, True)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Tray 4, box 2", "Tray 5, box 2", "Tray [4>5], box 2"),
        ("a, b, c", "a, c", "a, [b, >c"),
        ("", "new words", "new words"),
        ("one thing", "quite another", "quite another"),
        ("same", "same", "same"),
        ("x " * 400 + "old" + " y" * 400, "x " * 400 + "new" + " y" * 400, "x " * 400 + "[old>new]" + " y" * 400),
    ],
)
def test_a_change_in_a_text_is_found(before: str, after: str, told: str) -> None:
    marks = {"same": "{}", "del": "[{}>", "ins": "{}]"}
    found = pieces(before, after)
    assert "".join(marks[piece.kind].format(piece.text) for piece in found) == told
    assert "".join(piece.text for piece in found if piece.kind != "del") == after


def test_texts_made_to_be_hard_to_compare_are_compared_in_time() -> None:
    started = time.monotonic()
    for length in (100, 1000, 100_000):
        pieces("a b " * length, "b a " * length)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ("", ""),
        ("tablet 7", "tablet 7"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126 Mobile Safari/537.36 Edg/126", "Edge on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (unknown)", "a browser"),
    ],
)
def test_devices_are_named_as_people_do(device: str, told: str) -> None:
    assert device_name(device) == told
