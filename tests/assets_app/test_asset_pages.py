"""The page of one asset: facts in words, editing, reading again. Without scripts."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assets_app import parsing
from assets_app.models import Asset, Job, Thumbnail
from assets_app.operations.assets import edit_asset
from assets_app.operations.pictures import examine_asset
from assets_app.operations.sharing import create_link, share_asset
from assets_app.words import badge, clock, facts_in_words, size_in_words
from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file
from sessions_app.operations.members import share_session
from tests.conftest import Page, words
from tests.make import make_asset, make_session

TABLE = b"device,result\nD1,ok\nD2,ok\n"


def url_of(asset: Asset) -> str:
    return f"/assets/{asset.pk}/"


def form_of(asset: Asset, **fields: Any) -> dict[str, Any]:
    return {"name": asset.name, "tags": "\n".join(asset.tags), "revision": asset.revision} | fields


def test_what_is_known_is_told_in_words(alice: User, page: Page) -> None:
    asset = make_asset(by=alice, data=TABLE, name="results.csv")
    edit_asset(asset=asset, by=alice, tags=["ward 7"])
    Asset.objects.update(client_id="client/1")
    response = page(alice).get(url_of(asset))
    text = words(response)
    for told in (
        "data, csv (text/csv)",
        f"Size {len(TABLE)} bytes",
        "Rows 2",
        "Columns are device, result",
        "Separated by comma",
    ):
        assert told in text
    for told in ("Owner alice", "ward 7", "Repr-Digest", "sha256sum FILE", asset.blob.sha256, "Nowhere but here."):
        assert told in text
    assert b"?client=client%2F1" in response.content


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.2, "0:00"), (7.4, "0:07"), (59.7, "1:00"), (123, "2:03"), (3599.6, "1:00:00"), (3723, "1:02:03")]
)
def test_times_are_as_on_a_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_facts_of_a_film_are_told_as_people_say_them() -> None:
    facts = {"width": 1280, "height": 720, "duration": 3723.2, "frameRate": 25.0, "codec": "h264", "audioCodec": "aac"}
    film = Asset(type="video", format="mp4", facts=facts | {"bitRate": 1_234_567, "sampleRate": 44100, "channels": 2})
    assert dict(facts_in_words(film)) == {
        "Picture": "1280 × 720 pixels",
        "Duration": "1:02:03",
        "Frame rate": "25 frames/s",
        "Codec": "H.264",
        "Sound codec": "AAC",
        "Channels": "stereo",
        "Sample rate": "44.1 kHz",
        "Bit rate": "1.2 Mbit/s",
    }
    assert badge(film) == "1:02:03"
    assert size_in_words(1_468_006) == "1.4\xa0MB (1,468,006 bytes)"
    assert size_in_words(1) == "1 byte"


def test_facts_that_nobody_foresaw_do_not_break_the_page() -> None:
    """They come out of files that anybody may have made."""
    odd = {
        "duration": "long",
        "rows": True,
        "width": "wide",
        "codec": ["a"],
        "somethingNew": 3,
        "columns": [str(i) for i in range(20)],
    }
    told = dict(facts_in_words(Asset(type="data", format="csv", facts=odd)))
    assert told["Duration"] == "long"
    assert told["Something new"] == "3"
    assert told["Columns are"].endswith("and 8 more")
    assert badge(Asset(facts=odd)) == ""


def test_why_there_are_no_facts_is_told(alice: User, page: Page) -> None:
    asset = make_asset(by=alice, data=TABLE, name="results.csv")
    client = page(alice)
    for error, told in (
        ("The file cannot be read as pdf.", "The file cannot be read as pdf."),
        ("took longer than 10 s", "Reading it took too long."),
        ("needed more than 512 MB of memory", "Reading it needed too much memory."),
        ("ended with status 9: segfault at 0xdead", "Its reader failed."),
    ):
        Asset.objects.update(facts={}, facts_error=error)
        text = words(client.get(url_of(asset)))
        assert told in text
        assert "comes back exactly as it was sent" in text
        assert "0xdead" not in text
    Asset.objects.update(facts_error="", facts_version=0)
    assert "still being read" in words(client.get(url_of(asset)))
    plain = make_asset(by=alice, data=b"only words", name="notes.txt")
    text = words(client.get(url_of(plain)))
    assert "Nothing more is read" in text
    assert "Read it again" not in text


def test_a_picture_is_shown_as_soon_as_it_is_made(alice: User, page: Page) -> None:
    asset = make_asset(by=alice)
    client = page(alice)
    assert "Its picture is still being made" in words(client.get(url_of(asset)))
    examine_asset(asset=asset)
    assert Thumbnail.objects.exists()
    response = client.get(url_of(asset))
    assert "still being made" not in words(response)
    assert f"/api/v2/assets/{asset.pk}/thumbnail?w=1280".encode() in response.content


@pytest.mark.usefixtures("sam")
def test_others_find_nothing_at_its_address(alice: User, charlie: User, page: Page) -> None:
    asset = make_asset(by=alice)
    for action in ("", "examine/", "shares/", "links/", "publish/", "restore/", f"links/{asset.pk}/revoke/"):
        assert page(charlie).post(f"{url_of(asset)}{action}").status_code == 404, action
    assert page(charlie).get(url_of(asset)).status_code == 404


def test_who_may_only_look_is_offered_nothing_else(alice: User, bob: User, sam: User, page: Page) -> None:
    asset = make_asset(by=alice, data=TABLE, name="results.csv")
    share_asset(asset=asset, with_user="bob", by=alice)
    response = page(bob).get(url_of(asset))
    assert response.content.count(b"<form") == 1, "only the one to sign out"
    for action in ("", "examine/", "shares/", "links/", "publish/"):
        answer = page(bob).post(f"{url_of(asset)}{action}", form_of(asset, name="mine.csv"))
        assert answer.status_code == 403, action
        assert "only its owner can change it" in words(answer)
    asset.refresh_from_db()
    assert asset.name == "results.csv"
    assert "Name and tags" in words(page(sam).get(url_of(asset)))


def test_name_and_tags_are_changed(alice: User, page: Page) -> None:
    asset = make_asset(by=alice)
    answer = page(alice).post(url_of(asset), form_of(asset, name="Front.png", tags="one\r\n\r\ntwo, three "), follow=True)
    assert "Saved." in words(answer)
    asset.refresh_from_db()
    assert (asset.name, asset.tags, asset.revision) == ("Front.png", ["one", "two, three"], 2)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "photo.exe"}, "a browser or a system would act upon"),
        ({"name": ""}, "This field is required"),
        ({"name": "a\u202eb.png"}, "control character U+202E"),
        ({"tags": "x" * 101}, "at most 100 are kept"),
        ({"tags": "\n".join(map(str, range(101)))}, "101 tags were sent"),
    ],
)
def test_what_cannot_be_saved_is_told_and_stays_in_the_form(alice: User, page: Page, fields: dict[str, str], told: str) -> None:
    asset = make_asset(by=alice)
    answer = page(alice).post(url_of(asset), form_of(asset, **fields))
    assert answer.status_code == 400
    assert told in words(answer)
    asset.refresh_from_db()
    assert asset.revision == 1


def test_who_comes_too_late_overwrites_nothing_unseen(alice: User, sam: User, page: Page) -> None:
    asset = make_asset(by=alice)
    typed = form_of(asset, name="mine.png")
    edit_asset(asset=asset, by=sam, name="theirs.png", tags=["by sam"])
    answer = page(alice).post(url_of(asset), typed)
    assert answer.status_code == 409
    assert "It is now named “theirs.png”, its tags: by sam." in words(answer)
    assert b'value="mine.png"' in answer.content
    assert b'name="revision" value="2"' in answer.content
    asset.refresh_from_db()
    assert asset.name == "theirs.png"
    page(alice).post(url_of(asset), typed | {"revision": 2})
    asset.refresh_from_db()
    assert asset.name == "mine.png"


def test_reading_again_is_done_once_by_a_worker(alice: User, page: Page) -> None:
    asset = make_asset(by=alice, data=TABLE, name="results.csv")
    before = Job.objects.count()
    client = page(alice)
    assert "read again in a moment" in words(client.post(f"{url_of(asset)}examine/", follow=True))
    assert "waits to be read already" in words(client.post(f"{url_of(asset)}examine/", follow=True))
    assert Job.objects.count() == before + 1
    examine_asset(asset=Asset.objects.get())
    assert Asset.objects.get().facts_version == parsing.VERSION
    notes = make_asset(by=alice, data=b"only words", name="notes.txt")
    assert "Nothing is read of files of this kind" in words(client.post(f"{url_of(notes)}examine/", follow=True))


def test_where_it_is_used_leads_there_and_tells_nothing_of_the_sessions_of_others(
    alice: User, bob: User, charlie: User, page: Page
) -> None:
    asset = make_asset(by=alice)
    session = make_session(by=alice, session_name="Secret <ward>")
    share_session(session=session, with_user="bob", by=alice)
    attach_file(session=session, asset=asset, role=SessionFile.Role.ATTACHMENT, by=alice)
    share_asset(asset=asset, with_user="charlie", by=alice)
    for user in (alice, bob):
        response = page(user).get(url_of(asset))
        assert "A file of the session “Secret <ward>”" in words(response)
        assert b'href="/sessions/checks-1/"' in response.content
    text = words(page(charlie).get(url_of(asset)))
    assert "A file of a session that you may not see" in text
    assert "Secret" not in text


def test_the_session_leads_to_the_page_of_its_file(alice: User, page: Page) -> None:
    asset = make_asset(by=alice)
    attach_file(session=make_session(by=alice), asset=asset, role=SessionFile.Role.ATTACHMENT, by=alice)
    assert f'href="/assets/{asset.pk}/"'.encode() in page(alice).get("/sessions/checks-1/").content


def test_the_page_costs_the_same_however_much_hangs_on_it(alice: User, page: Page) -> None:
    asset = make_asset(by=alice)
    client = page(alice)
    client.get(url_of(asset))

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(url_of(asset))
        return len(asked)

    few = queries()
    for number in range(5):
        User.objects.create_user(f"user{number}")
        share_asset(asset=asset, with_user=f"user{number}", by=alice)
        create_link(asset=asset, by=alice)
        session = make_session(by=alice, session_id=f"s-{number}")
        attach_file(session=session, asset=asset, role=SessionFile.Role.ATTACHMENT, by=alice)
    assert queries() == few <= 15
