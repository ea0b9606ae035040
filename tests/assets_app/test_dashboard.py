"""How much is kept, on one page: the numbers are right, and bearable however much it is."""

import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets_app.models import Asset, Blob, PendingObject, StorageUse
from assets_app.operations.assets import delete_asset
from assets_app.operations.blobs import begin_object
from assets_app.operations.sharing import publish_asset
from assets_app.operations.statistics import WEEKS, read_statistics
from tests.conftest import Page, words
from tests.make import PNG, make_asset

DASHBOARD, ASSETS = "/admin/assets_app/asset/dashboard/", "/admin/assets_app/asset/"
MANY = int(os.environ.get("MANY_ASSETS", "1000"))


def numbers_of(response: object) -> dict[str, str]:
    """The numbers on top, by their titles."""
    text = response.content.decode()  # type: ignore[attr-defined]  # an answer
    return dict(re.findall(r"<span>([^<]*)</span> <b>(?:<time[^>]*>)?([^<]*)", text))


def grow(count: int, *, owners: list[User], spread: timedelta = timedelta(weeks=40)) -> None:
    """So many files at once, every tenth with the bytes of another. Their objects are nowhere."""
    now = timezone.now()
    blobs = Blob.objects.bulk_create(
        Blob(sha256=uuid4().hex * 2, size_bytes=1000 + n % 5000, store="database", key=uuid4().hex)
        for n in range(count - count // 10)
    )
    kinds = [("image", "jpg"), ("image", "png"), ("video", "mp4"), ("audio", "mp3"), ("data", "csv")]
    Asset.objects.bulk_create(
        [
            Asset(
                blob=blobs[n % len(blobs)],
                owner=owners[n % len(owners)],
                name=f"IMG_{n}.{kinds[n % 5][1]}",
                type=kinds[n % 5][0],
                format=kinds[n % 5][1],
                content_type="image/jpeg",
                facts={"width": 1280, "height": 720},
                facts_version=1,
                uploaded_at=now - spread * n / count,
            )
            for n in range(count)
        ],
        batch_size=5000,
    )
    for owner in owners:
        StorageUse.objects.create(user=owner, bytes=1000 + owner.pk, files=count // len(owners))


def test_the_numbers_are_those_of_what_is_kept(alice: User, bob: User, sam: User, page: Page) -> None:
    make_asset(by=alice)
    make_asset(by=bob)
    delete_asset(asset=make_asset(by=bob, data=PNG + b"2", name="two.png"), by=bob)
    publish_asset(asset=make_asset(by=bob, data=b"a,b\n1,2\n", name="table.csv"), by=bob)
    begin_object("database")
    PendingObject.objects.create(store="database", key="aa/bb", state=PendingObject.State.SWEEP)
    told = read_statistics()
    size = 2 * len(PNG) + len(PNG) + 1 + 8
    assert (told.files, told.size, told.in_trash, told.published) == (4, size, 1, 1)
    assert (told.used_blobs, told.used_size, told.shared_files, told.saved_size) == (3, size - len(PNG), 1, len(PNG))
    assert [(kind.name, kind.files) for kind in told.types] == [("image", 3), ("data", 1)]
    assert {owner.name: owner.files for owner in told.owners} == {"alice": 1, "bob": 3}
    assert sum(week.files for week in told.weeks) == told.weeks[-1].files == 4
    assert told.pending["sweep"] == 1
    answer = page(sam).get(DASHBOARD)
    assert numbers_of(answer) == {
        "Files": "4", "Stored": f"{size - len(PNG)} bytes", "In the trash": "1", "Published": "1", "Damaged bytes": "0",
        "Facts unreadable": "0", "Being stored, or replaced": str(told.pending["new"]), "Unused, soon deleted": "0",
        "Being deleted": "1", "Oldest verification": "0\xa0minutes",
    }  # fmt: skip
    assert f"1 file has bytes that another file has, too: {len(PNG)} bytes" in words(answer)


def test_an_empty_hub_has_a_dashboard(sam: User, page: Page) -> None:
    answer = page(sam).get(DASHBOARD)
    assert answer.status_code == 200
    assert "Nothing is kept yet." in words(answer)
    assert "No two files have the same bytes." in words(answer)


def test_weeks_begin_on_monday_and_none_is_left_out(alice: User) -> None:
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
    moments = {
        "sunday": datetime(2026, 3, 1, 23, 59, 59, 999000, tzinfo=UTC),
        "monday": datetime(2026, 3, 2, tzinfo=UTC),
        "old": now - timedelta(weeks=WEEKS + 1),
        "first": datetime(2025, 9, 8, tzinfo=UTC),
        "before": datetime(2025, 9, 7, 23, 59, 59, tzinfo=UTC),
    }
    for number, (name, moment) in enumerate(moments.items()):
        made = make_asset(by=alice, data=PNG + str(number).encode(), name=f"{name}.png")
        Asset.objects.filter(pk=made.pk).update(uploaded_at=moment)
    weeks = read_statistics(now).weeks
    assert len(weeks) == WEEKS
    assert {week.monday.isoformat(): week.files for week in weeks if week.files} == {
        "2025-09-08": 1,
        "2026-02-23": 1,
        "2026-03-02": 1,
    }


@pytest.mark.damaged
def test_damage_is_seen_at_a_glance(alice: User, sam: User, page: Page) -> None:
    asset = make_asset(by=alice)
    Blob.objects.filter(pk=asset.blob_id).update(damaged_at=timezone.now(), damage="the object is gone")
    text = page(sam).get(DASHBOARD).content.decode()
    assert '<li class="bad"><a href="/admin/assets_app/blob/?bytes=damaged"><span>Damaged bytes</span> <b>1</b>' in text


def test_every_number_leads_to_its_list(alice: User, sam: User, page: Page) -> None:
    make_asset(by=alice)
    client = page(sam)
    hrefs = set(re.findall(r'href="(/admin/assets_app/\w+/\?[^"]*)"', client.get(DASHBOARD).content.decode()))
    assert len(hrefs) >= 8
    for href in hrefs:
        answer = client.get(href)
        assert answer.status_code == 200, href
        assert "e=1" not in answer.request["QUERY_STRING"], href


def test_the_charts_can_be_read_aloud_and_hold_no_code(alice: User, sam: User, page: Page) -> None:
    make_asset(by=alice)
    client = page(sam)
    text = client.get(DASHBOARD).content.decode()
    titles = re.findall(r"<title>([^<]*)</title>", text.partition("</head>")[2])
    assert len([title for title in titles if title.startswith("Week of")]) == 2 * WEEKS
    assert f"database: {len(PNG)} bytes" in titles
    assert " style=" not in text
    assert " on" not in " ".join(re.findall(r"<(?:svg|rect|g|path)[^>]*>", text))
    assert DASHBOARD in client.get("/admin/").content.decode()
    assert DASHBOARD in client.get(ASSETS).content.decode()


def timed(client: Client, path: str) -> tuple[int, float]:
    """Queries, and milliseconds of the second of two."""
    client.get(path)
    started = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries), 1000 * (time.perf_counter() - started)


@pytest.mark.damaged
def test_many_files_take_no_more_queries_than_few(sam: User, page: Page, record_property: Callable[[str, object], None]) -> None:
    owners = [User.objects.create_user(f"owner-{number}") for number in range(30)]
    paths = (
        DASHBOARD,
        ASSETS,
        f"{ASSETS}?q=IMG_77",
        f"{ASSETS}?q=nothing-like-it",
        f"{ASSETS}?problem=any",
        "/admin/assets_app/blob/",
    )
    client = page(sam)
    grow(20, owners=owners[:2])
    few = [timed(client, path)[0] for path in paths]
    StorageUse.objects.all().delete()
    grow(MANY, owners=owners)
    found = [timed(client, path) for path in paths]
    # One more: a list that spans several pages asks nothing more, and one that finds nothing asks less.
    assert [queries for queries, _ in found] == few
    told = read_statistics()
    assert (told.files, len(told.owners), told.owners[-1].name) == (MANY + 20, 11, "20 others")
    record_property(
        "told", f"{MANY} files: " + ", ".join(f"{path} {ms:.0f} ms" for path, (_, ms) in zip(paths, found, strict=True))
    )
